// Mirrors src/storage/replicated-volume.ts: random work on copies that fail, forget what was not flushed, and come back.

import { MemoryVolume, operate, ReplicatedVolume } from '../../../src/storage/index.js';
import { EIO, type Io, OK } from '../../../src/storage/volume.js';
import { Random } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const SIZE = 1 << 18;
const BLOCK = 4096;

/** A copy on a node: answers come later, in any order; a crash loses what was not flushed, and what is under way. */
class Node extends MemoryVolume {
  isDown = false;
  /** Lies: what it is flushed with is not kept. */
  forgetsFlushes = false;
  #kept: Uint8Array = new Uint8Array(SIZE);
  #life = 0;

  constructor(readonly later: (go: () => void) => void) {
    super(SIZE);
  }

  #soon(io: Io, act: (io: Io) => void): void {
    const life = this.#life;
    const bytes = io.bytes.slice(io.at, io.at + io.length);
    const own = { ...io, bytes, at: 0 };
    this.later(() => {
      if (this.isDown || this.#life !== life) return io.done(EIO);
      own.done = (error) => {
        io.bytes.set(own.bytes, io.at);
        this.later(() => io.done(this.isDown || this.#life !== life ? EIO : error));
      };
      act(own);
    });
  }

  override read(io: Io): void {
    this.#soon(io, (own) => super.read(own));
  }

  override write(io: Io): void {
    this.#soon(io, (own) => {
      super.write(own);
      if (io.fua) this.#keep(io.offset, io.length);
    });
  }

  override flush(io: Io): void {
    this.#soon(io, (own) => {
      if (!this.forgetsFlushes) this.#keep(0, SIZE);
      own.done(OK);
    });
  }

  #keep(offset: number, length: number): void {
    const bytes = this.#kept.subarray(offset, offset + length);
    super.read({ offset, length, bytes, at: 0, fua: false, noHole: false, done: () => {} });
  }

  crash(): void {
    this.isDown = true;
    this.#life++;
    const bytes = this.#kept;
    const io = { offset: 0, length: SIZE, bytes, at: 0, fua: false, noHole: false };
    super.write({ ...io, done: () => {} });
  }
}

interface Life {
  readonly seed: number;
  readonly copies: number;
  /** Lies that the test must see through. */
  readonly lie?: 'forgets' | 'skips';
}

/** Random work; what was read that must not have been, or nothing. */
async function live({ seed, copies, lie }: Life): Promise<string> {
  const random = new Random(seed, 'replicas');
  const pending: (() => void)[] = [];
  const nodes = Array.from({ length: copies }, () => new Node((go) => pending.push(go)));
  const volume = new ReplicatedVolume(nodes);
  if (lie === 'forgets') for (const node of nodes) node.forgetsFlushes = true;
  if (lie === 'skips') {
    const liar = nodes[1]!;
    const write = liar.write.bind(liar);
    liar.write = (io) => (random.below(10) === 0 ? pending.push(() => io.done(OK)) : write(io));
  }
  const drain = async (): Promise<void> => {
    while (pending.length > 0) {
      pending.splice(random.below(pending.length), 1)[0]!();
      await null;
    }
  };
  /** What each block may hold. */
  const may = Array.from({ length: SIZE / BLOCK }, () => new Set([0]));
  let value = 0;
  const work: Promise<void>[] = [];
  for (let step = 0; step < 120; step++) {
    const block = random.below(SIZE / BLOCK);
    const roll = random.below(20);
    if (roll < 9) {
      value = (value % 250) + 1;
      const mine = value;
      const bytes = new Uint8Array(BLOCK).fill(mine);
      may[block]!.add(mine);
      const fua = random.below(4) === 0;
      const one = operate(volume, 'write', { offset: block * BLOCK, bytes, fua });
      const noted = one.then((error) => {
        if (error === OK) may[block] = new Set([mine]);
      });
      work.push(noted);
      await drain();
    } else if (roll < 15) {
      await drain();
      const bytes = new Uint8Array(BLOCK);
      const read = operate(volume, 'read', { offset: block * BLOCK, bytes });
      await drain();
      const isGood = (await settled(read, drain)) === OK;
      if (isGood && !may[block]!.has(bytes[0]!)) return `block ${block} holds ${bytes[0]}`;
    } else if (roll < 17) {
      work.push(operate(volume, 'flush').then(() => {}));
      await drain();
    } else if (roll === 17) {
      // One whole copy stays: if all crash, what was not flushed is gone, as with any disk.
      const whole = nodes.filter(({ isDown }, i) => !isDown && volume.states[i] === 'in');
      const up = nodes.filter((node) => !node.isDown && whole.some((other) => other !== node));
      if (up.length > 0) up[random.below(up.length)]!.crash();
    } else {
      const index = nodes.findIndex(({ isDown }) => isDown);
      if (index < 0) continue;
      // That it was gone is noticed: over a network, its connection was lost.
      await settled(operate(volume, 'flush'), drain);
      nodes[index]!.isDown = false;
      volume.rejoin(index);
      if (random.below(2) === 0) await drain();
    }
  }
  await settled(operate(volume, 'flush'), drain);
  for (const node of nodes) node.isDown = false;
  nodes.forEach((_, i) => {
    volume.rejoin(i);
  });
  await drain();
  await Promise.all(work);
  if (volume.states.some((state) => state !== 'in')) return `copies are ${volume.states}`;
  for (const [block, allowed] of may.entries())
    for (const [i, node] of nodes.entries()) {
      const bytes = new Uint8Array(BLOCK);
      await settled(operate(node, 'read', { offset: block * BLOCK, bytes }), drain);
      if (!allowed.has(bytes[0]!)) return `in the end, copy ${i} of block ${block} is ${bytes[0]}`;
    }
  return '';
}

async function settled<T>(promise: Promise<T>, drain: () => Promise<void>): Promise<T> {
  let isOver = false;
  const watched = promise.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await drain();
    await null;
  }
  return watched;
}

const SEEDS = Number(process.env.REPLICA_SEEDS ?? 60);

spec('a volume in copies', (it) => {
  it('reads what was acknowledged last, whatever nodes crash and come back, and all copies agree in the end', async () => {
    for (let seed = 1; seed <= SEEDS; seed++)
      for (const copies of [2, 3])
        assert.is(await live({ seed, copies }), '', `seed ${seed}, ${copies} copies`);
  });

  for (const lie of ['skips', 'forgets'] as const)
    it(`a copy that ${lie === 'skips' ? 'acknowledges what it does not write' : 'forgets what it was flushed with'} is found`, async () => {
      let found = 0;
      for (let seed = 1; seed <= SEEDS; seed++)
        if ((await live({ seed, copies: 2, lie })) !== '') found++;
      assert.ok(found > 0, `${found} of ${SEEDS}`);
    });
});
