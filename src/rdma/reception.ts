// Receiving: frames that are RDMA packets are checked in the order of docs/rdma-rules.md 5.3 and go to their queue pair's
// requester or responder; what is wrong is dropped with a name. Other frames wait for the host's stack.

import type { Nanos } from '../time/index.js';
import { receiveResponse } from './completer.js';
import { receiveDatagram } from './datagram.js';
import { addressedTo, groupKey } from './destination.js';
import type { RdmaDevice } from './device.js';
import { hdrCheck } from './header-checks.js';
import { KnownHeaders } from './known-header.js';
import { Packet } from './packet.js';
import type { QueuePair } from './queue-pair.js';
import { receiveRequest, receiveUnreliable } from './responder.js';
import { counterOf, type DropReason } from './verdict.js';
import { BTH } from './wire.js';

/** Queue pair number of multicast packets (IBA 3.5.10). */
export const MULTICAST_QPN = 0xffffff;
/** Frames for the host's stack that may wait. */
const MAX_OTHERS = 1024;

export class Reception {
  readonly #dev: RdmaDevice;
  readonly #packet = new Packet();
  readonly #known = new KnownHeaders();
  readonly #others: number[] = [];

  constructor(dev: RdmaDevice) {
    this.#dev = dev;
  }

  /** Takes the frame in `slot`, which is given up. */
  // hot
  judge(now: Nanos, slot: number): void {
    const { pool, address } = this.#dev;
    const bytes = pool.bytes(slot);
    const at = pool.at(slot);
    const length = pool.length(slot);
    const known = this.#known.at(bytes, at);
    if (known.matches(pool.words(slot), bytes, at, length, address.gids)) {
      const { packet } = known;
      const right = known.icrcIsRight();
      const reason = right ? this.#passed(known.qp!, packet, now) : 'bad-icrc';
      return this.#done(slot, reason, packet, now);
    }
    const pkt = this.#packet;
    const found = pkt.find(bytes, at, at + length, address.native);
    if (found === 'other') return this.keepOther(slot);
    this.#done(slot, found === '' ? this.#take(pkt, now) : found, pkt, now);
  }

  /** A frame that is not RDMA's; -1 when none waits. Who takes it owns it. */
  takeOther(): number {
    return this.#others.shift() ?? -1;
  }

  /** A frame for the host's stack. */
  keepOther(slot: number): void {
    if (this.#others.length < MAX_OTHERS) {
      this.#others.push(slot);
      return;
    }
    this.#dev.counters.add('drop_other_queue_full');
    this.#dev.pool.drop(slot, 'other queue full');
  }

  // hot
  #take(pkt: Packet, now: Nanos): DropReason | '' {
    const dev = this.#dev;
    const isGroup = BTH.get.destQp(pkt.bytes, pkt.bthAt) === MULTICAST_QPN;
    if (!isGroup && !this.#isMine(pkt)) return 'wrong-address';
    const unread = pkt.read();
    if (unread !== '') return unread;
    if (isGroup) return this.#takeGroup(pkt, now);
    const qp = dev.qps.get(pkt.destQp);
    const refused = hdrCheck(dev, qp, pkt);
    if (refused !== '') return refused;
    if (!pkt.icrcIsRight()) return 'bad-icrc';
    this.#known.passed(pkt, qp!, dev.address.gids);
    return this.#passed(qp!, pkt, now);
  }

  /** Headers and ICRC are right. */
  // hot
  #passed(qp: QueuePair, pkt: Packet, now: Nanos): DropReason | '' {
    const dev = this.#dev;
    dev.counters.received.count++;
    dev.memory.begin(now);
    if (dev.clock !== null) dev.memory.delay = dev.clock.caches.context(now, qp.qpn);
    const hadNak = qp.nakSent;
    const reason = this.#deliver(qp, pkt, now);
    dev.judged(now, qp, !hadNak && qp.nakSent);
    return reason;
  }

  // hot
  #deliver(qp: QueuePair, pkt: Packet, now: Nanos): DropReason | '' {
    const dev = this.#dev;
    if (pkt.opcode.service === 'CNP') return dev.congestion.heard(qp, now);
    if (pkt.congested) dev.congestion.noticed(qp, pkt, now);
    if (pkt.echoed && dev.address.native) dev.congestion.heard(qp, now);
    if (qp.datagram) return receiveDatagram(dev, qp, pkt, now);
    if (pkt.opcode.kind === 'response') return receiveResponse(dev, qp, pkt, now);
    if (qp.state === 'RTR' && !qp.established) {
      qp.established = true;
      if (dev.profile.tellsEstablished) dev.event('IBV_EVENT_COMM_EST', qp);
    }
    return qp.reliable ? receiveRequest(dev, qp, pkt, now) : receiveUnreliable(dev, qp, pkt, now);
  }

  #takeGroup(pkt: Packet, now: Nanos): DropReason | '' {
    const dev = this.#dev;
    if (pkt.networkAt < 0) return 'not-multicast-member';
    const members = dev.groups.get(groupKey(pkt));
    if (!members || members.size === 0) return 'not-multicast-member';
    if (!pkt.icrcIsRight()) return 'bad-icrc';
    let reason: DropReason | '' = '';
    for (const qp of members) {
      reason = hdrCheck(dev, qp, pkt);
      if (reason === '') {
        dev.counters.received.count++;
        reason = receiveDatagram(dev, qp, pkt, now);
      }
    }
    return reason;
  }

  /** Is the packet's destination one of this port's addresses (rxe_chk_dgid)? */
  // hot
  #isMine(pkt: Packet): boolean {
    if (pkt.networkAt < 0) return true; // the subnet delivers by LID
    const { gids } = this.#dev.address;
    for (let i = 0; i < gids.length; i++) {
      if (addressedTo(pkt, gids[i]!.bytes)) return true;
    }
    return false;
  }

  // hot
  #done(slot: number, reason: DropReason | '', pkt: Packet, now: Nanos): void {
    const { pool } = this.#dev;
    if (reason === '') return pool.release(slot);
    this.#drop(reason, pkt, now);
    pool.drop(slot, reason);
  }

  #drop(reason: DropReason, pkt: Packet, now: Nanos): void {
    this.#dev.counters.add(counterOf(reason));
    this.#dev.tracer?.verdict(now, pkt.destQp, pkt.psn, reason);
  }
}
