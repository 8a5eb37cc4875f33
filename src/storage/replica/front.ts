// The front part of a volume as a volume; what lies behind it is its owner's.

import type { Volume } from '../volume.js';
import { VolumeFilter } from '../volume-filter.js';

export class Front extends VolumeFilter {
  constructor(
    volume: Volume,
    readonly front: number,
  ) {
    super(volume);
  }

  override get size(): number {
    return this.front;
  }
}
