// Writes pcap files: nanoseconds and little-endian unless told otherwise.

import type { ByteOrder } from '../core/field.js';
import { RECORD_LIMIT, USUAL_RECORD_LIMIT } from './bound.js';
import type { PacketToWrite } from './packet.js';
import { PcapFile, PcapRecord, pcapMagic } from './pcap-header.js';
import { Sink } from './sink.js';

/** Byte order, resolution and link type of a pcap file. */
export interface PcapWriterOptions {
  readonly order?: ByteOrder;
  /** False: microseconds, for old readers. */
  readonly nanoseconds?: boolean;
  readonly linkType?: number;
  readonly snapLength?: number;
  /** Bytes of FCS at the end of each packet, where it is known; even. */
  readonly fcsLength?: number;
}

/** Writes a pcap file: `packet` for each packet, `take` for the file's next bytes. */
export class PcapWriter {
  readonly #sink = new Sink();
  readonly #set;
  readonly #nanosAFraction: number;

  constructor(options: PcapWriterOptions = {}) {
    const { order = 'le', nanoseconds = true, linkType = 1, fcsLength } = options;
    this.#set = PcapRecord[order].set;
    this.#nanosAFraction = nanoseconds ? 1 : 1000;
    const header = {
      magicNumber: nanoseconds ? pcapMagic.nanoseconds : pcapMagic.microseconds,
      majorVersion: 2,
      minorVersion: 4,
      snapLen: options.snapLength ?? USUAL_RECORD_LIMIT,
      linkType,
      fcsPresent: fcsLength === undefined ? 0 : 1,
      fcsLen: (fcsLength ?? 0) / 2,
    };
    PcapFile[order].encode(header, this.#sink.grow(PcapFile[order].size), 0);
  }

  /** Bytes that wait to be taken. */
  get pending(): number {
    return this.#sink.pending;
  }

  /** @throws RangeError when the packet is longer than any reader takes */
  packet(packet: PacketToWrite): void {
    const { bytes, at = 0, end = bytes.length, seconds = 0, nanoseconds = 0 } = packet;
    const length = end - at;
    if (length > RECORD_LIMIT) throw new RangeError(`a packet of ${length} bytes is too long`);
    const place = this.#sink.pending;
    const into = this.#sink.grow(PcapRecord.be.size + length);
    const set = this.#set;
    set.seconds(into, place, seconds);
    set.fraction(into, place, Math.floor(nanoseconds / this.#nanosAFraction));
    set.capturedLength(into, place, length);
    set.originalLength(into, place, packet.originalLength ?? length);
    into.set(bytes.subarray(at, end), place + PcapRecord.be.size);
  }

  /** The file's next bytes: what was written since the last call. */
  take(): Uint8Array {
    return this.#sink.take();
  }
}
