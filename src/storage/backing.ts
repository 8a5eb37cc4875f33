// Volumes as people name them on a command line: NAME=SIZE[,BACKING], and the volume behind each.

import { MemoryVolume } from './memory-volume.js';
import { MOST_BYTES, type Volume } from './volume.js';

/** What stands behind a volume. */
export type Backing = { readonly kind: 'memory' };

export interface VolumeSpec {
  readonly name: string;
  /** Undefined: as large as what is behind it. */
  readonly size: number | undefined;
  readonly backing: Backing;
}

/** A volume that was opened; `close` flushes it. */
export interface OpenVolume {
  readonly volume: Volume;
  close(): Promise<void>;
}

/** NBD: a name has at most 4096 bytes; this leaves room for any of UTF-8. */
const LONGEST_NAME = 1024;

/** @throws RangeError saying what was expected */
export function parseVolume(text: string): VolumeSpec {
  const [, name, rest] = /^([^=,]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || rest === undefined || name.length > LONGEST_NAME)
    throw new RangeError(`'${text}' is no volume: expected NAME=SIZE[,BACKING]`);
  const comma = rest.indexOf(',');
  const first = comma < 0 ? rest : rest.slice(0, comma);
  const hasSize = !/^(memory|file|nbd)/.test(first);
  const size = hasSize ? parseSize(first) : undefined;
  const behind = hasSize ? (comma < 0 ? 'memory:' : rest.slice(comma + 1)) : rest;
  const backing = parseBacking(behind);
  if (size === undefined && backing.kind === 'memory')
    throw new RangeError(`'${text}': a volume in memory needs a size, such as ${name}=64M`);
  return { name, size, backing };
}

function parseBacking(text: string): Backing {
  if (text === 'memory:' || text === 'memory') return { kind: 'memory' };
  throw new RangeError(`'${text}' is no backing: expected memory:`);
}

const UNITS = 'KMGT';

/** '4096', '64K', '1.5G', '10GiB': powers of 1024. @throws RangeError */
export function parseSize(text: string): number {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)(?:([KMGT])(?:iB)?|B)?$/i.exec(text) ?? [];
  if (digits === undefined)
    throw new RangeError(`'${text}' is no size: expected bytes, or a number with K, M, G or T`);
  const size = Number(digits) * 1024 ** (unit ? UNITS.indexOf(unit.toUpperCase()) + 1 : 0);
  if (!Number.isInteger(size) || size < 1 || size > MOST_BYTES)
    throw new RangeError(`'${text}' is no size: expected 1 to ${MOST_BYTES} whole bytes`);
  return size;
}

/** Opens what a specification names. @throws Error that says why it cannot be */
export async function openVolume({ name, size, backing }: VolumeSpec): Promise<OpenVolume> {
  switch (backing.kind) {
    case 'memory': {
      const volume = new MemoryVolume(size!, name);
      return { volume, close: async () => {} };
    }
  }
}
