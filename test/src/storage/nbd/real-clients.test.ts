// Programs that people have, as clients of our NBD server on real sockets: they find their data again and complain of
// nothing.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryVolume } from '../../../../src/storage/index.js';
import { Exports, NbdListener } from '../../../../src/storage/nbd/index.js';
import { Random } from '../../../../src/time/index.js';
import { inFolder } from '../../../support/cli.js';
import { missing, runProgram } from '../../../support/program.js';
import { assert, spec } from '../../../support/spec.js';

/** The one that Debian's packages are for. */
const PYTHON = '/usr/bin/python3';
const noLibnbd =
  spawnSync(PYTHON, ['-c', 'import nbd']).status === 0 ? '' : 'python3-libnbd is not installed';

const main = fileURLToPath(new URL('../../../../src/cli/main.js', import.meta.url));
const MIB = 1 << 20;

/** Does `body` with a server of an empty volume 'disk' of 16 MiB on a unix socket. */
const served = (
  body: (uri: string, folder: string, listener: NbdListener) => Promise<void>,
  name = 'disk',
) =>
  inFolder(async (folder) => {
    const exports = new Exports();
    exports.add({ name, volume: new MemoryVolume(16 * MIB) });
    const listener = new NbdListener(exports);
    const socket = join(folder, 'nbd.sock');
    await listener.listen({ path: socket });
    try {
      await body(`nbd+unix:///${name}?socket=${socket}`, folder, listener);
      assert.is(listener.counts.errors, 0);
    } finally {
      await listener.close(0);
    }
  });

async function runs(name: string, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runProgram(name, args);
  assert.is(status, 0, `${name} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout;
}

function noise(length: number): Uint8Array {
  const random = new Random(7, 'noise');
  return new Uint8Array(length).map(() => random.below(256));
}

const where = (...programs: string[]) =>
  [missing(...programs) === '', missing(...programs)] as const;

spec('NBD server and real clients', (it) => {
  it.where(
    ...where('nbdinfo'),
    'nbdinfo sees every ability, and holes where nothing was written',
    () =>
      served(async (uri) => {
        const info = JSON.parse(await runs('nbdinfo', '--json', uri)).exports[0];
        assert.is(info['export-size'], 16 * MIB);
        for (const can of [
          'cache',
          'df',
          'fast_zero',
          'flush',
          'fua',
          'multi_conn',
          'trim',
          'zero',
        ])
          assert.is(info[`can_${can}`], true, can);
        const map = JSON.parse(await runs('nbdinfo', '--map', '--json', uri));
        assert.equal(map, [{ offset: 0, length: 16 * MIB, type: 3, description: 'hole,zero' }]);
      }),
  );

  it.where(
    ...where('nbdcopy'),
    'nbdcopy brings a file there and back over several connections',
    () =>
      served(async (uri, folder, listener) => {
        const [from, to] = [join(folder, 'from'), join(folder, 'to')];
        const bytes = new Uint8Array(16 * MIB);
        bytes.set(noise(3 * MIB), 5 * MIB + 1234);
        writeFileSync(from, bytes);
        await runs('nbdcopy', '--flush', from, uri);
        await runs('nbdcopy', uri, to);
        assert.ok(Buffer.compare(readFileSync(to), bytes) === 0);
        assert.ok(listener.counts.connections > 2, 'multi-conn is used');
      }),
  );

  it.where(
    ...where('qemu-img', 'qemu-io'),
    'qemu-img converts, compares and maps, qemu-io finds patterns',
    () =>
      served(async (uri, folder) => {
        const image = join(folder, 'image');
        writeFileSync(image, Uint8Array.from([...noise(4 * MIB), ...new Uint8Array(12 * MIB)]));
        await runs('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', image, uri);
        assert.match(
          await runs('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', image, uri),
          'identical',
        );
        const map = JSON.parse(await runs('qemu-img', 'map', '-f', 'raw', '--output=json', uri));
        assert.is(map[0].data, true);
        assert.is(map.at(-1).zero, true);
        const commands = [
          'write -P 17 4097 70000',
          'write -f -P 18 1M 4k',
          'write -z 2M 64k',
          'flush',
        ];
        const reads = [
          'read -P 17 4097 70000',
          'read -P 18 1M 4k',
          'read -P 0 2M 64k',
          'discard 3M 1M',
        ];
        const args = [...commands, ...reads, 'read -P 0 3M 1M'].flatMap((c) => ['-c', c]);
        assert.not.match(await runs('qemu-io', '-f', 'raw', ...args, uri), /fail|error/i);
      }),
  );

  it.where(...where('fio'), "fio's nbd engine verifies random writes at depth 32", () =>
    served(async (uri) => {
      const job = [
        '--rw=randwrite',
        '--bsrange=512-32k',
        '--iodepth=32',
        '--size=16M',
        '--randseed=5',
      ];
      const verify = [
        '--verify=crc32c',
        '--verify_fatal=1',
        '--verify_backlog=64',
        '--verify_state_save=0',
        '--fsync=50',
      ];
      await runs('fio', '--name=nbd', '--ioengine=nbd', `--uri=${uri}`, ...job, ...verify);
    }),
  );

  it.where(
    ...where('fio'),
    'a node without the private part of sockets that we use serves too',
    () =>
      served(async (uri, _folder, listener) => {
        listener.handleOf = () => undefined;
        const job = [
          '--rw=randrw',
          '--bsrange=512-1M',
          '--iodepth=8',
          '--size=16M',
          '--randseed=6',
        ];
        const verify = ['--verify=crc32c', '--verify_fatal=1', '--verify_state_save=0'];
        await runs('fio', '--name=nbd', '--ioengine=nbd', `--uri=${uri}`, ...job, ...verify);
      }),
  );

  it.where(
    ...where('nbdkit', 'nbdcopy'),
    "nbdkit's nbd plugin passes our volume on, without structured replies too",
    () =>
      served(async (uri, folder) => {
        const from = join(folder, 'from');
        writeFileSync(from, noise(16 * MIB));
        const through = `nbdcopy ${from} "$uri" && nbdcopy "$uri" - | cmp - ${from}`;
        await runs('nbdkit', '-U', '-', 'nbd', `uri=${uri}`, '--run', through);
        const noStructure = ['--no-sr', 'nbd', `uri=${uri}`];
        await runs(
          'nbdkit',
          '-U',
          '-',
          ...noStructure,
          '--run',
          `nbdcopy "$uri" - | cmp - ${from}`,
        );
      }),
  );

  it.where(
    ...where('nbdinfo'),
    'a command started by nbdinfo gets its socket by socket activation',
    async () => {
      const command = [process.execPath, main, 'pool', 'serve', '--volume', 'disk=8M', '--once'];
      const info = JSON.parse(await runs('nbdinfo', '--json', '--', '[', ...command, ']'));
      assert.is(info.exports[0]['export-size'], 8 * MIB);
    },
  );

  it.where(
    noLibnbd === '',
    noLibnbd,
    'a command started by libnbd serves on its standard input and output',
    async () => {
      const command = [process.execPath, main, 'pool', 'serve', '--volume', 'disk=8M', '--stdio'];
      const script = [
        'import nbd',
        'h = nbd.NBD()',
        `h.connect_command(${JSON.stringify(command)})`,
        "h.pwrite(b'x' * 100000, 12345, nbd.CMD_FLAG_FUA)",
        "assert h.pread(100000, 12345) == b'x' * 100000",
        'h.shutdown()',
      ];
      await runs(PYTHON, '-c', script.join('\n'));
    },
  );
});
