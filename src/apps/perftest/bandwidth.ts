// The loops of bandwidth tests (perftest_resources.c, run_iter_bw and run_iter_bw_server): keep the send queues full,
// take completions in batches, and on the other side of SENDs put back every receive request that was used.

import type { Thread, Wait } from '../../cpu/index.js';
import {
  ackCqEvents,
  type CompletionQueue,
  getCqEvent,
  pollCq,
  reqNotifyCq,
  type Wc,
} from '../../rdma/index.js';
import { CREDIT_ID } from './credit.js';
import type { Endpoint, Flow } from './endpoint.js';
import { Requests } from './requests.js';

/** Completions that are asked for at once (CTX_POLL_BATCH). */
const POLL_BATCH = 16;

/** When messages were posted and completed, and how many have been so far. */
export class Progress {
  readonly posted: Float64Array;
  readonly completed: Float64Array;
  sent = 0;
  done = 0;

  constructor(readonly total: number) {
    this.posted = new Float64Array(total);
    this.completed = new Float64Array(total).fill(Number.NaN);
  }
}

/** Waits for completions: looks again and again, or sleeps until the interrupt. */
export function* awaitCompletion(
  endpoint: Endpoint,
  thread: Thread,
  cq: CompletionQueue,
): Generator<Wait, void, void> {
  const { channel, host } = endpoint;
  if (channel === null) {
    yield thread.spin(cq.signal);
    yield thread.spend(host.cores.profile.emptyPollNs);
    return;
  }
  reqNotifyCq(cq);
  if (cq.peek() >= 0) return; // it came before we asked
  yield thread.block(channel.signal);
  yield thread.systemCall(); // read() of the channel
  for (let event = getCqEvent(channel); event; event = getCqEvent(channel)) ackCqEvents(event, 1);
}

/** perftest's words for a completion that failed (NOTIFY_COMP_ERROR_SEND). */
export function failed(endpoint: Endpoint, { status, wrId }: Wc, sent: number, done: number): void {
  endpoint.failure = `Completion with error at ${endpoint.side}: ${status}, wr_id ${wrId}, scnt=${sent}, ccnt=${done}`;
}

/** Sends everything. Ends early with the endpoint's `failure` set. */
export function* sendAll(
  endpoint: Endpoint,
  thread: Thread,
  progress: Progress,
): Generator<Wait, void, void> {
  const { p, context, flows, sendCq, host, credits } = endpoint;
  const { postNs, pollNs, afterPostNs = 0 } = host.cores.profile;
  const requests = flows.map((flow) => new Requests(endpoint, flow));
  const sent = new Float64Array(flows.length);
  const completed = new Float64Array(flows.length);
  const wc: Wc[] = [];
  while (progress.done < progress.total) {
    for (let i = 0; i < flows.length; i++) {
      for (;;) {
        const first = sent[i]!;
        const count = Math.min(p.postList, p.iters - first);
        if (count === 0 || first - completed[i]! + count > p.txDepth) break;
        if (credits !== null && !credits.allows(flows[i]!, first, count)) break;
        progress.posted.fill(thread.now, progress.sent, progress.sent + count);
        yield thread.spend(postNs * count);
        requests[i]!.post(count, (n) => isSignaled(first + n, p.cqMod, p.iters));
        sent[i] = first + count;
        progress.sent += count;
        if (afterPostNs > 0) yield thread.spend(afterPostNs);
      }
    }
    const found = pollCq(context, sendCq, POLL_BATCH, wc);
    if (found === 0) {
      if (credits === null) yield* awaitCompletion(endpoint, thread, sendCq);
      else yield* awaitCredit(endpoint, thread, sent);
    } else yield thread.spend(pollNs * found);
    for (let i = 0; i < found; i++) {
      const one = wc[i]!;
      if (one.status !== 'IBV_WC_SUCCESS')
        return failed(endpoint, one, progress.sent, progress.done);
      if (one.wrId === CREDIT_ID) continue;
      // The completion stands for all messages of its queue pair since the one before.
      const batch = Math.min(p.cqMod, p.iters - completed[one.wrId]!);
      completed[one.wrId] = completed[one.wrId]! + batch;
      progress.done += batch;
      progress.completed[progress.done - 1] = thread.now;
    }
  }
}

/** Waits for a completion, or where the peer's receive requests are used up, for news of them. */
function* awaitCredit(
  endpoint: Endpoint,
  thread: Thread,
  sent: Float64Array,
): Generator<Wait, void, void> {
  const { credits, flows, p, host, sendCq } = endpoint;
  const isStopped = (flow: Flow, i: number) =>
    sent[i]! < p.iters &&
    !credits!.allows(flow, sent[i]!, Math.min(p.postList, p.iters - sent[i]!));
  if (!flows.some(isStopped)) return yield* awaitCompletion(endpoint, thread, sendCq);
  yield thread.spin(host.device.placements);
}

/** Every so many requests one is completed, and the last. */
const isSignaled = (n: number, cqMod: number, iters: number): boolean =>
  n % cqMod === cqMod - 1 || n === iters - 1;

/** Receives everything; `progress` counts and times what came. */
export function* receiveAll(
  endpoint: Endpoint,
  thread: Thread,
  progress: Progress,
): Generator<Wait, void, void> {
  const { p, context, flows, recvCq, sendCq, host, credits } = endpoint;
  const { postNs, pollNs } = host.cores.profile;
  const posted = new Float64Array(flows.length).fill(p.rxDepth);
  const taken = new Float64Array(flows.length);
  const wc: Wc[] = [];
  const told: Wc[] = [];
  while (progress.done < progress.total) {
    const found = pollCq(context, recvCq, POLL_BATCH, wc);
    if (found === 0) yield* awaitCompletion(endpoint, thread, recvCq);
    else yield thread.spend(pollNs * found);
    for (let i = 0; i < found; i++) {
      const { status, wrId } = wc[i]!;
      if (status !== 'IBV_WC_SUCCESS')
        return failed(endpoint, wc[i]!, progress.done, progress.done);
      progress.completed[progress.done++] = thread.now;
      taken[wrId] = taken[wrId]! + 1;
      if (posted[wrId]! < p.iters) {
        posted[wrId] = posted[wrId]! + 1;
        yield thread.spend(postNs);
        endpoint.postReceives(flows[wrId]!, 1);
      }
      if (credits?.tell(flows[wrId]!, taken[wrId]!)) {
        yield thread.spend(postNs);
        // A side that also sends takes these completions with its others.
        if (!p.bidirectional) pollCq(context, sendCq, POLL_BATCH, told);
      }
    }
  }
}
