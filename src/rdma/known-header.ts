// The header of a packet that passed all checks of headers, kept for the ones behind it: packets of one message differ in
// the PSN, the request for an acknowledgement, the IPv4 identification and checksum. Whose other bytes are the same, word
// by word, passes the same checks, so that finding its headers and checking them is done once for many. What the sequence,
// the keys and the payload have to be is looked at as ever.

import { addWord, crc32, internetSum, sumIsGood } from '../../protocols/core/checksum/index.js';
import type { PortAddress } from './address.js';
import type { QpState } from './constant.js';
import { Packet } from './packet.js';
import type { QueuePair } from './queue-pair.js';
import { BTH, byteSwap32, ICRC, IPv4 } from './wire.js';

const { psn: getPsn, ackReq: getAckReq, destQp: getDestQp } = BTH.get;
const { identification: getId, headerChecksum: getChecksum } = IPv4.get;
const { icrc: getIcrc } = ICRC.get;

const WORD_BYTES = 4;
/** Ethernet with a VLAN, IPv6, UDP, BTH are 78 bytes; no carrier has more. */
const MOST_BYTES = 80;
const MOST_WORDS = MOST_BYTES / WORD_BYTES;

/** Of one queue pair, or of several in turn. */
export class KnownHeader {
  /** Of the packet that was learned; null before. */
  qp: QueuePair | null = null;
  /** What the checks saw of the queue pair and the port. */
  #state: QpState = 'RESET';
  #path: QueuePair['path'] = null;
  #pkeyIndex = -1;
  #gids: PortAddress['gids'] = [];
  /** The packet that came before, whether it was learned or not. */
  #lastQp: QueuePair | null = null;
  #lastCode = -1;
  /** A packet like it: its places count from the frame's first byte. */
  readonly #like = new Packet();
  #length = -1;
  #count = 0;
  /** The bytes, zero where they may differ; ones where they may not; ones where the ICRC has them. */
  readonly #bytes = new Uint8Array(MOST_BYTES);
  readonly #fixed = new Uint8Array(MOST_BYTES);
  readonly #ones = new Uint8Array(MOST_BYTES);
  readonly #byteWords = new Uint32Array(this.#bytes.buffer);
  readonly #fixedWords = new Uint32Array(this.#fixed.buffer);
  readonly #onesWords = new Uint32Array(this.#ones.buffer);
  readonly #kept = new Uint32Array(MOST_WORDS);
  /** Where the ICRC begins to count, and with what. */
  #coverAt = 0;
  #seed = 0;
  /** Sum of the IPv4 header without what may differ. */
  #sum = 0;

  /** Is the frame like the packet that was learned? Then `pkt` is told about it. */
  // hot
  matches(
    words: Uint32Array,
    bytes: Uint8Array,
    at: number,
    length: number,
    gids: PortAddress['gids'],
    pkt: Packet,
  ): boolean {
    const { qp } = this;
    if (length !== this.#length || qp === null || qp.destroyed) return false;
    if (qp.state !== this.#state || qp.path !== this.#path || gids !== this.#gids) return false;
    if (qp.pkeyIndex !== this.#pkeyIndex) return false;
    const first = at / WORD_BYTES;
    const count = this.#count;
    const fixed = this.#fixedWords;
    const known = this.#byteWords;
    for (let i = 0; i < count; i++) {
      if ((words[first + i]! & fixed[i]!) !== (known[i]! | 0)) return false;
    }
    const like = this.#like;
    if (like.network === 'ipv4') {
      const ip = at + like.networkAt;
      const sum = addWord(addWord(this.#sum, getId(bytes, ip)), getChecksum(bytes, ip));
      if (!sumIsGood(sum)) return false;
    }
    pkt.repeat(like, bytes, at, length);
    pkt.psn = getPsn(bytes, pkt.bthAt);
    pkt.ackReq = getAckReq(bytes, pkt.bthAt);
    return true;
  }

  /** The ICRC of a frame that matches; its header's words are as they were afterwards. */
  // hot
  icrcIsRight(words: Uint32Array, pkt: Packet): boolean {
    const first = pkt.at / WORD_BYTES;
    const count = this.#count;
    const ones = this.#onesWords;
    const kept = this.#kept;
    for (let i = 0; i < count; i++) {
      const word = words[first + i]!;
      kept[i] = word;
      words[first + i] = word | ones[i]!;
    }
    const { bytes, icrcAt } = pkt;
    const made = crc32(bytes, pkt.at + this.#coverAt, icrcAt, this.#seed);
    for (let i = 0; i < count; i++) words[first + i] = kept[i]!;
    return getIcrc(bytes, icrcAt) === byteSwap32(made);
  }

  /** A packet passed the checks of headers and its ICRC was right: the second of a kind is learned. */
  // hot
  passed(pkt: Packet, qp: QueuePair, gids: PortAddress['gids']): void {
    if (qp.datagram || pkt.congested || pkt.echoed) return;
    if (this.#lastQp === qp && this.#lastCode === pkt.code) this.#learn(pkt, qp, gids);
    this.#lastQp = qp;
    this.#lastCode = pkt.code;
  }

  #learn(pkt: Packet, qp: QueuePair, gids: PortAddress['gids']): void {
    const { at, bthAt, networkAt } = pkt;
    const size = bthAt + BTH.size - at;
    this.qp = null;
    const cover = pkt.cover();
    if (size > MOST_BYTES || cover.size !== bthAt + BTH.size - pkt.coverAt) return;
    this.#fixed.fill(0xff, 0, size).fill(0, size);
    this.#ones.fill(0);
    this.#ones.set(cover.ones, pkt.coverAt - at);
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
    this.#like.repeat(pkt, pkt.bytes, 0, pkt.end - at);
    this.#length = pkt.end - at;
    this.#count = Math.ceil(size / WORD_BYTES);
    this.#coverAt = pkt.coverAt - at;
    this.#seed = cover.seed;
    this.#state = qp.state;
    this.#path = qp.path;
    this.#pkeyIndex = qp.pkeyIndex;
    this.#gids = gids;
    this.qp = qp;
  }
}

/** Queue pairs with the same last bits share a place. */
const PLACES = 64;

/** The headers that a port knows, by the number of the queue pair that they are for. */
export class KnownHeaders {
  readonly #places: readonly KnownHeader[] = Array.from(
    { length: PLACES },
    () => new KnownHeader(),
  );
  /** Where BTH was in the packet before. */
  #bthAt = 0;

  /** Of the queue pair whose number stands where it stood in the packet before. */
  // hot
  at(bytes: Uint8Array, at: number): KnownHeader {
    return this.#places[getDestQp(bytes, at + this.#bthAt) & (PLACES - 1)]!;
  }

  // hot
  passed(pkt: Packet, qp: QueuePair, gids: PortAddress['gids']): void {
    this.#bthAt = pkt.bthAt - pkt.at;
    this.#places[pkt.destQp & (PLACES - 1)]!.passed(pkt, qp, gids);
  }
}
