// Where the bytes of an input come from: a file read in large pieces into one memory, standard input, and
// either of them through gunzip. A piece lasts until the next one is asked for; of a file, the next one is
// read meanwhile by another thread.

import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { packetMemory } from '../../protocols/core/checksum/index.js';

/** One read of a file: large, so that its cost vanishes, and still within the cache of a large core. */
export const PIECE_SIZE = 1024 * 1024;

export type Pieces = AsyncGenerator<Uint8Array, void, undefined>;

/** Bytes, and how far along they are. */
export interface ByteSource {
  readonly pieces: Pieces;
  /** Bytes of the file as it lies there, packed or not; undefined where nobody knows. */
  readonly size: number | undefined;
  /** Bytes of those that have been read. */
  position(): number;
}

const GZIP_MAGIC = [0x1f, 0x8b] as const;

const isGzip = (b: Uint8Array): boolean => GZIP_MAGIC.every((byte, i) => b[i] === byte);

/**
 * A file's bytes, unpacked. `memory` is where they are read to, over and over, its halves by turns; packet memory
 * unless given, because checksums are computed where the bytes lie.
 * @throws Error with `code` and `path` where the file cannot be opened
 */
export async function fileBytes(
  path: string,
  memory: Uint8Array = packetMemory(2 * PIECE_SIZE),
): Promise<ByteSource> {
  const handle = await open(path);
  const progress = { at: 0 };
  try {
    const stat = await handle.stat();
    const size = stat.isFile() ? stat.size : undefined;
    const magic = new Uint8Array(GZIP_MAGIC.length);
    if (size !== undefined) await handle.read(magic, 0, magic.length, 0);
    const position = () => progress.at;
    if (!isGzip(magic)) {
      // Of a pipe, reading ahead would wait for bytes that nobody may ever send.
      const pieces = size === undefined ? readPieces : readAhead;
      return { pieces: pieces(handle, memory, progress), size, position };
    }
    await handle.close();
    const packed = createReadStream(path, { highWaterMark: PIECE_SIZE });
    return { pieces: unpacked(packed), size, position: () => packed.bytesRead };
  } catch (error) {
    await handle.close();
    throw error instanceof Error ? Object.assign(error, { path }) : error;
  }
}

async function* readPieces(
  handle: FileHandle,
  memory: Uint8Array,
  progress: { at: number },
): Pieces {
  try {
    for (;;) {
      const { bytesRead } = await handle.read(memory, 0, memory.length);
      if (bytesRead === 0) return;
      progress.at += bytesRead;
      yield memory.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

async function* readAhead(
  handle: FileHandle,
  memory: Uint8Array,
  progress: { at: number },
): Pieces {
  const half = memory.length >> 1;
  const ask = (from: number) => {
    const answer = handle.read(memory, from, half);
    answer.catch(() => {}); // it is awaited below, perhaps long after it failed
    return { from, answer };
  };
  let asked = ask(0);
  try {
    for (;;) {
      const { bytesRead } = await asked.answer;
      if (bytesRead === 0) return;
      const { from } = asked;
      asked = ask(from === 0 ? half : 0);
      progress.at += bytesRead;
      yield memory.subarray(from, from + bytesRead);
    }
  } finally {
    await asked.answer.catch(() => {});
    await handle.close();
  }
}

/** The bytes of a stream such as standard input, unpacked. */
export function streamBytes(stream: Readable): ByteSource {
  const progress = { at: 0 };
  return { pieces: sniff(stream, progress), size: undefined, position: () => progress.at };
}

async function* sniff(stream: Readable, progress: { at: number }): Pieces {
  const pieces = counted(stream, progress);
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < GZIP_MAGIC.length) {
    const { value, done } = await pieces.next();
    if (done) break;
    head = head.length === 0 ? value : Buffer.concat([head, value]);
  }
  const all = prepend(head, pieces);
  yield* isGzip(head) ? unpacked(Readable.from(all)) : all;
}

async function* counted(stream: Readable, progress: { at: number }): Pieces {
  for await (const piece of stream) {
    const bytes = piece as Uint8Array;
    progress.at += bytes.length;
    yield bytes;
  }
}

async function* prepend(head: Uint8Array, pieces: Pieces): Pieces {
  if (head.length > 0) yield head;
  yield* pieces;
}

/** Errors of either stream come out of the generator. */
async function* unpacked(packed: Readable): Pieces {
  const gunzip = createGunzip({ chunkSize: PIECE_SIZE });
  packed.on('error', (error) => gunzip.destroy(error));
  packed.pipe(gunzip);
  try {
    for await (const piece of gunzip) yield piece as Uint8Array;
  } finally {
    packed.destroy();
  }
}
