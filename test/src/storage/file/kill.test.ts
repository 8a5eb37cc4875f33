// A real process that serves a real file to NBD clients is killed at any instant, hundreds of times: what its clients have
// seen acknowledged as durable is there, and nothing that they never wrote.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SLOT } from '../../../../src/storage/file/format.js';
import { BlockStore, durably, FileDisk, openStore } from '../../../../src/storage/file/index.js';
import { RemoteVolume } from '../../../../src/storage/nbd/index.js';
import { OK, operate } from '../../../../src/storage/volume.js';
import { Random } from '../../../../src/time/index.js';
import { inFolder } from '../../../support/cli.js';
import { BLOCKS, stamped, versionOf } from '../../../support/kill-model.js';
import { uriOf } from '../../../support/nbd-server.js';
import { assert, spec } from '../../../support/spec.js';

const pool = fileURLToPath(new URL('../../../support/killed-pool.js', import.meta.url));
const KILLS = Number(process.env.STORE_KILLS ?? 200);
/** Processes that are started before their turn. */
const AHEAD = 2;
const CLIENTS = 2;
/** However slow the disk is, nobody lives longer. */
const LONGEST_MS = 300;

/** What may be in each block, as clients know it. */
class Judge {
  readonly #floor = new Uint32Array(BLOCKS);
  readonly #acknowledged = new Uint32Array(BLOCKS);
  readonly #written: Set<number>[] = Array.from({ length: BLOCKS }, () => new Set([0]));
  #version = 0;
  durable = 0;

  begins(block: number): number {
    this.#written[block]!.add(++this.#version);
    return this.#version;
  }

  acknowledged(block: number, version: number, fua: boolean): void {
    this.#acknowledged[block] = Math.max(this.#acknowledged[block]!, version);
    if (fua) this.#floor[block] = Math.max(this.#floor[block]!, version);
  }

  /** What a flush that begins now makes durable, whoever wrote it. */
  snapshot(): Uint32Array {
    return this.#acknowledged.slice();
  }

  flushed(before: Uint32Array): void {
    this.durable++;
    before.forEach((version, block) => {
      this.#floor[block] = Math.max(this.#floor[block]!, version);
    });
  }

  async check(path: string): Promise<void> {
    const disk = new FileDisk(path);
    const store = new BlockStore(disk, { random: () => 1 });
    const bytes = new Uint8Array(SLOT);
    for (let block = 0; block < BLOCKS; block++) {
      assert.is(await operate(store.volume('v')!, 'read', { offset: block * SLOT, bytes }), OK);
      const found = versionOf(bytes, block);
      assert.ok(found >= this.#floor[block]!, `block ${block}: ${found} < ${this.#floor[block]}`);
      assert.ok(this.#written[block]!.has(found), `block ${block}: ${found} was never written`);
      this.#floor[block] = found;
      this.#acknowledged[block] = found;
    }
    await durably('flush', (done) => store.close(done));
  }
}

/** Writes to blocks of its own, and flushes, until the connection is gone. */
async function work(volume: RemoteVolume, client: number, judge: Judge, random: Random) {
  let isOver = false;
  const write = async () => {
    const block = client + CLIENTS * random.below(BLOCKS / CLIENTS);
    const version = judge.begins(block);
    const fua = random.chance(0.1);
    const bytes = stamped(block, version);
    const error = await operate(volume, 'write', { offset: block * SLOT, bytes, fua });
    if (error === OK) judge.acknowledged(block, version, fua);
    isOver ||= error !== OK;
  };
  const flush = async () => {
    const before = judge.snapshot();
    const error = await operate(volume, 'flush');
    if (error === OK) judge.flushed(before);
    isOver ||= error !== OK;
  };
  while (!isOver) {
    const flushing = random.chance(0.5) ? flush() : undefined;
    await Promise.all(Array.from({ length: 1 + random.below(8) }, write));
    await flushing;
  }
}

/** Lets a process serve, and kills it after some flushes. */
async function life(child: ChildProcess, socket: string, judge: Judge, random: Random) {
  const ready = new Promise((resolve) => child.stdout!.once('data', resolve));
  const closed = new Promise((resolve) => child.on('close', resolve));
  child.stdin!.write('x');
  await ready;
  const volumes: RemoteVolume[] = [];
  for (let i = 0; i < CLIENTS; i++) volumes.push(await RemoteVolume.open(uriOf({ socket })));
  const wanted = judge.durable + random.below(5);
  const jitterMs = random.below(3);
  const late = performance.now() + LONGEST_MS;
  const works = volumes.map((volume, i) => work(volume, i, judge, random));
  while (judge.durable < wanted && performance.now() < late)
    await new Promise((resolve) => setImmediate(resolve));
  if (jitterMs > 0) await new Promise((resolve) => setTimeout(resolve, jitterMs));
  child.kill('SIGKILL');
  await closed;
  for (const volume of volumes) volume.close();
  await Promise.all(works);
}

spec('store in a file, served over NBD', (it) => {
  it(`survives ${KILLS} kills of its process with all that was acknowledged`, () =>
    inFolder(async (folder) => {
      const path = join(folder, 'store');
      const { store, close } = await openStore(path);
      await durably('create', (done) => store.create('v', BLOCKS * SLOT, done));
      await close();
      const random = new Random(1, 'kills');
      const judge = new Judge();
      const socket = (i: number) => join(folder, `s${i}`);
      const start = (i: number) =>
        spawn(process.execPath, [pool, path, socket(i)], { stdio: ['pipe', 'pipe', 'inherit'] });
      const children = Array.from({ length: AHEAD }, (_, i) => start(i));
      for (let kill = 0; kill < KILLS; kill++) {
        if (kill + AHEAD < KILLS) children.push(start(kill + AHEAD));
        await life(children[kill]!, socket(kill), judge, random);
        await judge.check(path);
      }
      assert.ok(judge.durable > KILLS, `${judge.durable} flushes were acknowledged`);
    }));
});
