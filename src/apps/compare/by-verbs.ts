// The two programs over RDMA, with perftest's objects and attributes: the initiator posts and polls, the target has nothing
// to do unless a SEND wants receive requests.

import type { Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { type CompletionQueue, pollCq, type Wc } from '../../rdma/index.js';
import { awaitCompletion } from '../perftest/bandwidth.js';
import {
  Endpoint,
  type Exchange,
  type PerftestParameters,
  perftestParameters,
  type WireName,
} from '../perftest/index.js';
import { Requests } from '../perftest/requests.js';
import type { SideName } from './model.js';
import type { Run, Task } from './run.js';

/** Receive requests that are posted before anything is sent. */
const RX_DEPTH = 8;
const ITERS = 5;

const always = () => true;

/** A latency test's parameters: one message under way, its data fetched by the NIC from where it lies. */
export function verbsParameters(
  { op, size }: Task,
  wire: WireName,
  mtu: number,
): PerftestParameters {
  return perftestParameters({
    test: `${op}_lat`,
    wire,
    size,
    iters: ITERS,
    mtu,
    inlineSize: 0,
    ...(op === 'send' && { rxDepth: RX_DEPTH }),
  });
}

/** Where a buffer of the flow is that the message comes from or goes to. */
function remember(run: Run, endpoint: Endpoint, side: SideName): void {
  const { local, landing } = endpoint.flows[0]!;
  const { host } = endpoint;
  const begins = side === 'initiator';
  if (run.task.op === 'read') {
    if (begins) run.sink = { host, side, address: local + BigInt(endpoint.stride) };
    else run.source = { host, side, address: local };
  } else if (begins) run.source = { host, side, address: local };
  else run.sink = { host, side, address: landing };
}

export function* initiator(
  run: Run,
  host: Computer,
  thread: Thread,
  parameters: PerftestParameters,
  exchange: Exchange,
): Generator<Wait, void, void> {
  const endpoint = new Endpoint(host, thread, 'client', parameters);
  remember(run, endpoint, 'initiator');
  if (!(yield* endpoint.connect(thread, exchange))) return fail(run, endpoint);
  const requests = new Requests(endpoint, endpoint.flows[0]!);
  const { postNs } = host.cores.profile;
  const { recorder } = run;
  for (let message = 0; message < run.total; message++) {
    yield* run.before(thread, message);
    const posted = recorder.call(host, thread, 'ibv_post_send()', false);
    yield thread.spend(postNs);
    requests.post(1, always);
    posted(thread.now);
    if (!(yield* complete(run, endpoint, thread, endpoint.sendCq))) return;
    if (run.task.op !== 'send') run.known(thread.now, 'initiator');
  }
}

export function* target(
  run: Run,
  host: Computer,
  thread: Thread,
  parameters: PerftestParameters,
  exchange: Exchange,
): Generator<Wait, void, void> {
  const endpoint = new Endpoint(host, thread, 'server', parameters);
  remember(run, endpoint, 'target');
  if (!(yield* endpoint.connect(thread, exchange))) return fail(run, endpoint);
  if (run.task.op !== 'send') return; // its NIC does the rest
  const { postNs } = host.cores.profile;
  for (let message = 0; message < run.total; message++) {
    if (!(yield* complete(run, endpoint, thread, endpoint.recvCq))) return;
    run.known(thread.now, 'target');
    const posted = run.recorder.call(host, thread, 'ibv_post_recv()', false);
    yield thread.spend(postNs);
    endpoint.postReceives(endpoint.flows[0]!, 1);
    posted(thread.now);
  }
}

function* complete(
  run: Run,
  endpoint: Endpoint,
  thread: Thread,
  cq: CompletionQueue,
): Generator<Wait, boolean, void> {
  const { host } = endpoint;
  const end = run.recorder.call(host, thread, 'ibv_poll_cq()', false);
  const wc: Wc[] = [];
  while (pollCq(endpoint.context, cq, 1, wc) === 0) yield* awaitCompletion(endpoint, thread, cq);
  yield thread.spend(host.cores.profile.pollNs);
  end(thread.now);
  if (wc[0]!.status === 'IBV_WC_SUCCESS') return true;
  run.failure = `${host.name}: ${wc[0]!.status}`;
  return false;
}

function fail(run: Run, endpoint: Endpoint): void {
  run.failure = endpoint.failure;
}
