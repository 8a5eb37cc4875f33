// Subnet management at a channel adapter: its agent on queue pair 0, and the subnet manager, where it is at this port,
// with subnet administration on queue pair 1. Whatever is for neither is the device's.

import type { FramePool } from '../frame/index.js';
import { SubnetAgent } from '../subnet/agent.js';
import { METHOD, PERMISSIVE, RESPONSE } from '../subnet/constant.js';
import { BY_LID, back, HERE, hop, sendOff, TO_MANAGER } from '../subnet/directed-route.js';
import type { LaneMap } from '../subnet/lane-map.js';
import {
  bthOfMad,
  icrcIsRight,
  madBehind,
  packetOf,
  sealIcrc,
  turnAround,
} from '../subnet/mad-packet.js';
import type { SubnetManager } from '../subnet/manager.js';
import { ManagedNode, type ManagedPort } from '../subnet/node.js';
import { isDirected, SMP_AT } from '../subnet/smp.js';
import type { OutgoingMad } from '../subnet/transactions.js';
import { CLASS_SUBN_ADM, DETH, LRH, MAD, MAD_SIZE, PortInfo, SMPDR } from '../subnet/wire.js';
import type { Nanos } from '../time/index.js';
import { type IbPort, LINK, VL15 } from './ib-port.js';

const PORT = 1;
const MTU = 4096;
const PSNS = 2 ** 24;
const GSI = 1;

/** What became of a packet: its slot was used up, is the answer to be sent, or is not management's. */
export type Managed = 'used' | 'answer' | 'other';

export class IbManagement {
  readonly node: ManagedNode;
  readonly agent: SubnetAgent;
  /** Management packets that were not understood or led nowhere. */
  dropped = 0;
  #psn = 0;

  constructor(
    name: string,
    readonly pool: FramePool,
    readonly end: IbPort,
    guid: bigint,
    lanes: LaneMap,
    readonly manager: SubnetManager | undefined,
  ) {
    const { rate } = end.options;
    const port = { link: end, rate, lanes: end.lanes, mtu: MTU };
    this.node = new ManagedNode({ name, guid, ports: [port], lanes });
    this.agent = new SubnetAgent(this.node);
    end.state = LINK.initialize;
    if (!manager) return;
    PortInfo.set.isSm(this.port.info, 0, 1);
    this.node.managerInfo = () => manager.info();
    this.node.managerControl = (modifier, info) => manager.control(modifier, info);
  }

  get port(): ManagedPort {
    return this.node.ports[PORT]!;
  }

  /** Treats a packet that came in; 'used' means that its slot is released. */
  receive(now: Nanos, slot: number): Managed {
    const { pool } = this;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    const isManagement = LRH.get.vl(b, at) === VL15;
    if (!isManagement && !this.manager) return 'other';
    const bth = bthOfMad(b, at, pool.length(slot));
    if (bth < 0 || !icrcIsRight(b, at, bth)) return isManagement ? this.#drop(slot) : 'other';
    if (!isManagement) return this.#query(now, slot, b, at, bth);
    const directed = isDirected(b, madBehind(bth));
    const verdict = directed ? this.#directed(b, at, bth) : this.#byLid(b, at, bth);
    if (verdict === 'answer') {
      sealIcrc(b, at, bth);
      return 'answer';
    }
    if (verdict === 'manager' && this.manager) this.#tell(now, b, at, bth);
    else this.dropped++;
    pool.release(slot);
    return 'used';
  }

  #drop(slot: number): Managed {
    this.dropped++;
    this.pool.release(slot);
    return 'used';
  }

  #tell(now: Nanos, b: Uint8Array, at: number, bth: number): void {
    const mad = madBehind(bth);
    const lid = LRH.get.slid(b, at);
    const qp = DETH.get.srcQp(b, mad - DETH.size);
    const from = { lid, sl: LRH.get.sl(b, at), qp };
    this.manager!.receive(now, b.slice(mad, mad + MAD_SIZE), from);
  }

  /** Queries of subnet administration are the manager's, all others on queue pair 1 the device's. */
  #query(now: Nanos, slot: number, b: Uint8Array, at: number, bth: number): Managed {
    const mad = madBehind(bth);
    const isQuery =
      MAD.get.mgmtClass(b, mad) === CLASS_SUBN_ADM && MAD.get.method(b, mad) < RESPONSE;
    if (!isQuery) return 'other';
    this.#tell(now, b, at, bth);
    this.pool.release(slot);
    return 'used';
  }

  #directed(b: Uint8Array, at: number, bth: number): 'answer' | 'manager' | 'nowhere' {
    const mad = madBehind(bth);
    const out = hop(b, mad, this.node, PORT);
    if (out === TO_MANAGER) return 'manager';
    if (out !== HERE || !this.agent.answer(b, mad, PORT)) return 'nowhere';
    if (SMPDR.get.drDLid(b, mad + SMP_AT) !== PERMISSIVE) {
      turnAround(b, at, bth);
      return 'answer';
    }
    const way = back(b, mad, this.node);
    if (way === BY_LID) turnAround(b, at, bth);
    return way === PORT || way === BY_LID ? 'answer' : 'nowhere';
  }

  #byLid(b: Uint8Array, at: number, bth: number): 'answer' | 'manager' | 'nowhere' {
    const mad = madBehind(bth);
    const method = MAD.get.method(b, mad);
    if (method >= RESPONSE || method === METHOD.trap) return 'manager';
    if (!this.agent.answer(b, mad, PORT)) return 'nowhere';
    turnAround(b, at, bth);
    return 'answer';
  }

  /** The manager's next packet, or -1. What it asks of its own node is answered on the spot. */
  next(now: Nanos): number {
    const { manager } = this;
    for (let out = manager?.take(now); out; out = manager?.take(now)) {
      if (out.lid !== undefined) return this.#packet(out, out.lid);
      const { bytes } = out;
      const way = sendOff(bytes, 0, this.node);
      if (way === PORT) return this.#packet(out, PERMISSIVE);
      if (way !== HERE) continue;
      const answered = this.agent.answer(bytes, 0, PORT) && back(bytes, 0, this.node);
      if (answered === TO_MANAGER) manager!.receive(now, bytes, { lid: PERMISSIVE, sl: 0, qp: 0 });
    }
    return -1;
  }

  #packet({ bytes, sl, qp }: OutgoingMad, lid: number): number {
    const slid = lid === PERMISSIVE ? PERMISSIVE : this.port.lid;
    this.#psn = (this.#psn + 1) % PSNS;
    const sourceQp = qp === 0 ? 0 : GSI;
    return packetOf(this.pool, { slid, dlid: lid, sl, qp, sourceQp, psn: this.#psn }, bytes);
  }

  linkChanged(): void {
    this.port.version++;
    this.manager?.portChanged();
  }
}
