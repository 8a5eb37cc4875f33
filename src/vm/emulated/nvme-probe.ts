// How a guest finds an NVMe disk whose registers trap, and sets it up with a pair of queues a virtual CPU. Yields the guest's disk.

import { RequestQueue } from '../../block/index.js';
import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { PhysicalMemory } from '../../memory/index.js';
import { type ControllerPort, ControllerSetup, PRP_PAGE } from '../../nvme/index.js';
import type { NvmeDisk } from './nvme-disk.js';
import { NvmePciDriver } from './nvme-driver.js';
import { touch } from './process.js';

/** Linux: entries of I/O queues (io_queue_depth). */
const IO_ENTRIES = 1024;
/** Pages of a PRP list, and the first. */
const MOST_PAGES = PRP_PAGE / 8 + 1;

/** Registers that trap; the end of admin commands interrupts. */
class TrappedPort implements ControllerPort {
  readonly name: string;
  readonly memory: PhysicalMemory;
  readonly #card: NvmeDisk;
  readonly #done = new Signal();

  constructor(card: NvmeDisk) {
    this.name = card.name;
    this.memory = card.vm.memory;
    this.#card = card;
    card.connect(0, { run: () => card.profile.handlerNs, done: (now) => this.#done.raise(now) });
  }

  *read(thread: Thread, offset: number, into: Uint8Array): Generator<Wait, void, void> {
    const { vm, profile, controller } = this.#card;
    yield* touch(vm, thread, profile.registerNs, () => {
      controller.read(offset, into);
      return undefined;
    });
  }

  *write(thread: Thread, offset: number, bytes: Uint8Array): Generator<Wait, void, void> {
    const { vm, profile } = this.#card;
    yield* touch(vm, thread, profile.registerNs, (own) => this.#card.write(own, offset, bytes));
  }

  wait(thread: Thread): Wait {
    return thread.block(this.#done);
  }
}

/** The driver's probe: sets the controller up, and yields the guest's disk. */
export function* probeNvme(
  card: NvmeDisk,
  thread: Thread,
  name: string,
): Generator<Wait, RequestQueue, void> {
  const setup = new ControllerSetup(new TrappedPort(card));
  yield* setup.enable(thread);
  const identity = yield* setup.identify(thread);
  const { sizeBytes, blockBytes, maxTransferBytes } = identity;
  const rings = yield* setup.openQueues(thread, card.vm.vcpus.length, IO_ENTRIES, true);
  const most = MOST_PAGES * PRP_PAGE - PRP_PAGE;
  const driver = new NvmePciDriver(card, rings, {
    blockBytes,
    maxTransferBytes: Math.min(maxTransferBytes || most, most),
    maxSegments: MOST_PAGES,
    virtBoundaryBytes: PRP_PAGE,
    maxDiscardBytes: identity.discards ? 2 ** 32 * blockBytes - blockBytes : 0,
    maxZeroBytes: identity.zeroes ? 65536 * blockBytes : 0,
    writeCache: identity.writeCache,
  });
  const disk = new RequestQueue(card.vm.guest, driver, { name, sizeBytes });
  driver.queue = disk;
  return disk;
}
