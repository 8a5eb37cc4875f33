// A machine that forwards frames between the two ports of a card, by a driver in user space (as ixy): its program polls the rings,
// or sleeps in epoll_wait until an interrupt of the card has signalled its event (VFIO). No kernel sees a frame.

import {
  Cores,
  type CpuProfile,
  Signal,
  type Thread,
  TimerTick,
  type Wait,
} from '../../cpu/index.js';
import type { FramePool, Station } from '../../frame/index.js';
import {
  Arrival,
  EthernetNic,
  type EthernetProfile,
  PacketView,
  PagePool,
} from '../../kernel/index.js';
import {
  DmaEngine,
  INTERRUPT,
  Ledger,
  MachineMemory,
  PcieLink,
  type PcieProfile,
} from '../../memory/index.js';
import { earlier, type Nanos, START } from '../../time/index.js';
import type { UserDriverProfile } from './profile.js';

export interface ForwarderOptions {
  readonly name: string;
  readonly pool: FramePool;
  readonly cpu: CpuProfile;
  readonly card: EthernetProfile;
  /** Of the slot that both ports share. */
  readonly pcie: PcieProfile;
  readonly driver: UserDriverProfile;
  readonly waits: 'polling' | 'interrupted';
}

/** ixy: BATCH_SIZE, NUM_RX_QUEUE_ENTRIES, and 2 KiB a buffer. */
const LOT = 32;
const RING_ENTRIES = 512;
const NEVER_US = 1e9;
const NEVER_FRAMES = Number.MAX_SAFE_INTEGER;
const BUFFER_BYTES = 2048;
const MEMORY_BYTES = 2 ** 24;
const CORE = 0;
/** The byte of each frame that ixy-fwd changes, so that it is touched. */
const TOUCHED = 1;

export class Forwarder implements Station {
  readonly ports = 2;
  readonly name: string;
  readonly cores: Cores;
  readonly #tick: TimerTick;
  readonly nics: readonly [EthernetNic, EthernetNic];
  readonly counters = { forwarded: 0, dropped: 0 };
  readonly #options: ForwarderOptions;
  readonly #buffers: PagePool;
  readonly #memory = new MachineMemory({ nodes: [MEMORY_BYTES] });
  readonly #arrivals: readonly Arrival[];
  readonly #view = new PacketView();
  /** A frame is in memory; an interrupt has come. */
  readonly #landed = new Signal();
  readonly #interrupted = new Signal();

  constructor(options: ForwarderOptions) {
    const { name, pool, cpu, pcie } = options;
    // The driver cleans up as it sends, and asks for no interrupts of that.
    const card = { ...options.card, sendCoalesceUs: NEVER_US, sendCoalesceFrames: NEVER_FRAMES };
    this.name = name;
    this.#options = options;
    const ledger = new Ledger(0);
    const dma = new DmaEngine(new PcieLink(pcie), ledger, ledger.actor('nic'));
    this.cores = new Cores(cpu, ledger);
    this.#tick = new TimerTick(this.cores);
    const memory = this.#memory;
    this.#buffers = new PagePool(memory, BUFFER_BYTES, MEMORY_BYTES / 2, 'frames');
    this.#arrivals = Array.from({ length: LOT }, () => new Arrival(this.#buffers));
    const nic = (port: number) =>
      new EthernetNic({
        name: `${name} ${port}`,
        pool,
        memory,
        dma,
        cores: this.cores,
        profile: card,
        queues: 1,
        ringEntries: RING_ENTRIES,
        sink: {
          wakesIn: () => (this.cores.cores[CORE]!.isIdle ? (cpu.idleExitNs ?? 0) : 0),
          interrupt: (now) => this.#interrupt(now),
          landed: (now) => this.#landed.raise(now),
        },
        offloads: {},
      });
    this.nics = [nic(0), nic(1)];
    for (const { receiveSides } of this.nics) this.#fill(START, receiveSides[0]!);
    this.cores.spawn(START, 'forward', (thread) => this.#run(thread), { core: CORE });
  }

  /** The kernel's handler signals the event on which the program waits. */
  #interrupt(now: Nanos): void {
    const { ledger, profile, cores } = this.cores;
    ledger.record(now, cores[CORE]!.actor, INTERRUPT, 0, profile.interruptNs, 0);
    const done = (at: Nanos) => this.#interrupted.raise(at);
    this.cores.interrupt(now, CORE, { run: () => 0, done });
  }

  #fill(now: Nanos, side: EthernetNic['receiveSides'][number]): void {
    while (side.outstanding < side.entries - 1) {
      const block = this.#buffers.take();
      if (block < 0) break;
      side.post(this.#buffers.address(block), BUFFER_BYTES, block);
    }
    side.ring(now, CORE);
  }

  *#run(thread: Thread): Generator<Wait, void, void> {
    const { waits, driver } = this.#options;
    for (;;) {
      const there = yield* this.#forward(thread, 0, 1);
      const back = yield* this.#forward(thread, 1, 0);
      if (there || back) continue;
      if (waits === 'interrupted') yield* this.#sleep(thread);
      else {
        yield thread.spin(this.#landed);
        yield thread.spend(this.#ns(driver.emptyPoll)); // half a round over both rings, on average
      }
    }
  }

  *#sleep(thread: Thread): Generator<Wait, void, void> {
    for (const { receiveSides } of this.nics) receiveSides[0]!.arm(thread.now);
    yield thread.systemCall(); // epoll_wait
    yield thread.block(this.#interrupted);
    yield thread.systemCall(); // the event's counter is read
  }

  /** What has come by one port goes out by the other; false when there was nothing. */
  *#forward(thread: Thread, from: 0 | 1, to: 0 | 1): Generator<Wait, boolean, void> {
    const { driver } = this.#options;
    const receive = this.nics[from]!.receiveSides[0]!;
    const transmit = this.nics[to]!.transmitSides[0]!;
    let count = 0;
    for (; count < LOT && receive.arrived; count++) {
      const arrival = this.#arrivals[count]!;
      receive.take(arrival, this.#view);
      arrival.bytes[arrival.at + TOUCHED]!++;
    }
    if (count === 0) return false;
    yield thread.spend(this.#ns(driver.frame * count + driver.lot));
    while (transmit.hasCompletion) transmit.clean();
    for (let i = 0; i < count; i++) this.#send(transmit, this.#arrivals[i]!);
    this.#fill(thread.now, receive);
    transmit.ring(thread.now, CORE);
    return true;
  }

  #send(transmit: EthernetNic['transmitSides'][number], arrival: Arrival): void {
    if (transmit.room === 0) this.counters.dropped++;
    else {
      transmit.begin(0, 0, false);
      transmit.piece(arrival.address, arrival.length, this.#buffers, arrival.block);
      transmit.end(arrival.length);
      this.counters.forwarded++;
    }
    arrival.release();
  }

  #ns(cycles: number): number {
    return (cycles * 1e9) / this.cores.profile.hertz;
  }

  // Station

  receive(now: Nanos, port: number, slot: number): void {
    this.nics[port]!.receive(now, 0, slot);
  }

  takeReady(): number {
    return this.nics.findIndex((nic) => nic.takeReady() >= 0);
  }

  transmit(now: Nanos, port: number): number {
    return this.nics[port]!.transmit(now, 0);
  }

  wakeAt(): Nanos {
    const [a, b] = this.nics;
    const cores = earlier(this.cores.wakeAt(), this.#tick.wakeAt());
    return earlier(cores, earlier(a.wakeAt(), b.wakeAt()));
  }

  expire(now: Nanos): void {
    for (const nic of this.nics) if (nic.wakeAt() <= now) nic.expire(now);
    this.#tick.expire(now);
    if (this.cores.wakeAt() <= now) this.cores.expire(now);
  }
}
