// What a queue pair sends next: notifications, answers, requests, as far as congestion control and the port's pauses
// let it.

import type { Nanos } from '../time/index.js';
import type { Flow } from './congestion.js';
import type { RdmaDevice } from './device.js';
import type { QueuePair } from './queue-pair.js';
import { nextRequest } from './requester.js';
import { nextResponse } from './response-packet.js';

/** The queue pair's next packet in a slot, or -1. */
// hot
export function nextPacket(dev: RdmaDevice, qp: QueuePair, now: Nanos): number {
  if (qp.destroyed) return -1;
  const { clock, memory } = dev;
  if (clock !== null) {
    dev.prepared.what = 'answer';
    dev.prepared.readyAt = 0;
    memory.begin(now); // what the one before waited for is not this one's
    memory.delay = needsContext(qp) ? clock.caches.context(now, qp.qpn) : 0;
  }
  return qp.flow === null ? inTurn(dev, qp, now) : heldBack(dev, qp, qp.flow, now);
}

/** May it have more to say at once, after a packet? */
// hot
export const hasMore = (qp: QueuePair): boolean =>
  qp.responseCount > 0 ||
  qp.cursor < qp.rung ||
  qp.flow?.cnpDue === true ||
  qp.repeat?.pending === true;

/**
 * Who has nothing to say gets no packet, and nobody looks what its context is; who rested for an entry had its context
 * at hand when that was asked for, and keeps it.
 */
// hot
function needsContext(qp: QueuePair): boolean {
  if (qp.rested) {
    qp.rested = false;
    return false;
  }
  return qp.responseCount > 0 || qp.cursor < qp.rung;
}

/** Answers first; requests have their turn after a response packet that more follow. */
// hot
function inTurn(dev: RdmaDevice, qp: QueuePair, now: Nanos): number {
  if (qp.requestsFirst && qp.responseCount > 0) {
    qp.requestsFirst = false;
    const slot = request(dev, qp, now);
    if (slot >= 0) return slot;
  }
  const slot = response(dev, qp, now);
  if (slot < 0) return request(dev, qp, now);
  qp.requestsFirst = true;
  return slot;
}

// hot
function request(dev: RdmaDevice, qp: QueuePair, now: Nanos): number {
  if (dev.clock === null) return nextRequest(dev, qp, now);
  const before = qp.newPsn;
  const slot = nextRequest(dev, qp, now);
  dev.prepared.what = qp.newPsn === before ? 'packet' : 'entry';
  dev.prepared.readyAt = 0;
  return slot;
}

// hot
function response(dev: RdmaDevice, qp: QueuePair, now: Nanos): number {
  if (qp.responseCount === 0) return -1;
  if (dev.clock !== null) {
    const { kind, readyAt } = qp.responses[qp.responseHead]!;
    dev.prepared.what = kind === 'read' ? 'data' : 'answer';
    dev.prepared.readyAt = readyAt;
  }
  return nextResponse(dev, qp, now);
}

/** Acknowledgements and CNPs are small and bring relief: no rate limit holds them. A pause holds all of its priority. */
// hot
function heldBack(dev: RdmaDevice, qp: QueuePair, flow: Flow, now: Nanos): number {
  const { congestion } = dev;
  if (flow.cnpDue) {
    dev.prepared.what = 'answer';
    dev.prepared.readyAt = 0;
    return congestion.writeCnp(qp, flow);
  }
  if (congestion.stops(qp, flow, now)) return -1;
  const answers = qp.responseCount > 0 && qp.responses[qp.responseHead]!.kind !== 'read';
  if (congestion.holds(qp, flow, now)) return answers ? response(dev, qp, now) : -1;
  const before = qp.responseCount;
  const slot = inTurn(dev, qp, now);
  if (slot >= 0 && !(answers && qp.responseCount < before)) congestion.sent(flow, now, slot);
  return slot;
}
