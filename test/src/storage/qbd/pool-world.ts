// A computer with qbd and a pool with volumes, on any wire, for tests.

import type { BlockDevice } from '../../../../src/block/index.js';
import { BlockRequest, perform, segmentsOf } from '../../../../src/block/index.js';
import type { Thread, Wait } from '../../../../src/cpu/index.js';
import type { Computer } from '../../../../src/host/index.js';
import { MemoryVolume, type Volume } from '../../../../src/storage/index.js';
import {
  NvmeTarget,
  newServed,
  newTcpServed,
  rdmaServer,
  tcpServer,
} from '../../../../src/storage/nvmeof/index.js';
import { Qbd, type QbdOptions } from '../../../../src/storage/qbd/index.js';
import { type Nanos, START, seconds } from '../../../../src/time/index.js';
import { type Wiring, type World, worldOf } from '../../host/pair.js';

export const NQN = 'nqn.2026-11.org.example:pool';

export interface PoolWorld extends World {
  readonly target: NvmeTarget;
  readonly volumes: readonly Volume[];
  /** What the first host connects with. */
  readonly options: QbdOptions;
  /** Runs a program of the first host to its end. @throws Error when it has none */
  run(program: (thread: Thread) => Generator<Wait, void, void>, longest?: Nanos): void;
}

export interface PoolWiring extends Wiring {
  readonly transport?: 'rdma' | 'tcp';
  readonly volumes?: readonly Volume[];
  readonly qbd?: Partial<QbdOptions>;
  /** The test itself serves the target. */
  readonly unserved?: boolean;
}

export const uuid = (n: number): Uint8Array => new Uint8Array(16).fill(n);

export function poolWorld(wiring: PoolWiring): PoolWorld {
  const isTcp = wiring.transport === 'tcp';
  const world = worldOf(isTcp ? { ...wiring, host: { kernel: {}, ...wiring.host } } : wiring);
  const [left, right] = world.hosts;
  const { transport = 'rdma', volumes = [new MemoryVolume(1 << 20)] } = wiring;
  const target = new NvmeTarget();
  const subsystem = target.addSubsystem(START, { nqn: NQN });
  for (const [i, volume] of volumes.entries())
    subsystem.addNamespace(START, { nsid: i + 1, volume, uuid: uuid(i + 1) });
  const served = { target, address: '10.0.0.2', poolBytes: 4 << 20 };
  const program = isTcp
    ? tcpServer(right!, served, newTcpServed())
    : rdmaServer(right!, served, newServed());
  if (!wiring.unserved) right!.spawn('target', program);
  const options: QbdOptions = {
    subnqn: NQN,
    paths: [{ transport, target: world.ip(1) }],
    queues: 2,
    entries: 32,
    ...wiring.qbd,
  };
  const run: PoolWorld['run'] = (program, longest = seconds(3600)) => {
    const thread = left!.spawn('program', program);
    for (const station of world.stations) world.sim.settle(station);
    world.sim.run(longest, () => !thread.ended);
    if (!thread.ended) throw new Error('the program did not end');
  };
  return { ...world, target, volumes, options, run };
}

/** A buffer of a program, and how it is read and written. */
export class DiskBuffer {
  readonly bytes: Uint8Array;
  readonly #segments;

  constructor(
    computer: Computer,
    readonly size: number,
    contiguous = true,
  ) {
    const address = computer.space.allocate(size, { contiguous });
    this.bytes = contiguous ? computer.space.bytes(address, size) : new Uint8Array(0);
    this.#segments = segmentsOf(computer.space, address, size);
  }

  request(op: BlockRequest['op'], offset: number, length = this.size): BlockRequest {
    const request = new BlockRequest();
    request.op = op;
    request.offset = offset;
    request.length = length;
    if (op !== 'read' && op !== 'write') return request;
    let left = length;
    request.segments = this.#segments.flatMap((segment) => {
      const size = Math.min(left, segment.length);
      left -= size;
      return size > 0 ? [{ address: segment.address, length: size }] : [];
    });
    return request;
  }

  /** Does one request and tells how it ended. */
  *do(
    device: BlockDevice,
    thread: Thread,
    op: BlockRequest['op'],
    offset = 0,
    length = this.size,
    fua = false,
  ): Generator<Wait, string, void> {
    const request = this.request(op, offset, length);
    request.fua = fua;
    yield* perform(device, thread, request);
    return request.status;
  }
}

/** Connects and gives the devices. @throws Error with what went wrong */
export function* connected(world: PoolWorld, thread: Thread): Generator<Wait, Qbd, void> {
  const qbd = new Qbd(world.hosts[0]!, world.options);
  const failure = yield* qbd.ready(thread);
  if (failure !== '') throw new Error(failure);
  return qbd;
}
