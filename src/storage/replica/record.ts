// Which copies of a volume are whole, as each node keeps it behind its copy. Of several records the latest counts; it says
// which nodes must have been asked before one may know that it is the latest.

import { crc32c } from '../../../protocols/core/checksum/index.js';
import { bytes, flag, reserved, uint, word } from '../../../protocols/core/field.js';
import { header } from '../../../protocols/core/header.js';

const MAGIC = 0x57565243;
const LIFE_BYTES = 16;
const life = <N extends string>(name: N) =>
  bytes(LIFE_BYTES, name, 'boot identifier of the node then; zeroes: it has none');

export const ReplicaRecord = header(
  'ReplicaRecord',
  [
    uint(32, 'magic', '57565243', { format: 'hex' }),
    uint(48, 'generation', 'counts records'),
    word(
      flag('whole0', 'the copy of the node that has the volume is whole'),
      flag('whole1', 'that of the second node'),
      flag('whole2', 'that of the third'),
      reserved(13),
    ),
    uint(48, 'cache', 'another number when what was not flushed may be gone'),
    life('life0'),
    life('life1'),
    life('life2'),
    uint(32, 'crc', 'CRC-32C', { format: 'hex' }),
  ],
  { section: 'src/storage/replica/README.md' },
);

/** A record has a block of its own, so that it is there or not. */
export const RECORD_BYTES = 4096;
const CRC_BYTES = 4;

export interface SetRecord {
  readonly generation: number;
  /** By node. */
  readonly whole: readonly boolean[];
  readonly lives: readonly Uint8Array[];
  readonly cache: number;
}

export function writeRecord({ generation, whole, lives, cache }: SetRecord): Uint8Array {
  const b = new Uint8Array(RECORD_BYTES);
  const is = (node: number) => (whole[node] ? 1 : 0);
  const of = (node: number) => lives[node] ?? new Uint8Array(LIFE_BYTES);
  const fields = { magic: MAGIC, generation, whole0: is(0), whole1: is(1), whole2: is(2), cache };
  ReplicaRecord.encode({ ...fields, life0: of(0), life1: of(1), life2: of(2), crc: 0 }, b, 0);
  ReplicaRecord.set.crc(b, 0, crc32c(b, 0, ReplicaRecord.size - CRC_BYTES));
  return b;
}

/** Undefined where there is none, or none that is whole. */
export function readRecord(b: Uint8Array): SetRecord | undefined {
  const { magic, crc } = ReplicaRecord.get;
  if (magic(b, 0) !== MAGIC || crc(b, 0) !== crc32c(b, 0, ReplicaRecord.size - CRC_BYTES))
    return undefined;
  const f = ReplicaRecord.decode(b, 0);
  return {
    generation: f.generation,
    whole: [f.whole0, f.whole1, f.whole2].map((bit) => bit === 1),
    lives: [f.life0, f.life1, f.life2],
    cache: f.cache,
  };
}
