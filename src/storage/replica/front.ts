// The front part of a volume as a volume; what lies behind it is its owner's.

import type { Extents, Io, Volume } from '../volume.js';

export class Front implements Volume {
  readonly readsAtOnce = false;

  constructor(
    readonly volume: Volume,
    readonly size: number,
  ) {}

  get readOnly(): boolean {
    return this.volume.readOnly;
  }

  get preferredBlock(): number {
    return this.volume.preferredBlock;
  }

  read(io: Io): void {
    this.volume.read(io);
  }

  write(io: Io): void {
    this.volume.write(io);
  }

  flush(io: Io): void {
    this.volume.flush(io);
  }

  zero(io: Io): void {
    this.volume.zero(io);
  }

  trim(io: Io): void {
    this.volume.trim(io);
  }

  status(io: Io, extents: Extents): void {
    this.volume.status(io, extents);
  }
}
