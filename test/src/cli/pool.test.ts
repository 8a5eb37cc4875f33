// Mirrors src/cli/pool.ts: a pool as a command, its volumes on disk over restarts, and what it says of mistakes.

import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nvme } from '../../../protocols/index.js';
import { POOL_NQN } from '../../../src/cli/pool-subsystem.js';
import { MemoryVolume, OK, operate } from '../../../src/storage/index.js';
import { Exports, NbdListener, parseNbdUri, RemoteVolume } from '../../../src/storage/nbd/index.js';
import { inFolder, wireverbs, wireverbsEach } from '../../support/cli.js';
import { commands, Line } from '../../support/plain-nvme/index.js';
import { assert, spec } from '../../support/spec.js';

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

const hostid = new Uint8Array(16);
/** What the pool that runs has said. */
let latest = '';
async function saidSoFar(words: string): Promise<string> {
  while (!latest.includes(words)) await new Promise((resolve) => setTimeout(resolve, 10));
  return latest;
}

/** Serves until `body` is done, then ends it as service managers do. */
async function serving(args: readonly string[], socket: string, body: () => Promise<void>) {
  const command = ['pool', 'serve', '--nbd', `unix:${socket}`, ...args];
  const child = spawn(process.execPath, [main, ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (data) => {
    said += data;
    latest = said;
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

  it('serves the same volume over NVMe/TCP and NBD', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 's');
      const ran = await serving(['--volume', 'a=1M', '--nvme-tcp', '0'], socket, async () => {
        const port = Number(/NVMe\/TCP on \S*:(\d+)/.exec(await saidSoFar('NVMe/TCP on '))![1]);
        const line = new Line(port, 0, 32);
        const host = { subnqn: POOL_NQN, hostnqn: 'nqn.2026-11.org.example:h', hostid };
        const made = await line.do(commands.connect(0, { ...host, qid: 0, entries: 32 }));
        const cntlid = nvme.CQEConnect.get.cntlid(made.result, 0);
        await line.do(commands.enable(1));
        const io = new Line(port, 1, 32);
        await io.do(commands.connect(0, { ...host, qid: 1, entries: 32, cntlid }));
        const data = new Uint8Array(65_536).fill(9);
        assert.ok((await io.do(commands.write(1, 1, 8, 128, data))).succeeded);
        const volume = await open(socket, 'a');
        const found = new Uint8Array(65_536);
        assert.is(await operate(volume, 'read', { offset: 4096, bytes: found }), OK);
        assert.equal(found, data);
        volume.close();
        for (const { socket: end } of [io, line]) end.destroy();
      });
      assert.is(ran.status, 0, ran.said);
    }));

  it('snapshots, clones, sizes and removals of a store on disk', () =>
    inFolder(async (folder) => {
      const [socket, path] = [join(folder, 's'), join(folder, 'disk.store')];
      const fill = async (name: string, value: number) => {
        const volume = await open(socket, name);
        const bytes = new Uint8Array(4096).fill(value);
        assert.is(await operate(volume, 'write', { offset: 0, bytes }), OK);
        volume.close();
      };
      const first = async (name: string) => {
        const volume = await open(socket, name);
        const bytes = new Uint8Array(4096);
        assert.is(await operate(volume, 'read', { offset: 0, bytes }), OK);
        volume.close();
        return bytes[0];
      };
      const run = async (...args: string[]) => {
        const ran = await wireverbs(['pool', ...args]);
        assert.is(ran.status, 0, ran.stderr);
        return ran.stdout;
      };
      await serving(['--volume', `disk=8M,file:${path}`], socket, () => fill('disk', 1));
      await run('snapshot', path, 'disk', 'monday');
      await serving(['--volume', `disk=file:${path}`], socket, () => fill('disk', 2));
      await run('clone', path, 'monday', 'test');
      await run('resize', path, 'test', '16M');
      const listed = await run('list', path);
      assert.match(listed, /monday +8388608 +\d+ +snapshot/);
      assert.match(listed, /test +16777216 +\d+ +volume/);
      for (const [name, value] of [
        ['disk', 2],
        ['monday', 1],
        ['test', 1],
      ] as const)
        await serving(['--volume', `${name}=file:${path}`], socket, async () => {
          assert.is(await first(name), value, name);
        });
      await run('remove', path, 'test');
      assert.not.match(await run('list', path), /test/);
      for (const [args, words] of [
        [['snapshot', path, 'none', 'x'], /has no volume 'none': it has disk, monday/],
        [['clone', path, 'disk', 'monday'], /has a volume 'monday' already/],
        [['resize', path, 'monday', '1M'], /is a snapshot/],
        [['list', join(folder, 'nothing')], /there is no such store/],
      ] as const) {
        const ran = await wireverbs(['pool', ...args]);
        assert.is(ran.status, 2, ran.stderr);
        assert.match(ran.stderr, words);
      }
    }));

  it('makes snapshots, clones and other sizes of a volume in copies, of all of them or of none', () =>
    inFolder(async (folder) => {
      const [socket, a, b] = [join(folder, 's'), join(folder, 'a'), join(folder, 'b')];
      const copies = `file:${a},file:${b}`;
      const run = (...args: string[]) => wireverbs(['pool', ...args]);
      const held = async (volume: RemoteVolume, offset: number) => {
        const bytes = new Uint8Array(4096);
        assert.is(await operate(volume, 'read', { offset, bytes }), OK);
        return bytes[0];
      };
      const written = (volume: RemoteVolume, offset: number, value: number) =>
        operate(volume, 'write', { offset, bytes: new Uint8Array(4096).fill(value) });
      const using = (text: string, act: (volume: RemoteVolume) => Promise<void>) =>
        serving(['--volume', text], socket, async () => {
          const volume = await open(socket, text.split('=')[0]!);
          await act(volume);
          volume.close();
        });
      await using(`disk=8M,${copies}`, async (disk) => {
        assert.is(await written(disk, 0, 1), OK);
      });
      assert.is((await run('snapshot', `${a},${b}`, 'disk', 'monday')).status, 0);
      assert.is((await run('clone', `${a},${b}`, 'monday', 'test')).status, 0);
      assert.is((await run('resize', `${a},${b}`, 'test', '16M')).status, 0);
      await using(`disk=12M,${copies}`, async (disk) => {
        assert.is(disk.size, 12 << 20, 'it grows when it is served as larger');
        assert.is(await written(disk, 0, 2), OK);
        assert.is(await written(disk, 11 << 20, 3), OK);
      });
      await using(`monday=${copies}`, async (monday) => {
        assert.is(monday.readOnly, true);
        assert.equal([await held(monday, 0), monday.size], [1, 8 << 20]);
      });
      for (const only of [a, b]) {
        await serving(['--volume', `test=file:${only}`], socket, async () => {
          const test = await open(socket, 'test');
          assert.equal([await held(test, 0), await held(test, 15 << 20)], [1, 0], only);
          assert.is(test.size, 16 << 20);
          test.close();
        });
        await serving(['--volume', `disk=file:${only}`], socket, async () => {
          const disk = await open(socket, 'disk');
          assert.equal([await held(disk, 0), await held(disk, 11 << 20)], [2, 3], only);
          disk.close();
        });
      }
      for (const [args, words] of [
        [['resize', a, 'disk', '1M'], /is one of several copies: expected the stores of all/],
        [['snapshot', `${a},${a}x`, 'disk', 'x'], /expected all of them, found/],
        [['clone', `${b},${a}`, 'disk', 'x'], /is not there, which says which copies/],
        [['clone', `${a},${b}`, 'disk', 'monday'], /has a volume 'monday' already/],
      ] as const) {
        const ran = await run(...args);
        assert.is(ran.status, 2, ran.stderr);
        assert.match(ran.stderr, words);
      }
      const small = await wireverbs(['pool', 'serve', '--volume', `disk=1M,${copies}`, '--stdio']);
      assert.is(small.status, 2);
      assert.match(small.stderr, /'disk' has 12582912 bytes: it is not shrunk to 1048576/);
    }));

  it('serves several volumes of one store', () =>
    inFolder(async (folder) => {
      const [socket, path] = [join(folder, 's'), join(folder, 'disk.store')];
      const both = ['--volume', `a=4M,file:${path}`, '--volume', `b=8M,file:${path}`];
      const fill = async (name: string, value: number) => {
        const volume = await open(socket, name);
        const bytes = new Uint8Array(4096).fill(value);
        assert.is(await operate(volume, 'write', { bytes }), OK);
        volume.close();
      };
      const first = await serving(both, socket, async () => {
        await fill('a', 1);
        await fill('b', 2);
      });
      assert.is(first.status, 0, first.said);
      await serving(both, socket, async () => {
        for (const [name, value, size] of [
          ['a', 1, 4],
          ['b', 2, 8],
        ] as const) {
          const volume = await open(socket, name);
          assert.is(volume.size, size << 20);
          const bytes = new Uint8Array(1);
          assert.is(await operate(volume, 'read', { bytes }), OK);
          assert.is(bytes[0], value, name);
          volume.close();
        }
      });
    }));

  it('tells as JSON where it serves and what it did', async () => {
    const args = ['--volume', 'd=1M', '--nbd', '0', '--nvme-tcp', '0', '--json', '--seconds', '0'];
    const ran = await wireverbs(['pool', 'serve', ...args]);
    assert.is(ran.status, 0, ran.stderr);
    const told = ran.lines.map((line) => JSON.parse(line));
    assert.equal(
      told.map(({ event }) => event),
      ['listening', 'listening', 'end'],
    );
    assert.is(told[0].protocol, 'NBD');
    assert.is(told[1].nqn, POOL_NQN);
    assert.is(told[2].connections, 0);
  });

  it('leaves a socket alone that somebody serves, and a port', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 's');
      await serving(['--volume', 'a=1M', '--nbd', '0'], socket, async () => {
        const port = /NBD on (127\.0\.0\.1:\d+)/.exec(await saidSoFar('NBD on 127'))![1]!;
        for (const place of [`unix:${socket}`, port]) {
          const ran = await wireverbs(['pool', 'serve', '--volume', 'b=1M', '--nbd', place]);
          assert.is(ran.status, 2);
          assert.match(ran.stderr, /NBD cannot be served there: .*EADDRINUSE/);
        }
        (await open(socket, 'a')).close();
      });
    }));

  it('says at the end that what it could not flush is not durable', () =>
    inFolder(async (folder) => {
      const [near, far] = [join(folder, 'near'), join(folder, 'far')];
      const exports = new Exports();
      exports.add({ name: 'a', volume: new MemoryVolume(1 << 20) });
      const server = new NbdListener(exports);
      await server.listen({ path: far });
      const args = ['--volume', `b=nbd+unix:///a?socket=${far}`, '--patience', '1'];
      const ran = await serving(args, near, async () => {
        const volume = await open(near, 'b');
        assert.is(await operate(volume, 'write', { bytes: new Uint8Array(512).fill(1) }), OK);
        volume.close();
        await server.close(0);
      });
      assert.is(ran.status, 2, ran.said);
      assert.match(ran.said, /flushing 'b' failed/);
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
        [['--volume', 'd=1M'], /expected --nbd, --nvme-tcp or --stdio/],
        [['--volume', 'd=1M', '--nbd', 'unix'], /expected PORT/],
        [['--volume', 'd=1M', '--volume', 'd=1M', '--nbd', '0'], /two volumes called 'd'/],
        [['--volume', `d=1M,file:${other}`, '--nbd', '0'], /no store of ours/],
        [['--volume', `d=1M,file:${folder}`, '--nbd', '0'], /is a folder/],
        [['--volume', 'd=1M,file:/dev/null/x', '--nbd', '0'], /a part of the path is no folder/],
        [['--volume', `d=1M,file:${folder}/no/x`, '--nbd', '0'], /no: there is no such file/],
        [['--volume', 'd=1M,file:a,file:a', '--nbd', '0'], /the same copy twice/],
        [['--volume', 'd=nbd://127.0.0.1:1/x', '--nbd', '0'], /127.0.0.1:1: connect ECONNREFUSED/],
        [['--volume', 'd=nbds://host/x', '--nbd', '0'], /no TLS/],
        [['--volume', 'd=1M', '--nbd', `unix:${folder}/no/s`], /no: there is no such folder/],
        [['--volume', 'd=1M', '--nbd', '0', '--patience', '0'], /expected at least 1/],
        [['--volume', 'd=1M', '--stdio', '--json'], /both want the standard output/],
      ];
      const ran = await wireverbsEach(cases.map(([args]) => ['pool', 'serve', ...args]));
      for (const [i, { status, stderr }] of ran.entries()) {
        assert.is(status, 2, stderr);
        assert.match(stderr, cases[i]![1]);
      }
    }));
});
