// What card and driver read of a frame to steer, check and merge it: where its headers are. One object that is filled
// again for each frame.

import { internetSum, sumIsGood } from '../../protocols/core/checksum/index.js';
import { Ethernet, IPv4, IPv6, TCP } from '../../protocols/index.js';

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;
const PROTOCOL_TCP = 6;
const PROTOCOL_UDP = 17;
const PORTS_BYTES = 4;
const WORD = 4;
/** Of both versions' addresses, which stand together: source, then target. */
const ADDRESSES4 = 8;
const ADDRESSES6 = 32;

export class PacketView {
  at = 0;
  /** 0 where it is no IP packet. */
  version: 0 | 4 | 6 = 0;
  ipAt = 0;
  /** Of the IP packet, which may end before the frame. */
  end = 0;
  protocol = 0;
  transportAt = 0;
  fragment = false;
  /** A whole TCP segment: where its text begins. */
  isTcp = false;
  textAt = 0;

  /** Reads the frame from `at` to `end`. */
  // hot
  read(b: Uint8Array, at: number, end: number): void {
    this.at = at;
    this.version = 0;
    this.isTcp = false;
    this.fragment = false;
    this.end = end;
    if (end - at < Ethernet.size) return;
    const ipAt = at + Ethernet.size;
    this.ipAt = ipAt;
    const type = Ethernet.get.type(b, at);
    if (type === ETHERTYPE.ipv4 && end - ipAt >= IPv4.size) this.#read4(b, ipAt, end);
    else if (type === ETHERTYPE.ipv6 && end - ipAt >= IPv6.size) this.#read6(b, ipAt, end);
    if (this.version !== 0 && this.protocol === PROTOCOL_TCP && !this.fragment) this.#readTcp(b);
  }

  // hot
  #read4(b: Uint8Array, ipAt: number, end: number): void {
    const headerEnd = ipAt + IPv4.get.ihl(b, ipAt) * WORD;
    const packetEnd = ipAt + IPv4.get.totalLength(b, ipAt);
    if (headerEnd < ipAt + IPv4.size || headerEnd > packetEnd || packetEnd > end) return;
    this.version = 4;
    this.end = packetEnd;
    this.transportAt = headerEnd;
    this.protocol = IPv4.get.protocol(b, ipAt);
    this.fragment = IPv4.get.mf(b, ipAt) !== 0 || IPv4.get.fragmentOffset(b, ipAt) !== 0;
  }

  // hot
  #read6(b: Uint8Array, ipAt: number, end: number): void {
    const packetEnd = ipAt + IPv6.size + IPv6.get.payloadLength(b, ipAt);
    if (packetEnd > end) return;
    this.version = 6;
    this.end = packetEnd;
    this.transportAt = ipAt + IPv6.size;
    this.protocol = IPv6.get.nextHeader(b, ipAt);
  }

  // hot
  #readTcp(b: Uint8Array): void {
    const { transportAt, end } = this;
    if (end - transportAt < TCP.size) return;
    const textAt = transportAt + TCP.get.dataOffset(b, transportAt) * WORD;
    if (textAt < transportAt + TCP.size || textAt > end) return;
    this.isTcp = true;
    this.textAt = textAt;
  }

  get hasPorts(): boolean {
    const { protocol, transportAt, end, fragment } = this;
    const known = protocol === PROTOCOL_TCP || protocol === PROTOCOL_UDP;
    return this.version !== 0 && known && !fragment && end - transportAt >= PORTS_BYTES;
  }

  get addressesAt(): number {
    return this.ipAt + (this.version === 4 ? IPv4.at.src : IPv6.at.src);
  }

  get addressBytes(): number {
    return this.version === 4 ? ADDRESSES4 : ADDRESSES6;
  }

  /** Sum over the pseudo header (RFC 9293 3.1, RFC 8200 8.1) but for the length. */
  // hot
  pseudoSum(b: Uint8Array): number {
    const from = this.addressesAt;
    return internetSum(b, from, from + this.addressBytes) + this.protocol;
  }

  /** Whether the checksums of IP and TCP are right; false also where the card does not know the protocol. */
  // hot
  isGood(b: Uint8Array): boolean {
    if (!this.isTcp) return false;
    const { transportAt, end } = this;
    if (this.version === 4 && !sumIsGood(internetSum(b, this.ipAt, transportAt))) return false;
    return sumIsGood(internetSum(b, transportAt, end, this.pseudoSum(b) + end - transportAt));
  }
}
