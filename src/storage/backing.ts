// Volumes as people name them on a command line: NAME=SIZE[,BACKING], and the volume behind each.

import { existsSync } from 'node:fs';
import { type BlockStore, durably, openStore } from './file/index.js';
import { MemoryVolume } from './memory-volume.js';
import { RemoteVolume } from './nbd/remote-volume.js';
import { type NbdUri, parseNbdUri } from './nbd/uri.js';
import { MOST_BYTES, OK, operate, type Volume } from './volume.js';

/** What stands behind a volume. */
export type Backing =
  | { readonly kind: 'memory' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'nbd'; readonly uri: NbdUri };

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
  const path = /^file:(.+)$/s.exec(text)?.[1];
  if (path !== undefined) return { kind: 'file', path };
  if (/^nbd/.test(text)) return { kind: 'nbd', uri: parseNbdUri(text) };
  throw new RangeError(`'${text}' is no backing: expected memory:, file:PATH or an nbd:// URI`);
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
export async function openVolume(
  { name, size, backing }: VolumeSpec,
  onChange: (what: string) => void = () => {},
): Promise<OpenVolume> {
  switch (backing.kind) {
    case 'memory': {
      const volume = new MemoryVolume(size!, name);
      return { volume, close: async () => {} };
    }
    case 'file':
      return openFile(name, size, backing.path);
    case 'nbd':
      return openRemote(name, size, backing.uri, onChange);
  }
}

async function openRemote(
  name: string,
  size: number | undefined,
  uri: NbdUri,
  onChange: (what: string) => void,
): Promise<OpenVolume> {
  const volume = await RemoteVolume.open(uri, { onChange });
  if (size !== undefined && size !== volume.size) {
    volume.close();
    throw new RangeError(`'${name}' shall have ${size} bytes, and the export has ${volume.size}`);
  }
  const close = async () => {
    const error = await operate(volume, 'flush');
    volume.close();
    if (error !== OK) throw new RangeError(`flushing ${name} failed (error ${error})`);
  };
  return { volume, close };
}

/** A volume of that name in a store of its own file: made, or found, or grown. */
async function openFile(name: string, size: number | undefined, path: string): Promise<OpenVolume> {
  if (size === undefined && !existsSync(path))
    throw new RangeError(`${path}: there is no such file, and no size to make one: ${name}=SIZE,…`);
  const { store, close } = await openStore(path);
  try {
    await provide(store, name, size, path);
    return { volume: store.volume(name)!, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function provide(
  store: BlockStore,
  name: string,
  size: number | undefined,
  path: string,
): Promise<void> {
  const known = store.volume(name);
  if (known === undefined) {
    if (size === undefined) {
      const there = store.volumes.map((volume) => volume.name).join(', ') || 'none';
      throw new RangeError(
        `${path} has no volume '${name}' (it has ${there}), and no size is given`,
      );
    }
    return durably(`making ${name}`, (done) => store.create(name, size, done));
  }
  if (size === undefined || size === known.size) return;
  if (size < known.size)
    throw new RangeError(
      `'${name}' in ${path} has ${known.size} bytes: it is not shrunk to ${size}`,
    );
  return durably(`growing ${name}`, (done) => store.resize(name, size, done));
}
