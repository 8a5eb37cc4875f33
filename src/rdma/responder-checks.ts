// The responder's checks of a request (IBA 9.7.4), in the order in which Linux makes them too: sequence number, opcode
// sequence, opcode, resources, lengths, keys. Each looks at the queue pair and the packet, changes nothing, and
// answers the first thing that is wrong.

import type { Engine } from './engine.js';
import {
  IBV_ACCESS_FLUSH_GLOBAL,
  IBV_ACCESS_FLUSH_PERSISTENT,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
} from './memory-parts.js';
import type { Packet } from './packet.js';
import type { QueuePair } from './queue-pair.js';
import type { Verdict } from './verdict.js';
import { AtomicETH, FETH, Halves, opcodeByCode, psnDiff, RETH, XRCETH } from './wire.js';

export type Check = (qp: QueuePair, pkt: Packet, dev: Engine) => Verdict | undefined;

const MAX_MESSAGE = 2 ** 31;
const ATOMIC_BYTES = 8;
/** FETH.plt (IBA A19.4.1). */
const PLACEMENT_GLOBAL = 1;
const PLACEMENT_PERSISTENT = 2;
const SELECT_RANGE = 0;

/** The bytes that the packet itself brings to memory or asks for. */
const isReadLike = (pkt: Packet): boolean => pkt.opcode.answeredBy !== 'ACKNOWLEDGE';

/** 9.7.4.1.1 */
// hot
const inOrder: Check = (qp, pkt) => {
  const ahead = psnDiff(pkt.psn, qp.expectedPsn);
  return ahead === 0 ? undefined : ahead > 0 ? 'psn-gap' : 'duplicate';
};

/** 9.7.4.1.2, table 43: what follows what. */
// hot
export const opcodeFollows: Check = (qp, pkt) => {
  const { place, does } = pkt.opcode;
  const begins = place !== 'middle' && place !== 'last';
  if (qp.receiving < 0) return begins ? undefined : 'bad-sequence';
  return begins || does !== opcodeByCode[qp.receiving]!.does ? 'bad-sequence' : undefined;
};

/** The right that an operation needs of the queue pair and of the key. */
// hot
export function rightOf(pkt: Packet): number {
  switch (pkt.opcode.does) {
    case 'RDMA_WRITE':
    case 'ATOMIC_WRITE':
      return IBV_ACCESS_REMOTE_WRITE;
    case 'RDMA_READ_REQUEST':
      return IBV_ACCESS_REMOTE_READ;
    case 'COMPARE_SWAP':
    case 'FETCH_ADD':
      return IBV_ACCESS_REMOTE_ATOMIC;
    case 'FLUSH': {
      const plt = FETH.get.plt(pkt.bytes, pkt.fethAt);
      const global = plt === PLACEMENT_PERSISTENT ? 0 : IBV_ACCESS_FLUSH_GLOBAL;
      return global + (plt > PLACEMENT_GLOBAL ? IBV_ACCESS_FLUSH_PERSISTENT : 0);
    }
    default:
      return 0;
  }
}

/** 9.7.4.1.3: is the operation one that this queue pair serves? */
// hot
const enabled: Check = (qp, pkt) => {
  const right = rightOf(pkt);
  if ((qp.accessFlags & right) !== right) return 'not-enabled';
  if (pkt.opcode.kind !== 'request') return 'bad-opcode';
  return undefined;
};

/** 9.7.4.1.4: READs and atomics that wait, and room for the answer. */
// hot
const responseFits: Check = (qp, pkt) => {
  if (!isReadLike(pkt)) return undefined;
  if (qp.readsWaiting >= qp.maxDestRdAtomic) return 'too-many-reads';
  return qp.responseCount + 1 >= qp.responses.length ? 'busy' : undefined;
};

/** Which shared queue an XRC request goes to (IBA A14). */
// hot
const xrcTarget: Check = (_qp, pkt, dev) => {
  if (pkt.xrcethAt < 0) return undefined;
  return dev.srqOf(XRCETH.get.xrcSrq(pkt.bytes, pkt.xrcethAt)) === undefined
    ? 'no-xrc-srq'
    : undefined;
};

/** The receive queue that a request would take from. */
// hot
export const receiveQueueOf = (qp: QueuePair, pkt: Packet, dev: Engine) =>
  pkt.xrcethAt < 0 ? qp.rq : dev.srqOf(XRCETH.get.xrcSrq(pkt.bytes, pkt.xrcethAt));

/** 9.7.4.1.4: a SEND needs a receive request at its first packet, a WRITE with immediate data at its last. */
// hot
export const receiveReady: Check = (qp, pkt, dev) => {
  if (qp.hasRecv) return undefined;
  const { does, place } = pkt.opcode;
  const begins = place === 'first' || place === 'only';
  const needs = does === 'SEND' ? begins : does === 'RDMA_WRITE' && pkt.immAt >= 0;
  if (!needs) return undefined;
  const queue = receiveQueueOf(qp, pkt, dev);
  return queue && queue.waiting > 0 ? undefined : 'no-receive';
};

/** 9.7.4.1.6: full packets but the last, which has 1 to MTU bytes; 0 to MTU alone. */
// hot
export const fitsMtu: Check = (qp, pkt) => {
  const size = pkt.payloadLength;
  switch (pkt.opcode.payload) {
    case 'none':
      return size === 0 ? undefined : 'bad-length';
    case 'eight':
      return size === ATOMIC_BYTES ? undefined : 'bad-length';
  }
  switch (pkt.opcode.place) {
    case 'first':
    case 'middle':
      return size === qp.mtu ? undefined : 'bad-length';
    case 'last':
      return size >= 1 && size <= qp.mtu ? undefined : 'bad-length';
    default:
      return size <= qp.mtu ? undefined : 'bad-length';
  }
};

/** 9.7.4.1.6: what a WRITE announced is what comes, no more and no less. */
// hot
export const asAnnounced: Check = (qp, pkt) => {
  if (pkt.opcode.does === 'ATOMIC_WRITE') {
    return RETH.get.dmaLen(pkt.bytes, pkt.rethAt) === ATOMIC_BYTES ? undefined : 'bad-length';
  }
  if (pkt.rethAt >= 0 && RETH.get.dmaLen(pkt.bytes, pkt.rethAt) > MAX_MESSAGE) return 'bad-length';
  if (pkt.opcode.does !== 'RDMA_WRITE') return undefined;
  const { place } = pkt.opcode;
  const before = pkt.rethAt >= 0 ? 0 : qp.received;
  const whole = pkt.rethAt >= 0 ? RETH.get.dmaLen(pkt.bytes, pkt.rethAt) : qp.announced;
  const left = whole - before - pkt.payloadLength;
  const ends = place === 'last' || place === 'only';
  return (ends ? left === 0 : left > 0) ? undefined : 'bad-length';
};

/** 9.7.4.1.5 and 9.4.5: the key, for the whole of what was announced. */
// hot
export const keyAllows: Check = (qp, pkt, dev) => {
  const { keys } = dev.memory;
  const { bytes, rethAt, atomicAt } = pkt;
  if (rethAt >= 0) {
    const at = rethAt + RETH.at.va;
    const rkey = RETH.get.rkey(bytes, rethAt);
    const isFlush = pkt.opcode.does === 'FLUSH';
    const wholeRegion = isFlush && FETH.get.sel(bytes, pkt.fethAt) !== SELECT_RANGE;
    const length = wholeRegion ? 0 : RETH.get.dmaLen(bytes, rethAt);
    const high = Halves.get.high(bytes, at);
    const low = Halves.get.low(bytes, at);
    if (pkt.opcode.does === 'ATOMIC_WRITE' && low % ATOMIC_BYTES !== 0) return 'misaligned';
    return keys.check(rkey, qp.pd, qp.qpn, high, low, length, rightOf(pkt)) === 'allowed'
      ? undefined
      : 'remote-access';
  }
  if (atomicAt < 0) return undefined;
  const at = atomicAt + AtomicETH.at.va;
  const low = Halves.get.low(bytes, at);
  const high = Halves.get.high(bytes, at);
  if (low % ATOMIC_BYTES !== 0) return 'misaligned';
  const rkey = AtomicETH.get.rkey(bytes, atomicAt);
  const verdict = keys.check(rkey, qp.pd, qp.qpn, high, low, ATOMIC_BYTES, rightOf(pkt));
  if (verdict === 'allowed') return undefined;
  return verdict === 'misaligned' ? 'misaligned' : 'remote-access';
};

/** Of reliable services. */
export const reliableChecks: readonly Check[] = [
  inOrder,
  opcodeFollows,
  enabled,
  responseFits,
  xrcTarget,
  receiveReady,
  fitsMtu,
  asAnnounced,
  keyAllows,
];

/** Of UC, whose sequence has rules of its own (IBA 9.8.3). */
export const unreliableChecks: readonly Check[] = [
  enabled,
  receiveReady,
  fitsMtu,
  asAnnounced,
  keyAllows,
];

/**
 * Is it one of the middle packets of a WRITE, with which nothing is wrong? Of the checks above only those that such a
 * packet can fail, at once: most packets are of these.
 */
// hot
export function continuesWrite(qp: QueuePair, pkt: Packet): boolean {
  const { opcode } = pkt;
  if (opcode.place !== 'middle' || opcode.does !== 'RDMA_WRITE' || pkt.xrcethAt >= 0) return false;
  const size = pkt.payloadLength;
  return (
    pkt.psn === qp.expectedPsn &&
    qp.receiving >= 0 &&
    opcodeByCode[qp.receiving]!.does === 'RDMA_WRITE' &&
    (qp.accessFlags & IBV_ACCESS_REMOTE_WRITE) !== 0 &&
    size === qp.mtu &&
    qp.announced - qp.received - size > 0
  );
}

/** The first thing that is wrong with a request; 'accept' when nothing is. */
// hot
export function judge(checks: readonly Check[], qp: QueuePair, pkt: Packet, dev: Engine): Verdict {
  for (let i = 0; i < checks.length; i++) {
    const verdict = checks[i]!(qp, pkt, dev);
    if (verdict !== undefined) return verdict;
  }
  return 'accept';
}
