// A received packet, taken apart where it lies: one object that is filled again for each frame. Reads through the
// declared headers' accessors only; every length is checked before it is believed, and what is wrong is a named
// reason. Frames that are no RDMA packets at all are told apart, for the host's stack.

import { internetSum, sumIsGood } from '../../protocols/core/checksum/index.js';
import {
  globalCover,
  type IcrcCover,
  icrcInPlace,
  localCover,
  roceV2Cover,
} from '../../protocols/infiniband/icrc.js';
import type { DropReason } from './verdict.js';
import {
  BTH,
  byteSwap32,
  Ethernet,
  type Extension,
  extensionProtocols,
  GRH,
  ICRC,
  IPv4,
  IPv6,
  LRH,
  type Opcode,
  opcodeByCode,
  UDP,
  VCRC,
  VLAN,
} from './wire.js';

const { psn: getPsn, ackReq: getAckReq } = BTH.get;

const ETHER_IPV4 = 0x0800;
const ETHER_IPV6 = 0x86dd;
const ETHER_VLAN = 0x8100;
const ETHER_ROCE_V1 = 0x8915;
const UDP_PROTOCOL = 17;
const ROCE_V2_PORT = 4791;
const GRH_NEXT_BTH = 0x1b;
const LNH_LOCAL = 2;
const LNH_GLOBAL = 3;
const WORD = 4;
const CONGESTION_EXPERIENCED = 3;

/** Bytes behind BTH at which each extended header stands, by opcode; -1 where the opcode has none. */
const placeOf = (key: Extension): Int8Array =>
  Int8Array.from(opcodeByCode, (opcode) => {
    const index = opcode?.chain.indexOf(key) ?? -1;
    if (!opcode || index < 0) return -1;
    return opcode.chain
      .slice(0, index)
      .reduce((at, k) => at + extensionProtocols[k].header.size, BTH.size);
  });

const bodies = Int8Array.from(opcodeByCode, (opcode) =>
  opcode
    ? opcode.chain.reduce((at, k) => at + extensionProtocols[k].header.size, BTH.size)
    : BTH.size,
);
const places = {
  deth: placeOf('deth'),
  xrceth: placeOf('xrceth'),
  reth: placeOf('reth'),
  atomiceth: placeOf('atomiceth'),
  aeth: placeOf('aeth'),
  atomicacketh: placeOf('atomicacketh'),
  immdt: placeOf('immdt'),
  ieth: placeOf('ieth'),
  feth: placeOf('feth'),
};

export class Packet {
  bytes: Uint8Array = new Uint8Array(0);
  /** First byte of the frame, of the IP header or GRH (-1: none), of BTH; where the ICRC stands. */
  at = 0;
  /** Behind the frame. */
  end = 0;
  networkAt = -1;
  bthAt = 0;
  icrcAt = 0;
  network: 'ipv4' | 'ipv6' | 'grh' | 'none' = 'none';
  /** LRH of native packets, -1 otherwise. */
  lrhAt = -1;
  opcode: Opcode = opcodeByCode[0]!;
  code = 0;
  destQp = 0;
  psn = 0;
  ackReq = 0;
  payloadAt = 0;
  payloadLength = 0;
  /** Congestion was met on the way: ECN in IP, FECN in BTH. */
  congested = false;
  /** BECN in BTH: what we sent met congestion. */
  echoed = false;

  /**
   * Finds the transport packet in a frame.
   * @returns 'other' when it is none, '' when BTH was found, or why it is dropped
   */
  // hot
  find(bytes: Uint8Array, at: number, end: number, native: boolean): DropReason | 'other' | '' {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.congested = false;
    if (native) return this.#findNative(at, end);
    this.lrhAt = -1;
    if (end - at < Ethernet.size) return 'other';
    let type = Ethernet.get.type(bytes, at);
    let next = at + Ethernet.size;
    if (type === ETHER_VLAN) {
      if (end - next < VLAN.size) return 'other';
      type = VLAN.get.type(bytes, next);
      next += VLAN.size;
    }
    this.networkAt = next;
    if (type === ETHER_IPV4) return this.#findIpv4(next, end);
    if (type === ETHER_IPV6) return this.#findIpv6(next, end);
    if (type === ETHER_ROCE_V1) return this.#findGrh(next, end);
    return 'other';
  }

  #findIpv4(at: number, end: number): DropReason | 'other' | '' {
    const { bytes } = this;
    const { get } = IPv4;
    if (end - at < IPv4.size + UDP.size) return 'other';
    if (get.version(bytes, at) !== 4 || get.protocol(bytes, at) !== UDP_PROTOCOL) return 'other';
    // Fragments and options are the host's stack's to deal with; RoCE v2 sends neither (IBA A17.3.1).
    if (get.ihl(bytes, at) !== IPv4.size / WORD || get.mf(bytes, at)) return 'other';
    if (get.fragmentOffset(bytes, at) !== 0) return 'other';
    const udpAt = at + IPv4.size;
    if (UDP.get.dstPort(bytes, udpAt) !== ROCE_V2_PORT) return 'other';
    const stop = at + get.totalLength(bytes, at);
    if (stop > end) return 'short-packet';
    this.network = 'ipv4';
    // The ICRC leaves the header's checksum out, so that it must be looked at by itself (ip_rcv).
    if (!sumIsGood(internetSum(bytes, at, at + IPv4.size))) return 'bad-ip-checksum';
    this.congested = get.ecn(bytes, at) === CONGESTION_EXPERIENCED;
    return this.#findBth(udpAt + UDP.size, stop);
  }

  #findIpv6(at: number, end: number): DropReason | 'other' | '' {
    const { bytes } = this;
    if (end - at < IPv6.size + UDP.size) return 'other';
    if (IPv6.get.nextHeader(bytes, at) !== UDP_PROTOCOL) return 'other';
    const udpAt = at + IPv6.size;
    if (UDP.get.dstPort(bytes, udpAt) !== ROCE_V2_PORT) return 'other';
    const stop = udpAt + IPv6.get.payloadLength(bytes, at);
    if (stop > end) return 'short-packet';
    this.network = 'ipv6';
    this.congested = IPv6.get.ecn(bytes, at) === CONGESTION_EXPERIENCED;
    return this.#findBth(udpAt + UDP.size, stop);
  }

  #findGrh(at: number, end: number): DropReason | 'other' | '' {
    const { bytes } = this;
    if (end - at < GRH.size) return 'short-packet';
    if (GRH.get.ipVer(bytes, at) !== 6 || GRH.get.nxtHdr(bytes, at) !== GRH_NEXT_BTH)
      return 'bad-header';
    const stop = at + GRH.size + GRH.get.payLen(bytes, at);
    if (stop > end) return 'short-packet';
    this.network = 'grh';
    this.networkAt = at;
    return this.#findBth(at + GRH.size, stop);
  }

  #findNative(at: number, end: number): DropReason | 'other' | '' {
    const { bytes } = this;
    if (end - at < LRH.size) return 'short-packet';
    this.lrhAt = at;
    const stop = at + LRH.get.pktLen(bytes, at) * WORD;
    if (stop + VCRC.size > end) return 'short-packet';
    const lnh = LRH.get.lnh(bytes, at);
    if (lnh === LNH_GLOBAL) return this.#findGrh(at + LRH.size, stop);
    if (lnh !== LNH_LOCAL) return 'other';
    this.network = 'none';
    this.networkAt = -1;
    return this.#findBth(at + LRH.size, stop);
  }

  #findBth(at: number, end: number): DropReason | '' {
    if (end - at < BTH.size + ICRC.size) return 'short-packet';
    this.bthAt = at;
    this.icrcAt = end - ICRC.size;
    return '';
  }

  /** Reads BTH and the lengths that follow from its opcode. */
  // hot
  read(): DropReason | '' {
    const { bytes, bthAt } = this;
    const { get } = BTH;
    const code = get.opcode(bytes, bthAt);
    const opcode = opcodeByCode[code];
    if (opcode === undefined) return 'unknown-opcode';
    this.code = code;
    this.opcode = opcode;
    this.payloadAt = bthAt + bodies[code]!;
    this.payloadLength = this.icrcAt - this.payloadAt - get.padCount(bytes, bthAt);
    if (this.payloadLength < 0) return 'short-packet';
    this.destQp = get.destQp(bytes, bthAt);
    this.psn = get.psn(bytes, bthAt);
    this.ackReq = get.ackReq(bytes, bthAt);
    if (get.fecn(bytes, bthAt) === 1) this.congested = true;
    this.echoed = get.becn(bytes, bthAt) === 1;
    return '';
  }

  /** What `other` is. */
  copy(other: Packet): void {
    this.bytes = other.bytes;
    this.at = other.at;
    this.end = other.end;
    this.networkAt = other.networkAt;
    this.bthAt = other.bthAt;
    this.icrcAt = other.icrcAt;
    this.network = other.network;
    this.lrhAt = other.lrhAt;
    this.opcode = other.opcode;
    this.code = other.code;
    this.destQp = other.destQp;
    this.psn = other.psn;
    this.ackReq = other.ackReq;
    this.payloadAt = other.payloadAt;
    this.payloadLength = other.payloadLength;
    this.congested = other.congested;
    this.echoed = other.echoed;
  }

  /** From now on it is the packet at another place, whose headers are alike. */
  // hot
  moveTo(bytes: Uint8Array, at: number): void {
    const moved = at - this.at;
    if (bytes !== this.bytes) this.bytes = bytes;
    if (moved !== 0) {
      this.at = at;
      this.end += moved;
      this.networkAt += this.networkAt < 0 ? 0 : moved;
      this.lrhAt += this.lrhAt < 0 ? 0 : moved;
      this.bthAt += moved;
      this.icrcAt += moved;
      this.payloadAt += moved;
    }
    this.psn = getPsn(bytes, this.bthAt);
    this.ackReq = getAckReq(bytes, this.bthAt);
  }

  /** What the ICRC begins with, and where that begins. */
  // hot
  cover(): IcrcCover {
    if (this.network === 'none') return localCover;
    if (this.network === 'grh') return globalCover;
    return roceV2Cover(this.bytes, this.networkAt, this.bthAt);
  }
  get coverAt(): number {
    return this.network === 'none' ? this.lrhAt : this.networkAt;
  }

  /** Is the ICRC what the packet's bytes give (IBA 7.8.1)? */
  // hot
  icrcIsRight(): boolean {
    const { bytes, icrcAt } = this;
    const made = icrcInPlace(this.cover(), bytes, this.coverAt, icrcAt);
    return ICRC.get.icrc(bytes, icrcAt) === byteSwap32(made);
  }

  /** Where the source and destination addresses lie: four bytes of IPv4, sixteen otherwise. */
  get sourceAt(): number {
    return this.networkAt + (this.network === 'ipv4' ? IPv4.at.src : GRH.at.sgid);
  }
  get destinationAt(): number {
    return this.networkAt + (this.network === 'ipv4' ? IPv4.at.dst : GRH.at.dgid);
  }

  /** Where each extended header lies; -1 where the opcode has none. */
  get rethAt(): number {
    return this.#place(places.reth);
  }
  get aethAt(): number {
    return this.#place(places.aeth);
  }
  get atomicAt(): number {
    return this.#place(places.atomiceth);
  }
  get atomicAckAt(): number {
    return this.#place(places.atomicacketh);
  }
  get immAt(): number {
    return this.#place(places.immdt);
  }
  get iethAt(): number {
    return this.#place(places.ieth);
  }
  get fethAt(): number {
    return this.#place(places.feth);
  }
  get dethAt(): number {
    return this.#place(places.deth);
  }
  get xrcethAt(): number {
    return this.#place(places.xrceth);
  }

  // hot
  #place(table: Int8Array): number {
    const offset = table[this.code]!;
    return offset < 0 ? -1 : this.bthAt + offset;
  }
}
