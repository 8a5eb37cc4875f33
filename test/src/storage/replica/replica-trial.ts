// One life of a volume with copies on other nodes, under faults: a program's requests, frames that are lost, links that are cut,
// nodes that crash with their caches, the one that has the volume among them, disks that are full or slow. As long as one node
// at a time is in trouble nothing that was acknowledged is lost, flushed or not; in the end all copies are alike.

import { BlockRequest, segmentsOf } from '../../../../src/block/index.js';
import type { Thread, Wait } from '../../../../src/cpu/index.js';
import { chances } from '../../../../src/fabric/index.js';
import { Qbd } from '../../../../src/storage/qbd/index.js';
import { after, ms, type Nanos, Random, seconds, us } from '../../../../src/time/index.js';
import { BlockModel } from '../../../support/block-model.js';
import { CachingVolume, type Lie } from '../../../support/caching-volume.js';
import { ReplicaWorld } from './replica-world.js';

const BLOCK = 4096;
const BLOCKS = 32;
const STEPS = 150;
const DEPTH = 4;
const VALUES = 250;
/** Whoever lies is the second node, which is asked when the first one has crashed. */
const LIAR = 1;
/** By then a node that was gone has been missed, by keep-alive at the latest. */
const NOTICED = ms(2500);
/** Copies are whole again within this. */
const PATIENCE = seconds(120);

const kinds = ['cut of the host', 'cut', 'crash', 'crash', 'full', 'slow'] as const;

export interface Life {
  readonly seed: number;
  readonly transport: 'rdma' | 'tcp';
  readonly nodes: number;
  readonly lie?: Lie;
}

interface Slot {
  readonly request: BlockRequest;
  readonly bytes: Uint8Array;
  busy: boolean;
}

export class ReplicaTrial {
  readonly counts = { reads: 0, writes: 0, errors: 0, cuts: 0, crashes: 0, ownCrashes: 0, full: 0 };
  readonly #random: Random;
  readonly #pool: ReplicaWorld;
  readonly #disks: CachingVolume[] = [];
  readonly #model = new BlockModel(BLOCKS);
  readonly #failures: string[] = [];
  readonly #writing = new Set<number>();
  #value = 0;
  /** A node is in trouble. */
  #trouble = false;

  constructor(readonly life: Life) {
    const { seed, transport, nodes, lie } = life;
    this.#random = new Random(seed, 'copies');
    const loss = this.#random.below(3) === 0 ? 0.01 : 0;
    this.#pool = new ReplicaWorld({
      ...{ transport, nodes, seed, size: BLOCKS * BLOCK },
      connection: { keepAliveMs: 1000, reconnectNs: ms(100), timeoutNs: seconds(5) },
      impairment: (sim) => chances({ loss }, sim.random.fork('loss')),
      disk: (node, bytes) => {
        const disk = new CachingVolume(bytes, this.#random.fork(`disk ${node}`));
        if (node === LIAR) disk.lie = lie;
        this.#disks[node] = disk;
        return disk;
      },
    });
  }

  /** What went wrong, or nothing. */
  run(): string {
    try {
      this.#pool.run((thread) => this.#program(thread), seconds(7200));
    } catch (error) {
      return String(error);
    }
    return this.#failures[0] ?? '';
  }

  *#program(thread: Thread): Generator<Wait, void, void> {
    const pool = this.#pool;
    while (!pool.set?.volume) yield thread.sleep(after(thread.now, ms(1)));
    const qbd = new Qbd(pool.world.hosts[0]!, pool.options);
    const failure = yield* qbd.ready(thread);
    if (failure !== '') return void this.#failures.push(failure);
    const { device } = qbd.devices[0]!;
    const slots = Array.from({ length: DEPTH }, () => this.#slot());
    for (let step = 0; step < STEPS && this.#failures.length === 0; step++) {
      const free = slots.filter(({ busy }) => !busy);
      if (free.length === 0 || this.#random.below(4) === 0) {
        const isLong = this.#random.below(10) === 0;
        yield thread.sleep(
          after(thread.now, isLong ? ms(this.#random.below(3000)) : us(this.#random.below(300))),
        );
        if (this.#random.below(3) === 0) this.#fault();
        continue;
      }
      const slot = free[this.#random.below(free.length)]!;
      if (this.#prepare(slot)) yield* device.submit(thread, slot.request);
    }
    while (slots.some(({ busy }) => busy)) yield thread.sleep(after(thread.now, ms(10)));
    yield* this.#whole(thread);
    for (let block = 0; block < BLOCKS && this.#failures.length === 0; block++) {
      const [slot] = slots;
      this.#read(slot!, block);
      yield* device.submit(thread, slot!.request);
      while (slot!.busy) yield thread.sleep(after(thread.now, us(50)));
      this.#compare(block);
    }
  }

  /** Waits until all copies are in the set. */
  *#whole(thread: Thread): Generator<Wait, void, void> {
    const end = after(thread.now, PATIENCE);
    while (this.#trouble) yield thread.sleep(after(thread.now, ms(100)));
    while (!this.#isWhole() && thread.now < end) yield thread.sleep(after(thread.now, ms(10)));
    if (!this.#isWhole()) this.#failures.push(`copies are ${this.#pool.set?.volume?.states}`);
  }

  #isWhole(): boolean {
    return this.#pool.set?.volume?.states.every((state) => state === 'in') ?? false;
  }

  /** All copies of a block are alike, and what may be read. */
  #compare(block: number): void {
    for (const [node, disk] of this.#disks.entries()) {
      const bytes = new Uint8Array(BLOCK);
      disk.peek(block * BLOCK, bytes);
      const [value] = bytes;
      if (bytes.some((byte) => byte !== value) || !this.#model.allows(block, value!))
        this.#failures.push(`in the end block ${block} at node ${node} is ${value}`);
    }
  }

  #slot(): Slot {
    const { space } = this.#pool.world.hosts[0]!;
    const address = space.allocate(BLOCK);
    const request = new BlockRequest();
    request.segments = segmentsOf(space, address, BLOCK);
    return { request, bytes: space.bytes(address, BLOCK), busy: false };
  }

  #prepare(slot: Slot): boolean {
    const random = this.#random;
    const block = random.below(BLOCKS);
    const roll = random.below(20);
    if (roll === 0) return this.#begin(slot, 'flush', 0, 0, false, () => {});
    if (this.#writing.has(block)) return false;
    if (roll < 8) this.#read(slot, block);
    else this.#write(slot, block, roll < 12);
    return true;
  }

  #begin(
    slot: Slot,
    op: BlockRequest['op'],
    offset: number,
    length: number,
    fua: boolean,
    done: (isGood: boolean) => void,
  ): true {
    const { request } = slot;
    Object.assign(request, { op, offset, length, fua });
    slot.busy = true;
    request.done = () => {
      slot.busy = false;
      const isGood = request.status === 'BLK_STS_OK';
      if (!isGood) this.counts.errors++;
      done(isGood);
    };
    return true;
  }

  #read(slot: Slot, block: number): void {
    this.counts.reads++;
    slot.bytes.fill(0xff);
    const before = new Set(this.#model.valuesOf(block));
    this.#begin(slot, 'read', block * BLOCK, BLOCK, false, (isGood) => {
      const [found] = slot.bytes;
      if (!isGood) return;
      const isWhole = slot.bytes.every((byte) => byte === found);
      if (!isWhole) this.#failures.push(`block ${block} is torn`);
      else if (!before.has(found!) && !this.#model.allows(block, found!))
        this.#failures.push(`block ${block} holds ${found}, not ${[...before]} or what came since`);
    });
  }

  #write(slot: Slot, block: number, fua: boolean): void {
    this.#value = (this.#value % VALUES) + 1;
    const value = this.#value;
    this.counts.writes++;
    slot.bytes.fill(value);
    this.#writing.add(block);
    this.#model.begins(block, value);
    this.#begin(slot, 'write', block * BLOCK, BLOCK, fua, (isGood) => {
      this.#writing.delete(block);
      if (isGood) this.#model.acknowledged(block, value, fua, false);
    });
  }

  /** Something goes wrong, for a while. A node only where all copies are whole. */
  #fault(): void {
    const { sim } = this.#pool.world;
    const random = this.#random;
    const end = after(sim.now, ms(random.below(3) === 0 ? 3000 : 20));
    const node = random.below(this.life.nodes);
    const kind = kinds[random.below(kinds.length)]!;
    if (kind === 'cut of the host') return this.#cut(0, end);
    if (this.#trouble || !this.#isWhole()) return;
    this.#trouble = true;
    sim.at(after(end, NOTICED), () => {
      this.#trouble = false;
    });
    if (kind === 'cut') this.#cut(1 + node, end);
    else if (kind === 'crash') this.#crash(this.life.lie ? 0 : node, end);
    else if (kind === 'full') {
      this.counts.full++;
      this.#disks[node]!.isFull = true;
      sim.at(end, () => {
        this.#disks[node]!.isFull = false;
      });
    } else this.#slow(node, end);
  }

  #cut(link: number, end: Nanos): void {
    const { sim, links } = this.#pool.world;
    this.counts.cuts++;
    sim.at(sim.now, () => sim.setLink(links[link]!, false));
    sim.at(end, () => sim.setLink(links[link]!, true));
  }

  #slow(node: number, end: Nanos): void {
    const { sim, stations } = this.#pool.world;
    const disk = this.#disks[node]!;
    disk.later = (go) =>
      sim.at(after(sim.now, us(this.#random.below(2000))), () => {
        go();
        sim.settle(stations[1 + node]!);
      });
    sim.at(end, () => {
      disk.later = (go) => go();
    });
  }

  #crash(node: number, end: Nanos): void {
    const { sim } = this.#pool.world;
    if (node === 0) this.counts.ownCrashes++;
    else this.counts.crashes++;
    sim.at(sim.now, () => {
      this.#pool.crash(node);
      this.#disks[node]!.crash();
    });
    sim.at(end, () => this.#pool.restart(node));
  }
}
