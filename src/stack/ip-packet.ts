// What a host reads of an IP packet, of both versions, before it asks who it is for: one object that is filled again
// for each packet. After `read` said nothing, its ranges lie inside the frame.

import { internetSum, sumIsGood } from '../../protocols/core/checksum/index.js';
import { IPv4, IPv6, IPv6Fragment, IPv6HopByHop } from '../../protocols/index.js';
import { MAPPED_AT, mapped, sameBytes } from './address.js';
import type { StackDrop } from './drop.js';

/** IANA's protocol numbers that a host knows. */
export const PROTOCOL = { icmp: 1, udp: 17, icmpv6: 58 } as const;
const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION_OPTIONS = 60;
/** Extension headers in one packet; more are nobody's honest traffic. */
const MOST_EXTENSIONS = 8;
/** Fragments' places count in these, and so do the lengths of IPv6's extension headers. */
export const FRAGMENT_UNIT = 8;
const WORD = 4;
/** No protocol's number: of no packet yet. */
const NONE = -1;
const IP_SIZE = 16;

export class IpPacket {
  version: 4 | 6 = 4;
  readonly source = new Uint8Array(IP_SIZE);
  readonly target = new Uint8Array(IP_SIZE);
  protocol = NONE;
  /** Version, protocol and addresses are those of the packet before: what follows from them holds still. */
  alike = false;
  hopLimit = 0;
  ecn = 0;
  bytes: Uint8Array = new Uint8Array(0);
  /** Where the IP header begins. */
  headerAt = 0;
  /** The payload, behind all headers of IP. */
  at = 0;
  end = 0;
  /** True for a part of a packet, first and last ones included. */
  fragment = false;
  fragmentAt = 0;
  more = false;
  identification = 0;
  /** What the NIC and the driver say of it: checksums were right; merged from segments of so many bytes. */
  checked = false;
  unit = 0;

  /** Why it is no packet that a host may look at; undefined when it is one. */
  read(b: Uint8Array, at: number, end: number): StackDrop | undefined {
    this.bytes = b;
    this.headerAt = at;
    this.fragment = false;
    return end > at && IPv4.get.version(b, at) === 4
      ? this.#read4(b, at, end)
      : this.#read6(b, at, end);
  }

  #read4(b: Uint8Array, at: number, end: number): StackDrop | undefined {
    if (end - at < IPv4.size) return 'too short';
    const headerEnd = at + IPv4.get.ihl(b, at) * WORD;
    const packetEnd = at + IPv4.get.totalLength(b, at);
    if (headerEnd < at + IPv4.size || headerEnd > packetEnd || packetEnd > end) return 'malformed';
    if (!sumIsGood(internetSum(b, at, headerEnd))) return 'bad checksum';
    const protocol = IPv4.get.protocol(b, at);
    this.alike = this.version === 4 && this.protocol === protocol && this.#sameEnds4(b, at);
    this.version = 4;
    this.protocol = protocol;
    this.hopLimit = IPv4.get.ttl(b, at);
    this.ecn = IPv4.get.ecn(b, at);
    this.at = headerEnd;
    this.end = packetEnd;
    if (!this.alike) {
      mapped(b, at + IPv4.at.src, this.source);
      mapped(b, at + IPv4.at.dst, this.target);
    }
    this.#part(IPv4.get.fragmentOffset(b, at), IPv4.get.mf(b, at), IPv4.get.identification(b, at));
    return undefined;
  }

  #sameEnds4(b: Uint8Array, at: number): boolean {
    for (let i = 0; i < IP_SIZE - MAPPED_AT; i++) {
      if (this.source[MAPPED_AT + i] !== b[at + IPv4.at.src + i]) return false;
      if (this.target[MAPPED_AT + i] !== b[at + IPv4.at.dst + i]) return false;
    }
    return true;
  }

  #read6(b: Uint8Array, at: number, end: number): StackDrop | undefined {
    if (end - at < IPv6.size) return 'too short';
    const packetEnd = at + IPv6.size + IPv6.get.payloadLength(b, at);
    if (IPv6.get.version(b, at) !== 6 || packetEnd > end) return 'malformed';
    const { protocol } = this;
    const same =
      this.version === 6 &&
      sameBytes(this.source, b, at + IPv6.at.src) &&
      sameBytes(this.target, b, at + IPv6.at.dst);
    this.version = 6;
    this.hopLimit = IPv6.get.hopLimit(b, at);
    this.ecn = IPv6.get.ecn(b, at);
    this.end = packetEnd;
    for (let i = 0; i < IP_SIZE; i++) {
      this.source[i] = b[at + IPv6.at.src + i]!;
      this.target[i] = b[at + IPv6.at.dst + i]!;
    }
    const wrong = this.#extensions(b, IPv6.get.nextHeader(b, at), at + IPv6.size);
    this.alike = same && this.protocol === protocol;
    return wrong;
  }

  /** Steps over extension headers (RFC 8200 4); a routing header that would lead on is refused (RFC 5095). */
  #extensions(b: Uint8Array, first: number, from: number): StackDrop | undefined {
    let next = first;
    let at = from;
    for (let count = 0; count < MOST_EXTENSIONS; count++) {
      this.protocol = next;
      this.at = at;
      if (next === FRAGMENT) {
        if (this.end - at < IPv6Fragment.size) return 'malformed';
        const { get } = IPv6Fragment;
        this.protocol = get.nextHeader(b, at);
        this.at = at + IPv6Fragment.size;
        this.#part(get.fragmentOffset(b, at), get.mf(b, at), get.identification(b, at));
        // What follows may be the middle of anything: only a whole packet is looked into.
        if (this.fragment) return undefined;
        next = this.protocol;
        at = this.at;
        continue;
      }
      if (next === ROUTING) return 'no protocol';
      if (next !== HOP_BY_HOP && next !== DESTINATION_OPTIONS) return undefined;
      if (this.end - at < IPv6HopByHop.size) return 'malformed';
      next = IPv6HopByHop.get.nextHeader(b, at);
      at += (IPv6HopByHop.get.hdrExtLen(b, at) + 1) * FRAGMENT_UNIT;
      if (at > this.end) return 'malformed';
    }
    return 'malformed';
  }

  #part(offset: number, more: number, identification: number): void {
    this.fragmentAt = offset * FRAGMENT_UNIT;
    this.more = more !== 0;
    this.fragment = offset !== 0 || more !== 0;
    this.identification = identification;
  }
}
