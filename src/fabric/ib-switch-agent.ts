// Subnet management at a switch: its agent, the passing on of directed routes, and traps when a link goes down or comes
// up. Hangs on the hooks of `IbSwitch`.

import type { FramePool } from '../frame/index.js';
import { SubnetAgent } from '../subnet/agent.js';
import { METHOD, PERMISSIVE, PORT_STATE } from '../subnet/constant.js';
import { BY_LID, back, HERE, hop } from '../subnet/directed-route.js';
import {
  bthOfMad,
  icrcIsRight,
  madBehind,
  packetOf,
  sealIcrc,
  turnAround,
} from '../subnet/mad-packet.js';
import { ManagedNode } from '../subnet/node.js';
import { isDirected, SMP_AT } from '../subnet/smp.js';
import { DirectedRoute, LRH, MAD, SMPDR } from '../subnet/wire.js';
import type { Nanos } from '../time/index.js';
import { ENDS_HERE, type IbSwitch, type SwitchAgent } from './ib-switch.js';

/** The port that leads nowhere, for packets that are not passed on. */
const NOWHERE = 0;
const MTU = 4096;

export class IbSwitchAgent implements SwitchAgent {
  readonly node: ManagedNode;
  readonly agent: SubnetAgent;
  readonly #pool: FramePool;
  #psn = 0;

  /** From now on the switch is managed: its ports wait for a subnet manager. `rates` are those of its links. */
  constructor(
    readonly owner: IbSwitch,
    guid: bigint,
    rates: readonly number[] = [],
  ) {
    this.#pool = owner.pool;
    this.node = new ManagedNode({
      name: owner.name,
      guid,
      ports: owner.ends.map((link, i) => ({
        link,
        rate: rates[i] ?? owner.options.rate,
        lanes: link.lanes,
        mtu: MTU,
      })),
      tables: owner.tables,
      lanes: owner.lanes,
    });
    this.agent = new SubnetAgent(this.node);
    for (const end of owner.ends)
      if (end.state !== PORT_STATE.down) end.state = PORT_STATE.initialize;
  }

  manage(_now: Nanos, port: number, slot: number): number {
    const b = this.#pool.bytes(slot);
    const at = this.#pool.at(slot);
    const bth = bthOfMad(b, at, this.#pool.length(slot));
    if (bth < 0 || !icrcIsRight(b, at, bth)) return NOWHERE;
    const mad = madBehind(bth);
    const out = isDirected(b, mad)
      ? this.#directed(b, at, bth, port)
      : this.#byLid(b, at, bth, port);
    if (out > NOWHERE) sealIcrc(b, at, bth);
    return out;
  }

  #directed(b: Uint8Array, at: number, bth: number, port: number): number {
    const mad = madBehind(bth);
    let out = hop(b, mad, this.node, port);
    if (out === HERE) {
      if (!this.agent.answer(b, mad, port)) return NOWHERE;
      if (SMPDR.get.drDLid(b, mad + SMP_AT) !== PERMISSIVE) {
        // It came here by LID and goes back the same way; the switch that passed it on takes it from there.
        turnAround(b, at, bth);
        return this.#outputFor(LRH.get.dlid(b, at));
      }
      out = back(b, mad, this.node);
    }
    return out === BY_LID ? this.#onward(b, at, mad) : Math.max(NOWHERE, out);
  }

  /** Behind its directed part a packet goes to DrDLID, and on the way back to DrSLID, from this switch. */
  #onward(b: Uint8Array, at: number, mad: number): number {
    const isBack = DirectedRoute.get.d(b, mad) === 1;
    const lid = isBack ? SMPDR.get.drSLid(b, mad + SMP_AT) : SMPDR.get.drDLid(b, mad + SMP_AT);
    LRH.set.dlid(b, at, lid);
    LRH.set.slid(b, at, this.node.ports[0]!.lid);
    return this.#outputFor(lid);
  }

  #byLid(b: Uint8Array, at: number, bth: number, port: number): number {
    const mad = madBehind(bth);
    if (!this.agent.answer(b, mad, port))
      return MAD.get.method(b, mad) === METHOD.trapRepress ? ENDS_HERE : NOWHERE;
    turnAround(b, at, bth);
    return this.#outputFor(LRH.get.dlid(b, at));
  }

  #outputFor(lid: number): number {
    const out = this.owner.forwarding[lid] ?? NOWHERE;
    return out > this.node.numPorts ? NOWHERE : out;
  }

  linkChanged(now: Nanos): void {
    this.agent.linkChanged(now);
  }

  wakeAt(): Nanos {
    return this.agent.wakeAt();
  }

  expire(now: Nanos): void {
    const trap = this.agent.takeTrap(now);
    if (!trap) return;
    const out = this.#outputFor(trap.lid);
    const slid = this.node.ports[0]!.lid;
    const head = { slid, dlid: trap.lid, sl: 0, qp: 0, sourceQp: 0, psn: this.#psn++ };
    const slot = out > NOWHERE ? packetOf(this.#pool, head, trap.mad) : -1;
    if (slot >= 0) this.owner.say(now, out, slot);
  }
}
