// A driver in user space between two ports: what comes by one goes out by the other, whoever wakes the program.

import { Forwarder } from '../../../../src/apps/forward/index.js';
import type { FramePool, Station } from '../../../../src/frame/index.js';
import { xeonIvyBridge } from '../../../../src/profiles/cpu.js';
import { i82599 } from '../../../../src/profiles/kernel.js';
import { i82599 as card } from '../../../../src/profiles/nic.js';
import { ixy } from '../../../../src/profiles/user-driver.js';
import { ms, type Nanos, NEVER } from '../../../../src/time/index.js';
import { Simulation } from '../../../../src/world/sim.js';
import { assert, spec } from '../../../support/spec.js';

const BYTES = 60;

/** Sends frames from port 0, one after another, and keeps what comes by any. */
class Ends implements Station {
  readonly name = 'ends';
  readonly ports = 2;
  readonly got: { port: number; bytes: Uint8Array; at: Nanos }[] = [];
  #left: number;

  constructor(
    readonly pool: FramePool,
    frames: number,
  ) {
    this.#left = frames;
  }

  receive(now: Nanos, port: number, slot: number): void {
    const at = this.pool.at(slot);
    const bytes = this.pool.bytes(slot).slice(at, at + this.pool.length(slot));
    this.got.push({ port, bytes, at: now });
    this.pool.release(slot);
  }

  takeReady(): number {
    return -1;
  }

  transmit(_now: Nanos, port: number): number {
    if (port !== 0 || this.#left === 0) return -1;
    const slot = this.pool.take();
    const at = this.pool.at(slot);
    this.pool.bytes(slot).fill(this.#left--, at, at + BYTES);
    this.pool.setLength(slot, BYTES);
    return slot;
  }

  wakeAt(): Nanos {
    return NEVER;
  }

  expire(): void {}
}

function run(waits: 'polling' | 'interrupted', frames: number) {
  const sim = new Simulation({ slotBytes: 128 });
  const ends = sim.add(new Ends(sim.pool, frames));
  const forwarder = sim.add(
    new Forwarder({
      name: 'dut',
      pool: sim.pool,
      cpu: xeonIvyBridge,
      card: { ...i82599, coalesceUs: 0 },
      pcie: card.pcie,
      driver: ixy,
      waits,
    }),
  );
  for (const port of [0, 1]) sim.connect(ends, port, forwarder, port, { rate: 10e9, metres: 2 });
  sim.run(ms(5), () => ends.got.length < frames);
  return { ends, forwarder, core: forwarder.cores.cores[0]! };
}

spec('forwarding in user space', (it) => {
  for (const waits of ['polling', 'interrupted'] as const)
    it(`frames leave by the other port, in order and whole but for the byte that is touched: ${waits}`, () => {
      const { ends, forwarder } = run(waits, 200);
      assert.is(ends.got.length, 200);
      ends.got.forEach(({ port, bytes }, i) => {
        assert.is(port, 1);
        assert.is(bytes[0], 200 - i);
        assert.is(bytes[1], (200 - i + 1) % 256);
      });
      assert.is(forwarder.counters.forwarded, 200);
      assert.is(forwarder.counters.dropped, 0);
    });

  it('who polls keeps the core and is faster; who is interrupted gives it up', () => {
    const polls = run('polling', 1);
    const sleeps = run('interrupted', 1);
    assert.ok(polls.ends.got[0]!.at < sleeps.ends.got[0]!.at);
    assert.is(polls.forwarder.nics[0].counters.interrupts, 0);
    assert.is(sleeps.forwarder.nics[0].counters.interrupts, 1);
    assert.ok(polls.core.utilisation(polls.ends.got[0]!.at) > 0.99);
    assert.ok(sleeps.core.utilisation(sleeps.ends.got[0]!.at) < 0.9);
  });
});
