// What a switch reads of an Ethernet frame: addresses, VLAN, priority, and whether congestion can be marked. All
// by the declared headers' accessors; the result is one object that is filled again for each frame.

import { updateChecksum } from '../../protocols/core/checksum/index.js';
import { Ethernet, IPv4, IPv6, isGroupAddress, VLAN } from '../../protocols/index.js';

// Functions that a module holds as constants are compiled into their callers; properties are not.
const { type } = Ethernet.get;
const { dscp: dscpOf4 } = IPv4.get;
const { dscp: dscpOf6 } = IPv6.get;
const ETHERTYPE = { ipv4: 0x0800, vlan: 0x8100, ipv6: 0x86dd, control: 0x8808 } as const;

/** ECN field (RFC 3168 5). */
const ECN = { notCapable: 0, congested: 3 } as const;

/** Trust the VLAN's priority, or the IP header's DSCP (three high bits: the class selector). */
export type Trust = 'pcp' | 'dscp';

/** Half an address: 24 bits, which make no object as 48 would. */
const half = (b: Uint8Array, at: number): number => {
  let value = 0;
  for (let i = 0; i < HALF_BYTES; i++) value = value * 256 + b[at + i]!;
  return value;
};
const HALF_BYTES = 3;

/** The three high bits of a DSCP: its class selector (RFC 2474 4.2.2). */
const CODEPOINTS_A_CLASS = 8;
const classSelector = Uint8Array.from({ length: 64 }, (_, dscp) => dscp / CODEPOINTS_A_CLASS);

const NOTHING = new Uint8Array(0);

export class Classified {
  /** Bytes that a frame must have. */
  static readonly least = Ethernet.size;
  /** Whether the frame, of `least` bytes, is of MAC control. */
  static isControl(b: Uint8Array, at: number): boolean {
    return type(b, at) === ETHERTYPE.control;
  }

  /** Where the frame begins. */
  at = 0;
  /** True for addresses of groups, the broadcast address included. */
  group = false;
  /** -1 where the frame has no tag. */
  vlan = -1;
  priority = 0;
  /** EtherType of what it carries, behind a tag. */
  type = 0;
  /** True for MAC control frames, which end here. */
  control = false;
  /** Where the IP header begins, or -1; and its version. */
  ipAt = -1;
  version: 4 | 6 = 4;
  #bytes: Uint8Array = NOTHING;

  /** @param dscpPriority priority of each DSCP; its class selector unless given */
  constructor(
    readonly trust: Trust = 'dscp',
    readonly dscpPriority: Uint8Array = classSelector,
  ) {}

  /** Addresses as two numbers each; only switches look at them, while the frame's bytes are as they were. */
  get targetHigh(): number {
    return half(this.#bytes, this.at + Ethernet.at.dst);
  }

  get targetLow(): number {
    return half(this.#bytes, this.at + Ethernet.at.dst + HALF_BYTES);
  }

  get sourceHigh(): number {
    return half(this.#bytes, this.at + Ethernet.at.src);
  }

  get sourceLow(): number {
    return half(this.#bytes, this.at + Ethernet.at.src + HALF_BYTES);
  }

  /** Reads the frame from `at` to `end`; false when it is too short for its headers. */
  // hot
  read(b: Uint8Array, at: number, end: number): boolean {
    const { trust, dscpPriority } = this;
    this.at = at;
    this.vlan = -1;
    this.priority = 0;
    this.ipAt = -1;
    this.control = false;
    if (end - at < Ethernet.size) return false;
    this.#bytes = b;
    this.group = isGroupAddress(b, at);
    let ether = type(b, at);
    let next = at + Ethernet.size;
    if (ether === ETHERTYPE.vlan) {
      if (end - next < VLAN.size) return false;
      this.vlan = VLAN.get.vid(b, next);
      this.priority = VLAN.get.pcp(b, next);
      ether = VLAN.get.type(b, next);
      next += VLAN.size;
    }
    this.type = ether;
    this.control = ether === ETHERTYPE.control;
    if (ether === ETHERTYPE.ipv4 && end - next >= IPv4.size) {
      this.ipAt = next;
      this.version = 4;
      if (trust === 'dscp') this.priority = dscpPriority[dscpOf4(b, next)]!;
    } else if (ether === ETHERTYPE.ipv6 && end - next >= IPv6.size) {
      this.ipAt = next;
      this.version = 6;
      if (trust === 'dscp') this.priority = dscpPriority[dscpOf6(b, next)]!;
    }
    return true;
  }
}

/**
 * Marks congestion experienced (RFC 3168 5) in the IP header at `at`, repairing IPv4's checksum. False when its
 * sender cannot take marks: then the frame would be dropped where marking is what keeps the queue short.
 */
// hot
export function markCongestion(b: Uint8Array, at: number, version: 4 | 6): boolean {
  if (version === 6) {
    if (IPv6.get.ecn(b, at) === ECN.notCapable) return false;
    IPv6.set.ecn(b, at, ECN.congested);
    return true;
  }
  const ecn = IPv4.get.ecn(b, at);
  if (ecn === ECN.notCapable) return false;
  if (ecn === ECN.congested) return true;
  // The first 16-bit word holds version, header length, DSCP and ECN; only its two lowest bits change.
  const before = IPv4.get.dscp(b, at) * 4 + ecn;
  IPv4.set.ecn(b, at, ECN.congested);
  const after = before - ecn + ECN.congested;
  const checksum = updateChecksum(IPv4.get.headerChecksum(b, at), before, after);
  IPv4.set.headerChecksum(b, at, checksum);
  return true;
}
