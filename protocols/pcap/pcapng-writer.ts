// Writes pcapng files: one or more sections, interfaces, enhanced packets with nanoseconds, comments and the
// usual options. Little-endian unless told otherwise.

import type { ByteOrder } from '../core/field.js';
import { RECORD_LIMIT } from './bound.js';
import { erfHead, LINKTYPE_ERF } from './erf.js';
import { padded } from './option.js';
import type { PacketToWrite } from './packet.js';
import * as H from './pcapng-header.js';
import { Sink } from './sink.js';
import { toNanoseconds } from './timestamp.js';

const { blockTypes, optionCodes } = H;
const encoder = new TextEncoder();
const NOT_KNOWN = 0xffff_ffff_ffff_ffffn;
const NANOSECONDS_EXPONENT = 9;
const NOTHING: Uint8Array = new Uint8Array(0);

/** A section header of a pcapng file. */
export interface SectionToWrite {
  readonly comments?: readonly string[];
  readonly hardware?: string;
  readonly system?: string;
  readonly application?: string;
}

/** An interface description of a pcapng file. */
export interface InterfaceToWrite {
  readonly linkType?: number;
  /** InfiniBand as records of Endace's cards, which tshark reads; flow-control packets go in no other way. */
  readonly erf?: boolean;
  /** 0 for no limit. */
  readonly snapLength?: number;
  readonly name?: string;
  readonly description?: string;
  /** Bytes of FCS at the end of each packet, where it is known. */
  readonly fcsLength?: number;
  /** Seconds that readers add to each timestamp; they are taken off again when packets are written. */
  readonly offsetSeconds?: number;
  readonly comments?: readonly string[];
}

/** An option's code and its value. */
type OptionToWrite = readonly [code: number, value: Uint8Array];

/** Writes a pcapng file: `interface` and `packet` as they come, `take` for the file's next bytes. */
export class PcapngWriter {
  readonly #sink = new Sink();
  readonly #order: ByteOrder;
  /** Interfaces of this section. */
  #interfaces: { readonly offset: number; readonly linkType: number; readonly erf: boolean }[] = [];

  /** Begins the file and its first section. */
  constructor(section: SectionToWrite = {}, order: ByteOrder = 'le') {
    this.#order = order;
    this.section(section);
  }

  /** Bytes that wait to be taken. */
  get pending(): number {
    return this.#sink.pending;
  }

  /** Begins another section, with interfaces of its own. */
  section(section: SectionToWrite = {}): void {
    this.#interfaces = [];
    const options = [
      ...texts(optionCodes.comment, section.comments),
      ...texts(optionCodes.shb_hardware, section.hardware),
      ...texts(optionCodes.shb_os, section.system),
      ...texts(optionCodes.shb_userappl, section.application),
    ];
    const header = H.SectionHeader[this.#order].encode({
      byteOrderMagic: H.BYTE_ORDER_MAGIC,
      majorVersion: 1,
      sectionLength: NOT_KNOWN,
    });
    this.#block(blockTypes.section, header, options);
  }

  /** Describes an interface with timestamps in nanoseconds and returns its number. */
  interface(described: InterfaceToWrite = {}): number {
    const { linkType = 1, snapLength = 0, fcsLength, offsetSeconds = 0, erf = false } = described;
    const order = this.#order;
    const resolution = H.TimestampResolution[order].encode({ exponent: NANOSECONDS_EXPONENT });
    const options: OptionToWrite[] = [
      ...texts(optionCodes.comment, described.comments),
      ...texts(optionCodes.if_name, described.name),
      ...texts(optionCodes.if_description, described.description),
      [optionCodes.if_tsresol, resolution],
    ];
    if (fcsLength !== undefined) options.push([optionCodes.if_fcslen, Uint8Array.of(fcsLength)]);
    if (offsetSeconds !== 0) {
      const value = BigInt.asUintN(64, BigInt(offsetSeconds));
      options.push([optionCodes.if_tsoffset, H.Number64[order].encode({ value })]);
    }
    const header = H.InterfaceDescription[order].encode({
      linkType: erf ? LINKTYPE_ERF : linkType,
      snapLen: snapLength,
    });
    this.#block(blockTypes.interface, header, options);
    return this.#interfaces.push({ offset: offsetSeconds, linkType, erf }) - 1;
  }

  /** @throws RangeError when the interface is not described or the packet is longer than any reader takes */
  packet(packet: PacketToWrite): void {
    const { bytes, at = 0, end = bytes.length, interfaceId = 0 } = packet;
    const from = this.#interfaces[interfaceId];
    if (from === undefined) throw new RangeError(`interface ${interfaceId} is not described`);
    const { seconds: since = 0, nanoseconds = 0 } = packet;
    const head = from.erf ? erfHead(from.linkType, end - at, since, nanoseconds) : NOTHING;
    const length = head.length + end - at;
    const time = toNanoseconds({ seconds: since - from.offset, nanoseconds });
    const header = H.EnhancedPacket[this.#order].encode({
      interfaceId,
      timestampUpper: Number(BigInt.asUintN(64, time) >> 32n),
      timestampLower: Number(BigInt.asUintN(32, time)),
      capturedLength: length,
      originalLength: head.length + (packet.originalLength ?? end - at),
    });
    this.#block(blockTypes.enhancedPacket, header, this.#options(packet), bytes, at, end, head);
  }

  /** A block of any other type, as a reader hands it on, without its type and lengths. */
  block(type: number, body: Uint8Array): void {
    this.#block(type, body, []);
  }

  /** The file's next bytes: what was written since the last call. */
  take(): Uint8Array {
    return this.#sink.take();
  }

  #options(packet: PacketToWrite): OptionToWrite[] {
    const { comments = [], flags = 0, dropCount } = packet;
    if (comments.length === 0 && flags === 0 && dropCount === undefined) return [];
    const order = this.#order;
    const options = [...texts(optionCodes.comment, comments)];
    // A flags word is one 32-bit number, as is the length that ends a block.
    const word = H.BlockEnd[order].encode({ totalLength: flags });
    if (flags !== 0) options.push([optionCodes.epb_flags, word]);
    if (dropCount !== undefined) {
      options.push([optionCodes.epb_dropcount, H.Number64[order].encode({ value: dropCount })]);
    }
    return options;
  }

  #block(
    type: number,
    fixed: Uint8Array,
    options: readonly OptionToWrite[],
    data?: Uint8Array,
    from = 0,
    to = 0,
    head: Uint8Array = NOTHING,
  ): void {
    const order = this.#order;
    const { Block, BlockEnd, Option } = H;
    const dataAt = Block.be.size + padded(fixed.length);
    const optionsAt = dataAt + padded(head.length + to - from);
    const values = options.reduce((sum, [, v]) => sum + Option.be.size + padded(v.length), 0);
    const optionsSize = values > 0 ? values + Option.be.size : 0;
    const totalLength = optionsAt + optionsSize + BlockEnd.be.size;
    if (totalLength > RECORD_LIMIT) {
      throw new RangeError(`a block of ${totalLength} bytes is too long`);
    }
    const place = this.#sink.pending;
    const into = this.#sink.grow(totalLength);
    Block[order].encode({ type, totalLength }, into, place);
    into.set(fixed, place + Block.be.size);
    into.set(head, place + dataAt);
    if (data) into.set(data.subarray(from, to), place + dataAt + head.length);
    let at = place + optionsAt;
    for (const [code, value] of options) {
      Option[order].encode({ code, length: value.length }, into, at);
      into.set(value, at + Option.be.size);
      at += Option.be.size + padded(value.length);
    }
    BlockEnd[order].encode({ totalLength }, into, place + totalLength - BlockEnd.be.size);
  }
}

function texts(code: number, given: string | readonly string[] | undefined): OptionToWrite[] {
  const list = typeof given === 'string' ? [given] : (given ?? []);
  return list.map((text) => [code, encoder.encode(text)] as const);
}
