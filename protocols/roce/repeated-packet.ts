// Packets of one path that differ in PSN, acknowledge request, IPv4 identification and payload only, such as those in the
// middle of a message: the headers are made once, and copied word by word.

import { byteSwap16 } from '../core/byte-order.js';
import {
  checksumOfSum,
  crc16,
  crc32Bits,
  internetSum,
  putCrc32,
  updateChecksum,
} from '../core/checksum/index.js';
import { BTH } from '../infiniband/base-transport.js';
import { ICRC, VCRC } from '../infiniband/trailer.js';
import { IPv4 } from '../ip/ipv4.js';
import { HeadCrc } from './head-crc.js';
import type { PathTemplate } from './path-template.js';

const { psn: setPsn, ackReq: setAckReq } = BTH.set;
const { identification: setId, headerChecksum: setChecksum } = IPv4.set;
const { vcrc: setVcrc } = VCRC.set;

const WORD = 4;
/** Bytes that are copied at once: a turn of the loop costs as much as three words. */
const COPIED = 4 * WORD;
// Most queue pairs of a large world never send a long message.
const NO_WORDS = new Uint32Array(0);

/** The headers of packets that are alike; for another kind they are made anew. */
export class RepeatedPacket {
  #path: PathTemplate | null = null;
  #code = -1;
  #pkey = -1;
  #destQp = -1;
  /** Bytes of payload, a multiple of 4. */
  #size = -1;
  #head: Uint32Array = NO_WORDS;
  #crc: HeadCrc | null = null;
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
    const head = new Uint8Array(Math.ceil(path.bodyAt / COPIED) * COPIED);
    head.set(frame.subarray(0, path.bodyAt));
    this.#head = new Uint32Array(head.buffer);
    for (const i of path.masked) frame[i]! |= path.onesAt(i);
    const ipv4At = path.network === 'ipv4' ? networkAt : -1;
    this.#crc = new HeadCrc(frame, path.coverAt, path.seed, bthAt, ipv4At);
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
    const { length } = head;
    for (let i = 0; i < length; i += 4) {
      words[first + i] = head[i]!;
      words[first + i + 1] = head[i + 1]!;
      words[first + i + 2] = head[i + 2]!;
      words[first + i + 3] = head[i + 3]!;
    }
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
    let id = 0;
    if (path.network === 'ipv4') {
      const networkAt = at + path.networkAt;
      id = path.nextIdentification();
      setId(into, networkAt, id);
      setChecksum(into, networkAt, updateChecksum(this.#checksum, 0, id));
    }
    const seed = this.#crc!.of(psn, ackReq, id);
    putCrc32(into, stop, crc32Bits(into, at + path.bodyAt, stop, seed));
    const last = stop + ICRC.size;
    if (!path.native) return last;
    setVcrc(into, last, byteSwap16(crc16(into, at, last)));
    return last + VCRC.size;
  }
}
