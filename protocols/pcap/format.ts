// What a reader of one file format has to answer. The reader (reader.ts) keeps chunks and carries what
// straddles them; a format only ever sees whole units.

import type { ByteOrder } from '../core/field.js';
import type { CaptureDamage } from './bound.js';
import type { CaptureInterface, CaptureRecord } from './record.js';

/** The file as far as it has been read. */
export interface CaptureFile {
  readonly format: 'pcap' | 'pcapng';
  /** Byte order of the section being read. */
  order: ByteOrder;
  /** Interfaces of the section being read. */
  interfaces: CaptureInterface[];
  /** Sections begun so far; 1 in pcap files. */
  sections: number;
  /** What the section says of itself. */
  hardware: string;
  system: string;
  application: string;
  comments: string[];
}

/** A block that carries no packet, whole, from its type to its second length. */
export interface SkippedBlock {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly order: ByteOrder;
}

/** What a format may do to its reader. */
export interface Reading {
  readonly record: CaptureRecord;
  /** Notes damage `at` bytes into the unit being read. Always false, so that formats can return it. */
  fail(
    code: CaptureDamage['code'],
    what: string,
    field: string,
    at: number,
    expected: string,
    found: string,
  ): false;
  skipped(block: SkippedBlock): void;
}

export interface Format {
  readonly file: CaptureFile;
  /** What is being read, for words about truncation. */
  readonly unit: string;
  /** Bytes that `measure` must see. */
  readonly head: number;
  /** Size of the unit at `at`; 0 when it is damaged. */
  measure(b: Uint8Array, at: number): number;
  /** Takes one whole unit; true when it is a record and the reading's record is filled. */
  accept(b: Uint8Array, at: number, end: number): boolean;
}

/** A number as damage shows it. */
export const hex = (value: number): string => `${value.toString(16).toUpperCase()}h`;

export const newFile = (format: CaptureFile['format'], order: ByteOrder): CaptureFile => ({
  format,
  order,
  interfaces: [],
  sections: format === 'pcap' ? 1 : 0,
  hardware: '',
  system: '',
  application: '',
  comments: [],
});
