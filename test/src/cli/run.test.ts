// Mirrors src/cli/run.ts, scenario-module.ts and scenario-hooks.ts: scenarios as people run them.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inFolder, wireverbs } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';

const example = (name: string) =>
  fileURLToPath(new URL(`../../../../examples/${name}`, import.meta.url));

const typed = `
import type { Stage } from 'wireverbs/sim';
import { bytes } from './amount.js';

export function scenario(stage: Stage): void {
  const lab = stage.lab({ wire: 'ib' });
  const [a, b] = lab.hosts;
  const test = lab.perftest({ test: 'write_bw', size: bytes as number, iters: 5 }, a!, b!);
  lab.run();
  stage.measure('seed', stage.seed);
  stage.expect('all is well', test.result(lab.now).failure === '');
}
`;

spec('wireverbs run', (it) => {
  it('runs a program in TypeScript, with files of its own beside it', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'mine.ts');
      writeFileSync(join(folder, 'amount.ts'), 'export const bytes: number = 4096;\n');
      writeFileSync(file, typed);
      const pcap = join(folder, 'run.pcapng');
      const { status, stdout, stderr } = await wireverbs([
        'run',
        file,
        '--seed',
        '7',
        '--pcap',
        pcap,
      ]);
      assert.is(status, 0, stderr);
      assert.match(stdout, /seed: 7\n {2}holds: all is well\n1 expectation held/);
      assert.is((await wireverbs(['check', pcap])).status, 0);
    });
  });

  it('runs a description, and gives JSON', async () => {
    const { status, stdout } = await wireverbs(['run', example('12-incast-lossy.yaml'), '--json']);
    assert.is(status, 0);
    const { holds, values, expectations } = JSON.parse(stdout);
    assert.is(holds, true);
    assert.ok(values['switches.s0.drops'] > 0);
    assert.ok(expectations.every((one: { holds: boolean }) => one.holds));
  });

  it('ends with exit code 1 when something does not hold', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'wrong.mjs');
      writeFileSync(file, "export default (stage) => stage.expect('pigs fly', false);\n");
      const { status, stdout } = await wireverbs(['run', file]);
      assert.is(status, 1);
      assert.match(stdout, /FAILS: pigs fly\n1 of 1 expectation did not hold/);
    });
  });

  it('says what is wrong with a file, with exit code 2', async () => {
    await inFolder(async (folder) => {
      const write = (name: string, text: string) => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      const words = async (name: string, text: string) => {
        const { status, stderr } = await wireverbs(['run', write(name, text)]);
        assert.is(status, 2, stderr);
        return stderr;
      };
      assert.match(
        await words('a.ts', 'enum Colour { Red }\nexport const scenario = 1;'),
        /a\.ts:1:1: TypeScript enum is not supported/,
      );
      assert.match(
        await words('b.ts', 'export const other = () => {};'),
        /expected an export 'scenario' .* found other/,
      );
      assert.match(
        await words('c.ts', "import './nothing.js';"),
        /c\.ts: Cannot find module .*nothing/,
      );
      assert.match(
        await words('d.yaml', 'workloads: []'),
        /d\.yaml:1:12: workloads: must NOT have fewer than 1 items/,
      );
      const throwing =
        "export function scenario(stage: object) {\n  throw new TypeError('mine');\n}";
      const said = await words('f.ts', throwing);
      assert.match(said, /f\.ts: TypeError: mine\n +at scenario \(.*f\.ts:2:9\)\n$/);
      assert.match(
        await words('g.ts', "export const scenario = (stage: object) => stage.lab().host('zz');"),
        /g\.ts: RangeError: there is no host 'zz'; there are h0, h1\n/,
      );
      assert.match(
        (await wireverbs(['run', join(folder, 'none.ts')])).stderr,
        /none\.ts: there is no such file or folder/,
      );
      assert.match(await words('e.txt', ''), /expected a program \(\.ts, \.mjs\) or a description/);
      const missing = await wireverbs(['run', join(folder, 'none.yaml')]);
      assert.is(missing.status, 2);
      assert.match(missing.stderr, /there is no such file or folder/);
    });
  });

  it('runs an experiment: a table, lines of JSON, a share, and shares put together', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'e.yaml');
      writeFileSync(
        file,
        'experiment: two\nworkload: { perftest: { test: read_lat, iters: 5 } }\nsweep: { transport: [ib, rocev2] }',
      );
      const lines = join(folder, 'all.jsonl');
      const { status, stdout, stderr } = await wireverbs(['run', file, '-j', '1', '-o', lines]);
      assert.is(status, 0, stderr);
      assert.match(
        stdout,
        /^two: 2 combinations\n\ntransport +operation +p50 us.*\nib +read .*\nrocev2 /,
      );
      const share = await wireverbs(['run', file, '--shard', '2/2', '--json']);
      assert.is(share.stdout, `${readFileSync(lines, 'utf8').split('\n')[1]}\n`);
      const part = join(folder, 'part.jsonl');
      writeFileSync(part, share.stdout);
      const missing = await wireverbs(['report', part]);
      assert.is(missing.status, 1);
      assert.match(missing.stderr, /1 combination missing: 0/);
      const both = await wireverbs(['report', part, lines, '--json']);
      assert.is(both.status, 0, both.stderr);
      assert.is(both.stdout, readFileSync(lines, 'utf8'));
    });
  });

  it('makes the page from shares that other machines ran', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'disk.yaml');
      const job = 'workload: { block: { rw: randread, operations: 5, area: 64KiB } }';
      writeFileSync(file, `experiment: disk\n${job}\nsweep: { transport: [tcp, rocev2] }`);
      const shares = [1, 2].map((i) => join(folder, `${i}.jsonl`));
      for (const [i, lines] of shares.entries())
        await wireverbs(['run', file, '--shard', `${i + 1}/2`, '-j', '1', '-o', lines]);
      const page = join(folder, 'report');
      const made = await wireverbs(['report', ...shares, '--of', file, '--report', page]);
      assert.is(made.status, 0, made.stderr);
      assert.match(made.stdout, /^disk: 2 combinations\n\nread of 4 KiB/);
      assert.match(readFileSync(join(page, 'index.html'), 'utf8'), /<h1>disk<\/h1>/);
      assert.is(readFileSync(join(page, 'results.jsonl'), 'utf8').split('\n').length, 3);
      writeFileSync(file, `experiment: another\n${job}`);
      const wrong = await wireverbs(['report', ...shares, '--of', file, '--report', page]);
      assert.is(wrong.status, 2);
      assert.match(wrong.stderr, /disk\.yaml is not the experiment of these results, disk/);
      for (const half of [
        ['--of', file],
        ['--report', page],
      ])
        assert.match((await wireverbs(['report', ...shares, ...half])).stderr, /go together/);
    });
  });

  it('says what is wrong with an experiment, and ends with 1 where a combination fails', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'e.yaml');
      const run = (text: string, ...options: string[]) => {
        writeFileSync(file, text);
        return wireverbs(['run', file, ...options]);
      };
      const test = 'workload: { perftest: { test: read_lat, iters: 5 } }';
      const wrong = await run(`experiment: x\n${test}\ntransport: ether`);
      assert.is(wrong.status, 2);
      assert.match(wrong.stderr, /e\.yaml:3:12: transport: expected tcp, .*; found "ether"/);
      assert.is((await run(`experiment: x\n${test}`, '--shard', '4/3')).status, 2);
      assert.is((await run(`experiment: x\n${test}`, '--pcap', 'x')).status, 2);
      assert.match((await run('workloads: []', '--jobs', '2')).stderr, /--jobs is for experiments/);
      const fabric = 'fabric: { kind: routed, topology: { shape: star, count: 2 } }';
      const routed = await run(`experiment: x\n${test}\ntransport: rocev1\n${fabric}`);
      assert.is(routed.status, 2);
      assert.match(
        routed.stderr,
        /e\.yaml:4:17: fabric\.kind: RoCE v1 has no IP header and cannot/,
      );
      const failed = await run(`experiment: x\n${test}\nsweep: { transport: [rocev1] }\n${fabric}`);
      assert.is(failed.status, 1);
      assert.match(failed.stderr, /combination 0 \{"transport":"rocev1"\}: /);
    });
  });
});
