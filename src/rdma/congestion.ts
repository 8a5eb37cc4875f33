// Congestion control of a device. Notification point: packets that met congestion make CNPs, or BECN in
// acknowledgements over InfiniBand. Reaction point: CNPs and BECN slow their queue pair down. And the port's
// pauses, which hold back what is of their priority. A queue pair without a `Flow` has none of it.

import { PRIORITIES, type Trust } from '../nic/index.js';
import type { Nanos } from '../time/index.js';
import { type AhAttr, type Path, pathOf } from './address.js';
import type { RdmaDevice } from './device.js';
import type { Engine } from './engine.js';
import type { Packet } from './packet.js';
import type { QueuePair } from './queue-pair.js';
import { Dcqcn, InjectionDelay, type RateLimiter } from './rate-limiter.js';
import { BTH, byteSwap16, CNP, crc16, type PathTemplate, VCRC } from './wire.js';

const CNP_OPCODE = 0x81;
/** ECN field (RFC 3168 5). */
const ECT0 = 2;
const ECN_RANGE = 4;
const CODEPOINTS_A_PRIORITY = 8;
const NS_PER_US = 1000;
/** What a frame takes on an Ethernet wire beside its bytes here: FCS, preamble and gap. */
const ETHERNET_OVERHEAD = 24;

/** What congestion control knows of a queue pair. */
export class Flow {
  /** Null until the first notification. */
  limiter: RateLimiter | null = null;
  /** A CNP must be sent, or BECN set in the next acknowledgement. */
  cnpDue = false;
  becnDue = false;
  cnpAt = Number.NEGATIVE_INFINITY as Nanos;
  cnpPath: Path | null = null;
  waitsForResume = false;

  constructor(
    readonly priority: number,
    readonly isRouted: boolean,
  ) {}
}

/** How the port in front of the device tells priorities, if it heeds pauses: as its `PortOptions` say. */
export interface PortPriorities {
  readonly trust?: Trust;
  readonly dscpPriority?: Uint8Array;
}

/** Priority of a path's frames on an Ethernet port, as the port itself reads it from them. */
function priorityOf(attr: AhAttr, hasDscp: boolean, port: PortPriorities | undefined): number {
  const { vlanId, sl = 0, grh } = attr;
  const tag = vlanId === undefined ? 0 : sl;
  if (!hasDscp || port?.trust === 'pcp') return tag;
  const dscp = Math.floor((grh?.trafficClass ?? 0) / ECN_RANGE);
  return port?.dscpPriority?.[dscp] ?? Math.floor(dscp / CODEPOINTS_A_PRIORITY);
}

/** The address vector with ECT(0), where the device takes part in DCQCN. */
export function capable(dev: RdmaDevice, qp: QueuePair, attr: AhAttr): AhAttr {
  const { grh } = attr;
  if (!dev.profile.congestion?.dcqcn || qp.datagram || !grh || !isRoceV2(dev, attr)) return attr;
  const traffic = grh.trafficClass ?? 0;
  return { ...attr, grh: { ...grh, trafficClass: traffic - (traffic % ECN_RANGE) + ECT0 } };
}

const isRoceV2 = (dev: RdmaDevice, { grh }: AhAttr): boolean =>
  dev.address.gids[grh?.sgidIndex ?? 0]?.type === 'RoCE v2';

/** Sets BECN in a finished packet: the ICRC takes the bit for one in any case (IBA 7.8.1), the VCRC does not. */
function setBecn({ pool }: Engine, slot: number, template: PathTemplate): void {
  const b = pool.bytes(slot);
  const at = pool.at(slot);
  BTH.set.becn(b, at + template.bthAt, 1);
  if (!template.native) return;
  const end = at + pool.length(slot) - VCRC.size;
  VCRC.set.vcrc(b, end, byteSwap16(crc16(b, at, end)));
}

/** The acknowledgement in `slot` tells that requests met congestion (IBA A10.2.1.1). */
export function echoCongestion(dev: Engine, qp: QueuePair, slot: number): void {
  qp.flow!.becnDue = false;
  setBecn(dev, slot, qp.path!.template);
}

export class CongestionControl {
  /** Until when the port's peer has paused each priority. */
  readonly pausedUntil = new Float64Array(PRIORITIES);
  readonly #paused: QueuePair[] = [];

  constructor(
    readonly dev: RdmaDevice,
    readonly rate: number,
    readonly port: PortPriorities | undefined,
  ) {}

  /** The queue pair has its path: does it take part? */
  attach(qp: QueuePair): void {
    const { dev } = this;
    const attr = qp.path?.attr;
    qp.flow = null;
    if (!attr || !(dev.profile.congestion || this.port)) return;
    const isV2 = isRoceV2(dev, attr);
    qp.flow = new Flow(priorityOf(attr, isV2, this.port), isV2);
  }

  // Notification point

  /** A packet met congestion on its way here. */
  // hot
  noticed(qp: QueuePair, pkt: Packet, now: Nanos): void {
    const { dev } = this;
    const { flow } = qp;
    const { dcqcn, cct } = dev.profile.congestion ?? {};
    if (!dev.address.native) dev.counters.add('np_ecn_marked_roce_packets');
    if (flow === null) return;
    if (dev.address.native) {
      if (!cct) return;
      if (qp.reliable && pkt.opcode.kind === 'request') {
        flow.becnDue = true;
        pkt.ackReq = 1; // its sender is to hear soon; who responds may always acknowledge (IBA 9.7.5.1.2)
      } else flow.cnpDue = true;
    } else {
      if (!dcqcn || !flow.isRouted) return;
      if (now - flow.cnpAt < dcqcn.minTimeBetweenCnps * NS_PER_US) return;
      flow.cnpAt = now;
      flow.cnpDue = true;
    }
    dev.activate(qp);
  }

  /** A CNP as ConnectX sends it: ECT(0), UDP source port 0, MigReq 0, no sequence number (IBA A17.9.3). */
  writeCnp(qp: QueuePair, flow: Flow): number {
    const { dev } = this;
    flow.cnpPath ??= this.#cnpPath(qp.path!.attr);
    const { template } = flow.cnpPath;
    const slot = dev.takeSlot();
    if (slot < 0) return -1;
    flow.cnpDue = false;
    const into = dev.pool.bytes(slot);
    const at = dev.pool.at(slot);
    template.open(into, at);
    const bthAt = at + template.bthAt;
    BTH.set.opcode(into, bthAt, CNP_OPCODE);
    BTH.set.pkey(into, bthAt, dev.pkey(qp.pkeyIndex));
    BTH.set.destQp(into, bthAt, qp.destQpn);
    const body = at + template.bodyAt;
    into.fill(0, body, body + CNP.size);
    dev.pool.setLength(slot, template.close(into, at, body + CNP.size) - at);
    setBecn(dev, slot, template);
    dev.counters.add('np_cnp_sent');
    return slot;
  }

  #cnpPath(attr: AhAttr): Path {
    const { dev } = this;
    const { dcqcn } = dev.profile.congestion!;
    const { address, neighbours } = dev;
    const id = dev.firstIdentification();
    if (address.native || !dcqcn || !attr.grh) return pathOf(address, neighbours, attr, 0, 0, id);
    const grh = { ...attr.grh, trafficClass: dcqcn.cnpDscp * ECN_RANGE + ECT0 };
    return pathOf(address, neighbours, { ...attr, grh, sl: dcqcn.cnp802pPrio }, 0, 0, id);
  }

  // Reaction point

  /** The peer tells that what this queue pair sent met congestion. */
  heard(qp: QueuePair, now: Nanos): '' {
    const { dev } = this;
    const { dcqcn, cct } = dev.profile.congestion ?? {};
    const { flow } = qp;
    const table = dev.address.native ? cct : undefined;
    if (flow === null || !(dev.address.native ? table : dcqcn)) {
      dev.counters.add('rp_cnp_ignored');
      return '';
    }
    dev.counters.add('rp_cnp_handled');
    flow.limiter ??= table ? new InjectionDelay(table, this.rate) : new Dcqcn(dcqcn!, this.rate);
    flow.limiter.notified(now);
    return '';
  }

  // Holding back

  /** Must the queue pair wait before it sends data? Then it is woken when it need not any longer. */
  // hot
  holds(qp: QueuePair, flow: Flow, now: Nanos): boolean {
    if (flow.limiter === null) return false;
    const at = flow.limiter.nextAt(now);
    if (at <= now) return false;
    this.dev.schedule(qp, at);
    return true;
  }

  /** Has the port's peer stopped the queue pair's priority? */
  // hot
  stops(qp: QueuePair, flow: Flow, now: Nanos): boolean {
    const until = this.pausedUntil[flow.priority]!;
    if (until <= now) return false;
    this.dev.schedule(qp, until as Nanos);
    if (!flow.waitsForResume) this.#paused.push(qp);
    flow.waitsForResume = true;
    return true;
  }

  /** PAUSE or PFC: the priority waits until then, or goes on when that is over. */
  pause(now: Nanos, priority: number, until: Nanos): void {
    this.pausedUntil[priority] = until;
    if (until > now) return;
    for (let i = this.#paused.length - 1; i >= 0; i--) {
      const qp = this.#paused[i]!;
      if (qp.flow !== null && qp.flow.priority !== priority) continue;
      this.#paused.splice(i, 1);
      if (qp.flow !== null) qp.flow.waitsForResume = false;
      this.dev.activate(qp);
    }
  }

  // hot
  sent(flow: Flow, now: Nanos, slot: number): void {
    const { pool, address } = this.dev;
    const extra = address.native ? 0 : ETHERNET_OVERHEAD;
    flow.limiter?.sent(now, pool.length(slot) + extra);
  }
}
