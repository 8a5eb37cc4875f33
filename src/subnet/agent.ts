// The subnet management agent of a node (IBA 14.2, 14.3): answers Get and Set in the packet where it lies, checks
// the M_Key, and tells the manager of changes by traps until it is told to stop.

import { after, type Nanos, NEVER } from '../time/index.js';
import { attributes } from './agent-attribute.js';
import { ATTRIBUTE, METHOD, NODE_TYPE, RESPONSE, STATUS, TRAP } from './constant.js';
import type { ManagedNode, ManagedPort } from './node.js';
import { DATA_AT, DATA_BYTES, isDirected, SMP_AT, smpOf } from './smp.js';
import { DirectedRoute, MAD, Notice, PortInfo, SMPDR } from './wire.js';

/** Why an SMP was not answered. */
export type SmpDrop = 'bad M_Key' | 'not for the agent' | 'bad version' | 'no way back';

/** A trap that waits to be repressed: it is repeated so often at most, lest a subnet without manager never rests. */
const MOST_REPEATS = 10;
/** Times given as powers of two of 4.096 us (IBA 13.4.6.2). */
const timeOf = (exponent: number): number => 4096 * 2 ** exponent;

export class SubnetAgent {
  readonly drops = new Map<SmpDrop, number>();
  /** Traps that were given up. */
  trapsLost = 0;
  #trap: Uint8Array | undefined;
  #repeats = 0;
  #trapAt: Nanos = NEVER;
  #toggle = 0;
  #tid = 0n;

  constructor(readonly node: ManagedNode) {}

  /** Turns the request at `at`, which came in by `port`, into its answer; false when there is none. */
  answer(b: Uint8Array, at: number, port: number): boolean {
    const method = MAD.get.method(b, at);
    if (method === METHOD.trapRepress) return this.#repressed(b, at);
    if (method >= RESPONSE) return this.#drop('not for the agent');
    if (MAD.get.baseVersion(b, at) !== 1) return this.#drop('bad version');
    const owner = this.node.ports[this.node.isSwitch ? 0 : port];
    if (!owner || !this.#keyAllows(owner, b, at, method)) return this.#drop('bad M_Key');
    const status = this.#apply(b, at, port, method, owner);
    MAD.set.method(b, at, METHOD.getResp);
    if (isDirected(b, at)) {
      DirectedRoute.set.status(b, at, status);
      DirectedRoute.set.d(b, at, 1);
    } else MAD.set.status(b, at, status);
    return true;
  }

  #apply(b: Uint8Array, at: number, port: number, method: number, owner: ManagedPort): number {
    if (MAD.get.classVersion(b, at) !== 1) return STATUS.badVersion;
    if (method !== METHOD.get && method !== METHOD.set) return STATUS.methodNotSupported;
    const attribute = attributes.get(MAD.get.attributeId(b, at));
    if (!attribute) return STATUS.attributeNotSupported;
    const request = {
      node: this.node,
      port,
      modifier: MAD.get.attributeModifier(b, at),
      data: b.subarray(at + DATA_AT, at + DATA_AT + DATA_BYTES),
    };
    let status: number = STATUS.ok;
    if (method === METHOD.set) {
      if (!attribute.set) return STATUS.attributeNotSupported;
      status = attribute.set(request);
    }
    const got = attribute.get(request);
    if (status !== STATUS.ok) return status;
    if (got !== STATUS.ok) return got;
    const hidden =
      MAD.get.attributeId(b, at) === ATTRIBUTE.portInfo && this.#hidesKey(owner, b, at);
    if (hidden) PortInfo.set.mKey(b, at + DATA_AT, 0n);
    return STATUS.ok;
  }

  /** IBA 14.2.4.1: which requests a wrong M_Key stops depends on the protection bits. */
  #keyAllows(owner: ManagedPort, b: Uint8Array, at: number, method: number): boolean {
    if (this.#keyFits(owner, b, at)) return true;
    const protect = PortInfo.get.mKeyProtectBits(owner.info, 0);
    if (method === METHOD.get && protect < 2) return true;
    const violations = PortInfo.get.mKeyViolations(owner.info, 0);
    PortInfo.set.mKeyViolations(owner.info, 0, Math.min(0xffff, violations + 1));
    return false;
  }

  #keyFits(owner: ManagedPort, b: Uint8Array, at: number): boolean {
    const key = PortInfo.get.mKey(owner.info, 0);
    return key === 0n || key === SMPDR.get.mKey(b, at + SMP_AT);
  }

  /** With protection bits 0 everybody may read the key, with 1 only who has it. */
  #hidesKey(owner: ManagedPort, b: Uint8Array, at: number): boolean {
    return PortInfo.get.mKeyProtectBits(owner.info, 0) > 0 && !this.#keyFits(owner, b, at);
  }

  #drop(why: SmpDrop): false {
    this.drops.set(why, (this.drops.get(why) ?? 0) + 1);
    return false;
  }

  // Traps

  /** A port's link went down or came up. Switches tell the manager; an adapter's neighbour does. */
  linkChanged(now: Nanos): void {
    this.node.portStateChange = true;
    const home = this.node.ports[0];
    if (!home || home.lid === 0 || home.managerLid === 0) return;
    const details = new Uint8Array(Notice.size);
    Notice.set.isGeneric(details, 0, 1);
    Notice.set.type(details, 0, 1); // urgent
    Notice.set.producerType(details, 0, NODE_TYPE.switch);
    Notice.set.trapNumber(details, 0, TRAP.linkStateChanged);
    Notice.set.issuerLid(details, 0, home.lid);
    this.#toggle = 1 - this.#toggle;
    Notice.set.noticeToggle(details, 0, this.#toggle);
    Notice.set.noticeCount(details, 0, 1);
    // LIDADDR, the first of the details (IBA 14.2.5.1): the LID again, as its own field has it.
    const lid = Notice.at.issuerLid;
    details.set(details.subarray(lid, lid + 2), Notice.at.dataDetails);
    const trap = { method: 'trap', attribute: ATTRIBUTE.notice, data: details } as const;
    this.#trap = smpOf({ lid: home.managerLid }, trap, ++this.#tid);
    this.#repeats = 0;
    this.#trapAt = now;
  }

  /** When a trap must be sent. */
  wakeAt(): Nanos {
    return this.#trapAt;
  }

  /** The trap that is due, for the LID of the manager; undefined when none is. */
  takeTrap(now: Nanos): { readonly mad: Uint8Array; readonly lid: number } | undefined {
    const home = this.node.ports[0];
    if (this.#trapAt > now || !this.#trap || !home) return undefined;
    if (this.#repeats++ === MOST_REPEATS) {
      this.trapsLost++;
      this.#stop();
      return undefined;
    }
    this.#trapAt = after(now, timeOf(PortInfo.get.subnetTimeOut(home.info, 0)));
    return { mad: this.#trap, lid: home.managerLid };
  }

  #repressed(b: Uint8Array, at: number): false {
    if (this.#trap && MAD.get.transactionId(b, at) === this.#tid) this.#stop();
    return false;
  }

  #stop(): void {
    this.#trap = undefined;
    this.#trapAt = NEVER;
  }
}
