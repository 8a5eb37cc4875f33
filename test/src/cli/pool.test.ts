// Mirrors src/cli/pool.ts: a pool as a command, its volumes on disk over restarts, and what it says of mistakes.

import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OK, operate } from '../../../src/storage/index.js';
import { parseNbdUri, RemoteVolume } from '../../../src/storage/nbd/index.js';
import { inFolder, wireverbs } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

/** Serves until `body` is done, then ends it as service managers do. */
async function serving(args: readonly string[], socket: string, body: () => Promise<void>) {
  const command = ['pool', 'serve', '--nbd', `unix:${socket}`, ...args];
  const child = spawn(process.execPath, [main, ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  while (!said.includes('NBD on ') && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 10));
  try {
    await body();
  } finally {
    child.kill('SIGTERM');
  }
  return { status: await ended, said };
}

const open = (socket: string, name: string) =>
  RemoteVolume.open(parseNbdUri(`nbd+unix:///${name}?socket=${socket}`));

spec('wireverbs pool serve', (it) => {
  it('keeps a volume on disk, grows it, and tells at the end what it did', () =>
    inFolder(async (folder) => {
      const [socket, path] = [join(folder, 's'), join(folder, 'disk.store')];
      const bytes = new Uint8Array(5000).fill(3);
      const first = await serving(['--volume', `disk=8M,file:${path}`], socket, async () => {
        const volume = await open(socket, 'disk');
        assert.is(await operate(volume, 'write', { offset: 1000, bytes }), OK);
        volume.close();
      });
      assert.is(first.status, 0, first.said);
      assert.match(first.said, /1 connection served/);
      assert.match(first.said, /written +1 +5000/);
      assert.not(existsSync(socket), 'the socket is gone');
      assert.not(existsSync(`${path}.lock`), 'the lock is gone');
      await serving(['--volume', `disk=16M,file:${path}`], socket, async () => {
        const volume = await open(socket, 'disk');
        assert.is(volume.size, 16 << 20);
        const found = new Uint8Array(5000);
        assert.is(await operate(volume, 'read', { offset: 1000, bytes: found }), OK);
        assert.equal(found, bytes);
        volume.close();
        const second = await wireverbs([
          'pool',
          'serve',
          '--volume',
          `disk=file:${path}`,
          '--nbd',
          '0',
        ]);
        assert.is(second.status, 2);
        assert.match(second.stderr, /is in use by process \d+/);
      });
    }));

  it('passes another NBD export on', () =>
    inFolder(async (folder) => {
      const [near, far] = [join(folder, 'near'), join(folder, 'far')];
      await serving(['--volume', 'a=4M'], far, async () => {
        const through = `b=nbd+unix:///a?socket=${far}`;
        const ran = await serving(['--volume', through], near, async () => {
          const volume = await open(near, 'b');
          assert.is(volume.size, 4 << 20);
          const bytes = new Uint8Array(3 << 20).fill(7);
          assert.is(await operate(volume, 'write', { offset: 512, bytes, fua: true }), OK);
          const found = new Uint8Array(3 << 20);
          assert.is(await operate(volume, 'read', { offset: 512, bytes: found }), OK);
          assert.ok(Buffer.compare(found, bytes) === 0);
          volume.close();
        });
        assert.is(ran.status, 0, ran.said);
      });
    }));

  it('says what is wrong with its options', () =>
    inFolder(async (folder) => {
      const other = join(folder, 'other');
      writeFileSync(other, 'x'.repeat(10_000));
      const cases: [string[], RegExp][] = [
        [['--nbd', '0'], /required option '--volume/],
        [['--volume', 'disk', '--nbd', '0'], /expected NAME=SIZE/],
        [['--volume', 'd=12X', '--nbd', '0'], /'12X' is no size/],
        [['--volume', 'd=1M,ceph:x', '--nbd', '0'], /is no backing/],
        [['--volume', 'd=1M'], /expected --nbd or --stdio/],
        [['--volume', 'd=1M', '--nbd', 'unix'], /expected PORT/],
        [['--volume', 'd=1M', '--volume', 'd=1M', '--nbd', '0'], /two volumes called 'd'/],
        [['--volume', `d=1M,file:${other}`, '--nbd', '0'], /no store of ours/],
      ];
      for (const [args, words] of cases) {
        const ran = await wireverbs(['pool', 'serve', ...args]);
        assert.is(ran.status, 2, ran.stderr);
        assert.match(ran.stderr, words);
      }
    }));
});
