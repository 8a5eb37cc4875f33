// The headers that all packets of one path share, from the link to BTH, over any carrier: RoCE v2 over IPv4 or IPv6,
// RoCE v1, InfiniBand's local and global packets. `open` copies them, the caller writes BTH's fields, extended
// headers and payload where they lie in the frame, and `close` adds pad, lengths, ICRC and VCRC. Fields that the
// ICRC counts as ones are ones while it is computed, in one run, and filled in afterwards.

import { byteSwap16, byteSwap32 } from '../core/byte-order.js';
import { addWord, checksumOfSum, crc16, crc32, internetSum } from '../core/checksum/index.js';
import type { Scene } from '../core/protocol.js';
import { BTH } from '../infiniband/base-transport.js';
import { globalCover, type IcrcCover, localCover, roceV2Cover } from '../infiniband/icrc.js';
import { GRH, LRH } from '../infiniband/link-header.js';
import { ICRC, VCRC } from '../infiniband/trailer.js';
import { IPv4 } from '../ip/ipv4.js';
import { UDP } from '../udp/udp.js';

const { padCount: setPadCount } = BTH.set;
const { identification: setId, headerChecksum: setChecksum, totalLength: setTotal } = IPv4.set;
const { length: setUdpLength } = UDP.set;
const { payLen: setPayLen } = GRH.set;
const { pktLen: setPktLen } = LRH.set;
const { icrc: setIcrc } = ICRC.set;
const { vcrc: setVcrc } = VCRC.set;

const WORD = 4;
const IDENTIFICATIONS = 0x10000;

/** Writes the headers and trailers of packets of one path, over any carrier, around what the caller writes between. */
export class PathTemplate {
  /** The headers with ones where the ICRC has them. */
  readonly head: Uint8Array;
  readonly bthAt: number;
  /** Where extended headers begin. */
  readonly bodyAt: number;
  /** Where the IP header or GRH begins; -1 when there is none. */
  readonly networkAt: number;
  readonly native: boolean;
  readonly network: 'ipv4' | 'ipv6' | 'grh' | 'none';
  /** Of the next frame over IPv4; Linux never sends 0. */
  identification: number;
  /** Where UDP begins; -1 when there is none. */
  readonly udpAt: number;
  /** Where the ICRC begins to count. */
  readonly coverAt: number;
  /** Places in `head` where the ICRC has ones. */
  readonly masked: Uint16Array;
  readonly #lrhAt: number;
  readonly #cover: IcrcCover;
  readonly #values: Uint8Array;
  /** Of the IPv4 header without what varies: total length, identification, checksum. */
  readonly #sum: number;

  /**
   * @param frame as built from eth, ipv4 or ipv6 and udp, or grh, or lrh with or without grh; then bth
   * @throws RangeError when it is none of these
   */
  constructor(frame: Scene, identification = 1) {
    const { layers, bytes, start } = frame;
    const at = (key: string): number => {
      const layer = layers.find((l) => l.key === key);
      return layer ? layer.at - start : -1;
    };
    this.bthAt = at('bth');
    this.udpAt = at('udp');
    this.#lrhAt = at('lrh');
    this.native = this.#lrhAt >= 0;
    const network = (['ipv4', 'ipv6', 'grh'] as const).find((key) => at(key) >= 0) ?? 'none';
    const carried = network === 'none' ? this.native : network === 'grh' || this.udpAt >= 0;
    if (this.bthAt < 0 || !carried) {
      throw new RangeError(`no path: ${layers.map((layer) => layer.key).join('/')}`);
    }
    this.network = network;
    this.networkAt = network === 'none' ? -1 : at(network);
    this.identification = identification;
    this.bodyAt = this.bthAt + BTH.size;
    this.head = bytes.slice(start, start + this.bodyAt);
    if (this.udpAt >= 0) UDP.set.checksum(this.head, this.udpAt, 0);
    setPadCount(this.head, this.bthAt, 0);
    this.coverAt = network === 'none' ? this.#lrhAt : this.networkAt;
    if (network === 'none') this.#cover = localCover;
    else if (network === 'grh') this.#cover = globalCover;
    else this.#cover = roceV2Cover(this.head, this.networkAt, this.bthAt);
    const { ones } = this.#cover;
    const places = [...ones.keys()].filter((i) => ones[i] !== 0);
    this.masked = Uint16Array.from(places, (i) => this.coverAt + i);
    this.#values = Uint8Array.from(this.masked, (i) => this.head[i]!);
    this.#sum = network === 'ipv4' ? this.#fixedSum() : 0;
    for (const i of places) this.head[this.coverAt + i]! |= ones[i]!;
  }

  /** CRC of what the ICRC counts before `coverAt`. */
  get seed(): number {
    return this.#cover.seed;
  }

  /** The bits of a place in `head` that the ICRC has as ones. */
  onesAt(place: number): number {
    return this.#cover.ones[place - this.coverAt] ?? 0;
  }

  /** Takes the identification of a frame over IPv4. */
  // hot
  nextIdentification(): number {
    const id = this.identification;
    this.identification = (id + 1) % IDENTIFICATIONS || 1;
    return id;
  }

  /** Copies the headers to `at`. */
  // hot
  open(into: Uint8Array, at: number): void {
    into.set(this.head, at);
  }

  /**
   * Completes the packet that begins at `at` and whose payload ends at `end`.
   * @returns the first byte behind the frame
   */
  // hot
  close(into: Uint8Array, at: number, end: number): number {
    const pads = -(end - at - this.bthAt) & (WORD - 1);
    const stop = end + pads;
    for (let i = end; i < stop; i++) into[i] = 0;
    setPadCount(into, at + this.bthAt, pads);
    const whole = stop + ICRC.size - at;
    const networkAt = at + this.networkAt;
    if (this.udpAt >= 0) setUdpLength(into, at + this.udpAt, whole - this.udpAt);
    if (this.native) setPktLen(into, at + this.#lrhAt, (whole - this.#lrhAt) / WORD);
    let id = 0;
    if (this.network === 'ipv4') {
      setTotal(into, networkAt, whole - this.networkAt);
      id = this.nextIdentification();
      setId(into, networkAt, id);
    } else if (this.networkAt >= 0) {
      // IPv6 and GRH are the same header under two names.
      setPayLen(into, networkAt, whole - this.networkAt - GRH.size);
    }
    setIcrc(into, stop, byteSwap32(crc32(into, at + this.coverAt, stop, this.#cover.seed)));
    const masked = this.masked;
    const values = this.#values;
    for (let i = 0; i < masked.length; i++) into[at + masked[i]!] = values[i]!;
    if (this.network === 'ipv4') {
      const sum = addWord(addWord(this.#sum, whole - this.networkAt), id);
      setChecksum(into, networkAt, checksumOfSum(sum));
    }
    const last = stop + ICRC.size;
    if (!this.native) return last;
    setVcrc(into, last, byteSwap16(crc16(into, at + this.#lrhAt, last)));
    return last + VCRC.size;
  }

  #fixedSum(): number {
    const image = this.head.slice();
    setTotal(image, this.networkAt, 0);
    setId(image, this.networkAt, 0);
    setChecksum(image, this.networkAt, 0);
    return internetSum(image, this.networkAt, this.udpAt);
  }
}
