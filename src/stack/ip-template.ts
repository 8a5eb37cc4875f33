// The IP header of all packets from one address to another, made once: each packet is a copy of it with its length,
// identification and ECN field filled in.

import { checksumOfSum, internetSum } from '../../protocols/core/checksum/index.js';
import { Ethernet, IPv4, IPv6 } from '../../protocols/index.js';
import { isMapped, MAPPED_AT } from './address.js';
import { USUAL_HOP_LIMIT } from './ip-output.js';

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd } as const;
const IPV4_WORDS = 5;
const IDENTIFICATIONS = 0x10000;
const MOST_SUM = 0xffff;
// Functions that a module holds as constants are compiled into their callers.
const {
  totalLength: setTotalLength,
  identification: setIdentification,
  ecn: setEcn,
  headerChecksum: setHeaderChecksum,
} = IPv4.set;

export class IpTemplate {
  readonly version: 4 | 6;
  /** Where the transport's header begins in a frame. */
  readonly size: number;
  /** Of the pseudo header, but for the length (RFC 9293 3.1, RFC 8200 8.1). */
  readonly pseudoSum: number;
  /** Of the next packet over IPv4. */
  identification = 1;
  readonly #head: Uint8Array;
  /** Of the IPv4 header, but for length, identification and ECN. */
  readonly #headSum: number;

  constructor(
    readonly source: Uint8Array,
    readonly target: Uint8Array,
    readonly protocol: number,
    hopLimit = USUAL_HOP_LIMIT,
  ) {
    const v4 = isMapped(target);
    this.version = v4 ? 4 : 6;
    this.size = Ethernet.size + (v4 ? IPv4.size : IPv6.size);
    const head = new Uint8Array(this.size);
    const at = Ethernet.size;
    Ethernet.set.type(head, 0, v4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6);
    if (v4) {
      IPv4.set.version(head, at, 4);
      IPv4.set.ihl(head, at, IPV4_WORDS);
      IPv4.set.df(head, at, 1);
      IPv4.set.ttl(head, at, hopLimit);
      IPv4.set.protocol(head, at, protocol);
      head.set(source.subarray(MAPPED_AT), at + IPv4.at.src);
      head.set(target.subarray(MAPPED_AT), at + IPv4.at.dst);
    } else {
      IPv6.set.version(head, at, 6);
      IPv6.set.nextHeader(head, at, protocol);
      IPv6.set.hopLimit(head, at, hopLimit);
      head.set(source, at + IPv6.at.src);
      head.set(target, at + IPv6.at.dst);
    }
    this.#head = head;
    this.#headSum = internetSum(head, at);
    const first = v4 ? MAPPED_AT : 0;
    this.pseudoSum = internetSum(target, first, 16, internetSum(source, first, 16)) + protocol;
  }

  /** Writes everything in front of `length` bytes of the transport for a frame that begins at `at`. */
  // hot
  write(b: Uint8Array, at: number, length: number, ecn: number): void {
    const head = this.#head;
    for (let i = 0; i < head.length; i++) b[at + i] = head[i]!;
    const ipAt = at + Ethernet.size;
    if (this.version === 4) {
      const total = IPv4.size + length;
      const id = this.identification;
      setTotalLength(b, ipAt, total);
      setIdentification(b, ipAt, id);
      this.identification = (id + 1) % IDENTIFICATIONS;
      if (ecn !== 0) setEcn(b, ipAt, ecn);
      // All three stand at the low end of their 16-bit words.
      let sum = this.#headSum + total + id + ecn;
      while (sum > MOST_SUM) sum = (sum % IDENTIFICATIONS) + Math.floor(sum / IDENTIFICATIONS);
      setHeaderChecksum(b, ipAt, checksumOfSum(sum));
    } else {
      IPv6.set.payloadLength(b, ipAt, length);
      if (ecn !== 0) IPv6.set.ecn(b, ipAt, ecn);
    }
  }
}
