// Mirrors src/storage/nbd/remote-volume.ts: our client with servers of others, which are killed under it.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EINVAL, EIO, Extents, MemoryVolume, OK, operate } from '../../../../src/storage/index.js';
import {
  Exports,
  NbdListener,
  parseNbdUri,
  RemoteVolume,
} from '../../../../src/storage/nbd/index.js';
import { Random } from '../../../../src/time/index.js';
import { inFolder } from '../../../support/cli.js';
import { missing } from '../../../support/program.js';
import { assert, spec } from '../../../support/spec.js';

const MIB = 1 << 20;

const uriOf = (socket: string, name = '') => parseNbdUri(`nbd+unix:///${name}?socket=${socket}`);

/** A server of somebody else on a socket, until it is killed. */
async function started(
  socket: string,
  name: string,
  args: readonly string[],
): Promise<ChildProcess> {
  rmSync(socket, { force: true });
  const child = spawn(name, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let i = 0; !existsSync(socket); i++) {
    if (i > 1000 || child.exitCode !== null) throw new Error(`${name} does not begin`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.on('close', resolve));
  child.kill('SIGKILL');
  await closed;
}

const nbdkit = (socket: string) => started(socket, 'nbdkit', ['-f', '-U', socket, 'memory', '8M']);
const qemuNbd = (socket: string, image: string) =>
  started(socket, 'qemu-nbd', ['-t', '-f', 'raw', '-k', socket, '-e', '4', image]);

/** Random work against plain bytes; several operations are open at a time, never two on the same bytes. */
async function agrees(
  volume: RemoteVolume,
  rounds: number,
  disturb?: (round: number) => Promise<void>,
) {
  const random = new Random(3, 'remote');
  const model = new Uint8Array(volume.size);
  const part = volume.size / 8;
  for (let round = 0; round < rounds; round++) {
    const works = Array.from({ length: 8 }, async (_, lane) => {
      const offset = lane * part + random.below(part / 512) * 512;
      const length = Math.min((lane + 1) * part - offset, (1 + random.below(300)) * 512);
      const fua = random.chance(0.2);
      const kind = (['write', 'write', 'zero', 'read', 'trim'] as const)[random.below(5)]!;
      const bytes = new Uint8Array(length).fill(1 + random.below(255));
      if (kind === 'read') {
        assert.is(await operate(volume, 'read', { offset, bytes }), OK);
        assert.ok(Buffer.compare(bytes, model.subarray(offset, offset + length)) === 0, 'bytes');
        return;
      }
      assert.is(await operate(volume, kind, { offset, length, bytes, fua }), OK, kind);
      model.fill(kind === 'write' ? bytes[0]! : 0, offset, offset + length);
    });
    await disturb?.(round);
    await Promise.all(works);
    assert.is(await operate(volume, 'flush'), OK);
  }
  const bytes = new Uint8Array(volume.size);
  assert.is(await operate(volume, 'read', { bytes }), OK);
  assert.ok(Buffer.compare(bytes, model) === 0, 'all bytes at the end');
}

const where = (...programs: string[]) =>
  [missing(...programs) === '', missing(...programs)] as const;

spec('volume behind an NBD export', (it) => {
  it.where(...where('nbdkit'), "works with nbdkit's memory, and sees its holes", () =>
    inFolder(async (folder) => {
      const socket = join(folder, 's');
      const server = await nbdkit(socket);
      const volume = await RemoteVolume.open(uriOf(socket));
      assert.is(volume.size, 8 * MIB);
      await agrees(volume, 20);
      await operate(volume, 'trim', { length: 8 * MIB });
      await operate(volume, 'write', { offset: 4 * MIB, bytes: new Uint8Array(MIB).fill(1) });
      const extents = new Extents();
      const all = { offset: 0, length: 8 * MIB, bytes: new Uint8Array(0), at: 0 };
      const status = new Promise((done) =>
        volume.status({ ...all, fua: false, noHole: false, done }, extents),
      );
      assert.is(await status, OK);
      assert.equal(extents.holes.slice(0, 2), [true, false]);
      volume.close();
      await ended(server);
    }),
  );

  it.where(
    ...where('qemu-nbd'),
    'sends again what was open when qemu-nbd is killed, and waits for the next',
    () =>
      inFolder(async (folder) => {
        const [socket, image] = [join(folder, 's'), join(folder, 'image')];
        writeFileSync(image, '');
        truncateSync(image, 8 * MIB);
        let server = await qemuNbd(socket, image);
        const volume = await RemoteVolume.open(uriOf(socket));
        await agrees(volume, 24, async (round) => {
          if (round % 4 !== 3) return;
          await ended(server);
          server = await qemuNbd(socket, image);
        });
        assert.is(volume.reconnects, 6);
        volume.close();
        await ended(server);
      }),
  );

  it('gives up when nobody comes back in time, and works again later', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 's');
      const exports = new Exports();
      exports.add({ name: 'disk', volume: new MemoryVolume(MIB) });
      const first = new NbdListener(exports);
      await first.listen({ path: socket });
      const volume = await RemoteVolume.open(uriOf(socket, 'disk'), { patienceMs: 50 });
      await operate(volume, 'write', { bytes: new Uint8Array(4096).fill(5) });
      await first.close(0);
      assert.is(await operate(volume, 'read', { bytes: new Uint8Array(1) }), EIO);
      const second = new NbdListener(exports);
      await second.listen({ path: socket });
      const bytes = new Uint8Array(1);
      while ((await operate(volume, 'read', { bytes })) !== OK);
      assert.equal(bytes, Uint8Array.of(5));
      volume.close();
      await second.close(0);
    }));

  it('says why an export cannot be opened', () =>
    inFolder(async (folder) => {
      const refused = async (uri: string) => {
        try {
          await RemoteVolume.open(parseNbdUri(uri));
          return '';
        } catch (error) {
          return (error as Error).message;
        }
      };
      const socket = join(folder, 's');
      assert.match(await refused(`nbd+unix:///?socket=${socket}`), /ENOENT/);
      const listener = new NbdListener(new Exports());
      await listener.listen({ path: socket });
      const said = await refused(`nbd+unix:///disk?socket=${socket}`);
      assert.match(said, /refuses the export 'disk': ERR_UNKNOWN, there is no export 'disk'/);
      await listener.close(0);
      assert.match(await refused('nbds://host/'), /no TLS/);
      assert.match(await refused('nbd+unix:///x'), /expected \?socket=path/);
    }));
});

spec('NBD client', (it) => {
  it('holds requests to the blocks that the server asks for', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 's');
      const coarse = Object.assign(new MemoryVolume(MIB), { minimumBlock: 512 });
      const exports = new Exports();
      exports.add({ name: 'disk', volume: coarse });
      const listener = new NbdListener(exports);
      await listener.listen({ path: socket });
      const volume = await RemoteVolume.open(uriOf(socket));
      assert.is(volume.minimumBlock, 512);
      assert.is(await operate(volume, 'read', { offset: 1, bytes: new Uint8Array(512) }), EINVAL);
      volume.close();
      await listener.close(0);
    }));
});
