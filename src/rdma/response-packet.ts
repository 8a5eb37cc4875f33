// Packets that the responder sends: acknowledgements with AETH, READ responses read from memory as they go out,
// atomics' answers.

import type { Nanos } from '../time/index.js';
import { echoCongestion } from './congestion.js';
import type { Engine } from './engine.js';
import { IBV_ACCESS_REMOTE_READ } from './memory-parts.js';
import { FIRST, LAST, MIDDLE, ONLY, rcResponses, xrcResponses } from './opcode-map.js';
import type { QueuePair, Response } from './queue-pair.js';
import { ACK_SYNDROME } from './responder.js';
import { NAK_REMOTE_ACCESS } from './verdict.js';
import { AETH, AtomicAckETH, BTH, creditCounts, Halves, psnAdd, syndromeOf } from './wire.js';

const WORD = 2 ** 32;
/** Credit code that says nothing (IBA table 46; trap 19). */
const NO_CREDITS = 31;

/** Credit codes by number of receive requests that wait: the largest that does not promise more. */
function creditCode(waiting: number): number {
  let code = 0;
  while (code + 1 < creditCounts.length && creditCounts[code + 1]! <= waiting) code++;
  return code;
}

/** Puts the next response packet into a slot; -1 when there is none to send. */
// hot
export function nextResponse(dev: Engine, qp: QueuePair, now: Nanos): number {
  if (qp.responseCount === 0 || qp.path === null) return -1;
  const slot = dev.takeSlot();
  if (slot < 0) return -1;
  const response = qp.responses[qp.responseHead]!;
  const { template } = qp.path;
  const echoes = response.kind !== 'read' && qp.flow?.becnDue === true;
  const into = dev.pool.bytes(slot);
  const at = dev.pool.at(slot);
  template.open(into, at);
  const end =
    response.kind === 'read'
      ? readPacket(dev, qp, response, into, at, now)
      : shortPacket(dev, qp, response, into, at);
  if (end < 0) {
    dev.pool.release(slot);
    return nextResponse(dev, qp, now);
  }
  dev.pool.setLength(slot, template.close(into, at, end) - at);
  if (echoes) echoCongestion(dev, qp, slot);
  dev.counters.sent.count++;
  return slot;
}

// hot
function head(
  dev: Engine,
  qp: QueuePair,
  into: Uint8Array,
  at: number,
  code: number,
  psn: number,
): number {
  const { template } = qp.path!;
  const bthAt = at + template.bthAt;
  const { set } = BTH;
  set.opcode(into, bthAt, code);
  set.pkey(into, bthAt, dev.pkey(qp.pkeyIndex));
  set.destQp(into, bthAt, qp.destQpn);
  set.psn(into, bthAt, psn);
  return at + template.bodyAt;
}

// hot
function aeth(into: Uint8Array, at: number, syndrome: number, msn: number): number {
  AETH.set.syndrome(into, at, syndrome);
  AETH.set.msn(into, at, msn);
  return at + AETH.size;
}

/** AETH of good news, with credits where the device gives them; shared queues have none to give (IBA 9.7.7.2.1). */
// hot
function goodSyndrome(dev: Engine, qp: QueuePair): number {
  if (!dev.profile.givesCredits || qp.rq === null || qp.rq.shared) return NO_CREDITS;
  return creditCode(qp.rq.waiting);
}

/** Acknowledgements, NAKs, atomics' answers, the empty answer of FLUSH and ATOMIC WRITE (trap 14). */
// hot
function shortPacket(
  dev: Engine,
  qp: QueuePair,
  response: Response,
  into: Uint8Array,
  at: number,
): number {
  const { kind, psn, msn, syndrome } = response;
  const codes = qp.type === 'IBV_QPT_RC' ? rcResponses : xrcResponses;
  const code = kind === 'ack' ? codes.ack : kind === 'atomic' ? codes.atomic : codes.read[ONLY]!;
  const body = head(dev, qp, into, at, code, psn);
  const isGood = kind !== 'ack' || syndrome === ACK_SYNDROME;
  const end = aeth(into, body, isGood ? goodSyndrome(dev, qp) : syndrome, msn);
  qp.dropResponse();
  if (kind !== 'atomic') return end;
  Halves.set.high(into, end, response.high);
  Halves.set.low(into, end, response.low);
  return end + AtomicAckETH.size;
}

/** One packet of a READ's answer; -1 when its region has gone: then a NAK takes its place (IBA 9.7.5.2.4). */
// hot
function readPacket(
  dev: Engine,
  qp: QueuePair,
  response: Response,
  into: Uint8Array,
  at: number,
  now: Nanos,
): number {
  const { mtu } = qp;
  const { sent, length } = response;
  const index = Math.floor(sent / mtu);
  const left = length - sent;
  const isLast = left <= mtu;
  const size = isLast ? left : mtu;
  const place = isLast ? (index > 0 ? LAST : ONLY) : index > 0 ? MIDDLE : FIRST;
  const codes = qp.type === 'IBV_QPT_RC' ? rcResponses : xrcResponses;
  const psn = psnAdd(response.psn, index);
  let body = head(dev, qp, into, at, codes.read[place]!, psn);
  if (place !== MIDDLE) body = aeth(into, body, goodSyndrome(dev, qp), response.msn);
  if (size > 0) {
    const low = response.vaLow + sent;
    const high = response.vaHigh + (low >= WORD ? 1 : 0);
    const { keys } = dev.memory;
    const right = IBV_ACCESS_REMOTE_READ;
    const verdict = keys.check(response.rkey, qp.pd, qp.qpn, high, low % WORD, size, right);
    if (verdict !== 'allowed') return lost(dev, qp, response, psn, now);
    dev.memory.readChecked(now, size, into, body);
  }
  response.sent += size;
  if (isLast) qp.dropResponse();
  return body + size;
}

function lost(dev: Engine, qp: QueuePair, response: Response, psn: number, now: Nanos): number {
  // Nothing behind it will be answered.
  while (qp.responseCount > 1) qp.responseCount--;
  response.kind = 'ack';
  response.psn = psn;
  response.syndrome = syndromeOf('NAK', NAK_REMOTE_ACCESS);
  response.again = true;
  qp.readsWaiting = 0;
  dev.counters.add('resp_remote_access_errors');
  dev.event('IBV_EVENT_QP_ACCESS_ERR', qp);
  dev.toError(now, qp);
  return -1;
}
