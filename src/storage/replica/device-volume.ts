// A block device of a computer as a volume, which is what a node of the pool does with a volume of another node: a thread
// hands requests over, and what they move lies in pages of the computer, where its NIC reaches it. These are the pages into
// which the write came, or from which the answer to a read leaves; bytes that are put into them are no copy of a CPU.

import { type BlockDevice, BlockRequest, type BlockStatus } from '../../block/index.js';
import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { PAGE_4K } from '../../memory/index.js';
import type { Nanos } from '../../time/index.js';
import { EINVAL, EIO, ENOSPC, ENOTSUP, type Extents, type Io, OK, type Volume } from '../volume.js';

const SECTOR = 512;
const NO_BYTES = new Uint8Array(0);

/** A request with pages of its own; used again for those that fit. */
interface Task {
  readonly request: BlockRequest;
  readonly bytes: Uint8Array;
  readonly machineAddress: number;
}

const errors: Partial<Record<BlockStatus, number>> = {
  BLK_STS_OK: OK,
  BLK_STS_NOSPC: ENOSPC,
  BLK_STS_NOTSUPP: ENOTSUP,
  BLK_STS_INVAL: EINVAL,
};

export class DeviceVolume implements Volume {
  readonly readOnly = false;
  readonly readsAtOnce = false;
  readonly preferredBlock = PAGE_4K;
  readonly minimumBlock = SECTOR;
  /** Undefined: there is no connection, and everything fails. */
  device: BlockDevice | undefined;
  readonly #waiting: BlockRequest[] = [];
  readonly #news = new Signal();
  /** By size in bytes. */
  readonly #idle = new Map<number, Task[]>();

  constructor(
    readonly computer: Computer,
    name: string,
    readonly size: number,
  ) {
    computer.spawn(name, (thread) => this.#run(thread));
  }

  read(io: Io): void {
    const { length } = io;
    const task = this.#task(length);
    this.#begin(task, 'read', io, (error) => {
      if (error === OK) io.bytes.set(task.bytes.subarray(0, length), io.at);
    });
  }

  write(io: Io): void {
    const { length, bytes, at } = io;
    const task = this.#task(length);
    task.bytes.set(bytes.subarray(at, at + length));
    this.#begin(task, 'write', io);
  }

  flush(io: Io): void {
    this.#begin(this.#task(0), 'flush', io);
  }

  zero(io: Io): void {
    this.#begin(this.#task(0), 'write-zeroes', io);
  }

  trim(io: Io): void {
    this.#begin(this.#task(0), 'discard', io);
  }

  /** NVMe has no command for it: everything is data. */
  status(io: Io, extents: Extents): void {
    extents.add(io.length, false);
    io.done(OK);
  }

  #begin(
    task: Task,
    op: BlockRequest['op'],
    io: Io,
    before: (error: number) => void = () => {},
  ): void {
    const { request, machineAddress } = task;
    const { offset, length, fua } = io;
    request.op = op;
    request.offset = offset;
    request.length = op === 'flush' ? 0 : length;
    request.fua = fua;
    request.segments = task.bytes.length > 0 ? [{ address: machineAddress, length }] : [];
    request.status = 'BLK_STS_OK';
    request.done = () => {
      const error = errors[request.status] ?? EIO;
      before(error);
      this.#idle.get(task.bytes.length)!.push(task);
      io.done(error);
    };
    this.#waiting.push(request);
    this.#news.raise(this.computer.now);
  }

  *#run(thread: Thread): Generator<Wait, void, void> {
    for (;;) {
      const request = this.#waiting.shift();
      if (!request) yield thread.block(this.#news);
      else if (this.device) yield* this.device.submit(thread, request);
      else this.#refuse(thread.now, request);
    }
  }

  #refuse(now: Nanos, request: BlockRequest): void {
    request.status = 'BLK_STS_TRANSPORT';
    request.done(now, request);
  }

  /** Pages for so many bytes. */
  #task(length: number): Task {
    const size =
      length === 0 ? 0 : PAGE_4K * 2 ** Math.ceil(Math.log2(Math.ceil(length / PAGE_4K)));
    let idle = this.#idle.get(size);
    if (!idle) {
      idle = [];
      this.#idle.set(size, idle);
    }
    return idle.pop() ?? this.#newTask(size);
  }

  #newTask(size: number): Task {
    const request = new BlockRequest();
    if (size === 0) return { request, bytes: NO_BYTES, machineAddress: 0 };
    const { space } = this.computer;
    const address = space.allocate(size, { contiguous: true, use: 'pages of copies' });
    return {
      request,
      bytes: space.bytes(address, size),
      machineAddress: space.translate(address),
    };
  }
}
