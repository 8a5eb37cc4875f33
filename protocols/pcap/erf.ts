// Records of Endace's cards (link type 197), which carry InfiniBand in capture files: tshark reads link type 247 in none
// of its versions up to 4.0, but these, and they have a place for the link's own packets. Only what carries InfiniBand
// is opened here; other records stay what they are (Endace's "ERF types reference guide").

import { flag, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import type { CaptureRecord } from './record.js';

export const LINKTYPE_ERF = 197;
const LINKTYPE_INFINIBAND = 247;
/** Pseudo link type of InfiniBand's flow-control packets, outside the 16 bits of real ones. */
export const LINKTYPE_INFINIBAND_FLOW = 0x10000 + LINKTYPE_INFINIBAND;

/** The time stamp alone is little-endian: seconds and 2^-32 seconds. */
export const ErfTime = header(
  'ErfTime',
  [uint(32, 'fraction', 'of a second'), uint(32, 'seconds', 'since 1970', { unit: 's' })],
  { key: 'erf-time', family: 'erf', title: 'time stamp of an ERF record', order: 'le' },
);

const recordTypes = { 21: 'INFINIBAND', 25: 'INFINIBAND_LINK' } as const;

export const ErfRecord = header(
  'ErfRecord',
  [
    word(
      flag('extended', 'extension headers follow'),
      uint(7, 'type', 'what was captured', { names: recordTypes }),
    ),
    uint(8, 'flags', 'direction and errors', { format: 'hex' }),
    uint(16, 'recordLength', 'with this header', { unit: 'bytes' }),
    uint(16, 'losses', 'records lost before this one'),
    uint(16, 'wireLength', 'packet as it was on the wire', { unit: 'bytes' }),
  ],
  { key: 'erf', family: 'erf', title: 'record of an Endace card' },
);

const HEAD = ErfTime.size + ErfRecord.size;
/** Extension headers have eight bytes; the first bit of each says that another one follows. */
const ErfExtension = header('ErfExtension', [
  word(flag('more', 'another one follows'), uint(31, 'high', 'depends on the type')),
  uint(32, 'low', 'depends on the type'),
]);
const MOST_EXTENSIONS = 8;

const linkTypeOf: Readonly<Record<number, number>> = {
  21: LINKTYPE_INFINIBAND,
  25: LINKTYPE_INFINIBAND_FLOW,
};
const typeOf: Readonly<Record<number, number>> = {
  [LINKTYPE_INFINIBAND]: 21,
  [LINKTYPE_INFINIBAND_FLOW]: 25,
};

/** A record that holds an InfiniBand packet becomes that packet; any other stays as it is. */
export function openErf(record: CaptureRecord): void {
  const { bytes, at, end } = record;
  if (end - at < HEAD) return;
  const head = at + ErfTime.size;
  const linkType = linkTypeOf[ErfRecord.get.type(bytes, head)];
  if (linkType === undefined) return;
  let from = at + HEAD;
  let more = ErfRecord.get.extended(bytes, head) === 1;
  for (let i = 0; more; i++) {
    if (i === MOST_EXTENSIONS || from + ErfExtension.size > end) return;
    more = ErfExtension.get.more(bytes, from) === 1;
    from += ErfExtension.size;
  }
  const wireLength = ErfRecord.get.wireLength(bytes, head);
  record.linkType = linkType;
  record.at = from;
  // Records are filled up to a multiple of eight bytes.
  record.end = Math.min(end, from + wireLength);
  record.originalLength = wireLength;
}

const NANOSECONDS = 1e9;

/** The record header in front of a packet of `linkType`. @throws RangeError when no record carries such packets */
export function erfHead(
  linkType: number,
  length: number,
  seconds: number,
  nanoseconds: number,
): Uint8Array {
  const type = typeOf[linkType];
  if (type === undefined) throw new RangeError(`no ERF record carries link type ${linkType}`);
  const head = new Uint8Array(HEAD);
  // Rounded up, because readers round down to nanoseconds.
  const fraction = Math.ceil((nanoseconds * 2 ** 32) / NANOSECONDS);
  ErfTime.encode({ fraction, seconds }, head);
  ErfRecord.encode(
    { type, flags: VARIABLE_LENGTH, recordLength: HEAD + length, wireLength: length },
    head,
    ErfTime.size,
  );
  return head;
}
/** Records are as long as their packets. */
const VARIABLE_LENGTH = 4;
