// Reads pcapng files: sections of blocks. Blocks that carry packets become records, section and interface
// blocks are remembered, all others are handed on whole.

import type { ByteOrder } from '../core/field.js';

import type { AnyHeader } from '../core/header.js';
import { COMMENT_LIMIT, INTERFACE_LIMIT, RECORD_LIMIT, recordLimit } from './bound.js';
import { type CaptureFile, type Format, hex, newFile, type Reading } from './format.js';
import { checkOptions, findOption, optionAt, padded, textOf } from './option.js';
import * as H from './pcapng-header.js';
import type { CaptureInterface } from './record.js';
import { resolution, split } from './timestamp.js';

const { blockTypes, optionCodes } = H;
const HEAD = H.Block.be.size;
const END = H.BlockEnd.be.size;
const MICROSECONDS = resolution(6, false);

/** What words about damage need of a block's header. */
type Described = Pick<AnyHeader, 'title' | 'offset'>;

/** Block types by name, for words about damage, and the fixed part that each must have. */
const KINDS: Readonly<Record<number, readonly [string, number]>> = {
  [blockTypes.section]: ['section header block', H.SectionHeader.be.size],
  [blockTypes.interface]: ['interface description block', H.InterfaceDescription.be.size],
  [blockTypes.obsoletePacket]: ['packet block', H.ObsoletePacket.be.size],
  [blockTypes.simplePacket]: ['simple packet block', H.SimplePacket.be.size],
  [blockTypes.enhancedPacket]: ['enhanced packet block', H.EnhancedPacket.be.size],
};

/** Does a pcapng file begin here? The type of a section header reads the same in both orders. */
export const isPcapng = (b: Uint8Array, at: number): boolean =>
  H.Block.be.get.type(b, at) === blockTypes.section;

export class PcapngFormat implements Format {
  readonly file: CaptureFile = newFile('pcapng', 'le');
  unit = 'pcapng block';
  /** The shortest block; holds the byte-order magic of a section header as well. */
  readonly head = HEAD + END;
  readonly #reading: Reading;
  #order: ByteOrder = 'le';
  #block = H.Block.le.get;
  #packet = H.EnhancedPacket.le.get;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  // hot
  measure(b: Uint8Array, at: number): number {
    if (isPcapng(b, at) && !this.#turn(b, at)) return 0;
    const length = this.#block.totalLength(b, at);
    if (length >= this.head && length % 4 === 0 && length <= RECORD_LIMIT) return length;
    return this.#badLength(this.#block.type(b, at), length);
  }

  #badLength(type: number, length: number): number {
    const code = length > RECORD_LIMIT ? 'limit' : 'bad-value';
    const bound = `a multiple of 4 from ${this.head} to ${RECORD_LIMIT}`;
    const at = H.Block.be.at.totalLength;
    this.#reading.fail(code, nameOf(type), 'totalLength', at, bound, `${length}`);
    return 0;
  }

  /** Takes the byte order of the section that begins here. */
  #turn(b: Uint8Array, at: number): boolean {
    for (const order of ['le', 'be'] as const) {
      if (H.SectionHeader[order].get.byteOrderMagic(b, at + HEAD) !== H.BYTE_ORDER_MAGIC) continue;
      this.#order = order;
      this.#block = H.Block[order].get;
      this.#packet = H.EnhancedPacket[order].get;
      return true;
    }
    const found = hex(H.SectionHeader.be.get.byteOrderMagic(b, at + HEAD));
    const expected = `${hex(H.BYTE_ORDER_MAGIC)} in either order`;
    const name = nameOf(blockTypes.section);
    return this.#reading.fail('bad-value', name, 'byteOrderMagic', HEAD, expected, found);
  }

  // hot
  accept(b: Uint8Array, at: number, end: number): boolean {
    const type = this.#block.type(b, at);
    const bodyEnd = end - END;
    const again = H.BlockEnd[this.#order].get.totalLength(b, bodyEnd);
    if (again !== end - at) {
      const [where, expected] = [bodyEnd - at, `${end - at} as in front`];
      return this.#fail('bad-value', type, 'second totalLength', where, expected, `${again}`);
    }
    const fixed = at + HEAD + (KINDS[type]?.[1] ?? 0);
    if (fixed > bodyEnd) {
      const expected = `at least ${fixed + END - at}`;
      const where = H.Block.be.at.totalLength;
      return this.#fail('bad-value', type, 'totalLength', where, expected, `${end - at}`);
    }
    switch (type) {
      case blockTypes.enhancedPacket:
        return this.#enhanced(b, at, fixed, bodyEnd);
      case blockTypes.simplePacket:
        return this.#simple(b, at, fixed, bodyEnd);
      case blockTypes.obsoletePacket:
        return this.#obsolete(b, at, fixed, bodyEnd);
      case blockTypes.section:
        return this.#section(b, at, fixed, bodyEnd);
      case blockTypes.interface:
        return this.#interface(b, at, fixed, bodyEnd);
      default:
        this.#reading.skipped({ type, bytes: b, at, end, order: this.#order });
        return false;
    }
  }

  // hot
  #enhanced(b: Uint8Array, at: number, fixed: number, bodyEnd: number): boolean {
    const get = this.#packet;
    const body = at + HEAD;
    const { record } = this.#reading;
    record.originalLength = get.originalLength(b, body);
    const captured = get.capturedLength(b, body);
    const id = get.interfaceId(b, body);
    if (!this.#data(b, at, fixed, bodyEnd, captured, id, H.EnhancedPacket.be)) return false;
    const from = this.file.interfaces[id]!;
    split(get.timestampUpper(b, body), get.timestampLower(b, body), from.resolution, record);
    record.seconds += from.offsetSeconds;
    return true;
  }

  #obsolete(b: Uint8Array, at: number, fixed: number, bodyEnd: number): boolean {
    const { get } = H.ObsoletePacket[this.#order];
    const body = at + HEAD;
    const { record } = this.#reading;
    record.originalLength = get.originalLength(b, body);
    const captured = get.capturedLength(b, body);
    const id = get.interfaceId(b, body);
    if (!this.#data(b, at, fixed, bodyEnd, captured, id, H.ObsoletePacket.be)) return false;
    const from = this.file.interfaces[id]!;
    split(get.timestampUpper(b, body), get.timestampLower(b, body), from.resolution, record);
    record.seconds += from.offsetSeconds;
    return true;
  }

  /** Its captured length is not written down: it is bounded by the interface's snapLen. */
  #simple(b: Uint8Array, at: number, fixed: number, bodyEnd: number): boolean {
    const { record } = this.#reading;
    const length = H.SimplePacket[this.#order].get.originalLength(b, at + HEAD);
    const snapLength = this.file.interfaces[0]?.snapLength || RECORD_LIMIT;
    const captured = Math.min(length, snapLength);
    record.originalLength = length;
    if (!this.#data(b, at, fixed, bodyEnd, captured, 0, H.SimplePacket.be)) return false;
    record.optionsEnd = record.optionsAt;
    record.timed = false;
    return true;
  }

  /** Fills in the packet's bytes, interface and options. // hot */
  #data(
    b: Uint8Array,
    at: number,
    fixed: number,
    bodyEnd: number,
    captured: number,
    id: number,
    header: Described,
  ): boolean {
    const from = this.file.interfaces[id];
    if (!from) return this.#noInterface(header, id);
    if (captured > bodyEnd - fixed || captured > recordLimit(from.snapLength)) {
      return this.#badCapture(header, captured, bodyEnd - fixed, from.snapLength);
    }
    const { record } = this.#reading;
    record.bytes = b;
    record.at = fixed;
    record.end = fixed + captured;
    record.optionsAt = fixed + padded(captured);
    record.optionsEnd = bodyEnd;
    record.interfaceId = id;
    record.linkType = from.linkType;
    record.fcsLength = from.fcsLength;
    record.order = this.#order;
    record.flags = 0;
    record.timed = true;
    return record.optionsAt >= bodyEnd || this.#packetOptions(b, at, header);
  }

  #packetOptions(b: Uint8Array, at: number, header: Described): boolean {
    const { record } = this.#reading;
    if (header === H.SimplePacket.be) return true;
    if (!this.#whole(b, at, record.optionsAt, record.optionsEnd, header.title)) return false;
    const { optionsAt, optionsEnd } = record;
    const flags = findOption(b, optionsAt, optionsEnd, this.#order, optionCodes.epb_flags);
    const { get, size } = H.PacketFlags[this.#order];
    if (!flags || flags.end - flags.at !== size) return true;
    record.flags = H.BlockEnd[this.#order].get.totalLength(b, flags.at);
    const fcs = get.fcsLength(b, flags.at);
    if (fcs > 0) record.fcsLength = fcs;
    return true;
  }

  #noInterface(header: Described, id: number): false {
    const known = this.file.interfaces.length;
    const where = HEAD + (header.offset.interfaceId ?? 0);
    const expected = `below ${known}, the interfaces described`;
    return this.#reading.fail(
      'bad-value',
      header.title,
      'interfaceId',
      where,
      expected,
      String(id),
    );
  }

  #badCapture(header: Described, captured: number, room: number, snapLength: number): false {
    const field = header.offset.capturedLength === undefined ? 'originalLength' : 'capturedLength';
    const where = HEAD + header.offset[field]!;
    const limit = recordLimit(snapLength);
    const expected = `at most ${Math.min(room, limit)} bytes`;
    const code = captured > room ? 'bad-value' : 'limit';
    return this.#reading.fail(code, header.title, field, where, expected, `${captured}`);
  }

  #section(b: Uint8Array, at: number, fixed: number, bodyEnd: number): false {
    const major = H.SectionHeader[this.#order].get.majorVersion(b, at + HEAD);
    if (major !== 1) {
      const where = HEAD + H.SectionHeader.be.at.majorVersion;
      return this.#fail('unsupported', blockTypes.section, 'majorVersion', where, '1', `${major}`);
    }
    if (!this.#whole(b, at, fixed, bodyEnd, nameOf(blockTypes.section))) return false;
    const text = (code: number) => this.#texts(b, fixed, bodyEnd, code)[0] ?? '';
    const { file } = this;
    file.order = this.#order;
    file.interfaces = [];
    file.sections++;
    file.hardware = text(optionCodes.shb_hardware);
    file.system = text(optionCodes.shb_os);
    file.application = text(optionCodes.shb_userappl);
    file.comments = this.#texts(b, fixed, bodyEnd, optionCodes.comment);
    return false;
  }

  #interface(b: Uint8Array, at: number, fixed: number, bodyEnd: number): false {
    const { interfaces } = this.file;
    const kind = blockTypes.interface;
    if (interfaces.length >= INTERFACE_LIMIT) {
      return this.#fail('limit', kind, '', 0, `at most ${INTERFACE_LIMIT} a section`, 'more');
    }
    if (!this.#whole(b, at, fixed, bodyEnd, nameOf(kind))) return false;
    const { get } = H.InterfaceDescription[this.#order];
    const text = (code: number) => this.#texts(b, fixed, bodyEnd, code)[0] ?? '';
    const unit = this.#value(b, fixed, bodyEnd, optionCodes.if_tsresol, 1);
    const fcs = this.#value(b, fixed, bodyEnd, optionCodes.if_fcslen, 1);
    const offset = this.#value(b, fixed, bodyEnd, optionCodes.if_tsoffset, H.Number64.be.size);
    const { get: resolve } = H.TimestampResolution[this.#order];
    const found: CaptureInterface = {
      linkType: get.linkType(b, at + HEAD),
      snapLength: get.snapLen(b, at + HEAD),
      fcsLength: fcs < 0 ? -1 : b[fcs]!,
      resolution:
        unit < 0
          ? MICROSECONDS
          : resolution(resolve.exponent(b, unit), resolve.binary(b, unit) > 0),
      offsetSeconds:
        offset < 0 ? 0 : Number(BigInt.asIntN(64, H.Number64[this.#order].get.value(b, offset))),
      name: text(optionCodes.if_name),
      description: text(optionCodes.if_description),
      comments: this.#texts(b, fixed, bodyEnd, optionCodes.comment),
    };
    interfaces.push(found);
    return false;
  }

  /** Where the value of that option begins; -1 where there is none of `size` bytes. */
  #value(b: Uint8Array, from: number, end: number, code: number, size: number): number {
    const option = findOption(b, from, end, this.#order, code);
    return option && option.end - option.at === size ? option.at : -1;
  }

  #texts(b: Uint8Array, from: number, end: number, code: number): string[] {
    const found: string[] = [];
    const order = this.#order;
    for (let o = optionAt(b, from, end, order); o; o = optionAt(b, o.next, end, order)) {
      if (o.code !== code) continue;
      found.push(textOf(b, o.at, o.end));
      if (found.length >= COMMENT_LIMIT) break;
    }
    return found;
  }

  #whole(b: Uint8Array, at: number, from: number, end: number, name: string): boolean {
    const broken = checkOptions(b, from, end, this.#order);
    if (broken < 0) return true;
    const header = H.Option[this.#order];
    const found = broken + header.size > end ? 0 : header.get.length(b, broken);
    const room = `an option within the ${end - broken} bytes that are left`;
    const field = 'option length';
    return this.#reading.fail('bad-value', name, field, broken - at, room, `${found}`);
  }

  #fail(
    code: 'bad-value' | 'limit' | 'unsupported',
    type: number,
    field: string,
    at: number,
    expected: string,
    found: string,
  ): false {
    return this.#reading.fail(code, nameOf(type), field, at, expected, found);
  }
}

const nameOf = (type: number): string => KINDS[type]?.[0] ?? `block of type ${hex(type)}`;
