// A header template that a queue pair keeps for one kind of packet (say RC RDMA WRITE ONLY to one peer): the
// builder makes the headers once, then each frame is a copy of them with a few fields patched, the payload
// behind it, and the ICRC computed where the bytes lie, in one run: masked fields are filled in afterwards. What
// is no parameter of `encode` (rkey, DMA length, ...) is patched in `head` through the headers' own accessors.

import { byteSwap32 } from '../core/byte-order.js';
import { checksumOfSum, crc32, internetSum, updateChecksum } from '../core/checksum/index.js';
import type { FieldValue } from '../core/field.js';
import { Halves } from '../core/hex.js';
import type { Layer } from '../core/layer.js';
import type { Scene } from '../core/protocol.js';
import { BTH } from '../infiniband/base-transport.js';
import { RETH } from '../infiniband/extension.js';
import { globalCover, type IcrcCover, roceV2Cover } from '../infiniband/icrc.js';
import { GRH } from '../infiniband/link-header.js';
import { isExtension } from '../infiniband/opcode.js';
import { ICRC } from '../infiniband/trailer.js';
import { IPv4 } from '../ip/ipv4.js';
import { UDP } from '../udp/udp.js';

// Functions that a module holds as constants are compiled into their callers; properties are not.
const { psn: setPsn, ackReq: setAckReq } = BTH.set;
const { identification: setIdentification, headerChecksum: setHeaderChecksum } = IPv4.set;
const { icrc: setIcrc } = ICRC.set;
const { high: setHigh, low: setLow } = Halves.set;

const WORD = 4;
/** IPv4 identifications go round at 2^16. */
const IDENTIFICATIONS = 0x10000;

const networks = ['ipv4', 'ipv6', 'grh'] as const;
type Network = (typeof networks)[number];

/** Pad bytes behind `length` bytes. */
const padOf = (length: number): number => (WORD - (length % WORD)) % WORD;

/** A RoCE packet that is built once and sent often: each frame costs a copy, a few patches and its ICRC. */
export class FrameTemplate {
  /**
   * The headers, from Ethernet to the last extended transport header, as the ICRC sees them: fields that change
   * on the way are ones. Any other field may be patched here through its header's accessors.
   */
  readonly head: Uint8Array;
  /** Where each layer begins in `head`, by key. */
  readonly at: Readonly<Record<string, number>>;
  /** Of the next frame over IPv4. */
  identification = 1;

  readonly #layers: readonly Layer[];
  readonly #network: Network;
  readonly #networkAt: number;
  readonly #udpAt: number;
  readonly #bthAt: number;
  readonly #addressAt: number;
  readonly #cover: IcrcCover;
  /** Places in `head` that the ICRC counts as ones, and what stands there in frames. */
  readonly #masked: Uint16Array;
  readonly #values: Uint8Array;
  /** Payload bytes for which the lengths in `head` are right; -1 when none are. */
  #length = -1;
  /** IPv4 header checksum for that length and identification zero. */
  #checksum = 0;

  /**
   * @param frame as built from eth, ipv4 or ipv6 and udp, or grh, then bth and its extended headers
   * @throws RangeError when it is no RoCE packet
   */
  constructor(frame: Scene) {
    const { layers, bytes, start } = frame;
    const bthIndex = layers.findIndex((layer) => layer.key === 'bth');
    let last = bthIndex;
    while (isExtension(layers[last + 1]?.key)) last++;
    const at: Record<string, number> = {};
    for (const layer of layers.slice(0, last + 1)) at[layer.key] = layer.at - start;
    const network = networks.find((key) => at[key] !== undefined);
    if (bthIndex < 0 || !network || (network !== 'grh' && at.udp === undefined)) {
      throw new RangeError(`no RoCE packet: ${layers.map((layer) => layer.key).join('/')}`);
    }
    this.head = bytes.slice(start, layers[last]!.end);
    this.at = at;
    this.#layers = layers.slice(0, last + 1);
    this.#network = network;
    this.#networkAt = at[network]!;
    this.#udpAt = at.udp ?? -1;
    this.#bthAt = at.bth!;
    this.#addressAt = (at.reth ?? 0) + RETH.at.va;
    if (this.#udpAt >= 0) UDP.set.checksum(this.head, this.#udpAt, 0);
    BTH.set.padCount(this.head, this.#bthAt, 0);
    if (network === 'ipv4') IPv4.set.identification(this.head, this.#networkAt, 0);
    const v2 = () => roceV2Cover(this.head, this.#networkAt, this.#bthAt);
    this.#cover = network === 'grh' ? globalCover : v2();
    const { ones } = this.#cover;
    const places = [...ones.keys()].filter((i) => ones[i] !== 0);
    this.#masked = Uint16Array.from(places, (i) => this.#networkAt + i);
    this.#values = Uint8Array.from(this.#masked, (i) => this.head[i]!);
    places.forEach((i) => {
      this.head[this.#networkAt + i]! |= ones[i]!;
    });
  }

  /** Sets one field of one layer in all frames to come; not for the data path. */
  set(key: string, field: string, value: FieldValue): void {
    const layer = this.#layers.find((l) => l.key === key);
    if (!layer) throw new RangeError(`the template has no layer '${key}'`);
    const image = this.#image();
    const at = this.at[key]!;
    layer.protocol.header.write(field, image, at, value, at + layer.end - layer.at);
    const { ones } = this.#cover;
    this.#masked.forEach((place, i) => {
      this.#values[i] = image[place]!;
      image[place]! |= ones[place - this.#networkAt]!;
    });
    this.head.set(image);
    this.#length = -1;
  }

  /** The headers with what stands in frames. */
  #image(): Uint8Array {
    const image = this.head.slice();
    this.#masked.forEach((place, i) => {
      image[place] = this.#values[i]!;
    });
    return image;
  }

  /** Bytes of a frame that carries `length` bytes. */
  frameSize(length: number): number {
    return this.head.length + length + padOf(length) + ICRC.size;
  }

  /** Sets RETH.va; only for templates that have a RETH. */
  // hot
  setAddress(high: number, low: number): void {
    setHigh(this.head, this.#addressAt, high);
    setLow(this.head, this.#addressAt, low);
  }

  /**
   * Writes a frame at `at` of `into`: headers, bytes `from` to `to` of `payload`, pad and ICRC. It is fastest
   * where `payload` is the same array as `into`, and in packet memory.
   * @returns the first byte behind the frame
   */
  // hot
  encode(
    into: Uint8Array,
    at: number,
    psn: number,
    ackReq: number,
    payload: Uint8Array,
    from: number,
    to: number,
  ): number {
    const length = to - from;
    if (length !== this.#length) this.#measure(length);
    const body = at + this.head.length;
    const end = body + length + padOf(length);
    into.set(this.head, at);
    if (payload === into) into.copyWithin(body, from, to);
    else if (length > 0) into.set(payload.subarray(from, to), body);
    for (let i = body + length; i < end; i++) into[i] = 0;
    const bthAt = at + this.#bthAt;
    setPsn(into, bthAt, psn);
    setAckReq(into, bthAt, ackReq);
    const networkAt = at + this.#networkAt;
    if (this.#network !== 'ipv4') {
      this.#close(into, at, networkAt, end);
      return end + ICRC.size;
    }
    const id = this.identification;
    this.identification = (id + 1) % IDENTIFICATIONS;
    setIdentification(into, networkAt, id);
    this.#close(into, at, networkAt, end);
    setHeaderChecksum(into, networkAt, updateChecksum(this.#checksum, 0, id));
    return end + ICRC.size;
  }

  /** Computes the ICRC while the masked fields are ones, then fills these in. */
  // hot
  #close(into: Uint8Array, at: number, networkAt: number, end: number): void {
    setIcrc(into, end, byteSwap32(crc32(into, networkAt, end, this.#cover.seed)));
    const masked = this.#masked;
    const values = this.#values;
    for (let i = 0; i < masked.length; i++) into[at + masked[i]!] = values[i]!;
  }

  /** Writes the lengths of frames that carry `length` bytes into `head`. */
  #measure(length: number): void {
    const { head } = this;
    const networkAt = this.#networkAt;
    const whole = this.frameSize(length);
    BTH.set.padCount(head, this.#bthAt, padOf(length));
    if (this.#udpAt >= 0) UDP.set.length(head, this.#udpAt, whole - this.#udpAt);
    if (this.#network === 'ipv4') {
      IPv4.set.totalLength(head, networkAt, whole - networkAt);
      const image = this.#image();
      IPv4.set.headerChecksum(image, networkAt, 0);
      this.#checksum = checksumOfSum(internetSum(image, networkAt, this.#udpAt));
    } else {
      // IPv6 and GRH are the same header under two names.
      GRH.set.payLen(head, networkAt, whole - networkAt - GRH.size);
    }
    this.#length = length;
  }
}
