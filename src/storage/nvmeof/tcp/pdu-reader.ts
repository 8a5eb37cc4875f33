// Cuts a byte stream into PDUs as it comes, in pieces of any size: the header into a place of its own, the data
// straight to where its owner wants it, digests computed on the way. Both ends use it.

import { crc32c } from '../../../../protocols/core/checksum/index.js';
import { nvme } from '../../../../protocols/index.js';
import {
  type Accepts,
  checkHeader,
  DIGEST_SIZE,
  type Digests,
  dataOf,
  type Fatal,
  FES,
  LARGEST_HEADER,
} from './pdu.js';

const { TCP } = nvme;

/** Where the data of a PDU goes. */
export interface Place {
  readonly bytes: Uint8Array;
  readonly at: number;
  /** Whoever feeds the reader puts the data elsewhere, tells by `placed`, and this is its CRC. */
  readonly elsewhere?: (length: number) => number;
}

/** What hears of PDUs. Either may answer with what ends the connection. */
export interface PduSink {
  /** A header is whole, and its digest right; data of that length follows it. Undefined: the data is thrown away. */
  header(b: Uint8Array, length: number): Place | Fatal | undefined;
  /** The PDU is whole. */
  whole(b: Uint8Array, dataIsRight: boolean): Fatal | undefined;
}

const isFatal = (x: Place | Fatal): x is Fatal => 'fes' in x;

type Stage = 'common' | 'header' | 'pad' | 'data' | 'digest';

export class PduReader {
  digests: Digests = { header: false, data: false };
  accepts: Accepts;
  /** The header of the PDU that is being read, as far as it has come. */
  readonly header = new Uint8Array(LARGEST_HEADER + DIGEST_SIZE);
  #stage: Stage = 'common';
  /** Of the stage: bytes that are there, and that it needs. */
  #have = 0;
  #need = TCP.size;
  #place: Place | undefined;
  #dataAt = 0;
  #length = 0;
  readonly #digest = new Uint8Array(DIGEST_SIZE);
  readonly #sink: PduSink;
  readonly #most: number;

  constructor(sink: PduSink, accepts: Accepts, most: number) {
    this.#sink = sink;
    this.accepts = accepts;
    this.#most = most;
  }

  /** How much of the header has come: what a termination carries. */
  get headerBytes(): Uint8Array {
    const known = this.#stage === 'common' ? this.#have : TCP.get.hlen(this.header, 0);
    return this.header.slice(0, known);
  }

  /** Bytes until it can go on to the next part. */
  get needs(): number {
    return this.#need - this.#have;
  }

  /** Those are data that somebody else places. */
  get dataIsElsewhere(): boolean {
    return this.#stage === 'data' && this.#place?.elsewhere !== undefined;
  }

  /** So many bytes of such data are in their place; what ends the connection, if anything does. */
  placed(size: number): Fatal | undefined {
    this.#have += size;
    return this.#have < this.#need ? undefined : this.#next();
  }

  /** Takes bytes; what ends the connection, if anything does. Nothing is taken after that. */
  push(b: Uint8Array, from: number, to: number): Fatal | undefined {
    let at = from;
    while (at < to) {
      const size = Math.min(this.#need - this.#have, to - at);
      this.#take(b, at, size);
      at += size;
      this.#have += size;
      if (this.#have < this.#need) return undefined;
      const fatal = this.#next();
      if (fatal) return fatal;
    }
    return undefined;
  }

  #take(b: Uint8Array, at: number, size: number): void {
    if (this.#stage === 'pad') return;
    const piece = b.subarray(at, at + size);
    if (this.#stage === 'digest') this.#digest.set(piece, this.#have);
    else if (this.#stage !== 'data') this.header.set(piece, this.#have);
    else if (this.#place) this.#place.bytes.set(piece, this.#place.at + this.#have);
  }

  /** A stage is over. Those that need nothing are passed over. */
  #next(): Fatal | undefined {
    for (;;) {
      const fatal = this.#end();
      if (fatal || this.#have < this.#need) return fatal;
    }
  }

  #begin(stage: Stage, need: number, have = 0): void {
    this.#stage = stage;
    this.#have = have;
    this.#need = need;
  }

  #end(): Fatal | undefined {
    const { header } = this;
    const hlen = TCP.get.hlen(header, 0);
    const digest = TCP.get.hdgst(header, 0) === 1 ? DIGEST_SIZE : 0;
    switch (this.#stage) {
      case 'common': {
        const fatal = checkHeader(header, this.accepts, this.digests, this.#most);
        if (!fatal) this.#begin('header', hlen + digest, TCP.size);
        return fatal;
      }
      case 'header':
        return this.#headerEnds(hlen, digest);
      case 'pad':
        this.#begin('data', this.#length);
        return undefined;
      case 'data':
        if (TCP.get.ddgst(header, 0) === 1) this.#begin('digest', DIGEST_SIZE);
        else return this.#wholePdu(true);
        return undefined;
      case 'digest':
        return this.#wholePdu(this.#dataIsRight());
    }
  }

  #headerEnds(hlen: number, digest: number): Fatal | undefined {
    const { header } = this;
    if (digest > 0 && nvme.HDGST.get.digest(header, hlen) !== crc32c(header, 0, hlen))
      return { fes: FES.headerDigest, fei: nvme.HDGST.get.digest(header, hlen) };
    const plen = TCP.get.plen(header, 0);
    if (plen === hlen + digest) {
      this.#length = 0;
      const answer = this.#sink.header(header, 0);
      if (answer && isFatal(answer)) return answer;
      return this.#wholePdu(true);
    }
    const data = dataOf(header);
    // Terminations carry a header behind theirs, and PDO is reserved in them.
    this.#dataAt = Math.max(data.at, hlen + digest);
    this.#length = plen - this.#dataAt - (TCP.get.ddgst(header, 0) === 1 ? DIGEST_SIZE : 0);
    const answer = this.#sink.header(header, this.#length);
    if (answer && isFatal(answer)) return answer;
    this.#place = answer;
    this.#begin('pad', this.#dataAt, hlen + digest);
    return undefined;
  }

  #dataIsRight(): boolean {
    if (!this.#place) return true;
    const { bytes, at, elsewhere } = this.#place;
    if (elsewhere) return nvme.DDGST.get.digest(this.#digest, 0) === elsewhere(this.#length);
    return nvme.DDGST.get.digest(this.#digest, 0) === crc32c(bytes, at, at + this.#length);
  }

  #wholePdu(isRight: boolean): Fatal | undefined {
    this.#place = undefined;
    this.#begin('common', TCP.size);
    return this.#sink.whole(this.header, isRight);
  }
}
