// Connecting one NVMe/RDMA queue by rdma_cm: addresses, way, request, answer; and what a refusal says.

import { nvme } from '../../../../protocols/index.js';
import type { Thread, Wait } from '../../../cpu/index.js';
import { type Computer, makeReady } from '../../../host/index.js';
import type { CmEvent, CmId, EventChannel } from '../../../rdma/cm/index.js';
import type { QueuePair } from '../../../rdma/index.js';
import { after, seconds } from '../../../time/index.js';

/** For an address or a way (Linux: NVME_RDMA_CM_TIMEOUT_MS): three requests of ARP, a second apart, are sent in it. */
const RESOLVING = seconds(3);
/** A target that does not answer for so long is not there: lost messages of connection management come again after 4.3 s. */
const PATIENCE = seconds(20);
/** Local write, remote write and remote read. */
const RIGHTS = 7;

export interface Dialled {
  readonly target: Uint8Array;
  readonly port: number;
  readonly qid: number;
  readonly entries: number;
}

/** Connects, and posts receives by `receive` before the target can send; what went wrong, or nothing. */
export function* dial(
  computer: Computer,
  thread: Thread,
  id: CmId,
  events: EventChannel,
  qp: QueuePair,
  { target, port, qid, entries }: Dialled,
  receive: () => void,
): Generator<Wait, string, void> {
  const { rdmaCm } = computer;
  rdmaCm.resolveAddr(thread.now, id, target, port, RESOLVING);
  let event = yield* next(computer, thread, events);
  if (event?.type !== 'RDMA_CM_EVENT_ADDR_RESOLVED') return said(event);
  rdmaCm.resolveRoute(thread.now, id, RESOLVING);
  event = yield* next(computer, thread, events);
  if (event?.type !== 'RDMA_CM_EVENT_ROUTE_RESOLVED') return said(event);
  rdmaCm.connect(thread.now, id, {
    qpn: qp.qpn,
    privateData: nvme.RDMAReq.encode({ qid, hrqsize: entries, hsqsize: entries - 1 }),
    // What the target fetches by READ we answer; we read nothing of it.
    responderResources: computer.device.profile.maxQpRdAtom,
    initiatorDepth: 0,
    retryCount: 7,
    rnrRetryCount: 7,
  });
  event = yield* next(computer, thread, events);
  if (event?.type !== 'RDMA_CM_EVENT_CONNECT_RESPONSE') return said(event);
  if (!(yield* makeReady(computer, thread, qp, event.settings!, RIGHTS)))
    return 'the target no longer answers';
  receive();
  if (id.state !== 'CONNECT') return 'the target hung up';
  rdmaCm.establish(thread.now, id);
  return '';
}

function* next(
  { rdmaCm }: Computer,
  thread: Thread,
  events: EventChannel,
): Generator<Wait, CmEvent | undefined, void> {
  const until = after(thread.now, PATIENCE);
  for (;;) {
    const event = rdmaCm.event(thread.now, events);
    if (event || thread.now >= until) return event;
    yield thread.block(events.signal, until);
  }
}

const sentences: Partial<Record<CmEvent['type'], string>> = {
  RDMA_CM_EVENT_ADDR_ERROR: 'nobody answers at this address',
  RDMA_CM_EVENT_UNREACHABLE: 'the target does not answer',
  RDMA_CM_EVENT_REJECTED: 'the target refuses the connection',
};

function said(event: CmEvent | undefined): string {
  if (!event) return 'the target does not answer';
  const isOfNvme = event.privateData.length >= nvme.RDMARej.size;
  const why = isOfNvme ? `, for reason ${nvme.RDMARej.get.sts(event.privateData, 0)}` : '';
  return `${sentences[event.type] ?? `${event.type} came instead`}${why}`;
}
