// SO_BUSY_POLL: a thread that waits for text polls its flow's queue itself for a while, on its own core, with the
// interrupt off.

import type { Thread, Wait } from '../cpu/index.js';
import { us } from '../time/index.js';
import { NETDEV } from './category.js';
import type { Kernel } from './kernel.js';
import type { Napi } from './napi.js';
import type { Socket } from './socket.js';

export function* busyPoll(
  kernel: Kernel,
  socket: Socket,
  thread: Thread,
  longestUs: number,
): Generator<Wait, void, void> {
  const napi = kernel.napiOf(socket.hash);
  const signal = kernel.polled[napi.queue]!;
  const until = (thread.now + us(longestUs)) as Thread['now'];
  const { receiveBuffer } = socket;
  const waits = () => receiveBuffer.ready === 0 && !socket.ended && thread.now < until;
  napi.pollers++;
  // A softirq may be at it: then its work is waited for.
  while (waits() && napi.scheduled) yield thread.spin(signal, until);
  if (waits()) {
    napi.scheduled = true;
    napi.side.disarm();
    while (waits()) yield* pollOnce(kernel, thread, napi, until);
    kernel.endPolling(thread.now, napi);
  }
  napi.pollers--;
}

function* pollOnce(
  kernel: Kernel,
  thread: Thread,
  napi: Napi,
  until: Thread['now'],
): Generator<Wait, void, void> {
  kernel.enter(thread.now, thread.core);
  if (napi.clean()) yield* kernel.flush(thread);
  napi.pollAgain(POLL_BUDGET);
  kernel.bill.charge(NETDEV, kernel.parts.profile.poll);
  const arrival = napi.poll(thread.now) ? napi.takeUp() : undefined;
  if (arrival) kernel.chargeArrival(arrival);
  yield kernel.spend(thread);
  if (!arrival) {
    if (!napi.hasWork) yield thread.spin(kernel.polled[napi.queue]!, until);
    return;
  }
  kernel.enter(thread.now, thread.core);
  kernel.handUp(thread.now, arrival);
  napi.finished(arrival);
  yield* kernel.flush(thread);
}

/** BUSY_POLL_BUDGET. */
const POLL_BUDGET = 8;
