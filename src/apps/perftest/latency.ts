// The loops of latency tests (perftest_resources.c, run_iter_lat, run_iter_lat_write, run_iter_lat_send): one message
// under way at a time. READs and atomics are timed to their completion; WRITEs and SENDs are answered with the same.

import type { Thread, Wait } from '../../cpu/index.js';
import { type CompletionQueue, pollCq, type Wc } from '../../rdma/index.js';
import { awaitCompletion, failed, type Progress } from './bandwidth.js';
import type { Endpoint } from './endpoint.js';
import { Requests } from './requests.js';

const always = () => true;

/** Takes the next completion of a queue; false when it is a failure. */
function* complete(
  endpoint: Endpoint,
  thread: Thread,
  cq: CompletionQueue,
  wc: Wc[],
  progress: Progress,
): Generator<Wait, boolean, void> {
  while (pollCq(endpoint.context, cq, 1, wc) === 0) yield* awaitCompletion(endpoint, thread, cq);
  yield thread.spend(endpoint.host.cores.profile.pollNs);
  if (wc[0]!.status === 'IBV_WC_SUCCESS') return true;
  failed(endpoint, wc[0]!, progress.sent, progress.done);
  return false;
}

/** READs and atomics: post, wait for the completion, again. */
export function* oneByOne(
  endpoint: Endpoint,
  thread: Thread,
  progress: Progress,
): Generator<Wait, void, void> {
  const requests = new Requests(endpoint, endpoint.flows[0]!);
  const { postNs } = endpoint.host.cores.profile;
  const wc: Wc[] = [];
  while (progress.done < progress.total) {
    progress.posted[progress.sent++] = thread.now;
    yield thread.spend(postNs);
    requests.post(1, always);
    if (!(yield* complete(endpoint, thread, endpoint.sendCq, wc, progress))) return;
    progress.completed[progress.done++] = thread.now;
  }
}

/** WRITEs: each side counts up the last byte of its message, and looks at memory for the other side's. */
export function* pingPongByWrite(
  endpoint: Endpoint,
  thread: Thread,
  progress: Progress,
): Generator<Wait, void, void> {
  const { p, context, host } = endpoint;
  const { postNs, emptyPollNs } = host.cores.profile;
  const { local, landing } = endpoint.flows[0]!;
  const last = BigInt(p.size - 1);
  const post = context.space.bytes(local + last, 1);
  const answer = context.space.bytes(landing + last, 1);
  const { placements } = host.device;
  const requests = new Requests(endpoint, endpoint.flows[0]!);
  const wc: Wc[] = [];
  let heard = 0;
  while (
    progress.sent < progress.total ||
    progress.done < progress.total ||
    heard < progress.total
  ) {
    if (heard < progress.total && (progress.sent > 0 || endpoint.side === 'server')) {
      heard++;
      const expected = heard % BYTE;
      while (answer[0] !== expected) yield thread.spin(placements);
      yield thread.spend(emptyPollNs);
    }
    if (progress.sent < progress.total) {
      progress.posted[progress.sent++] = thread.now;
      post[0] = progress.sent % BYTE;
      yield thread.spend(postNs);
      requests.post(1, always);
    }
    if (progress.done < progress.total) {
      if (!(yield* complete(endpoint, thread, endpoint.sendCq, wc, progress))) return;
      progress.completed[progress.done++] = thread.now;
    }
  }
}
/** The byte that is counted up wraps. */
const BYTE = 256;

/** SENDs: each side answers a message with a message. */
export function* pingPongBySend(
  endpoint: Endpoint,
  thread: Thread,
  progress: Progress,
): Generator<Wait, void, void> {
  const { p, flows, host } = endpoint;
  const { postNs } = host.cores.profile;
  const flow = flows[0]!;
  const requests = new Requests(endpoint, flow);
  const wc: Wc[] = [];
  let heard = 0;
  let receives = p.rxDepth;
  while (progress.sent < progress.total || heard < progress.total) {
    if (heard < progress.total && (progress.sent > 0 || endpoint.side === 'server')) {
      if (!(yield* complete(endpoint, thread, endpoint.recvCq, wc, progress))) return;
      heard++;
      if (receives < progress.total) {
        receives++;
        yield thread.spend(postNs);
        endpoint.postReceives(flow, 1);
      }
    }
    if (progress.sent < progress.total) {
      progress.posted[progress.sent++] = thread.now;
      yield thread.spend(postNs);
      requests.post(1, always);
      if (!(yield* complete(endpoint, thread, endpoint.sendCq, wc, progress))) return;
      progress.completed[progress.done++] = thread.now;
    }
  }
}
