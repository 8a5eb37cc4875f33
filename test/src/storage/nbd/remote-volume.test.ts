// Mirrors src/storage/nbd/remote-volume.ts: our client with servers of others, which are killed, stopped and replaced
// under it.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
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
import {
  freePort,
  image,
  NbdServer,
  nbdkit,
  type Place,
  qemuNbd,
  underKills,
  uriOf,
} from '../../../support/nbd-server.js';
import { missing } from '../../../support/program.js';
import { assert, spec } from '../../../support/spec.js';

const MIB = 1 << 20;
const SIZE = 8 * MIB;

/**
 * Random work against plain bytes; several operations are open at a time, never two on the same bytes. What was
 * acknowledged must be there, flushed or not.
 */
async function agrees(
  volume: RemoteVolume,
  rounds: number,
  flushes = 0.3,
  step = () => {},
): Promise<void> {
  const random = new Random(3, 'remote');
  const model = new Uint8Array(volume.size);
  const part = volume.size / 8;
  for (let round = 0; round < rounds; round++) {
    const works = Array.from({ length: 8 }, async (_, lane) => {
      const offset = lane * part + random.below(part / 512) * 512;
      const length = Math.min((lane + 1) * part - offset, (1 + random.below(300)) * 512);
      const fua = random.chance(0.1);
      const kind = (['write', 'write', 'zero', 'read', 'trim'] as const)[random.below(5)]!;
      const bytes = new Uint8Array(length).fill(1 + random.below(255));
      if (kind === 'read') {
        assert.is(await operate(volume, 'read', { offset, bytes }), OK);
        assert.ok(Buffer.compare(bytes, model.subarray(offset, offset + length)) === 0, 'bytes');
        return step();
      }
      assert.is(await operate(volume, kind, { offset, length, bytes, fua }), OK, kind);
      model.fill(kind === 'write' ? bytes[0]! : 0, offset, offset + length);
      step();
    });
    await Promise.all(works);
    if (random.chance(flushes)) assert.is(await operate(volume, 'flush'), OK);
  }
  const bytes = new Uint8Array(volume.size);
  assert.is(await operate(volume, 'read', { bytes }), OK);
  assert.ok(Buffer.compare(bytes, model) === 0, 'all bytes at the end');
}

const where = (...programs: string[]) =>
  [missing(...programs) === '', missing(...programs)] as const;

interface Setting {
  readonly patienceMs?: number;
  readonly onChange?: (what: string) => void;
}

/** A server in a folder of its own, and a volume behind it. */
const withServer = (
  command: (folder: string) => ReturnType<typeof nbdkit>,
  body: (volume: RemoteVolume, server: NbdServer) => Promise<void>,
  { place, ...options }: Setting & { readonly place?: Place } = {},
) =>
  inFolder(async (folder) => {
    const server = new NbdServer(place ?? { socket: join(folder, 's') }, command(folder));
    await server.start();
    const volume = await RemoteVolume.open(uriOf(server.place), options);
    try {
      await body(volume, server);
    } finally {
      volume.close();
      await server.kill();
    }
  });

/** Rounds of eight operations under kills. */
const ROUNDS = 60;

const refusal = (uri: string) =>
  RemoteVolume.open(parseNbdUri(uri), { patienceMs: 2000 }).then(
    () => '',
    (error: Error) => error.message,
  );

spec('volume behind an NBD export', (it) => {
  it.where(...where('nbdkit'), "works with nbdkit's memory, and sees its holes", () =>
    withServer(
      () => nbdkit('memory', '8M'),
      async (volume) => {
        assert.is(volume.size, SIZE);
        await agrees(volume, 20);
        await operate(volume, 'trim', { length: SIZE });
        await operate(volume, 'write', { offset: 4 * MIB, bytes: new Uint8Array(MIB).fill(1) });
        const extents = new Extents();
        const all = { offset: 0, length: SIZE, bytes: new Uint8Array(0), at: 0 };
        const status = new Promise((done) =>
          volume.status({ ...all, fua: false, noHole: false, done }, extents),
        );
        assert.is(await status, OK);
        assert.equal(extents.holes.slice(0, 2), [true, false]);
      },
    ),
  );

  for (const [what, ...args] of [
    ['takes 64 KiB at a time', '--filter=blocksize-policy', 'blocksize-maximum=64K'],
    ['cannot write zeroes', '--filter=nozero'],
    ['has no FUA', '--filter=fua'],
    ['has no structured replies', '--no-sr'],
    ['takes one request at a time', '--filter=noparallel'],
  ] as const)
    it.where(...where('nbdkit'), `works with a server that ${what}`, () => {
      const options = args.filter((arg) => arg.startsWith('-'));
      const values = args.filter((arg) => !arg.startsWith('-'));
      return withServer(
        () => nbdkit(...options, 'memory', '8M', ...values),
        async (volume) => {
          await agrees(volume, 10);
          const whole = { length: SIZE, noHole: true };
          assert.is(await operate(volume, 'zero', whole), OK, 'all of it at once');
        },
      );
    });

  for (const transport of ['a unix socket', 'TCP'] as const)
    for (const [name, command] of [
      ['qemu-nbd', (folder: string) => qemuNbd(image(folder, SIZE))],
      ['nbdkit', (folder: string) => nbdkit('file', image(folder, SIZE))],
    ] as const)
      it.where(
        ...where(name),
        `keeps all that was acknowledged when ${name} is killed again and again, over ${transport}`,
        async () =>
          withServer(
            command,
            async (volume, server) => {
              await underKills(server, 1, (step) => agrees(volume, ROUNDS, 0.3, step));
              assert.ok(volume.counts.reconnects > 1, `${volume.counts.reconnects} reconnects`);
            },
            transport === 'TCP' ? { place: { port: await freePort() } } : {},
          ),
      );

  const losing = (folder: string) =>
    nbdkit('--filter=cache', 'file', image(folder, SIZE), 'cache=writeback');

  it.where(
    ...where('nbdkit'),
    'keeps all that was acknowledged although the server loses what was not flushed',
    () =>
      withServer(losing, async (volume, server) => {
        await underKills(server, 2, (step) => agrees(volume, ROUNDS, 0.1, step));
        assert.ok(volume.counts.repeated > 0, 'something had to be sent again');
      }),
  );

  it.where(...where('nbdkit'), 'the test finds a server that loses what was flushed', () =>
    withServer(
      () => nbdkit('memory', '8M'),
      async (volume, server) => {
        let found = '';
        await underKills(server, 3, (step) => agrees(volume, ROUNDS, 1, step)).catch(
          (error: Error) => {
            found = error.message;
          },
        );
        assert.match(found, /bytes/);
      },
    ),
  );

  it.where(
    ...where('nbdkit'),
    'refuses everything when the server loses what it had acknowledged and does not take it again',
    () => {
      let said = '';
      const onChange = (what: string) => {
        said += what;
      };
      return inFolder(async (folder) => {
        const server = new NbdServer({ socket: join(folder, 's') }, losing(folder));
        await server.start();
        const volume = await RemoteVolume.open(uriOf(server.place), { onChange });
        const bytes = new Uint8Array(4096).fill(1);
        assert.is(await operate(volume, 'write', { bytes }), OK);
        await server.kill();
        server.command = nbdkit(
          '--filter=error',
          'file',
          join(folder, 'image'),
          'error-pwrite=ENOSPC',
          'error-pwrite-rate=100%',
        );
        await server.start();
        assert.is(await operate(volume, 'read', { bytes }), EIO);
        assert.match(said, /cannot be written again/);
        volume.close();
        await server.kill();
      });
    },
  );

  it.where(
    ...where('qemu-nbd'),
    'waits for a server that is silent, for so long and no longer, and works again when it speaks',
    () =>
      withServer(
        (folder) => qemuNbd(image(folder, SIZE)),
        async (volume, server) => {
          const bytes = new Uint8Array(4096).fill(1);
          assert.is(await operate(volume, 'write', { bytes }), OK);
          server.signal('SIGSTOP');
          const began = performance.now();
          assert.is(await operate(volume, 'read', { bytes }), EIO);
          const tookMs = performance.now() - began;
          assert.ok(tookMs >= 400 && tookMs < 5000, `${tookMs} ms`);
          assert.is(await operate(volume, 'write', { bytes }), EIO, 'at once');
          server.signal('SIGCONT');
          while ((await operate(volume, 'read', { bytes })) !== OK);
          assert.is(bytes[4095], 1);
        },
        { patienceMs: 500 },
      ),
  );

  it('gives up when nobody comes back in time, and works again later', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 's');
      const exports = new Exports();
      exports.add({ name: 'disk', volume: new MemoryVolume(MIB) });
      const first = new NbdListener(exports);
      await first.listen({ path: socket });
      const volume = await RemoteVolume.open(uriOf({ socket }, 'disk'), { patienceMs: 50 });
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

  it('flushes by itself before it holds too much that was not flushed', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 's');
      const exports = new Exports();
      exports.add({ name: 'disk', volume: new MemoryVolume(80 * MIB) });
      const listener = new NbdListener(exports);
      await listener.listen({ path: socket });
      const volume = await RemoteVolume.open(uriOf({ socket }));
      const bytes = new Uint8Array(MIB).fill(3);
      for (let i = 0; i < 80; i++)
        assert.is(await operate(volume, 'write', { offset: i * MIB, bytes }), OK);
      const { flushes } = listener.counts;
      assert.ok(flushes >= 2 && flushes < 20, `${flushes} flushes`);
      await listener.close(0);
      const again = new NbdListener(exports);
      await again.listen({ path: socket });
      assert.is(await operate(volume, 'flush'), OK);
      assert.ok(volume.counts.repeated <= 32, `${volume.counts.repeated} writes sent again`);
      volume.close();
      await again.close(0);
    }));

  it('says why an export cannot be opened', () =>
    inFolder(async (folder) => {
      const socket = join(folder, 's');
      assert.match(await refusal(`nbd+unix:///?socket=${socket}`), /ENOENT/);
      const listener = new NbdListener(new Exports());
      await listener.listen({ path: socket });
      const said = await refusal(`nbd+unix:///disk?socket=${socket}`);
      assert.match(said, /refuses the export 'disk': ERR_UNKNOWN, there is no export 'disk'/);
      await listener.close(0);
      for (const [uri, words] of [
        ['nbds://host/', /no TLS/],
        ['nbd+unix:///x', /expected \?socket=path/],
        ['nbd://host:x/', /expected nbd:/],
      ] as const)
        assert.throws(() => parseNbdUri(uri), words);
    }));

  it.where(...where('nbdkit'), 'says so when a server insists on TLS', () =>
    inFolder(async (folder) => {
      const [socket, psk] = [join(folder, 's'), join(folder, 'psk')];
      writeFileSync(psk, `somebody:${randomBytes(32).toString('hex')}\n`);
      const tls = ['--tls=require', `--tls-psk=${psk}`];
      const server = new NbdServer({ socket }, nbdkit(...tls, 'memory', '1M'));
      await server.start();
      assert.match(await refusal(`nbd+unix:///?socket=${socket}`), /insists on TLS/);
      await server.kill();
    }),
  );
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
      const volume = await RemoteVolume.open(uriOf({ socket }));
      assert.is(volume.minimumBlock, 512);
      assert.is(await operate(volume, 'read', { offset: 1, bytes: new Uint8Array(512) }), EINVAL);
      volume.close();
      await listener.close(0);
    }));
});
