// A real process with a real file is killed at any instant, hundreds of times: what it had acknowledged as durable is
// there, and nothing that it never wrote.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SLOT } from '../../../../src/storage/file/format.js';
import { BlockStore, durably, FileDisk, openStore } from '../../../../src/storage/file/index.js';
import { OK, operate } from '../../../../src/storage/volume.js';
import { Random } from '../../../../src/time/index.js';
import { inFolder } from '../../../support/cli.js';
import { BLOCKS, versionOf } from '../../../support/kill-model.js';
import { assert, spec } from '../../../support/spec.js';

const writer = fileURLToPath(new URL('../../../support/killed-writer.js', import.meta.url));
const KILLS = Number(process.env.STORE_KILLS ?? 200);
/** Processes that are started before their turn. */
const AHEAD = 2;

/** However slow the disk is, nobody lives longer. */
const LONGEST_MS = 300;

/** Lets a process work from `version` on, kills it after some acknowledgements, and returns what it had said. */
async function killed(child: ChildProcess, version: number, random: Random): Promise<string[]> {
  let said = '';
  const wanted = random.below(5);
  const jitterMs = random.below(3);
  const kill = () => child.kill('SIGKILL');
  child.stdout!.on('data', (data) => {
    if (said === '') setTimeout(kill, LONGEST_MS).unref();
    said += data;
    if (said.split('\nd ').length > wanted) setTimeout(kill, jitterMs);
  });
  const closed = new Promise((resolve) => child.on('close', resolve));
  child.stdin!.write(String(version));
  await closed;
  // The last line may be cut.
  return said.split('\n').slice(0, -1);
}

/** What may be in each block, as the killed process told it. */
class Judge {
  readonly #newest = new Uint32Array(BLOCKS);
  readonly #written: Set<number>[] = Array.from({ length: BLOCKS }, () => new Set([0]));
  readonly #last: number[][] = Array.from({ length: BLOCKS }, () => []);
  version = 0;
  durable = 0;

  hear(lines: readonly string[]): void {
    for (const line of lines) {
      const [what, a, b] = line.split(' ');
      assert.ok(what === 'w' || what === 'd', line);
      if (what === 'w') {
        this.version = Number(b);
        this.#last[Number(a)]!.push(this.version);
      } else this.durable++;
      if (what !== 'd') continue;
      for (const [block, versions] of this.#last.entries()) {
        const floor = versions.filter((v) => v <= Number(a)).at(-1);
        if (floor !== undefined) this.#newest[block] = Math.max(this.#newest[block]!, floor);
      }
    }
    // The line of the last write may have been cut off.
    this.version += 10;
    for (const [block, versions] of this.#last.entries()) {
      for (const v of versions) this.#written[block]!.add(v);
      versions.length = 0;
    }
  }

  async check(path: string): Promise<void> {
    const disk = new FileDisk(path);
    const store = new BlockStore(disk, { random: () => 1 });
    const bytes = new Uint8Array(SLOT);
    for (let block = 0; block < BLOCKS; block++) {
      assert.is(await operate(store.volume('v')!, 'read', { offset: block * SLOT, bytes }), OK);
      const found = versionOf(bytes, block);
      assert.ok(found >= this.#newest[block]!, `block ${block}: ${found} < ${this.#newest[block]}`);
      assert.ok(this.#written[block]!.has(found), `block ${block}: ${found} was never written`);
      this.#newest[block] = found;
    }
    await durably('flush', (done) => store.close(done));
  }
}

spec('store in a file', (it) => {
  it(`survives ${KILLS} kills of its process with all that was acknowledged`, () =>
    inFolder(async (folder) => {
      const path = join(folder, 'store');
      const { store, close } = await openStore(path);
      await durably('create', (done) => store.create('v', BLOCKS * SLOT, done));
      await close();
      const random = new Random(1, 'kills');
      const judge = new Judge();
      const start = (seed: number) =>
        spawn(process.execPath, [writer, path, String(seed)], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
      const children = Array.from({ length: AHEAD }, (_, i) => start(i));
      for (let kill = 0; kill < KILLS; kill++) {
        if (kill + AHEAD < KILLS) children.push(start(kill + AHEAD));
        judge.hear(await killed(children[kill]!, judge.version, random));
        await judge.check(path);
      }
      assert.ok(judge.durable > KILLS, `${judge.durable} flushes were acknowledged`);
    }));
});
