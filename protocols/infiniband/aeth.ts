// AETH (IBA 9.3.5): what the responder says of a request. Its syndrome is a type and a five-bit value whose
// meaning depends on the type, so that the names here are those of the whole byte.

import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';

/** Which kind of answer an AETH's syndrome is (IBA 9.7.5.2.4). */
export type SyndromeType = 'ACK' | 'RNR_NAK' | 'RESERVED' | 'NAK';

/** The types in the order of their code in bits 6 and 5 (IBA table 44). */
const types: readonly SyndromeType[] = ['ACK', 'RNR_NAK', 'RESERVED', 'NAK'];

/** Values of five bits. */
const VALUES = 32;

/** How long to wait before trying again, in microseconds, by code (IBA table 45). Code 0 is the longest. */
export const rnrTimersUs: readonly number[] = [
  655360, 10, 20, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960, 1280, 1920, 2560, 3840, 5120,
  7680, 10240, 15360, 20480, 30720, 40960, 61440, 81920, 122880, 163840, 245760, 327680, 491520,
];

/** Receive queue entries by credit code (IBA table 46); code 31 says nothing of credits. */
export const creditCounts: readonly number[] = [
  0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048,
  3072, 4096, 6144, 8192, 12288, 16384, 24576, 32768,
];

/** Why a request was refused (IBA table 47). */
export const nakCodes: readonly string[] = [
  'PSN_SEQUENCE_ERROR',
  'INVALID_REQUEST',
  'REMOTE_ACCESS_ERROR',
  'REMOTE_OPERATIONAL_ERROR',
  'INVALID_RD_REQUEST',
];

/** The parts of a syndrome. `type` is RESERVED as well where the byte's first bit is set. */
export function syndromeParts(syndrome: number): { type: SyndromeType; value: number } {
  return { type: types[Math.floor(syndrome / VALUES)] ?? 'RESERVED', value: syndrome % VALUES };
}

/** The syndrome of a type and its value (credit code, timer code or NAK code). */
export const syndromeOf = (type: SyndromeType, value: number): number =>
  types.indexOf(type) * VALUES + value;

function nameOfSyndrome(syndrome: number): string | undefined {
  const { type, value } = syndromeParts(syndrome);
  if (type === 'RNR_NAK') return `RNR_NAK_${rnrTimersUs[value]}_US`;
  if (type === 'NAK') return nakCodes[value] && `NAK_${nakCodes[value]}`;
  if (type === 'RESERVED') return undefined;
  return creditCounts[value] === undefined ? 'ACK' : `ACK_CREDITS_${creditCounts[value]}`;
}

/** Names of all syndromes that are not reserved. */
export const syndromes: Readonly<Record<number, string>> = Object.fromEntries(
  Array.from({ length: 256 }, (_, code) => [code, nameOfSyndrome(code)]).filter(([, name]) => name),
);

export const AETH = header(
  'AETH',
  [
    uint(8, 'syndrome', 'ACK with credits, RNR NAK with timer, or NAK with reason', {
      format: 'hex',
      names: syndromes,
      alias: 'infiniband.aeth.syndrome',
    }),
    uint(24, 'msn', 'messages completed by the responder', { alias: 'infiniband.aeth.msn' }),
  ],
  { family: 'infiniband', title: 'ACK Extended Transport Header', section: 'IBA 9.3.5' },
);

const { get } = AETH;

export const aeth = protocol(AETH, {
  continues: true,
  verify(scene, index, report) {
    const syndrome = scene.layers[index]!.number('syndrome');
    if (syndromes[syndrome] === undefined) {
      report('syndrome', `0x${syndrome.toString(16)} is reserved`);
    }
  },
  // hot
  info: ({ bytes, at }) =>
    `${syndromes[get.syndrome(bytes, at)] ?? 'reserved syndrome'}, MSN ${get.msn(bytes, at)}`,
});
