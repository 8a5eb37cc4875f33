// SO_BUSY_POLL: a thread that waits for text polls its flow's queue itself for a while, on its own core, with the
// interrupt off.

import type { Thread, Wait } from '../cpu/index.js';
import { us } from '../time/index.js';
import { NETDEV } from './category.js';
import type { Kernel } from './kernel.js';
import type { Socket } from './socket.js';

export function* busyPoll(
  kernel: Kernel,
  socket: Socket,
  thread: Thread,
  longestUs: number,
): Generator<Wait, void, void> {
  const napi = kernel.napiOf(socket.hash);
  if (napi.scheduled) return;
  napi.scheduled = true;
  napi.busy = true;
  kernel.nic.moderation[napi.queue]!.disarm();
  const until = (thread.now + us(longestUs)) as Thread['now'];
  const { receiveBuffer } = socket;
  while (receiveBuffer.ready === 0 && !socket.ended && thread.now < until) {
    kernel.enter(thread.now, thread.core);
    napi.clean();
    napi.budget = POLL_BUDGET;
    kernel.bill.charge(NETDEV, kernel.parts.profile.poll);
    const arrival = napi.poll(thread.now) ? napi.takeUp() : undefined;
    if (arrival) kernel.chargeArrival(arrival);
    yield kernel.spend(thread);
    if (!arrival) {
      if (!napi.hasWork) yield thread.spin(kernel.polled[napi.queue]!, until);
      continue;
    }
    kernel.enter(thread.now, thread.core);
    kernel.handUp(thread.now, arrival);
    napi.finished(arrival);
    yield* kernel.flush(thread);
  }
  kernel.endPolling(thread.now, napi);
}

/** BUSY_POLL_BUDGET. */
const POLL_BUDGET = 8;
