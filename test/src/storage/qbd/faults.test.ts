// The whole path under faults: a program's requests to its block device, qbd, a fabric that loses frames and whose link goes
// down, a pool's node that crashes with its cache, a disk that is full or slow. Every read returns what was acknowledged last, or
// what a crash may have left of it; a flush that succeeds has made all before it durable. Disks that lie are found.

import { BlockRequest, segmentsOf } from '../../../../src/block/index.js';
import type { Thread, Wait } from '../../../../src/cpu/index.js';
import { chances } from '../../../../src/fabric/index.js';
import {
  NvmeTarget,
  newServed,
  newTcpServed,
  rdmaServer,
  tcpServer,
} from '../../../../src/storage/nvmeof/index.js';
import { Qbd } from '../../../../src/storage/qbd/index.js';
import { after, ms, Random, START, seconds, us } from '../../../../src/time/index.js';
import { BlockModel } from '../../../support/block-model.js';
import { CachingVolume, type Lie } from '../../../support/caching-volume.js';
import { assert, spec } from '../../../support/spec.js';
import { worldOf } from '../../host/pair.js';
import { NQN, uuid } from './pool-world.js';

const BLOCK = 4096;
const BLOCKS = 64;
const STEPS = 100;
/** Through loss, connecting may fail: it is tried again, as by whoever mounts a disk. */
const TRIES = 3;
const DEPTH = 6;
/** A test of hundreds of seeds in CI; more by hand. */
const SEEDS = Number(process.env.BLOCK_SEEDS ?? 100);
/** Lives of a liar that are tried; each is found within forty. */
const MOST_LIARS = 400;
const FIRST = Number(process.env.BLOCK_SEED ?? 1);

interface Life {
  readonly seed: number;
  readonly transport: 'rdma' | 'tcp';
  readonly lie?: Lie | 'boot';
}

/** A slot for a request of the program, with a buffer of its own. */
interface Slot {
  readonly request: BlockRequest;
  readonly bytes: Uint8Array;
  busy: boolean;
}

class Trial {
  readonly random: Random;
  readonly world;
  readonly model = new BlockModel(BLOCKS);
  readonly volume: CachingVolume;
  readonly failures: string[] = [];
  readonly counts = { reads: 0, writes: 0, errors: 0, crashes: 0, cuts: 0, flushes: 0 };
  /** How often the pool's node began to serve. */
  #lives = 0;
  /** How often its cache was lost: answers may still be on their way then. */
  #crashed = 0;
  #server: Thread | undefined;
  #value = 0;
  /** Blocks of which a write is under way. */
  readonly #writing = new Set<number>();

  constructor(readonly life: Life) {
    const { seed, transport, lie } = life;
    this.random = new Random(seed, 'faults');
    const loss = this.random.below(3) === 0 ? 0.01 : 0;
    this.world = worldOf({
      kind: 'switched',
      wire: 'RoCE v2',
      seed,
      host: transport === 'tcp' ? { kernel: {} } : {},
      impairment: (sim) => chances({ loss }, sim.random.fork('loss')),
    });
    this.volume = new CachingVolume(BLOCKS * BLOCK, this.random.fork('disk'));
    if (lie !== 'boot') this.volume.lie = lie;
    this.#serve();
  }

  /** The pool's node begins to serve; its cache is empty. */
  #serve(): void {
    const [, pool] = this.world.hosts;
    this.#lives++;
    // A pool that hides that its cache was lost has the same name in each life.
    const bootId = new Uint8Array(16).fill(this.life.lie === 'boot' ? 1 : this.#lives);
    const target = new NvmeTarget({ bootId });
    const subsystem = target.addSubsystem(START, { nqn: NQN });
    const { volume } = this;
    subsystem.addNamespace(START, { nsid: 1, volume, uuid: uuid(1), blockSize: BLOCK });
    const options = { target, address: '10.0.0.2', poolBytes: 1 << 20 };
    const program =
      this.life.transport === 'tcp'
        ? tcpServer(pool!, options, newTcpServed())
        : rdmaServer(pool!, options, newServed());
    this.#server = pool!.spawn('pool', program);
  }

  run(): string {
    const { world } = this;
    const thread = world.hosts[0]!.spawn('program', (own) => this.#program(own));
    for (const station of world.stations) world.sim.settle(station);
    try {
      world.sim.run(seconds(7200), () => !thread.ended);
    } catch (error) {
      return String(error);
    }
    if (!thread.ended) return 'it never ended';
    return this.failures[0] ?? '';
  }

  *#program(thread: Thread): Generator<Wait, void, void> {
    const { world, life, random } = this;
    const [host] = world.hosts;
    const options = {
      subnqn: NQN,
      paths: [{ transport: life.transport, target: world.ip(1) }],
      ...{ queues: 2, entries: 16, keepAliveMs: 1000, reconnectNs: ms(200), timeoutNs: seconds(5) },
    };
    let qbd = new Qbd(host!, options);
    let failure = yield* qbd.ready(thread);
    for (let tries = 1; failure !== '' && tries < TRIES; tries++) {
      qbd = new Qbd(host!, options);
      failure = yield* qbd.ready(thread);
    }
    if (failure !== '') return void this.failures.push(failure);
    const { device } = qbd.devices[0]!;
    const slots = Array.from({ length: DEPTH }, () => this.#slot());
    for (let step = 0; step < STEPS && this.failures.length === 0; step++) {
      const free = slots.filter(({ busy }) => !busy);
      if (free.length === 0 || random.below(4) === 0) {
        yield thread.sleep(after(thread.now, us(random.below(300))));
        if (random.below(12) === 0) this.#fault();
        continue;
      }
      if (this.#prepare(free[random.below(free.length)]!)) {
        const slot = free.find(({ busy }) => busy)!;
        yield* device.submit(thread, slot.request);
      }
    }
    while (slots.some(({ busy }) => busy)) yield thread.sleep(after(thread.now, ms(10)));
    // In the end everything is looked at.
    for (let block = 0; block < BLOCKS && this.failures.length === 0; block++) {
      const [slot] = slots;
      this.#read(slot!, block);
      yield* device.submit(thread, slot!.request);
      while (slot!.busy) yield thread.sleep(after(thread.now, us(50)));
    }
  }

  #slot(): Slot {
    const { space } = this.world.hosts[0]!;
    const address = space.allocate(BLOCK);
    const request = new BlockRequest();
    request.segments = segmentsOf(space, address, BLOCK);
    return { request, bytes: space.bytes(address, BLOCK), busy: false };
  }

  /** Chooses what a slot does; false where nothing can be done now. */
  #prepare(slot: Slot): boolean {
    const { random } = this;
    const roll = random.below(20);
    if (roll === 0) return this.#flush(slot);
    const block = random.below(BLOCKS);
    if (this.#writing.has(block)) return false;
    if (roll < 10) this.#read(slot, block);
    else this.#write(slot, block, roll < 13);
    return true;
  }

  #read(slot: Slot, block: number): void {
    const { request, bytes } = slot;
    Object.assign(request, { op: 'read', offset: block * BLOCK, length: BLOCK, fua: false });
    slot.busy = true;
    bytes.fill(0xff);
    // A write that begins before the answer may be seen, and so may what was there before it.
    const before = new Set(this.model.valuesOf(block));
    this.counts.reads++;
    request.done = () => {
      slot.busy = false;
      if (request.status !== 'BLK_STS_OK') return void this.counts.errors++;
      const [value] = bytes;
      const isWhole = bytes.every((byte) => byte === value);
      if (!isWhole && this.#crashed === 0) return void this.failures.push(`block ${block} is torn`);
      for (let at = 0; at < BLOCK; at += 512) {
        const found = bytes[at]!;
        if (before.has(found) || this.model.allows(block, found)) continue;
        this.failures.push(`block ${block} holds ${found}, not ${[...before]} or what came since`);
        return;
      }
    };
  }

  #write(slot: Slot, block: number, fua: boolean): void {
    const { request, bytes } = slot;
    this.#value = (this.#value % 250) + 1;
    const value = this.#value;
    const crashed = this.#crashed;
    Object.assign(request, { op: 'write', offset: block * BLOCK, length: BLOCK, fua });
    slot.busy = true;
    bytes.fill(value);
    this.#writing.add(block);
    this.model.begins(block, value);
    this.counts.writes++;
    request.done = () => {
      slot.busy = false;
      this.#writing.delete(block);
      if (request.status !== 'BLK_STS_OK') this.counts.errors++;
      else this.model.acknowledged(block, value, fua, crashed !== this.#crashed);
    };
  }

  #flush(slot: Slot): boolean {
    const { request } = slot;
    Object.assign(request, { op: 'flush', offset: 0, length: 0, fua: false });
    slot.busy = true;
    const before = this.model.snapshot();
    this.counts.flushes++;
    request.done = () => {
      slot.busy = false;
      if (request.status === 'BLK_STS_OK') this.model.flushed(before);
      else {
        this.counts.errors++;
        this.model.unflushed();
      }
    };
    return true;
  }

  /** Something goes wrong, for a while. */
  #fault(): void {
    const { sim, links } = this.world;
    const kind = this.random.below(4);
    const end = after(sim.now, ms(this.random.below(3) === 0 ? 3000 : 20));
    if (kind === 0) {
      this.counts.cuts++;
      sim.at(sim.now, () => sim.setLink(links[0]!, false));
      sim.at(end, () => sim.setLink(links[0]!, true));
    } else if (kind === 1) this.#crash(end);
    else if (kind === 2) {
      this.volume.isFull = true;
      sim.at(end, () => {
        this.volume.isFull = false;
      });
    } else {
      this.volume.later = (go) =>
        sim.at(after(sim.now, us(this.random.below(500))), () => {
          go();
          sim.settle(this.world.stations[1]!);
        });
      sim.at(end, () => {
        this.volume.later = (go) => go();
      });
    }
  }

  /** The node goes without a word, its cache with it, and comes back. */
  #crash(end: ReturnType<typeof after>): void {
    const { sim, links, hosts, stations } = this.world;
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    this.counts.crashes++;
    sim.at(sim.now, () => {
      sim.setLink(links[1]!, false);
      const pool = hosts[1]!;
      for (const thread of [...pool.cores.threads])
        if (/^(pool|nvme|nvmet)/.test(thread.name)) pool.cores.kill(sim.now, thread);
      this.volume.crash();
      this.model.crashed();
      this.#crashed++;
      sim.settle(stations[1]!);
    });
    sim.at(end, () => {
      sim.setLink(links[1]!, true);
      this.#serve();
      sim.settle(stations[1]!);
    });
  }
}

const repeat = (seed: number): string =>
  `BLOCK_SEED=${seed} BLOCK_SEEDS=1 node dist/test/support/run.js qbd/faults`;

for (const transport of ['rdma', 'tcp'] as const)
  spec(`blocks under faults, over ${transport}`, (it) => {
    it('every read returns what was acknowledged last, or what a crash may have left', () => {
      const sums = { reads: 0, writes: 0, errors: 0, crashes: 0, cuts: 0, flushes: 0 };
      for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
        const trial = new Trial({ seed, transport });
        assert.is(trial.run(), '', repeat(seed));
        for (const name of Object.keys(sums) as (keyof typeof sums)[])
          sums[name] += trial.counts[name];
      }
      // Each kind of trouble was there.
      assert.ok(
        SEEDS < 50 || (sums.crashes > 0 && sums.cuts > 0 && sums.errors > 0),
        JSON.stringify(sums),
      );
    });

    for (const lie of ['flush', 'fua', 'write', 'stale', 'boot'] as const)
      it(`a disk that lies is found: ${lie}`, () => {
        for (let seed = 1; seed <= MOST_LIARS; seed++)
          if (new Trial({ seed, transport, lie }).run() !== '') return;
        assert.unreachable(`${lie} was not found`);
      });
  });
