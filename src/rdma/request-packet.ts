// Request packets: headers by opcode, payload by DMA from the consumer's memory straight into the frame.

import type { Nanos } from '../time/index.js';
import { datagramSourcePort, type Path } from './address.js';
import { WC } from './constant.js';
import type { Engine } from './engine.js';
import { fail } from './finish.js';
import { FIRST, LAST, MIDDLE, ONLY, requestCode, workKind } from './opcode-map.js';
import type { QueuePair } from './queue-pair.js';
import {
  AtomicETH,
  BTH,
  DETH,
  FETH,
  Halves,
  IETH,
  ImmDt,
  opcodeByCode,
  psnDiff,
  RETH,
  UDP,
  XRCETH,
} from './wire.js';
import type { SendJob } from './work-request.js';

const WORD = 2 ** 32;
const WORD_BYTES = 4;
/** Q_Keys with this bit stand for the queue pair's own (IBA 10.2.5; trap 22). */
const QKEY_OF_QP = 2 ** 31;
const ATOMIC_WRITE_BYTES = 8;

/**
 * Writes the packet at `qp.sendPsn` of `job` into a slot.
 * @returns the slot; -1 when there is none, or when the job failed over it
 */
// hot
export function writeRequest(dev: Engine, qp: QueuePair, job: SendJob, now: Nanos): number {
  const path = qp.datagram ? dev.pathOfAh(job.ah) : qp.path;
  if (path === undefined || path === null) {
    fail(dev, qp, job, WC.LOC_QP_OP_ERR, now);
    return -1;
  }
  const slot = dev.takeSlot();
  if (slot < 0) return -1;
  const index = psnDiff(qp.sendPsn, job.firstPsn);
  if (index > 0 && index <= job.lastMiddle)
    return writeMiddle(dev, qp, job, path, slot, index, now);
  const kind = workKind(job.opcode);
  const carries = kind === 'send' || kind === 'write';
  const skip = carries ? index * qp.mtu : 0;
  const isLast = !carries || index === job.packets - 1;
  const size = carries ? (isLast ? job.length - skip : qp.mtu) : 0;
  const place = isLast ? (carries && index > 0 ? LAST : ONLY) : index > 0 ? MIDDLE : FIRST;
  const code = requestCode(qp.type, job.opcode, place);
  const into = dev.pool.bytes(slot);
  const at = dev.pool.at(slot);
  path.template.open(into, at);
  if (qp.datagram && path.template.udpAt >= 0) {
    // Address handles are shared; the port tells the queue pairs apart.
    UDP.set.srcPort(into, at + path.template.udpAt, datagramSourcePort(qp.qpn));
  }
  writeBth(dev, qp, job, path, into, at, code, isLast);
  const body = writeExtensions(qp, job, into, at + path.template.bodyAt, code);
  const end = kind === 'atomic-write' ? writeValue(job, into, body) : body + size;
  if (size > 0 && !readPayload(dev, qp, job, skip, size, into, body, now)) {
    dev.pool.release(slot);
    fail(dev, qp, job, WC.LOC_PROT_ERR, now);
    return -1;
  }
  dev.pool.setLength(slot, path.template.close(into, at, end) - at);
  return slot;
}

/** The packet of a message that is neither its first nor its last: most are, and they are all alike. */
// hot
function writeMiddle(
  dev: Engine,
  qp: QueuePair,
  job: SendJob,
  path: Path,
  slot: number,
  index: number,
  now: Nanos,
): number {
  const { pool } = dev;
  const { middles, mtu } = qp;
  const into = pool.bytes(slot);
  const at = pool.at(slot);
  middles.be(path.template, job.middleCode, dev.pkey(qp.pkeyIndex), qp.destQpn, mtu);
  const body = at + middles.open(pool.words(slot), at / WORD_BYTES);
  const ackReq = wantsAck(dev, qp, false);
  if (!readPayload(dev, qp, job, index * mtu, mtu, into, body, now)) {
    pool.release(slot);
    fail(dev, qp, job, WC.LOC_PROT_ERR, now);
    return -1;
  }
  pool.setLength(slot, middles.close(into, at, qp.sendPsn, ackReq) - at);
  return slot;
}

// hot
function writeBth(
  dev: Engine,
  qp: QueuePair,
  job: SendJob,
  path: Path,
  into: Uint8Array,
  at: number,
  code: number,
  isLast: boolean,
): void {
  const bthAt = at + path.template.bthAt;
  const { set } = BTH;
  set.opcode(into, bthAt, code);
  set.solicited(into, bthAt, isLast && job.solicited ? 1 : 0);
  set.pkey(into, bthAt, dev.pkey(qp.pkeyIndex));
  set.destQp(into, bthAt, qp.datagram ? job.remoteQpn : qp.destQpn);
  set.ackReq(into, bthAt, wantsAck(dev, qp, isLast));
  set.psn(into, bthAt, qp.sendPsn);
}

/** At the end of each message, and now and then within long ones (trap 18; rxe_req.c does the same). */
// hot
function wantsAck(dev: Engine, qp: QueuePair, isLast: boolean): number {
  if (qp.datagram) return qp.type === 'IBV_QPT_GSI' ? dev.profile.gsiAckReq : 0;
  if (!qp.reliable) return 0;
  const due = isLast || qp.sinceAckReq >= dev.profile.packetsPerAckReq;
  qp.sinceAckReq = due ? 0 : qp.sinceAckReq + 1;
  return due ? 1 : 0;
}

/** The headers between BTH and payload, in the order of the opcode's chain; answers where the payload begins. */
// hot
function writeExtensions(
  qp: QueuePair,
  job: SendJob,
  into: Uint8Array,
  from: number,
  code: number,
): number {
  const { chain } = opcodeByCode[code]!;
  let at = from;
  for (let i = 0; i < chain.length; i++) {
    switch (chain[i]) {
      case 'reth':
        writeReth(qp, job, into, at);
        at += RETH.size;
        break;
      case 'atomiceth':
        writeAtomic(job, into, at);
        at += AtomicETH.size;
        break;
      case 'immdt':
        ImmDt.set.immediate(into, at, job.immediate);
        at += ImmDt.size;
        break;
      case 'ieth':
        IETH.set.rkey(into, at, job.immediate);
        at += IETH.size;
        break;
      case 'feth':
        // FETH is one word: placement and selectivity as the consumer gave them.
        ImmDt.set.immediate(into, at, job.immediate);
        at += FETH.size;
        break;
      case 'xrceth':
        into.fill(0, at, at + XRCETH.size);
        XRCETH.set.xrcSrq(into, at, job.xrcSrq);
        at += XRCETH.size;
        break;
      default:
        into.fill(0, at, at + DETH.size);
        DETH.set.qkey(into, at, job.remoteQkey >= QKEY_OF_QP ? qp.qkey : job.remoteQkey);
        DETH.set.srcQp(into, at, qp.qpn);
        at += DETH.size;
    }
  }
  return at;
}

// hot
function writeReth(qp: QueuePair, job: SendJob, into: Uint8Array, at: number): void {
  // A READ that was answered in part asks for the rest (IBA 9.4.4, 9.7.5.1.5).
  const isRead = workKind(job.opcode) === 'read';
  const skip = isRead ? psnDiff(qp.sendPsn, job.firstPsn) * qp.mtu : 0;
  const low = job.vaLow + skip;
  Halves.set.high(into, at + RETH.at.va, (job.vaHigh + (low >= WORD ? 1 : 0)) % WORD);
  Halves.set.low(into, at + RETH.at.va, low % WORD);
  RETH.set.rkey(into, at, job.rkey);
  const whole = workKind(job.opcode) === 'atomic-write' ? ATOMIC_WRITE_BYTES : job.length;
  const part = qp.partPackets * qp.mtu;
  RETH.set.dmaLen(into, at, isRead && part > 0 ? Math.min(part, whole - skip) : whole - skip);
}

// hot
function writeAtomic(job: SendJob, into: Uint8Array, at: number): void {
  const { high, low } = Halves.set;
  high(into, at + AtomicETH.at.va, job.vaHigh);
  low(into, at + AtomicETH.at.va, job.vaLow);
  AtomicETH.set.rkey(into, at, job.rkey);
  high(into, at + AtomicETH.at.swapDt, job.swapHigh);
  low(into, at + AtomicETH.at.swapDt, job.swapLow);
  high(into, at + AtomicETH.at.cmpDt, job.compareHigh);
  low(into, at + AtomicETH.at.cmpDt, job.compareLow);
}

/** The eight bytes of an ATOMIC WRITE, as they are to lie in memory (IBA A19.4.2). */
// hot
function writeValue(job: SendJob, into: Uint8Array, at: number): number {
  Halves.set.high(into, at, job.swapHigh);
  Halves.set.low(into, at, job.swapLow);
  return at + ATOMIC_WRITE_BYTES;
}

/** Payload from the gather list, or from the queue entry itself when it is inline. */
// hot
function readPayload(
  dev: Engine,
  qp: QueuePair,
  job: SendJob,
  skip: number,
  size: number,
  into: Uint8Array,
  at: number,
  now: Nanos,
): boolean {
  if (job.inline) {
    for (let i = 0; i < size; i++) into[at + i] = job.inlineBytes[skip + i]!;
    return true;
  }
  return dev.memory.gather(now, qp.pd, qp.qpn, job.sges, skip, size, into, at) === 'allowed';
}
