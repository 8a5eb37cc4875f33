// A volume in front of another: hands on all that is asked. What differs overrides it.

import type { Extents, Io, Volume } from './volume.js';

export abstract class VolumeFilter<Behind extends Volume = Volume> implements Volume {
  /** What stands in front may make reads wait. */
  readonly readsAtOnce = false;

  constructor(readonly volume: Behind) {}

  get size(): number {
    return this.volume.size;
  }

  get readOnly(): boolean {
    return this.volume.readOnly;
  }

  get preferredBlock(): number {
    return this.volume.preferredBlock;
  }

  get minimumBlock(): number {
    return this.volume.minimumBlock ?? 1;
  }

  copiesBefore(offset: number, length: number): number {
    return this.volume.copiesBefore?.(offset, length) ?? 0;
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

  cancel(io: Io): boolean {
    return this.volume.cancel?.(io) ?? false;
  }
}
