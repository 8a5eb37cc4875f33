// Mirrors src/cli/compare.ts: the command as people run it.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, wireverbs } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';
import { noTshark } from '../../support/tshark.js';

spec('wireverbs compare', (it) => {
  it('lists stations, what follows from them, and counts of all paths beside each other', async () => {
    const { status, stdout } = await wireverbs(['compare', '--wires', 'tcp,rocev2']);
    assert.is(status, 0);
    assert.match(stdout, /^ 2 .* copies application memory to socket buffer +4,096$/m);
    assert.match(stdout, /^- No CPU involvement: no core of the target did anything/m);
    assert.match(stdout, /^bytes copied by CPUs +4,096 \+ 4,096 +0 \+ 0$/m);
    assert.match(stdout, /^Steady state: after 16 messages/m);
  });

  it('keeps tables within 120 columns', async () => {
    const { lines } = await wireverbs(['compare']);
    for (const line of lines) if (!/^(- |[A-Z])/.test(line)) assert.ok(line.length <= 120, line);
  });

  it('gives one JSON object, and the files that were asked for', async () => {
    await inFolder(async (folder) => {
      const svg = join(folder, 'c.svg');
      const pcap = join(folder, 'c.pcapng');
      const args = ['--wires', 'tcp,ib', '--op', 'read', '--json', '--svg', svg, '--pcap', pcap];
      const { status, stdout } = await wireverbs(['compare', ...args]);
      assert.is(status, 0);
      const told = JSON.parse(stdout) as { schema: string; paths: { frames: unknown[] }[] };
      assert.is(told.schema, 'wireverbs-compare-1');
      assert.match(readFileSync(svg, 'utf8'), /^<svg /);
      const { lines } = await wireverbs(['dissect', pcap]);
      const frames = told.paths.reduce((sum, path) => sum + path.frames.length, 0);
      assert.is(lines.filter((line) => /^ *\d+ /.test(line)).length, frames);
      assert.is((await wireverbs(['check', pcap])).status, 0);
    });
  });

  it.where(noTshark === '', noTshark, 'writes captures that tshark reads', async () => {
    await inFolder(async (folder) => {
      const pcap = join(folder, 'c.pcapng');
      await wireverbs(['compare', '--wires', 'tcp,rocev2', '--brief', '--pcap', pcap]);
      const told = execFileSync('tshark', ['-r', pcap], { encoding: 'utf8' });
      assert.match(told, /RC RDMA Write Only/);
      assert.match(told, /TCP .* Len=4096/);
    });
  });

  it('refuses what it cannot do with one clear line', async () => {
    const wrong = [
      [['--wires', 'tcp,carrier'], /expected tcp, iwarp, rocev1, rocev2, ib; found 'carrier'/],
      [['--wires', 'tcp,tcp'], /expected each path once/],
      [['--op', 'atomic'], /expected write, read, send; found 'atomic'/],
      [['--size', '0'], /size: expected 1 to/],
      [['--size', 'many'], /size/],
      [['--mtu', '9001'], /mtu: expected 1280 to 9000, found 9001/],
      [['--mtu', '512'], /mtu: expected 1280 to 9000, found 512/],
      [['--nic', 'none'], /expected ideal, .*; found 'none'/],
    ] as const;
    for (const [args, words] of wrong) {
      const { status, stderr, stdout } = await wireverbs(['compare', ...args]);
      assert.is(status, 2, args.join(' '));
      assert.match(stderr, words);
      assert.is(stdout, '');
    }
  });
});
