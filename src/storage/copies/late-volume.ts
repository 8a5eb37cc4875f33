// A copy of a volume that may not be there yet, or no longer: what is asked of it then fails.

import { EIO, type Extents, type Io, type Volume } from '../volume.js';

export class LateVolume implements Volume {
  readonly readsAtOnce = false;
  readonly preferredBlock = 4096;
  volume: Volume | undefined;

  /** The size is the whole's: a copy may be larger. */
  constructor(
    readonly size: number,
    readonly readOnly = false,
  ) {}

  get minimumBlock(): number {
    return this.volume?.minimumBlock ?? 1;
  }

  read(io: Io): void {
    if (this.volume) this.volume.read(io);
    else fail(io);
  }

  write(io: Io): void {
    if (this.volume) this.volume.write(io);
    else fail(io);
  }

  flush(io: Io): void {
    if (this.volume) this.volume.flush(io);
    else fail(io);
  }

  zero(io: Io): void {
    if (this.volume) this.volume.zero(io);
    else fail(io);
  }

  trim(io: Io): void {
    if (this.volume) this.volume.trim(io);
    else fail(io);
  }

  status(io: Io, extents: Extents): void {
    if (this.volume) this.volume.status(io, extents);
    else fail(io);
  }
}

/** Not within the call, as with a copy that is far away. */
const fail = (io: Io): void => {
  setImmediate(() => io.done(EIO));
};
