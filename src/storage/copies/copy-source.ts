// Where the copies of a volume are, and what is found when one is opened.

import { Extents, OK, type Volume } from '../volume.js';

export interface CopySource {
  /** As it was named; a copy is known again by this. */
  readonly at: string;
  /** @throws Error that says why it cannot be opened */
  open(size: number | undefined): Promise<OpenCopy>;
}

export interface OpenCopy {
  readonly volume: Volume;
  /** It was made just now, and is empty, whatever was there before. */
  readonly isNew: boolean;
  /** Something answers. */
  isThere(): boolean;
  /** It will not answer again: it must be opened anew. */
  isLost(): boolean;
  close(): Promise<void>;
}

/** Is nothing stored in it, as far as it says? */
export async function isEmpty(volume: Volume): Promise<boolean> {
  for (let offset = 0; offset < volume.size; ) {
    const extents = new Extents(1);
    const length = volume.size - offset;
    const io = { offset, length, bytes: new Uint8Array(0), at: 0, fua: false, noHole: false };
    const error = await new Promise<number>((done) => volume.status({ ...io, done }, extents));
    const [found = 0] = extents.lengths;
    if (error !== OK || found === 0 || extents.holes[0] !== true) return false;
    offset += found;
  }
  return true;
}

/** Why a copy cannot serve a volume of that size and block; '' when it can. */
export function unfit(volume: Volume, size: number, minimumBlock: number): string {
  if (volume.readOnly) return 'it cannot be written';
  if (volume.size < size) return `it has ${volume.size} bytes, and ${size} are needed`;
  if ((volume.minimumBlock ?? 1) > minimumBlock)
    return `its smallest block is ${volume.minimumBlock} bytes, and the volume's ${minimumBlock}`;
  return '';
}
