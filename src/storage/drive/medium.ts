// What lies behind a drive's controller: a volume on media that take their time. Data goes between it and the driver's memory by DMA.

import { type BlockRequest, type BlockStatus, movesData } from '../../block/index.js';
import type { Nanos } from '../../time/index.js';
import { EINVAL, ENOSPC, ENOTSUP, type Io, type IoError, OK, type Volume } from '../volume.js';
import type { Calendar } from './calendar.js';
import type { DmaMemory } from './dma-memory.js';

const NO_BYTES = new Uint8Array(0);

const statuses = new Map<IoError, BlockStatus>([
  [OK, 'BLK_STS_OK'],
  [EINVAL, 'BLK_STS_INVAL'],
  [ENOSPC, 'BLK_STS_NOSPC'],
  [ENOTSUP, 'BLK_STS_NOTSUPP'],
]);

export class DriveMedium {
  /** Buffers of the drive that nobody uses, by size. */
  readonly #idle = new Map<number, Uint8Array[]>();

  constructor(
    readonly volume: Volume,
    readonly memory: DmaMemory,
    readonly calendar: Calendar,
    /** Of the controller, as `NvmeCommands` has it: after a reset nothing goes to memory any more. */
    readonly life: () => number,
  ) {}

  /** Begins a request at the calendar's present instant. */
  begin(request: BlockRequest): void {
    const { op, offset, length, fua } = request;
    const bytes = movesData(op) ? this.#take(length) : NO_BYTES;
    const io: Io = { offset, length, fua, bytes, at: 0, noHole: false, done: () => {} };
    const life = this.life();
    io.done = (error) => this.#done(request, bytes, error, life);
    if (op === 'write') {
      const came = this.#fetch(request, bytes);
      this.calendar.at(came, () => this.volume.write(io));
    } else if (op === 'read') this.volume.read(io);
    else if (op === 'flush') this.volume.flush(io);
    else if (op === 'discard') this.volume.trim(io);
    else this.volume.zero(io);
  }

  /** Data to be written comes out of the driver's pages: when all is there. */
  #fetch({ segments }: BlockRequest, into: Uint8Array): Nanos {
    const { memory } = this;
    const began = this.calendar.now();
    let came = began;
    let at = 0;
    for (const { address, length } of segments) {
      memory.now = began;
      memory.read(address, length, into, at);
      came = Math.max(came, memory.now) as Nanos;
      at += length;
    }
    return came;
  }

  #done(request: BlockRequest, bytes: Uint8Array, error: IoError, life: number): void {
    const now = this.calendar.now();
    const isAsked = life === this.life();
    if (isAsked && request.op === 'read' && error === OK) this.#deliver(now, request, bytes);
    if (bytes.length > 0) this.#idle.get(bytes.length)!.push(bytes);
    if (!isAsked) return;
    request.status = statuses.get(error) ?? 'BLK_STS_IOERR';
    request.done(now, request);
  }

  #deliver(now: Nanos, { segments }: BlockRequest, bytes: Uint8Array): void {
    this.memory.now = now;
    let at = 0;
    for (const { address, length } of segments) {
      this.memory.writeData(address, bytes, at, at + length);
      at += length;
    }
  }

  #take(length: number): Uint8Array {
    let idle = this.#idle.get(length);
    if (idle === undefined) {
      idle = [];
      this.#idle.set(length, idle);
    }
    return idle.pop() ?? new Uint8Array(length);
  }
}
