// Packets of one path that differ in PSN, acknowledge request, IPv4 identification and payload only, such as those in the
// middle of a message: the headers are made once, and copied word by word.

import { byteSwap16, byteSwap32 } from '../core/byte-order.js';
import {
  checksumOfSum,
  crc16,
  crc32,
  internetSum,
  updateChecksum,
} from '../core/checksum/index.js';
import { BTH } from '../infiniband/base-transport.js';
import { ICRC, VCRC } from '../infiniband/trailer.js';
import { IPv4 } from '../ip/ipv4.js';
import type { PathTemplate } from './path-template.js';

const { psn: setPsn, ackReq: setAckReq } = BTH.set;
const { identification: setId, headerChecksum: setChecksum } = IPv4.set;
const { icrc: setIcrc } = ICRC.set;
const { vcrc: setVcrc } = VCRC.set;

const WORD = 4;
// Most queue pairs of a large world never send a long message.
const NO_WORDS = new Uint32Array(0);
const NO_PLACES = new Uint16Array(0);
const NO_VALUES = new Uint8Array(0);

/** The headers of packets that are alike; for another kind they are made anew. */
export class RepeatedPacket {
  #path: PathTemplate | null = null;
  #code = -1;
  #pkey = -1;
  #destQp = -1;
  /** Bytes of payload, a multiple of 4. */
  #size = -1;
  /** The headers with ones where the ICRC has them. */
  #head: Uint32Array = NO_WORDS;
  /** Where those are, and what stands there in frames. */
  #masked: Uint16Array = NO_PLACES;
  #values: Uint8Array = NO_VALUES;
  /** Of the IPv4 header with identification 0. */
  #checksum = 0;

  /** Makes the headers unless they are there; `size` is a multiple of 4. */
  // hot
  be(path: PathTemplate, code: number, pkey: number, destQp: number, size: number): void {
    const isSame =
      path === this.#path &&
      code === this.#code &&
      size === this.#size &&
      pkey === this.#pkey &&
      destQp === this.#destQp;
    if (!isSame) this.#make(path, code, pkey, destQp, size);
  }

  #make(path: PathTemplate, code: number, pkey: number, destQp: number, size: number): void {
    if (size % WORD !== 0) throw new RangeError(`${size} bytes are no whole words`);
    const frame = new Uint8Array(path.bodyAt + size + ICRC.size + VCRC.size);
    const { bthAt, networkAt } = path;
    path.open(frame, 0);
    BTH.set.opcode(frame, bthAt, code);
    BTH.set.pkey(frame, bthAt, pkey);
    BTH.set.destQp(frame, bthAt, destQp);
    // The packet itself is not sent: its identification is the next one's.
    const { identification } = path;
    path.close(frame, 0, path.bodyAt + size);
    path.identification = identification;
    if (path.network === 'ipv4') {
      setId(frame, networkAt, 0);
      setChecksum(frame, networkAt, 0);
      this.#checksum = checksumOfSum(internetSum(frame, networkAt, networkAt + IPv4.size));
      setChecksum(frame, networkAt, this.#checksum);
    }
    this.#masked = path.masked;
    this.#values = Uint8Array.from(path.masked, (i) => frame[i]!);
    for (const i of path.masked) frame[i]! |= path.onesAt(i);
    const head = new Uint8Array(Math.ceil(path.bodyAt / WORD) * WORD);
    head.set(frame.subarray(0, path.bodyAt));
    this.#head = new Uint32Array(head.buffer);
    this.#path = path;
    this.#code = code;
    this.#pkey = pkey;
    this.#destQp = destQp;
    this.#size = size;
  }

  /**
   * Copies the headers to the word `first`, and a few bytes behind them: before the payload.
   * @returns where the payload begins, counted from the headers
   */
  // hot
  open(words: Uint32Array, first: number): number {
    const head = this.#head;
    for (let i = 0; i < head.length; i++) words[first + i] = head[i]!;
    return this.#path!.bodyAt;
  }

  /** Completes the packet at `at`, whose payload is there. @returns the first byte behind the frame */
  // hot
  close(into: Uint8Array, at: number, psn: number, ackReq: number): number {
    const path = this.#path!;
    const stop = at + path.bodyAt + this.#size;
    const bthAt = at + path.bthAt;
    setPsn(into, bthAt, psn);
    setAckReq(into, bthAt, ackReq);
    const isIpv4 = path.network === 'ipv4';
    const id = isIpv4 ? path.nextIdentification() : 0;
    const networkAt = at + path.networkAt;
    if (isIpv4) setId(into, networkAt, id);
    setIcrc(into, stop, byteSwap32(crc32(into, at + path.coverAt, stop, path.seed)));
    const masked = this.#masked;
    const values = this.#values;
    for (let i = 0; i < masked.length; i++) into[at + masked[i]!] = values[i]!;
    if (isIpv4) setChecksum(into, networkAt, updateChecksum(this.#checksum, 0, id));
    const last = stop + ICRC.size;
    if (!path.native) return last;
    setVcrc(into, last, byteSwap16(crc16(into, at, last)));
    return last + VCRC.size;
  }
}
