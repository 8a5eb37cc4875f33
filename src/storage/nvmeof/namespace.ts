// A namespace: a volume cut into logical blocks, with the identifiers by which hosts know it again.

import type { Volume } from '../volume.js';

export interface NamespaceOptions {
  readonly nsid: number;
  readonly volume: Volume;
  /** Bytes of a logical block, 512 unless given. */
  readonly blockSize?: number;
  /** Sixteen bytes that no other namespace has, of whatever subsystem. */
  readonly uuid: Uint8Array;
}

/** Smallest and largest logical block that Linux takes. */
const LEAST_BLOCK = 512;
const MOST_BLOCK = 4096;
const UUID_SIZE = 16;
/** NSIDs count from 1; FFFFFFFEh and FFFFFFFFh mean something else. */
const MOST_NSID = 0xfffffffd;

export class Namespace {
  readonly nsid: number;
  readonly volume: Volume;
  readonly blockSize: number;
  /** As a power of two. */
  readonly blockShift: number;
  readonly uuid: Uint8Array;

  /** @throws RangeError for what no namespace has */
  constructor({ nsid, volume, blockSize = LEAST_BLOCK, uuid }: NamespaceOptions) {
    const shift = Math.log2(blockSize);
    if (!Number.isInteger(shift) || blockSize < LEAST_BLOCK || blockSize > MOST_BLOCK)
      throw new RangeError(`a logical block has 512, 1024, 2048 or 4096 bytes, not ${blockSize}`);
    if (!(Number.isInteger(nsid) && nsid > 0 && nsid <= MOST_NSID))
      throw new RangeError(`there is no namespace ${nsid}`);
    if (uuid.length !== UUID_SIZE) throw new RangeError('a UUID has 16 bytes');
    this.nsid = nsid;
    this.volume = volume;
    this.blockSize = blockSize;
    this.blockShift = shift;
    this.uuid = uuid;
  }

  /** Whole blocks of the volume. */
  get blocks(): number {
    return Math.floor(this.volume.size / this.blockSize);
  }
}
