// rping's server as programs: one listens, one for each connection fetches the client's data by RDMA READ and puts it
// back by RDMA WRITE, until the client hangs up.

import type { Program } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { type CmEvent, EventChannel } from '../../rdma/cm/index.js';
import { MOST_SIZE, RPING_PORT, textLength, textOf } from './message.js';
import { Session } from './session.js';

export interface ServerOptions {
  readonly port?: number;
  /** The longest ping that is served; rping's largest unless given. */
  readonly size?: number;
  /** Ends after so many connections; serves for ever unless given. */
  readonly connections?: number;
  /** Hears what `rping -v` prints. */
  readonly say?: (line: string) => void;
}

/** What has been served so far. */
export interface Served {
  connections: number;
  pings: number;
  /** How connections ended that did not end well. */
  readonly failures: string[];
}

/** More failures than anybody reads are counted, not kept. */
const MOST_FAILURES = 100;

/** The program that listens. `served` is written as things happen. */
export const rpingServer = (host: Computer, options: ServerOptions, served: Served): Program =>
  function* listen(thread) {
    const channel = new EventChannel();
    const { rdmaCm } = host;
    const { port = RPING_PORT, connections = Number.POSITIVE_INFINITY } = options;
    const id = rdmaCm.createId('RDMA_PS_TCP', channel);
    rdmaCm.bindAddr(id, undefined, port);
    rdmaCm.listen(id);
    try {
      while (served.connections < connections) {
        const event = rdmaCm.event(thread.now, channel);
        if (event === undefined) yield thread.block(channel.signal);
        else if (event.type === 'RDMA_CM_EVENT_CONNECT_REQUEST') {
          served.connections++;
          host.spawn(`rping server ${served.connections}`, serve(host, event, options, served));
        } else rdmaCm.destroyId(thread.now, event.id); // gave up before it was accepted
      }
    } finally {
      rdmaCm.destroyId(thread.now, id);
    }
  };

const serve = (host: Computer, request: CmEvent, options: ServerOptions, served: Served): Program =>
  function* one(thread) {
    const { id, settings } = request;
    const s = new Session(host, thread, options.size ?? MOST_SIZE);
    id.channel = s.watch.events;
    try {
      if (!settings || !(yield* s.ready(settings)))
        s.failure = 'there is no way back to the client';
      // The client may have gone while the way was asked for.
      else if (id.state === 'CONNECT') {
        const depth = { responderResources: 1, initiatorDepth: 1 };
        host.rdmaCm.accept(thread.now, id, { qpn: s.qp.qpn, ...depth });
        while (yield* ping(s, options)) served.pings++;
      }
    } finally {
      s.close(id);
      if (s.failure !== '' && served.failures.length < MOST_FAILURES)
        served.failures.push(s.failure);
    }
  };

/** One ping; false when the session is over. */
function* ping(s: Session, { say }: ServerOptions) {
  if (!(yield* s.until(() => s.infos.length > 0))) return false;
  const source = s.infos.shift()!;
  if (source.size > s.size) {
    s.failure = `the client has ${source.size} bytes, there is room for ${s.size}`;
    return false;
  }
  const { done } = s;
  const reads = done.IBV_WC_RDMA_READ;
  yield* s.move('IBV_WR_RDMA_READ', source, source.size);
  if (!(yield* s.until(() => done.IBV_WC_RDMA_READ > reads))) return false;
  const data = s.data.bytes.subarray(0, source.size);
  say?.(`server ping data: ${textOf(data)}`);
  yield* s.tell();
  if (!(yield* s.until(() => s.infos.length > 0))) return false;
  const writes = done.IBV_WC_RDMA_WRITE;
  yield* s.move('IBV_WR_RDMA_WRITE', s.infos.shift()!, textLength(data));
  if (!(yield* s.until(() => done.IBV_WC_RDMA_WRITE > writes))) return false;
  yield* s.tell();
  return true;
}
