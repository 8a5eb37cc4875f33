// F15: a driver in user space forwards frames from a generator, one every 10 us, and the generator times them: how long half of
// them take at most, 99 %, 99.99 %.

import { Ethernet } from '../../../protocols/index.js';
import { Forwarder } from '../../apps/forward/index.js';
import type { FramePool, Station } from '../../frame/index.js';
import { xeonIvyBridge } from '../../profiles/cpu.js';
import { i82599 } from '../../profiles/kernel.js';
import { i82599 as card } from '../../profiles/nic.js';
import { ixy } from '../../profiles/user-driver.js';
import { type Nanos, NEVER, ns, type Random, seconds } from '../../time/index.js';
import { Simulation } from '../../world/sim.js';
import { polledNvme } from './polled-nvme.js';
import { type Experiments, once } from './row.js';

const RATE = 10e9;
const FRAME_BYTES = 60; // without FCS
/** Preamble, FCS. */
const WIRE_BYTES = FRAME_BYTES + 12;
const WIRE_NS = (WIRE_BYTES * 8e9) / RATE;
/** Its clock is slower than the machine's by what neighbours are apart; IEEE 802.3 allows 100 ppm. */
const PERIOD = 10_000 * (1 + 17e-6);
const FRAMES = 60_000;
/** Not counted: until whatever settles has settled. */
const WARM = 5_000;
const US = 1000;

/** Sends from port 0, times what comes to port 1, first bit to first bit, as hardware timestamps are taken. */
class Generator implements Station {
  readonly name = 'generator';
  readonly ports = 2;
  readonly taken: number[] = [];
  readonly #pool: FramePool;
  readonly #random: Random;
  readonly #sentAt: number[] = [];
  #next = 0;
  #due: Nanos;
  /** Frames whose time has come: with more than the jitter's worth a second, the next may be due before one has left. */
  #ready = 0;

  constructor(pool: FramePool, random: Random) {
    this.#pool = pool;
    this.#random = random;
    this.#due = this.#when();
  }

  /**
   * A card that paces a queue keeps half of the gaps to 64 ns, three quarters to 128 and all but 2 in 1000 to 256 (Emmerich et al.,
   * MoonGen, IMC 2015, table 4). The schedule itself does not drift.
   */
  #when(): Nanos {
    const random = this.#random;
    const where = random.unit();
    const most = where < 0.499 ? 64 : where < 0.749 ? 128 : where < 0.998 ? 256 : LATEST;
    return ns(Math.floor(PERIOD * (this.#next + 1) + random.unit() * most));
  }

  get done(): boolean {
    return this.taken.length === FRAMES;
  }

  receive(now: Nanos, _port: number, slot: number): void {
    const number = this.taken.length;
    this.taken.push(now - WIRE_NS - this.#sentAt[number]!);
    this.#pool.release(slot);
  }

  takeReady(): number {
    return this.#ready > 0 ? 0 : -1;
  }

  transmit(now: Nanos, port: number): number {
    if (port !== 0 || this.#ready === 0) return -1;
    this.#ready--;
    const slot = this.#pool.take();
    const at = this.#pool.at(slot);
    this.#pool.bytes(slot).fill(0, at, at + FRAME_BYTES);
    Ethernet.set.type(this.#pool.bytes(slot), at, 0x88b5); // IEEE 802: for experiments
    this.#pool.setLength(slot, FRAME_BYTES);
    this.#sentAt.push(now);
    return slot;
  }

  wakeAt(): Nanos {
    return this.#due;
  }

  expire(now: Nanos): void {
    if (this.#due > now) return;
    this.#ready++;
    this.#next++;
    this.#due = this.#next < FRAMES ? this.#when() : NEVER;
  }
}
const LATEST = 4_850;

/** Nanoseconds of each frame, in ascending order. */
export function latencies(waits: 'polling' | 'interrupted', coalesceUs = 0): readonly number[] {
  const sim = new Simulation({ seed: 1, slotBytes: 128 });
  const generator = sim.add(new Generator(sim.pool, sim.random.fork('generator')));
  const profile = { ...i82599, coalesceUs };
  const forwarder = sim.add(
    new Forwarder({
      name: 'ixy',
      pool: sim.pool,
      cpu: xeonIvyBridge,
      card: profile,
      pcie: card.pcie,
      driver: ixy,
      waits,
    }),
  );
  for (const port of [0, 1])
    sim.connect(generator, port, forwarder, port, { rate: RATE, metres: 2 });
  sim.run(seconds(10), () => !generator.done);
  return generator.taken.slice(WARM).sort((a, b) => a - b);
}

/** Microseconds below which so many of 10,000 are. */
export const quantile = (sorted: readonly number[], of10000: number): number =>
  sorted[Math.ceil((sorted.length * of10000) / 10_000) - 1]! / US;

function experimentsOf(name: string, run: () => readonly number[]): Experiments {
  const sorted = once(run);
  return {
    [`${name} median`]: () => quantile(sorted(), 5000),
    [`${name} p99`]: () => quantile(sorted(), 9900),
    [`${name} p99.99`]: () => quantile(sorted(), 9999),
  };
}

export const forwarding: Experiments = {
  ...experimentsOf('poll', () => latencies('polling')),
  ...experimentsOf('interrupt', () => latencies('interrupted')),
  ...experimentsOf('interrupt 10 us', () => latencies('interrupted', 10)),
  ...polledNvme,
};
