// The header of a packet that passed all checks of headers, kept for the ones behind it: packets of one message, and those of
// messages that are alike, differ in the PSN, the request for an acknowledgement, the IPv4 identification and checksum. Whose other bytes are the same, word
// by word, passes the same checks, so that finding its headers and checking them is done once for many. What the sequence,
// the keys and the payload have to be is looked at as ever.

import {
  addWord,
  crc32Bits,
  hasCrc32,
  internetSum,
  sumIsGood,
} from '../../protocols/core/checksum/index.js';
import type { PortAddress } from './address.js';
import { Packet } from './packet.js';
import type { QueuePair } from './queue-pair.js';
import { BTH, HeadCrc, IPv4 } from './wire.js';

const { destQp: getDestQp, opcode: getOpcode } = BTH.get;
const { identification: getId, headerChecksum: getChecksum } = IPv4.get;

const WORD_BYTES = 4;
/** Ethernet with a VLAN, IPv6, UDP, BTH are 78 bytes; no carrier has more. */
const MOST_BYTES = 80;
/** Words that are compared at once: a turn of the loop costs as much as three of them. */
const ABREAST = 4;

/** Of one queue pair's packets of one opcode, or of several in turn. */
export class KnownHeader {
  /** Of the packet that was learned; null before. */
  qp: QueuePair | null = null;
  /** What the checks saw of the queue pair and the port. */
  #allows: QueuePair['allows'] | null = null;
  #path: QueuePair['path'] = null;
  #pkeyIndex = -1;
  #gids: PortAddress['gids'] = [];
  /** The packet that came before, whether it was learned or not. */
  #lastQp: QueuePair | null = null;
  #lastCode = -1;
  #lastLength = -1;
  /** It, or the one that matched last. */
  readonly packet = new Packet();
  #length = -1;
  #count = 0;
  /** The bytes, zero where they may differ; ones where they may not. */
  readonly #bytes = new Uint8Array(MOST_BYTES);
  readonly #fixed = new Uint8Array(MOST_BYTES);
  readonly #byteWords = new Int32Array(this.#bytes.buffer);
  readonly #fixedWords = new Int32Array(this.#fixed.buffer);
  #crc: HeadCrc | null = null;
  /** Where the IPv4 header begins; -1 when there is none. Its sum without what may differ. */
  #ipv4At = -1;
  #sum = 0;

  /** Is the frame like the packet that was learned? Then `packet` is this one. */
  // hot
  matches(
    words: Uint32Array,
    bytes: Uint8Array,
    at: number,
    length: number,
    gids: PortAddress['gids'],
  ): boolean {
    const { qp } = this;
    if (length !== this.#length || qp === null || qp.destroyed) return false;
    if (qp.allows !== this.#allows || qp.path !== this.#path || gids !== this.#gids) return false;
    if (qp.pkeyIndex !== this.#pkeyIndex) return false;
    const first = (at / WORD_BYTES) | 0;
    const count = this.#count;
    const fixed = this.#fixedWords;
    const known = this.#byteWords;
    let differs = 0;
    for (let i = 0; i < count; i += ABREAST) {
      differs |=
        ((words[first + i]! & fixed[i]!) ^ known[i]!) |
        ((words[first + i + 1]! & fixed[i + 1]!) ^ known[i + 1]!) |
        ((words[first + i + 2]! & fixed[i + 2]!) ^ known[i + 2]!) |
        ((words[first + i + 3]! & fixed[i + 3]!) ^ known[i + 3]!);
    }
    if (differs !== 0) return false;
    const ip = this.#ipv4At;
    if (ip >= 0) {
      const sum = addWord(addWord(this.#sum, getId(bytes, at + ip)), getChecksum(bytes, at + ip));
      if (!sumIsGood(sum)) return false;
    }
    this.packet.moveTo(bytes, at);
    return true;
  }

  /** Is the ICRC of a frame that matches what its bytes give? */
  // hot
  icrcIsRight(): boolean {
    const { bytes, at, bthAt, icrcAt, psn, ackReq } = this.packet;
    const id = this.#ipv4At < 0 ? 0 : getId(bytes, at + this.#ipv4At);
    const seed = this.#crc!.of(psn, ackReq, id);
    return hasCrc32(bytes, icrcAt, crc32Bits(bytes, bthAt + BTH.size, icrcAt, seed));
  }

  /** A packet passed the checks of headers and its ICRC was right: the second of a kind is learned. */
  // hot
  passed(pkt: Packet, qp: QueuePair, gids: PortAddress['gids']): void {
    if (qp.datagram || pkt.congested || pkt.echoed) return;
    const length = pkt.end - pkt.at;
    const again = this.#lastQp === qp && this.#lastCode === pkt.code && this.#lastLength === length;
    if (again) this.#learn(pkt, qp, gids);
    this.#lastQp = qp;
    this.#lastCode = pkt.code;
    this.#lastLength = length;
  }

  #learn(pkt: Packet, qp: QueuePair, gids: PortAddress['gids']): void {
    const { at, bthAt, networkAt } = pkt;
    const size = bthAt + BTH.size - at;
    this.qp = null;
    const cover = pkt.cover();
    if (size > MOST_BYTES || cover.size !== bthAt + BTH.size - pkt.coverAt) return;
    this.#fixed.fill(0xff, 0, size).fill(0, size);
    BTH.set.psn(this.#fixed, bthAt - at, 0);
    BTH.set.ackReq(this.#fixed, bthAt - at, 0);
    if (pkt.network === 'ipv4') {
      IPv4.set.identification(this.#fixed, networkAt - at, 0);
      IPv4.set.headerChecksum(this.#fixed, networkAt - at, 0);
    }
    for (let i = 0; i < MOST_BYTES; i++) this.#bytes[i] = pkt.bytes[at + i]! & this.#fixed[i]!;
    if (pkt.network === 'ipv4') {
      this.#sum = internetSum(this.#bytes, networkAt - at, networkAt - at + IPv4.size);
    }
    this.packet.copy(pkt);
    this.#length = pkt.end - at;
    this.#count = Math.ceil(size / WORD_BYTES);
    const head = this.#bytes.slice();
    for (const place of cover.places) head[pkt.coverAt - at + place]! |= cover.ones[place]!;
    this.#ipv4At = pkt.network === 'ipv4' ? networkAt - at : -1;
    this.#crc = new HeadCrc(head, pkt.coverAt - at, cover.seed, bthAt - at, this.#ipv4At);
    this.#allows = qp.allows;
    this.#path = qp.path;
    this.#pkeyIndex = qp.pkeyIndex;
    this.#gids = gids;
    this.qp = qp;
  }
}

/** Kinds of packets that have the same place in the table take turns there. */
const PLACES = 256;
/** Queue pairs have numbers in a row, and packets of each some of so many opcodes: neighbours do not meet soon. */
const APART = 11;

const placeOf = (destQp: number, code: number): number => (destQp * APART + code) % PLACES;

/** What is known where nothing was learned. */
const NOTHING = new KnownHeader();

/** The headers that a port knows, by the number of the queue pair that they are for, and by opcode. */
export class KnownHeaders {
  readonly #places: KnownHeader[] = new Array<KnownHeader>(PLACES).fill(NOTHING);
  /** Where BTH was in the packet before. */
  #bthAt = 0;

  /** Of the queue pair and the opcode that stand where they stood in the packet before. */
  // hot
  at(bytes: Uint8Array, at: number): KnownHeader {
    const bthAt = at + this.#bthAt;
    return this.#places[placeOf(getDestQp(bytes, bthAt), getOpcode(bytes, bthAt))]!;
  }

  // hot
  passed(pkt: Packet, qp: QueuePair, gids: PortAddress['gids']): void {
    this.#bthAt = pkt.bthAt - pkt.at;
    const place = placeOf(pkt.destQp, pkt.code);
    if (this.#places[place] === NOTHING) this.#places[place] = new KnownHeader();
    this.#places[place]!.passed(pkt, qp, gids);
  }
}
