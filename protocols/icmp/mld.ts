// Multicast listener discovery: version 1 (RFC 2710) and version 2 (RFC 3810), behind the head of ICMPv6.

import { flag, ipv6Address, reserved, rest, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { type Protocol, protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { countOf, listed } from '../ip/derivation.js';
import { takePart } from '../ip/option-list.js';
import { takeMany } from './list.js';

const named = (key: string, title: string, section: string) => ({
  key,
  family: 'mld',
  title,
  section,
});
const multicastAddress = (alias: string) =>
  ipv6Address('multicastAddress', 'group; zero in general queries', { alias });

export const MLD = header(
  'MLD',
  [
    uint(16, 'maxResponseDelay', 'within which to report', {
      unit: 'ms',
      alias: 'icmpv6.mld.maximum_response_delay',
    }),
    reserved(16),
    multicastAddress('icmpv6.mld.multicast_address'),
  ],
  named('mld', 'MLD version 1 query, report and done', 'RFC 2710 3'),
);
export const mld = protocol(MLD);

export const MLDQuery2 = header(
  'MLDQuery2',
  [
    uint(16, 'maxResponseCode', 'milliseconds, or a floating-point number from 32768 on', {
      alias: 'icmpv6.mld.maximum_response_code',
    }),
    reserved(16),
    multicastAddress('icmpv6.mld.multicast_address'),
    word(
      reserved(4),
      flag('s', 'suppress router-side processing', { alias: 'icmpv6.mld.flag.s' }),
      uint(3, 'qrv', "querier's robustness variable", { alias: 'icmpv6.mld.flag.qrv' }),
    ),
    uint(8, 'qqic', "querier's query interval code", { alias: 'icmpv6.mld.qqi' }),
    uint(16, 'numberOfSources', 'that follow', { alias: 'icmpv6.mld.nb_sources' }),
  ],
  named('mld-query2', 'MLD version 2 query', 'RFC 3810 5.1'),
);
export const mldQuery2 = protocol(MLDQuery2, {
  read(walk) {
    const at = walk.take(mldQuery2);
    if (at < 0) return null;
    const count = MLDQuery2.get.numberOfSources(walk.bytes, at);
    return takeMany(walk, mldSource, count) ? undefined : null;
  },
  derive: { numberOfSources: countOf('mld-source') },
});

export const MLDReport2 = header(
  'MLDReport2',
  [
    reserved(16),
    uint(16, 'numberOfRecords', 'that follow', { alias: 'icmpv6.mldr.nb_mcast_records' }),
  ],
  named('mld-report2', 'MLD version 2 report', 'RFC 3810 5.2'),
);
export const mldReport2 = protocol(MLDReport2, {
  read(walk) {
    const at = walk.take(mldReport2);
    if (at < 0) return null;
    let left = MLDReport2.get.numberOfRecords(walk.bytes, at);
    while (left > 0 && readRecord(walk)) left--;
    return left === 0 ? undefined : null;
  },
  derive: {
    numberOfRecords: {
      kind: 'count',
      value: (scene, index) =>
        listed(scene, index, 'mld-record', 'mld-source', 'mld-aux').filter(
          ({ key }) => key === 'mld-record',
        ).length,
    },
  },
});

/** RFC 3810 5.2.5 and 5.2.12. */
export const recordTypes = {
  1: 'MODE_IS_INCLUDE',
  2: 'MODE_IS_EXCLUDE',
  3: 'CHANGE_TO_INCLUDE',
  4: 'CHANGE_TO_EXCLUDE',
  5: 'ALLOW_NEW_SOURCES',
  6: 'BLOCK_OLD_SOURCES',
} as const;

export const MLDRecord = header(
  'MLDRecord',
  [
    uint(8, 'recordType', 'what the sources mean', {
      names: recordTypes,
      alias: 'icmpv6.mldr.mar.record_type',
    }),
    uint(8, 'auxDataLen', 'of the auxiliary data', {
      unit: '4 bytes',
      alias: 'icmpv6.mldr.mar.aux_data_len',
    }),
    uint(16, 'numberOfSources', 'that follow', { alias: 'icmpv6.mldr.mar.nb_sources' }),
    multicastAddress('icmpv6.mldr.mar.multicast_address'),
  ],
  named('mld-record', 'MLD version 2: multicast address record', 'RFC 3810 5.2'),
);
/** Auxiliary data counts in these. */
const WORD_BYTES = 4;

export const mldRecord = protocol(MLDRecord, {
  partOf: 'mld-report2',
  derive: {
    auxDataLen: {
      kind: 'length',
      value(scene, index) {
        const aux = listed(scene, index, 'mld-source', 'mld-aux').at(-1);
        return aux?.key === 'mld-aux' ? Math.ceil((aux.end - aux.at) / WORD_BYTES) : 0;
      },
    },
    numberOfSources: countOf('mld-source'),
  },
});

export const MLDSource = header(
  'MLDSource',
  [ipv6Address('address', 'of a source', { alias: 'icmpv6.mld.source_address' })],
  named('mld-source', 'MLD version 2: one source', 'RFC 3810 5.1'),
);
export const mldSource = protocol(MLDSource, { partOf: ['mld-query2', 'mld-report2'] });

export const MLDAuxiliaryData = header(
  'MLDAuxiliaryData',
  [rest('data', 'none is defined', { alias: 'icmpv6.mldr.mar.auxiliary_data' })],
  named('mld-aux', 'MLD version 2: auxiliary data of a record', 'RFC 3810 5.2.10'),
);
export const mldAuxiliaryData = protocol(MLDAuxiliaryData, { partOf: 'mld-report2' });

/** One record with its sources; false where the walk stopped. */
function readRecord(walk: Walk): boolean {
  const { at } = walk;
  if (!takeMany(walk, mldRecord, 1)) return false;
  const { bytes } = walk;
  if (!takeMany(walk, mldSource, MLDRecord.get.numberOfSources(bytes, at))) return false;
  const size = MLDRecord.get.auxDataLen(bytes, at) * WORD_BYTES;
  const before = walk.at;
  walk.depth++;
  if (size > 0) takePart(walk, mldAuxiliaryData, size);
  walk.depth--;
  return walk.at === before + size;
}

/** In the order of the documentation. */
export const mldProtocols: readonly Protocol[] = [
  mld,
  mldQuery2,
  mldReport2,
  mldRecord,
  mldSource,
  mldAuxiliaryData,
];
