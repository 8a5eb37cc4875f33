// Carrying out a request that passed the checks (IBA 9.7.5.1): data into memory, receive requests taken and completed,
// READs and atomics answered. What goes wrong with the responder's own buffer is a verdict too.

import type { Nanos } from '../time/index.js';
import { WC, wcOpcodes } from './constant.js';
import type { Engine } from './engine.js';
import { IBV_ACCESS_REMOTE_WRITE, invalidateRemotely, WordOperation } from './memory-parts.js';
import type { Packet } from './packet.js';
import type { QueuePair, Response } from './queue-pair.js';
import { receiveQueueOf, rightOf } from './responder-checks.js';
import type { Verdict } from './verdict.js';
import { AtomicETH, BTH, Halves, IETH, ImmDt, psnAdd, RETH } from './wire.js';

const WORD = 2 ** 32;
const ATOMIC_BYTES = 8;

/** Does what the packet asks; the queue pair's sequence is the caller's business. */
// hot
export function execute(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): Verdict {
  const { place, does } = pkt.opcode;
  if (place === 'first' || place === 'only') qp.received = 0;
  switch (does) {
    case 'SEND':
      return receive(dev, qp, pkt, now);
    case 'RDMA_WRITE':
      return write(dev, qp, pkt, now);
    case 'RDMA_READ_REQUEST':
      return queueRead(qp, pkt);
    case 'ATOMIC_WRITE':
    case 'FLUSH':
      return flushOrStore(dev, qp, pkt, now);
    default:
      return atomic(dev, qp, pkt, now);
  }
}

/** Takes a receive request if the message has none yet. */
// hot
export function takeReceive(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): boolean {
  if (qp.hasRecv) return true;
  const queue = receiveQueueOf(qp, pkt, dev);
  if (!queue?.take(now, dev.memory, qp.recvJob)) return false;
  qp.hasRecv = true;
  if (queue.shared) dev.srqTaken(queue);
  return true;
}

// hot
function receive(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): Verdict {
  if (!takeReceive(dev, qp, pkt, now)) return 'no-receive';
  const { bytes, payloadAt, payloadLength: size, opcode } = pkt;
  const { sges } = qp.recvJob;
  if (qp.received + size > sges.total) return 'receive-too-short';
  if (size > 0) {
    const { memory } = dev;
    const at = qp.received;
    const verdict = memory.scatter(now, qp.pd, qp.qpn, sges, at, size, bytes, payloadAt);
    if (verdict !== 'allowed') return 'receive-protection';
    qp.received += size;
  }
  if (opcode.place === 'first' || opcode.place === 'middle') return 'accept';
  if (pkt.iethAt >= 0) {
    const by = { pd: qp.pd, qp: qp.qpn };
    const key = IETH.get.rkey(bytes, pkt.iethAt);
    if (invalidateRemotely(dev.memory.keys, by, key) !== 'done') return 'invalidate-failed';
  }
  completeReceive(dev, qp, pkt, wcOpcodes.IBV_WC_RECV, now);
  return 'accept';
}

/** Completes the receive request of a message whose last packet this is. */
// hot
export function completeReceive(
  dev: Engine,
  qp: QueuePair,
  pkt: Packet,
  opcode: number,
  now: Nanos,
): void {
  const { arrival } = dev;
  arrival.opcode = opcode;
  arrival.byteLen = qp.received;
  arrival.withImm = pkt.immAt >= 0;
  arrival.withInv = pkt.iethAt >= 0;
  arrival.immediate = arrival.withImm
    ? ImmDt.get.immediate(pkt.bytes, pkt.immAt)
    : arrival.withInv
      ? IETH.get.rkey(pkt.bytes, pkt.iethAt)
      : 0;
  arrival.solicited = BTH.get.solicited(pkt.bytes, pkt.bthAt) === 1;
  qp.hasRecv = false;
  dev.completeRecv(now, qp, qp.recvJob, WC.SUCCESS);
}

// hot
function write(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): Verdict {
  const { bytes, payloadLength: size, opcode, rethAt } = pkt;
  if (rethAt >= 0) {
    qp.vaHigh = Halves.get.high(bytes, rethAt + RETH.at.va);
    qp.vaLow = Halves.get.low(bytes, rethAt + RETH.at.va);
    qp.rkey = RETH.get.rkey(bytes, rethAt);
    qp.announced = RETH.get.dmaLen(bytes, rethAt);
    qp.hold.drop();
  }
  if (size > 0 && place(dev, qp, pkt, now) !== 'accept') return 'remote-access';
  if (pkt.immAt < 0 || opcode.place === 'first' || opcode.place === 'middle') return 'accept';
  if (!takeReceive(dev, qp, pkt, now)) return 'no-receive';
  completeReceive(dev, qp, pkt, wcOpcodes.IBV_WC_RECV_RDMA_WITH_IMM, now);
  return 'accept';
}

/** Writes a packet's bytes behind those that came. For each it is seen to that the key still allows it. */
// hot
export function place(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): Verdict {
  const { memory } = dev;
  const { hold, received } = qp;
  const { payloadLength: size } = pkt;
  if (!memory.keys.reaches(hold, received, size) && !mayWrite(dev, qp, size))
    return 'remote-access';
  memory.writeHeld(now, hold, received, size, pkt.bytes, pkt.payloadAt);
  qp.received = received + size;
  return 'accept';
}

/** Asks the key table, and keeps what it says for the packets to come. */
// hot
function mayWrite({ memory }: Engine, qp: QueuePair, size: number): boolean {
  const { keys } = memory;
  const low = qp.vaLow + qp.received;
  const high = low >= WORD ? qp.vaHigh + 1 : qp.vaHigh;
  const right = IBV_ACCESS_REMOTE_WRITE;
  if (keys.check(qp.rkey, qp.pd, qp.qpn, high, low >>> 0, size, right) !== 'allowed') return false;
  keys.keep(qp.hold, qp.received, Number.POSITIVE_INFINITY, right);
  return true;
}

/** Packets of a READ's answer. */
// hot
export const packetsOf = (length: number, mtu: number): number =>
  Math.max(1, Math.ceil(length / mtu));

// hot
export function fillRead(response: Response, pkt: Packet, msn: number, again: boolean): void {
  const { bytes, rethAt } = pkt;
  response.kind = 'read';
  response.psn = pkt.psn;
  response.msn = msn;
  response.vaHigh = Halves.get.high(bytes, rethAt + RETH.at.va);
  response.vaLow = Halves.get.low(bytes, rethAt + RETH.at.va);
  response.rkey = RETH.get.rkey(bytes, rethAt);
  response.length = RETH.get.dmaLen(bytes, rethAt);
  response.sent = 0;
  response.again = again;
}

/** A READ is answered packet by packet as the wire is free. */
// hot
function queueRead(qp: QueuePair, pkt: Packet): Verdict {
  fillRead(qp.addResponse()!, pkt, psnAdd(qp.msn, 1), false);
  qp.readsWaiting++;
  return 'accept';
}

const operation = new WordOperation();

// hot
function atomic(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): Verdict {
  const { bytes, atomicAt } = pkt;
  const { high, low } = Halves.get;
  const { memory } = dev;
  const va = atomicAt + AtomicETH.at.va;
  const swap = atomicAt + AtomicETH.at.swapDt;
  const compare = atomicAt + AtomicETH.at.cmpDt;
  if (pkt.opcode.does === 'FETCH_ADD') operation.add(high(bytes, swap), low(bytes, swap));
  else
    operation.swap(high(bytes, compare), low(bytes, compare), high(bytes, swap), low(bytes, swap));
  const rkey = AtomicETH.get.rkey(bytes, atomicAt);
  const right = rightOf(pkt);
  const verdict = memory.change(now, qp, rkey, high(bytes, va), low(bytes, va), right, operation);
  if (verdict !== 'allowed') return 'remote-access';
  answer(qp, pkt.psn, 'atomic', memory.dma.originalHigh, memory.dma.originalLow);
  return 'accept';
}

/** FLUSH and ATOMIC WRITE (IBA A19): a flush is answered when all that DMA wrote is visible. */
// hot
function flushOrStore(dev: Engine, qp: QueuePair, pkt: Packet, now: Nanos): Verdict {
  if (pkt.opcode.does === 'ATOMIC_WRITE') {
    const { bytes, rethAt, payloadAt } = pkt;
    const at = rethAt + RETH.at.va;
    const { keys } = dev.memory;
    const verdict = keys.check(
      RETH.get.rkey(bytes, rethAt),
      qp.pd,
      qp.qpn,
      Halves.get.high(bytes, at),
      Halves.get.low(bytes, at),
      ATOMIC_BYTES,
      IBV_ACCESS_REMOTE_WRITE,
    );
    if (verdict !== 'allowed') return 'remote-access';
    dev.memory.writeChecked(now, ATOMIC_BYTES, bytes, payloadAt);
  } else dev.memory.came(dev.memory.dma.flush(now));
  answer(qp, pkt.psn, 'empty-read', 0, 0);
  return 'accept';
}

/** Queues an answer and keeps it, in case it is asked for again (IBA 9.7.5.1.3; trap 16). */
// hot
function answer(
  qp: QueuePair,
  psn: number,
  kind: 'atomic' | 'empty-read',
  high: number,
  low: number,
): void {
  const saved = qp.saved[qp.savedNext]!;
  qp.savedNext = (qp.savedNext + 1) % qp.saved.length;
  saved.psn = psn;
  saved.kind = kind;
  saved.high = high;
  saved.low = low;
  const response = qp.addResponse()!;
  response.kind = kind;
  response.psn = psn;
  response.msn = psnAdd(qp.msn, 1);
  response.high = high;
  response.low = low;
  response.again = false;
  qp.readsWaiting++;
}
