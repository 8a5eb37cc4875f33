// Volumes as people name them on a command line: NAME=SIZE[,BACKING...], and the volume behind each.

import { existsSync, lstatSync } from 'node:fs';
import { type CopySource, openCopies } from './copies/index.js';
import { recordOf } from './copies/record.js';
import { type BlockStore, durably } from './file/index.js';
import { SharedStores } from './file/shared-stores.js';
import { MemoryVolume } from './memory-volume.js';
import { PATIENCE_MS, RemoteVolume } from './nbd/remote-volume.js';
import { type NbdUri, parseNbdUri } from './nbd/uri.js';
import { MOST_COPIES } from './replicated-volume.js';
import { MOST_BYTES, OK, operate, type Volume } from './volume.js';

/** What stands behind a volume. */
export type Backing = { readonly text: string } & (
  | { readonly kind: 'memory' }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'nbd'; readonly uri: NbdUri }
);

export interface VolumeSpec {
  readonly name: string;
  /** Undefined: as large as what is behind it. */
  readonly size: number | undefined;
  /** More than one: copies of the volume. */
  readonly backings: readonly Backing[];
  /** Of a volume in copies: the file that says which of them are whole. */
  readonly record: string | undefined;
}

/** A volume that was opened; `close` flushes it. */
export interface OpenVolume {
  readonly volume: Volume;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** So long nbd:// exports that do not answer are waited for. */
  readonly patienceMs?: number | undefined;
  /** The first copy of a new volume replaces what the others hold. */
  readonly overwriteCopies?: boolean | undefined;
  /** Told of lost connections, copies that fail, and the like. */
  readonly say?: (volume: string, what: string) => void;
}

/** NBD: a name has at most 4096 bytes; this leaves room for any of UTF-8. */
const LONGEST_NAME = 1024;
/** A volume in copies waits for the last of them with each write. */
const COPY_PATIENCE_MS = 5000;
const EXPECTED = 'expected memory:, file:PATH or an nbd:// URI';
/** Where the next backing begins. */
const NEXT = /,(?=memory(?::|,|$)|file:|nbds?(?:\+unix)?:|record:)/;

/** @throws RangeError saying what was expected */
export function parseVolume(text: string): VolumeSpec {
  const [, name, rest] = /^([^=,]+)=(.+)$/s.exec(text) ?? [];
  if (name === undefined || rest === undefined || name.length > LONGEST_NAME)
    throw new RangeError(`'${text}' is no volume: expected NAME=SIZE[,BACKING]`);
  const parts = rest.split(NEXT);
  const hasSize = !/^(memory|file|nbd|record)/.test(parts[0]!);
  const [digits, ...unknown] = hasSize ? parts.shift()!.split(',') : [];
  if (unknown.length > 0) throw new RangeError(`'${unknown.join(',')}' is no backing: ${EXPECTED}`);
  const size = digits === undefined ? undefined : parseSize(digits);
  const records = parts.filter((part) => part.startsWith('record:'));
  const behind = parts.filter((part) => !part.startsWith('record:'));
  const backings = (behind.length > 0 ? behind : ['memory:']).map(parseBacking);
  if (backings.length > 1) return inCopies(name, size, backings, records);
  if (records.length > 0) throw new RangeError(`'${text}': one copy needs no record`);
  if (size === undefined && backings[0]!.kind === 'memory')
    throw new RangeError(`'${text}': a volume in memory needs a size, such as ${name}=64M`);
  return { name, size, backings, record: undefined };
}

function inCopies(
  name: string,
  size: number | undefined,
  backings: readonly Backing[],
  records: readonly string[],
): VolumeSpec {
  const texts = backings.map(({ text }) => text);
  if (backings.length > MOST_COPIES)
    throw new RangeError(`'${name}' has ${backings.length} copies, and may have ${MOST_COPIES}`);
  if (new Set(texts).size < texts.length)
    throw new RangeError(`'${name}' has the same copy twice: ${texts.join(', ')}`);
  if (backings.some(({ kind }) => kind === 'memory'))
    throw new RangeError(`'${name}': a copy in memory would be gone at the end`);
  const local = backings.find((backing) => backing.kind === 'file');
  const [record, ...more] = records.map((text) => text.slice('record:'.length));
  const beside = local && recordOf(local.path, name);
  const path = record || beside;
  if (path === undefined || more.length > 0)
    throw new RangeError(
      `'${name}' is in copies elsewhere: expected one record:PATH, a file that keeps which of them are whole`,
    );
  return { name, size, backings, record: path };
}

function parseBacking(text: string): Backing {
  if (text === 'memory:' || text === 'memory') return { text, kind: 'memory' };
  const path = /^file:(.+)$/s.exec(text)?.[1];
  const strange = path && /,[a-z+]+:/.exec(path)?.[0];
  if (strange)
    throw new RangeError(`'${text}': what is '${strange.slice(1)}'? ${EXPECTED} behind the comma`);
  if (path !== undefined) return { text, kind: 'file', path };
  if (/^nbd/.test(text)) return { text, kind: 'nbd', uri: parseNbdUri(text) };
  throw new RangeError(`'${text}' is no backing: ${EXPECTED}`);
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

/** Volumes that are open together, and the stores that some of them share. */
export class OpenVolumes {
  readonly #stores = new SharedStores();
  readonly #open: OpenVolume[] = [];

  constructor(readonly options: OpenOptions = {}) {}

  /** @throws Error that says why it cannot be */
  async open(spec: VolumeSpec): Promise<Volume> {
    const opened = await this.#behind(spec);
    this.#open.push(opened);
    return opened.volume;
  }

  /** Flushes and closes all, the last that was opened first. @throws Error of the first that fails */
  async close(): Promise<void> {
    let failure: unknown;
    for (const { close } of this.#open.splice(0).reverse())
      await close().catch((error) => {
        failure ??= error;
      });
    if (failure !== undefined) throw failure;
  }

  #behind({ name, size, backings, record }: VolumeSpec): Promise<OpenVolume> {
    const [first] = backings;
    if (record === undefined) return this.#alone(name, size, first!);
    const { overwriteCopies, say } = this.options;
    return openCopies({
      ...{ name, size, recordPath: record, overwrite: overwriteCopies === true },
      sources: backings.map((backing) => this.#source(name, backing)),
      say: (what) => say?.(name, what),
    });
  }

  async #alone(name: string, size: number | undefined, backing: Backing): Promise<OpenVolume> {
    switch (backing.kind) {
      case 'memory':
        return { volume: new MemoryVolume(size!, name), close: async () => {} };
      case 'file':
        return openFile(this.#stores, name, size, backing.path);
      case 'nbd':
        return this.#remote(name, size, backing.uri);
    }
  }

  async #remote(name: string, size: number | undefined, uri: NbdUri): Promise<OpenVolume> {
    const { patienceMs = PATIENCE_MS, say } = this.options;
    const volume = await RemoteVolume.open(uri, {
      patienceMs,
      onChange: (what) => say?.(name, what),
    });
    if (size !== undefined && size !== volume.size) {
      volume.close();
      throw new RangeError(`'${name}' shall have ${size} bytes, and the export has ${volume.size}`);
    }
    if (!volume.canFlush) say?.(name, 'the export cannot flush: what it loses in a crash is lost');
    const close = async () => {
      const error = await operate(volume, 'flush');
      volume.close();
      if (error !== OK) throw new RangeError(`flushing '${name}' failed (error ${error})`);
    };
    return { volume, close };
  }

  #source(name: string, backing: Backing): CopySource {
    const { patienceMs = COPY_PATIENCE_MS, say } = this.options;
    const at = backing.text;
    if (backing.kind === 'nbd')
      return {
        at,
        open: async () => {
          const onChange = (what: string) => say?.(name, `copy ${what}`);
          const volume = await RemoteVolume.open(backing.uri, { patienceMs, onChange });
          return {
            ...{ volume, isNew: false },
            isThere: () => volume.isConnected,
            isLost: () => volume.isFenced,
            close: async () => volume.close(),
          };
        },
      };
    return {
      at,
      open: async (size) => {
        const path = (backing as Extract<Backing, { kind: 'file' }>).path;
        const file = await openFile(this.#stores, name, size, path);
        return { ...file, isThere: () => true, isLost: () => false };
      },
    };
  }
}

/** A volume of that name in a store: made, or found, or grown. */
async function openFile(
  stores: SharedStores,
  name: string,
  size: number | undefined,
  path: string,
): Promise<OpenVolume & { readonly isNew: boolean }> {
  if (size === undefined && !existsSync(path))
    throw new RangeError(`${path}: there is no such file, and no size to make one: ${name}=SIZE,…`);
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory())
    throw new RangeError(`${path} is a folder: expected the file of a store`);
  const { store, close } = await stores.open(path);
  try {
    const isNew = store.volume(name) === undefined;
    await provide(store, name, size, path);
    return { volume: store.volume(name)!, isNew, close };
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
