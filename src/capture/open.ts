// What people name as input: a path, '-' for standard input, or the packet itself in hex.

import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { fileBytes, streamBytes } from './bytes.js';
import { Capture, type CaptureOptions } from './capture.js';
import { parseHexText } from './hex-text.js';

export interface OpenOptions extends CaptureOptions {
  /** Where '-' reads from. */
  readonly stdin?: Readable;
  /** Where files are read to, piece by piece; memory of its own unless given. */
  readonly memory?: Uint8Array;
}

/**
 * Opens an input. What it is, is told by its content, never by its name.
 * @throws RangeError when `input` is neither a file nor hex, Error with code and path when it cannot be read
 */
export async function openCapture(input: string, options: OpenOptions = {}): Promise<Capture> {
  if (input === '-') return new Capture(streamBytes(options.stdin ?? process.stdin), options);
  if (await exists(input)) return new Capture(await fileBytes(input, options.memory), options);
  const { packets, bad } = parseHexText(input);
  if (packets.length === 0 || bad) {
    throw new RangeError(`'${input.slice(0, 60)}': there is no such file, and it is no hex either`);
  }
  return new Capture(streamBytes(Readable.from([Buffer.from(input)])), options);
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
