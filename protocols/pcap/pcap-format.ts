// Reads pcap files: a header, then records to the end of the file.

import type { ByteOrder } from '../core/field.js';
import { recordLimit } from './bound.js';
import { type CaptureFile, type Format, hex, newFile, type Reading } from './format.js';
import { PcapFile, PcapModifiedRecord, PcapRecord, pcapMagic } from './pcap-header.js';
import type { CaptureInterface } from './record.js';
import { resolution } from './timestamp.js';

const NAME = 'pcap file header';
const RECORD = 'pcap record';

/** The byte order of a pcap file that begins with these four bytes; null when it is none. */
export function pcapOrder(b: Uint8Array, at: number): ByteOrder | null {
  for (const order of ['le', 'be'] as const) {
    const magic = PcapFile[order].get.magicNumber(b, at);
    if (Object.values<number>(pcapMagic).includes(magic)) return order;
  }
  return null;
}

export class PcapFormat implements Format {
  readonly file: CaptureFile;
  unit = NAME;
  head = PcapFile.be.size;
  readonly #reading: Reading;
  readonly #header;
  readonly #recordSize;
  readonly #nanosAFraction;
  #opened = false;
  #limit = 0;
  #snapLength = 0;
  #linkType = 1;

  constructor(order: ByteOrder, magic: number, reading: Reading) {
    this.file = newFile('pcap', order);
    this.#reading = reading;
    this.#header = PcapRecord[order].get;
    const modified = magic === pcapMagic.modified;
    this.#recordSize = PcapRecord.be.size + (modified ? PcapModifiedRecord.be.size : 0);
    this.#nanosAFraction = magic === pcapMagic.nanoseconds ? 1 : 1000;
  }

  // hot
  measure(b: Uint8Array, at: number): number {
    if (!this.#opened) return this.head;
    const length = this.#header.capturedLength(b, at);
    if (length <= this.#limit) return this.#recordSize + length;
    const bound = `at most ${this.#limit} bytes (snapLen ${this.#snapLength})`;
    const where = PcapRecord.be.at.capturedLength;
    this.#reading.fail('limit', RECORD, 'capturedLength', where, bound, `${length}`);
    return 0;
  }

  // hot
  accept(b: Uint8Array, at: number, end: number): boolean {
    if (!this.#opened) return this.#open(b, at);
    const { record } = this.#reading;
    const get = this.#header;
    record.bytes = b;
    record.at = at + this.#recordSize;
    record.end = end;
    record.linkType = this.#linkType;
    record.seconds = get.seconds(b, at);
    record.nanoseconds = get.fraction(b, at) * this.#nanosAFraction;
    record.originalLength = get.originalLength(b, at);
    return true;
  }

  #open(b: Uint8Array, at: number): false {
    const { order } = this.file;
    const { get } = PcapFile[order];
    const major = get.majorVersion(b, at);
    if (major !== 2) {
      const where = PcapFile.be.at.majorVersion;
      return this.#reading.fail('unsupported', NAME, 'majorVersion', where, '2', hex(major));
    }
    const { record } = this.#reading;
    const found: CaptureInterface = {
      linkType: get.linkType(b, at),
      snapLength: get.snapLen(b, at),
      fcsLength: get.fcsPresent(b, at) ? get.fcsLen(b, at) * 2 : -1,
      resolution: resolution(this.#nanosAFraction === 1 ? 9 : 6, false),
      offsetSeconds: 0,
      name: '',
      description: '',
      comments: [],
    };
    this.file.interfaces.push(found);
    record.order = order;
    this.#linkType = found.linkType;
    record.fcsLength = found.fcsLength;
    this.#snapLength = found.snapLength;
    this.#limit = recordLimit(found.snapLength);
    this.#opened = true;
    this.unit = RECORD;
    this.head = this.#recordSize;
    return false;
  }
}
