// The switch inside a card that has several functions (SR-IOV): frames go by their address to one of them, or out to the
// link, which all of them share in turn. A function may have a limit of its own; who sends under another's address is
// stopped. As a station it is the card's one port.

import { Ethernet, GRH, isGroupAddress, LRH } from '../../protocols/index.js';
import { type FramePool, SlotQueue, type Station } from '../frame/index.js';
import { earlier, exact, type Nanos, NEVER } from '../time/index.js';

/** PCI Express has numbers for so many functions of one device with its virtual ones (PCIe SR-IOV 3.3.9). */
const MOST_FUNCTIONS = 256;
const MAC_BYTES = 6;
const GUID_BYTES = 8;
/** IBA 7.7.5: what comes behind the local route header is a global one. */
const LNH_GLOBAL = 3;
const PHYSICAL = 0;

export interface EmbeddedSwitchOptions {
  readonly name: string;
  readonly pool: FramePool;
  /** Native InfiniBand: frames go by GID, and who has none by the physical function (shared port). */
  readonly native: boolean;
  /** What looking a frame's address up takes. */
  readonly lookUpNs: number;
}

export interface FunctionLimits {
  /** Bits a second that it may send (max_tx_rate); as many as the link carries unless given. */
  readonly maxTxRate?: number;
}

export interface FunctionOptions extends FunctionLimits {
  readonly station: Station;
  /** MAC; of native InfiniBand its GUID. */
  readonly address: Uint8Array;
}

interface CardFunction extends FunctionOptions {
  readonly key: number;
  /** It may send from then on. */
  freeAt: number;
  /** Frames on their way to it. */
  readonly inbox: SlotQueue;
  readonly counters: FunctionCounters;
}

/** By the names of `ip -s link show`. */
export interface FunctionCounters {
  rx_packets: number;
  tx_packets: number;
  rx_bytes: number;
  tx_bytes: number;
  tx_spoofed: number;
}

export class EmbeddedSwitch implements Station {
  readonly ports = 1;
  readonly name: string;
  readonly #options: EmbeddedSwitchOptions;
  readonly #functions: CardFunction[] = [];
  readonly #byMac = new Map<number, number>();
  #turn = 0;
  /** The first function that is ready and held back by its limit goes on then. */
  #resumes: Nanos = NEVER;
  #ready = false;

  constructor(options: EmbeddedSwitchOptions) {
    this.#options = options;
    this.name = options.name;
  }

  /** The card has one function more; the first is the physical one. Its number is what it is known by. */
  add(options: FunctionOptions): number {
    const { native } = this.#options;
    const size = native ? GUID_BYTES : MAC_BYTES;
    const index = this.#functions.length;
    if (index === MOST_FUNCTIONS) throw new RangeError(`${this.name}: ${index} functions`);
    if (options.address.length !== size)
      throw new RangeError(`${this.name}: an address of ${options.address.length} bytes`);
    if (this.#has(options.address)) throw new RangeError(`${this.name} has this address already`);
    const key = native ? 0 : macAt(options.address, 0);
    if (!native) this.#byMac.set(key, index);
    const counters = { rx_packets: 0, tx_packets: 0, rx_bytes: 0, tx_bytes: 0, tx_spoofed: 0 };
    this.#functions.push({ ...options, key, freeAt: 0, inbox: new SlotQueue(), counters });
    return index;
  }

  #has(address: Uint8Array): boolean {
    return this.#functions.some((one) => sameBytes(one.address, address, 0));
  }

  counters(index: number): FunctionCounters {
    return this.#functions[index]!.counters;
  }

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    this.#deliver(now, slot, -1);
  }

  /** Where a frame goes to inside the card: a function, -1: nobody's, -2: everybody's. */
  // hot
  #targetOf(slot: number): number {
    const { pool, native } = this.#options;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    if (!native) {
      if (isGroupAddress(b, at)) return -2;
      return this.#byMac.get(macAt(b, at + Ethernet.at.dst)) ?? -1;
    }
    if (LRH.get.lnh(b, at) !== LNH_GLOBAL) return PHYSICAL;
    const dgid = at + LRH.size + GRH.at.dgid;
    if (b[dgid] === 0xff) return -2;
    for (let i = 0; i < this.#functions.length; i++)
      if (sameBytes(this.#functions[i]!.address, b, dgid + GUID_BYTES)) return i;
    return -1;
  }

  /** Gives a frame to whom it is addressed; `from` sent it, -1: it came from the link, whose strays are the host's. */
  // hot
  #deliver(now: Nanos, slot: number, from: number): void {
    const { pool } = this.#options;
    const target = this.#targetOf(slot);
    if (target >= 0 || target === -1) {
      this.#put(now, Math.max(PHYSICAL, target), slot);
      return;
    }
    for (let index = 0; index < this.#functions.length; index++) {
      if (index === from) continue;
      const copy = pool.clone(slot);
      if (copy >= 0) this.#put(now, index, copy);
    }
    pool.release(slot);
  }

  // hot
  #put(now: Nanos, index: number, slot: number): void {
    const { inbox } = this.#functions[index]!;
    inbox.put(slot, this.#options.pool.length(slot), now + this.#options.lookUpNs);
  }

  // hot
  takeReady(): number {
    for (const { station } of this.#functions) if (station.takeReady() >= 0) this.#ready = true;
    if (!this.#ready) return -1;
    this.#ready = false;
    return 0;
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    const functions = this.#functions;
    let idle = 0;
    while (idle < functions.length) {
      const index = this.#turn;
      const one = functions[index]!;
      this.#turn = index + 1 === functions.length ? 0 : index + 1;
      const slot = this.#fetch(now, one);
      if (slot < 0) {
        idle++;
        continue;
      }
      idle = 0;
      if (this.#leaves(now, index, slot)) return slot;
    }
    return -1;
  }

  /** The next frame of a function whose limit allows it. */
  // hot
  #fetch(now: Nanos, one: CardFunction): number {
    if (one.freeAt > now) {
      this.#resumes = earlier(this.#resumes, Math.ceil(one.freeAt) as Nanos);
      return -1;
    }
    const slot = one.station.transmit(now, 0);
    if (slot < 0 || one.maxTxRate === undefined) return slot;
    const took = exact((this.#options.pool.length(slot) * 8e9) / one.maxTxRate);
    // A nanosecond that it was asked late is no loss.
    one.freeAt = (now - one.freeAt < 1 ? one.freeAt : now) + took;
    return slot;
  }

  /** Does a frame of this function go out? Otherwise it is given to another function, or stopped. */
  // hot
  #leaves(now: Nanos, index: number, slot: number): boolean {
    const { pool, native } = this.#options;
    const { counters, key } = this.#functions[index]!;
    const b = pool.bytes(slot);
    const at = pool.at(slot);
    if (!native && index !== PHYSICAL && macAt(b, at + Ethernet.at.src) !== key) {
      counters.tx_spoofed++;
      pool.drop(slot, 'spoofed source address');
      return false;
    }
    counters.tx_packets++;
    counters.tx_bytes += pool.length(slot);
    const target = native ? this.#neighbour(slot) : this.#targetOf(slot);
    if (target === -1) return true;
    if (target === -2) {
      const copy = pool.clone(slot);
      if (copy >= 0) this.#deliver(now, copy, index);
      return true;
    }
    this.#deliver(now, slot, index);
    return false;
  }

  /** Of native InfiniBand: what has no GRH is not for a virtual function, and leaves. */
  // hot
  #neighbour(slot: number): number {
    const { pool } = this.#options;
    const isGlobal = LRH.get.lnh(pool.bytes(slot), pool.at(slot)) === LNH_GLOBAL;
    return isGlobal ? this.#targetOf(slot) : -1;
  }

  // hot
  wakeAt(): Nanos {
    let at = this.#resumes;
    for (const { station, inbox } of this.#functions) {
      at = earlier(at, station.wakeAt());
      if (inbox.count > 0) at = earlier(at, inbox.firstExtra as Nanos);
    }
    return at;
  }

  // hot
  expire(now: Nanos): void {
    for (const { station, inbox, counters } of this.#functions) {
      while (inbox.count > 0 && inbox.firstExtra <= now) {
        const length = this.#options.pool.length(inbox.first);
        counters.rx_packets++;
        counters.rx_bytes += length;
        station.receive(now, 0, inbox.take(length));
      }
      if (station.wakeAt() <= now) station.expire(now);
    }
    if (this.#resumes <= now) {
      this.#resumes = NEVER;
      this.#ready = true;
    }
  }
}

// hot
function macAt(b: Uint8Array, at: number): number {
  let value = 0;
  for (let i = at; i < at + MAC_BYTES; i++) value = value * 256 + b[i]!;
  return value;
}

// hot
function sameBytes(a: Uint8Array, b: Uint8Array, at: number): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[at + i]) return false;
  return true;
}
