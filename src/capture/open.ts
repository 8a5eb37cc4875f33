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
  const kind = await kindOf(input);
  if (kind === 'folder') throw new RangeError(`'${input}' is a folder, expected a file`);
  if (kind === 'file') return new Capture(await fileBytes(input, options.memory), options);
  const { packets, bad } = parseHexText(input);
  if (packets.length === 0 || bad) throw new RangeError(neither(input));
  return new Capture(streamBytes(Readable.from([Buffer.from(input)])), options);
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'none'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'none';
  }
}

/** Why an input is neither a file nor hex. Half a byte too much is easily pasted. */
function neither(input: string): string {
  const shown = input.length > 60 ? `${input.slice(0, 57)}...` : input;
  const digits = input.replaceAll(/0x|[\s:,.-]/gi, '');
  if (/^[0-9a-f]+$/i.test(digits) && digits.length % 2 === 1) {
    return `'${shown}': there is no such file, and as hex it has an odd number of digits, ${digits.length}`;
  }
  return `'${shown}': there is no such file, and it is no hex either`;
}
