// Mirrors src/storage/copies: a volume on this machine's disk and in exports of others, which stop, are slow, are full, come
// back with old data, or are not there.

import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { OpenVolumes, parseVolume } from '../../../../src/storage/backing.js';
import { CopyRecord } from '../../../../src/storage/copies/record.js';
import { OK, operate, type Volume } from '../../../../src/storage/index.js';
import { RemoteVolume } from '../../../../src/storage/nbd/index.js';
import { BlockWork } from '../../../support/block-work.js';
import { inFolder } from '../../../support/cli.js';
import { image, NbdServer, nbdkit, qemuNbd, uriOf, uriText } from '../../../support/nbd-server.js';
import { missing } from '../../../support/program.js';
import { assert, spec } from '../../../support/spec.js';

const MIB = 1 << 20;
const SIZE = 4 * MIB;
const PATIENCE_MS = 1000;

const where = (...programs: string[]) =>
  [missing(...programs) === '', missing(...programs)] as const;

/** Volumes in copies that are open, and what was said of them. */
class Pool {
  said = '';
  #open = this.#new();

  #new(overwriteCopies = false): OpenVolumes {
    const say = (_: string, what: string) => {
      this.said += `${what}\n`;
    };
    return new OpenVolumes({ patienceMs: PATIENCE_MS, overwriteCopies, say });
  }

  async open(text: string, overwrite = false): Promise<Volume> {
    this.said = '';
    this.#open = this.#new(overwrite);
    return this.#open.open(parseVolume(text));
  }

  refusal(text: string): Promise<string> {
    return this.open(text).then(
      () => '',
      (error: Error) => error.message,
    );
  }

  async hears(words: RegExp): Promise<void> {
    const late = performance.now() + 30_000;
    while (!words.test(this.said)) {
      assert.ok(performance.now() < late, `nobody said ${words}:\n${this.said}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  close(): Promise<void> {
    return this.#open.close();
  }
}

/** Is it the same data, read from the server itself? */
async function holds(server: NbdServer, work: BlockWork): Promise<void> {
  const volume = await RemoteVolume.open(uriOf(server.place));
  try {
    await work.check(volume);
  } finally {
    volume.close();
  }
}

const write = (volume: Volume, value: number) =>
  operate(volume, 'write', { bytes: new Uint8Array(4096).fill(value), fua: true });

async function first(volume: Volume): Promise<number | undefined> {
  const bytes = new Uint8Array(4096);
  assert.is(await operate(volume, 'read', { bytes }), OK);
  return bytes[0];
}

interface Setting {
  readonly folder: string;
  readonly pool: Pool;
  readonly server: NbdServer;
  /** A volume with one copy here, and one with the server. */
  readonly text: string;
  readonly work: BlockWork;
}

const setting = (
  command: (folder: string) => ReturnType<typeof nbdkit>,
  body: (setting: Setting) => Promise<void>,
) =>
  inFolder(async (folder) => {
    const server = new NbdServer({ socket: join(folder, 's') }, command(folder));
    await server.start();
    const text = `disk=4M,file:${join(folder, 'store')},${uriText(server.place)}`;
    try {
      await body({ folder, pool: new Pool(), server, text, work: new BlockWork(SIZE, 1) });
    } finally {
      await server.kill();
    }
  });

const qemu = (folder: string) => qemuNbd(image(folder, SIZE));

spec('a volume in copies on real nodes', (it) => {
  it.where(...where('qemu-nbd'), 'has all that was acknowledged in each of them', () =>
    setting(qemu, async ({ pool, server, text, work }) => {
      await work.run(await pool.open(text), 60);
      assert.is(work.errors, 0);
      await pool.close();
      await holds(server, work);
    }),
  );

  it.where(
    ...where('qemu-nbd'),
    'goes on without a copy that stops, and gives it what it missed when it goes on',
    () =>
      setting(qemu, async ({ pool, server, text, work }) => {
        const volume = await pool.open(text);
        await work.run(volume, 20);
        server.signal('SIGSTOP');
        const began = performance.now();
        await work.run(volume, 20);
        const tookMs = performance.now() - began;
        assert.ok(tookMs > PATIENCE_MS * 0.8 && tookMs < 10 * PATIENCE_MS, `${tookMs} ms`);
        await pool.hears(/copy nbd\S+ is out/);
        server.signal('SIGCONT');
        await work.run(volume, 20);
        await pool.hears(/is out.*copy nbd\S+ is whole/s);
        await pool.close();
        assert.is(work.errors, 0);
        await holds(server, work);
      }),
  );

  it.where(
    ...where('nbdkit'),
    'leaves a copy out whose disk is full, and takes it back when it is not',
    () =>
      setting(
        (folder) =>
          nbdkit(
            ...['--filter=error', 'file', image(folder, SIZE), 'error-pwrite=ENOSPC'],
            ...['error-pwrite-rate=100%', `error-file=${join(folder, 'full')}`],
          ),
        async ({ folder, pool, server, text, work }) => {
          const volume = await pool.open(text);
          await work.run(volume, 20);
          writeFileSync(join(folder, 'full'), '');
          await work.run(volume, 20);
          await pool.hears(/copy nbd\S+ is out/);
          rmSync(join(folder, 'full'));
          await work.run(volume, 20);
          await pool.hears(/is out.*copy nbd\S+ is whole/s);
          await pool.close();
          assert.is(work.errors, 0);
          await holds(server, work);
        },
      ),
  );

  it.where(...where('nbdkit'), 'waits for a slow copy with each write, and keeps it', () =>
    setting(
      (folder) => nbdkit('--filter=delay', 'file', image(folder, SIZE), 'wdelay=100ms'),
      async ({ pool, server, text, work }) => {
        const volume = await pool.open(text);
        const began = performance.now();
        assert.is(await write(volume, 1), OK);
        assert.ok(performance.now() - began >= 90, 'the write waited');
        await work.run(volume, 10);
        assert.not.match(pool.said, /is out/);
        await pool.close();
        assert.is(work.errors, 0);
        // Block 0 may hold the first write.
        work.model.begins(0, 1);
        await holds(server, work);
      },
    ),
  );

  it.where(
    ...where('qemu-nbd'),
    'does not read from a copy that was away, over restarts, until it has what it missed',
    () =>
      setting(qemu, async ({ folder, pool, server }) => {
        // The one that will be behind is the one to be read first.
        const text = `disk=4M,${uriText(server.place)},file:${join(folder, 'store')}`;
        assert.is(await write(await pool.open(text), 1), OK);
        await pool.close();
        await server.kill();
        const without = await pool.open(text);
        assert.match(pool.said, /copy nbd\S+ is out: .*ENOENT|ECONNREFUSED/);
        assert.is(await first(without), 1);
        assert.is(await write(without, 2), OK);
        await pool.close();
        await server.start();
        const again = await pool.open(text);
        assert.is(await first(again), 2, 'not the old one');
        await pool.hears(/copy nbd\S+ is whole/);
        assert.is(await first(again), 2);
        await pool.close();
        const alone = await RemoteVolume.open(uriOf(server.place));
        assert.is(await first(alone), 2);
        alone.close();
      }),
  );

  it.where(
    ...where('qemu-nbd'),
    'is not served from a copy that is behind, or without its record',
    () =>
      setting(qemu, async ({ folder, pool, server, text }) => {
        assert.is(await write(await pool.open(text), 1), OK);
        await server.kill();
        await pool.hears(/connect/);
        await pool.close();
        await server.start();
        const record = join(folder, 'store.disk.copies');
        const only = `disk=${uriText(server.place)},record:${record}`;
        assert.match(
          await pool.refusal(`${only},file:${join(folder, 'none', 'x')}`),
          /no whole copy/,
        );
        const file = openSync(record, 'w');
        closeSync(file);
        assert.match(
          await pool.refusal(text),
          /does not say which copies are whole: it is damaged/,
        );
      }),
  );

  it.where(
    ...where('qemu-nbd'),
    'of several that hold data, no copy is overwritten unless it is told so',
    () =>
      setting(qemu, async ({ folder, pool, server, text }) => {
        const alone = await RemoteVolume.open(uriOf(server.place));
        assert.is(await write(alone, 7), OK);
        alone.close();
        // The one copy that holds data is the volume's, wherever it stands.
        assert.is(await first(await pool.open(text)), 7);
        await pool.hears(/copy file\S+ is whole/);
        await pool.close();
        rmSync(join(folder, 'store.disk.copies'));
        assert.match(await pool.refusal(text), /several copies hold data.*--overwrite-copies/);
        assert.is(await write(await pool.open(`disk=file:${join(folder, 'store')}`), 8), OK);
        await pool.close();
        assert.is(await first(await pool.open(text, true)), 8);
        await pool.hears(/copy nbd\S+ is whole/);
        await pool.close();
        const after = await RemoteVolume.open(uriOf(server.place));
        assert.is(await first(after), 8);
        after.close();
      }),
  );

  it.where(...where('nbdkit'), 'the test finds a copy that forgets what it was flushed with', () =>
    setting(
      (folder) => nbdkit('--filter=cow', 'file', image(folder, SIZE)),
      async ({ pool, server, text, work }) => {
        const volume = await pool.open(text);
        await work.run(volume, 20);
        assert.is(await operate(volume, 'flush'), OK);
        await server.kill();
        await server.start();
        await work.run(volume, 5);
        await pool.close();
        const found = await holds(server, work).catch((error: Error) => error.message);
        assert.match(found ?? '', /holds 0, and may hold/);
      },
    ),
  );

  it('a local copy whose file is gone gets everything', () =>
    inFolder(async (folder) => {
      const pool = new Pool();
      const [a, b] = [join(folder, 'a'), join(folder, 'b')];
      const text = `disk=4M,file:${a},file:${b},record:${join(folder, 'record')}`;
      const work = new BlockWork(SIZE, 2);
      await work.run(await pool.open(text), 20);
      await pool.close();
      rmSync(a);
      const volume = await pool.open(text);
      await work.check(volume);
      await pool.hears(/copy file\S+a is whole/);
      await pool.close();
      await work.check(await pool.open(`disk=file:${a}`));
      await pool.close();
    }));

  it('says what is wrong with its copies', () => {
    for (const [text, words] of [
      ['d=1M,file:a,file:b,file:c,file:d', /has 4 copies, and may have 3/],
      ['d=1M,file:a,file:a', /the same copy twice/],
      ['d=1M,memory:,file:a', /a copy in memory would be gone/],
      ['d=1M,nbd://a/,nbd://b/', /expected one record:PATH/],
      ['d=1M,file:a,record:x', /one copy needs no record/],
      ['d=1M,file:a,replica:nbd://b/', /what is 'replica:'\?/],
      ['d=1M,file:a,nbds://b/', /no TLS/],
    ] as const)
      assert.throws(() => parseVolume(text), words);
    assert.is(parseVolume('d=1M,file:/a,b').backings.length, 1, 'a comma in a path');
  });
});

spec('what is known of copies', (it) => {
  const made = (folder: string) =>
    CopyRecord.make(join(folder, 'r'), {
      ...{ size: 4 * MIB, minimumBlock: 1 },
      copies: [{ at: 'file:a', is: 'whole' }],
    });
  const kept = (record: CopyRecord) => new Promise((done) => record.keep(done));

  it('is as it was when its newest line was torn', () =>
    inFolder(async (folder) => {
      const record = made(folder);
      record.marked[2] = 1;
      assert.is(await kept(record), OK);
      record.copies = [{ at: 'file:a', is: 'behind' }];
      assert.is(await kept(record), OK);
      const { generation } = record;
      record.close();
      const newest = CopyRecord.open(join(folder, 'r'))!;
      assert.is(newest.copies[0]!.is, 'behind');
      assert.equal([...newest.marked], [0, 0, 1, 0]);
      newest.close();
      const file = openSync(join(folder, 'r'), 'r+');
      writeSync(file, 'x', (generation % 2) * 16 * 1024 + 20);
      closeSync(file);
      const older = CopyRecord.open(join(folder, 'r'))!;
      assert.is(older.copies[0]!.is, 'whole');
      assert.is(older.generation, generation - 1);
      older.close();
    }));
});
