// Mirrors src/storage/copies/marked-volume.ts and standing.ts: the process that serves a volume in copies crashes at any
// instant, nodes crash and lose any part of what was not flushed. What was read once stays, until it is written again.

import { MarkedVolume, replicate } from '../../../../src/storage/copies/marked-volume.js';
import type { RecordedCopy } from '../../../../src/storage/copies/record.js';
import { standings } from '../../../../src/storage/copies/standing.js';
import type { ReplicatedVolume } from '../../../../src/storage/index.js';
import {
  EIO,
  type Extents,
  type Io,
  OK,
  operate,
  type Volume,
} from '../../../../src/storage/volume.js';
import { Random } from '../../../../src/time/index.js';
import { CachingVolume } from '../../../support/caching-volume.js';
import { assert, spec } from '../../../support/spec.js';

const BLOCK = 4096;
const BLOCKS = 32;
const SIZE = BLOCKS * BLOCK;
const REGION = 4 * BLOCK;

type Later = (go: () => void) => void;

/** A copy over a connection that is lost when its node crashes, or who serves does. */
class Connected implements Volume {
  readonly size = SIZE;
  readonly readOnly = false;
  readonly preferredBlock = BLOCK;
  readonly readsAtOnce = false;
  isLost = false;

  constructor(
    readonly disk: CachingVolume,
    readonly later: Later,
  ) {}

  #do(kind: 'read' | 'write' | 'flush' | 'zero' | 'trim', io: Io): void {
    const own = kind === 'write' ? { ...io, bytes: io.bytes.slice(io.at), at: 0 } : io;
    const end = (error: number) => this.later(() => io.done(this.isLost ? EIO : error));
    this.later(() => (this.isLost ? end(EIO) : this.disk[kind]({ ...own, done: end })));
  }

  read = (io: Io) => this.#do('read', io);
  write = (io: Io) => this.#do('write', io);
  flush = (io: Io) => this.#do('flush', io);
  zero = (io: Io) => this.#do('zero', io);
  trim = (io: Io) => this.#do('trim', io);

  status(io: Io, extents: Extents): void {
    extents.add(io.length, false);
    io.done(OK);
  }
}

/** The record, with what of it is durable. */
class Known {
  readonly size = SIZE;
  readonly minimumBlock = 1;
  readonly region = REGION;
  copies: readonly RecordedCopy[];
  readonly marked: Uint8Array;

  constructor(
    public durable: { readonly copies: readonly RecordedCopy[]; readonly marked: Uint8Array },
    readonly later: Later,
  ) {
    this.copies = durable.copies;
    this.marked = durable.marked.slice();
  }

  get isMarked(): boolean {
    return this.marked.includes(1);
  }

  keep(done: (error: number) => void): void {
    this.later(() => {
      this.durable = { copies: this.copies, marked: this.marked.slice() };
      this.later(() => done(OK));
    });
  }
}

interface Life {
  readonly seed: number;
  /** The marks are not believed after a crash. */
  readonly forgetsMarks?: boolean;
}

class World {
  readonly random: Random;
  readonly disks: CachingVolume[];
  readonly isDown: boolean[];
  pending: (() => void)[] = [];
  connections: Connected[] = [];
  known: Known;
  replicated!: ReplicatedVolume;
  volume!: MarkedVolume;
  readonly may = Array.from({ length: BLOCKS }, () => new Set([0]));
  durable = Array.from({ length: BLOCKS }, () => new Set([0]));
  /** Blocks with a write whose end is not known. */
  readonly open = new Set<number>();
  value = 0;
  found = '';

  constructor({ seed }: Life) {
    this.random = new Random(seed, 'crashes');
    this.disks = [0, 1, 2].map((i) => new CachingVolume(SIZE, this.random.fork(`disk ${i}`)));
    this.isDown = this.disks.map(() => false);
    const copies = this.disks.map((_, i): RecordedCopy => ({ at: `${i}`, is: 'whole' }));
    const marked = new Uint8Array(SIZE / REGION);
    this.known = new Known({ copies, marked }, (go) => this.pending.push(go));
  }

  /** Some of what is under way happens, in any order. */
  turn(count = Infinity): void {
    for (; count > 0 && this.pending.length > 0; count--)
      this.pending.splice(this.random.below(this.pending.length), 1)[0]!();
  }

  async settle(): Promise<void> {
    for (let idle = 0; idle < 5; idle++) {
      if (this.pending.length > 0) idle = 0;
      this.turn();
      await null;
    }
  }

  serve(forgetsMarks: boolean): void {
    // What is durable, and nothing that only the one before knew.
    const later: Later = (go) => this.pending.push(go);
    const known = new Known(this.known.durable, later);
    if (forgetsMarks) known.marked.fill(0);
    const seen = () =>
      this.isDown.map((isDown, i) => ({ at: `${i}`, isThere: !isDown, isNew: false }));
    if (standings(known.copies, seen(), known.isMarked) === undefined) this.isDown.fill(false);
    known.copies = standings(known.copies, seen(), known.isMarked)!;
    known.durable = { copies: known.copies, marked: known.marked.slice() };
    this.known = known;
    this.connections = this.disks.map((disk) => new Connected(disk, later));
    this.connections.forEach((connection, i) => {
      connection.isLost = this.isDown[i]!;
      if (!connection.isLost) this.disks[i]!.flush({ ...NOTHING, done: () => {} });
    });
    this.replicated = replicate(this.connections, known);
    this.volume = new MarkedVolume(this.replicated, known, 1e9);
    this.comeBack();
  }

  comeBack(): void {
    this.isDown.forEach((isDown, i) => {
      if (isDown || this.replicated.states[i] !== 'out') return;
      this.connections[i]!.isLost = false;
      this.replicated.rejoin(i);
    });
  }

  /** Who serves is killed: what is under way happens on the nodes, or not; nobody hears of it. */
  crash(): void {
    this.volume.stop();
    this.turn(this.random.below(this.pending.length + 1));
    for (const connection of this.connections) connection.isLost = true;
    this.pending = [];
    this.open.clear();
    this.may.forEach((values, i) => {
      for (const value of this.durable[i]!) values.add(value);
    });
  }

  /** A node loses power; one whole one stays. */
  lose(): void {
    const { states } = this.replicated;
    const up = this.disks.map((_, i) => i).filter((i) => !this.isDown[i]);
    const able = up.filter((i) => up.some((other) => other !== i && states[other] === 'in'));
    if (able.length === 0) return;
    const index = able[this.random.below(able.length)]!;
    this.isDown[index] = true;
    this.connections[index]!.isLost = true;
    this.disks[index]!.crash();
  }

  write(block: number): void {
    if (this.open.has(block)) return;
    this.value = (this.value % 250) + 1;
    const value = this.value;
    this.open.add(block);
    this.may[block]!.add(value);
    this.durable[block]!.add(value);
    const bytes = new Uint8Array(BLOCK).fill(value);
    const { volume } = this;
    operate(volume, 'write', { offset: block * BLOCK, bytes }).then((error) => {
      if (volume !== this.volume) return;
      this.open.delete(block);
      if (error === OK) this.may[block] = new Set([value]);
    });
  }

  read(block: number): void {
    const bytes = new Uint8Array(BLOCK);
    const { volume } = this;
    const wasOpen = this.open.has(block);
    operate(volume, 'read', { offset: block * BLOCK, bytes }).then((error) => {
      if (volume !== this.volume || error !== OK || wasOpen || this.open.has(block)) return;
      const [value] = bytes;
      if (!this.may[block]!.has(value!))
        this.found ||= `block ${block} holds ${value}, not ${[...this.may[block]!]}`;
      // It is there, and stays.
      this.may[block] = new Set([value!]);
    });
  }

  async flush(): Promise<void> {
    await this.settle();
    const { volume } = this;
    const before = this.may.map((values) => new Set(values));
    const flushing = operate(volume, 'flush').then((error) => {
      if (error === OK) this.durable = before;
    });
    await this.settle();
    await flushing;
  }
}

const NOTHING = {
  offset: 0,
  length: 0,
  bytes: new Uint8Array(0),
  at: 0,
  fua: false,
  noHole: false,
};

async function live(life: Life): Promise<string> {
  const world = new World(life);
  const { random } = world;
  world.serve(false);
  for (let step = 0; step < 150 && world.found === ''; step++) {
    const roll = random.below(20);
    if (roll < 7) for (let i = random.below(4); i >= 0; i--) world.write(random.below(BLOCKS));
    else if (roll < 12) for (let i = 0; i < 4; i++) world.read(random.below(BLOCKS));
    else if (roll < 14) await world.flush();
    else if (roll === 14) world.volume.clear(() => {}, true);
    else if (roll === 15) world.lose();
    else if (roll < 18) {
      world.isDown.fill(false);
      await world.settle();
      world.comeBack();
    } else {
      world.crash();
      world.serve(life.forgetsMarks === true);
    }
    world.turn(random.below(30));
    for (let i = 0; i < 3; i++) await null;
  }
  await world.settle();
  world.volume.stop();
  return world.found;
}

const SEEDS = Number(process.env.COPIES_SEEDS ?? 200);

spec('copies and crashes of who serves them', (it) => {
  it(`what was read once stays, in ${SEEDS} lives`, async () => {
    for (let seed = 1; seed <= SEEDS; seed++) assert.is(await live({ seed }), '', `seed ${seed}`);
  });

  it('without marks, copies that differ are found', async () => {
    let found = 0;
    for (let seed = 1; seed <= SEEDS && found === 0; seed++)
      if ((await live({ seed, forgetsMarks: true })) !== '') found++;
    assert.is(found, 1);
  });
});
