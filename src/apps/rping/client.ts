// rping's client as a program: connects, lets the server fetch text and put it back, and compares.

import type { Program, Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import type { CmEvent, CmEventType, CmId } from '../../rdma/cm/index.js';
import { after, type Nanos, NEVER, seconds } from '../../time/index.js';
import { fillPing, LEAST_SIZE, MOST_SIZE, RPING_PORT, textOf, USUAL_SIZE } from './message.js';
import { Session } from './session.js';

export interface ClientOptions {
  readonly target: Uint8Array;
  readonly port?: number;
  readonly size?: number;
  /** For ever unless given. */
  readonly count?: number;
  /** Until when it is tried again where nobody answers or listens; not at all unless given. */
  readonly patience?: Nanos;
  /** Hears what `rping -v` prints. */
  readonly say?: (line: string) => void;
}

export interface Outcome {
  pings: number;
  /** Empty when all is well. */
  failure: string;
  ended: boolean;
}

/** How long after a failure it is tried again. */
const AGAIN = seconds(1);
/** Goodbyes are answered within this, or not at all. */
const GOODBYE = seconds(30);

/** What connecting may lead to, beside what is waited for. */
type Connected = { readonly session: Session; readonly id: CmId } | string;

/** @throws RangeError when no rping has pings of this size */
export function rpingClient(host: Computer, options: ClientOptions, outcome: Outcome): Program {
  const { size = USUAL_SIZE, count = Number.POSITIVE_INFINITY } = options;
  if (!(Number.isInteger(size) && size >= LEAST_SIZE && size <= MOST_SIZE))
    throw new RangeError(`a ping has ${LEAST_SIZE} to ${MOST_SIZE} bytes, not ${size}`);
  return function* run(thread) {
    try {
      const connected = yield* keepConnecting(host, thread, options, size);
      if (typeof connected === 'string') {
        outcome.failure = connected;
        return;
      }
      const { session, id } = connected;
      try {
        const source = session.buffer(size);
        while (outcome.pings < count && (yield* ping(session, source, outcome.pings, options)))
          outcome.pings++;
        if (outcome.pings < count) session.failure ||= 'the server hung up';
        yield* part(session, id);
      } finally {
        session.close(id);
        outcome.failure = session.failure;
      }
    } finally {
      outcome.ended = true;
    }
  };
}

function* keepConnecting(
  host: Computer,
  thread: Thread,
  options: ClientOptions,
  size: number,
): Generator<Wait, Connected, void> {
  for (;;) {
    const session = new Session(host, thread, size);
    const id = host.rdmaCm.createId('RDMA_PS_TCP', session.watch.events);
    const failure = yield* connect(session, id, options);
    if (failure === '') return { session, id };
    session.close(id);
    if (thread.now >= (options.patience ?? thread.now)) return failure;
    yield thread.sleep(after(thread.now, AGAIN));
  }
}

/** Connects; gives what went wrong, or nothing. */
function* connect(s: Session, id: CmId, options: ClientOptions): Generator<Wait, string, void> {
  const { host, thread } = s;
  const { rdmaCm } = host;
  const { target, port = RPING_PORT } = options;
  rdmaCm.resolveAddr(thread.now, id, target, port);
  let event = yield* next(s);
  if (event.type !== 'RDMA_CM_EVENT_ADDR_RESOLVED') return inWords(event);
  rdmaCm.resolveRoute(thread.now, id);
  event = yield* next(s);
  if (event.type !== 'RDMA_CM_EVENT_ROUTE_RESOLVED') return inWords(event);
  const depth = { responderResources: 1, initiatorDepth: 1 };
  rdmaCm.connect(thread.now, id, { qpn: s.qp.qpn, ...depth, retryCount: 7, rnrRetryCount: 7 });
  event = yield* next(s);
  if (event.type !== 'RDMA_CM_EVENT_CONNECT_RESPONSE') return inWords(event);
  if (!(yield* s.ready(event.settings!))) return 'the server no longer answers';
  if (id.state !== 'CONNECT') return 'the server hung up';
  rdmaCm.establish(thread.now, id);
  return '';
}

function* next({ host, thread, watch: { events } }: Session): Generator<Wait, CmEvent, void> {
  for (;;) {
    const event = host.rdmaCm.event(thread.now, events);
    if (event) return event;
    yield thread.block(events.signal, NEVER);
  }
}

const sentences: Partial<Record<CmEventType, string>> = {
  RDMA_CM_EVENT_ADDR_ERROR: 'nobody answers at this address',
  RDMA_CM_EVENT_UNREACHABLE: 'the server does not answer',
  RDMA_CM_EVENT_REJECTED: 'the server rejects the connection',
};

const inWords = ({ type, status }: CmEvent): string =>
  `${sentences[type] ?? `${type} came instead`} (${status})`;

/** One ping; false when the session is over. */
function* ping(
  s: Session,
  source: Session['data'],
  number: number,
  { say }: ClientOptions,
): Generator<Wait, boolean, void> {
  fillPing(source.bytes, number);
  s.data.bytes.fill(0);
  yield* s.tell(source);
  if (!(yield* s.until(() => s.infos.length > 0))) return false;
  s.infos.shift();
  yield* s.tell(s.data);
  if (!(yield* s.until(() => s.infos.length > 0))) return false;
  s.infos.shift();
  for (let i = 0; i < s.size; i++) {
    if (s.data.bytes[i] === source.bytes[i]) continue;
    s.failure = `ping ${number} came back changed from byte ${i} on`;
    return false;
  }
  say?.(`ping data: ${textOf(s.data.bytes)}`);
  return true;
}

/** Says goodbye, if the server has not, and waits until it is heard. */
function* part(s: Session, id: CmId): Generator<Wait, void, void> {
  const { host, thread } = s;
  if (id.state !== 'CONNECT') return;
  host.rdmaCm.disconnect(thread.now, id);
  yield* s.until(() => id.state === 'DISCONNECTED', after(thread.now, GOODBYE));
}
