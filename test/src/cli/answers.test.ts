// Mirrors src/cli/failure.ts, main.ts, completion.ts, header.ts and demo.ts: what people get who ask for help, for
// what is not there, or for the impossible. One clear answer, no stack trace.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capturePath } from '../../support/capture.js';
import { inFolder, wireverbs, wireverbsEach } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';

const rxe = capturePath('rxe-v4.pcap');

/** Runs what cannot be done, and expects each answer on stderr. */
async function refused(rows: readonly (readonly [args: string[], answer: RegExp])[]) {
  const results = await wireverbsEach(rows.map(([args]) => args));
  for (const [i, { status, stdout, stderr }] of results.entries()) {
    const [args, answer] = rows[i]!;
    assert.is(status, 2, args.join(' '));
    assert.match(stderr, answer, args.join(' '));
    assert.not.match(stderr, /\n {4}at /, args.join(' '));
    assert.is(stdout, '', args.join(' '));
  }
}

spec('wireverbs: bad input', (it) => {
  it('is told what is wrong with a file', () =>
    inFolder(async (folder) => {
      const path = (name: string) => join(folder, name);
      mkdirSync(path('folder'));
      writeFileSync(path('empty'), '');
      writeFileSync(path('garbage'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 1, 2, 3]));
      await refused([
        [['dissect', path('none')], /there is no such file, and it is no hex either$/m],
        [['dissect', path('folder')], /folder' is a folder, expected a file$/m],
        [['dissect', path('empty')], /empty: nothing is in it$/m],
        [['check', path('garbage')], /garbage: expected a pcap or pcapng file, .* or hex text/],
        [['dissect', '012'], /as hex it has an odd number of digits, 3$/m],
        [['build', 'eth/arp', '-o', path('no/such/x.pcapng')], /no such file or folder$/m],
      ]);
    }));
  it('of a truncated capture shows every whole record first', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'cut.pcap');
      writeFileSync(path, readFileSync(rxe).subarray(0, 20_000));
      const [shown, checked] = await wireverbsEach([
        ['dissect', path],
        ['check', path],
      ]);
      assert.is(shown!.lines.length, 49);
      const answer =
        /^wireverbs: .*cut\.pcap: pcap record at byte 19275 of the file: truncated: expected 1098 bytes, found 725 before the file ends\n$/;
      for (const { status, stderr } of [shown!, checked!]) {
        assert.is(status, 2);
        assert.match(stderr, answer);
      }
      assert.match(checked!.lines.at(-1)!, /nothing is wrong, as far as the file could be read$/);
    }));
  it('is shown the place in an expression', () =>
    refused([
      [['dissect', rxe, '--filter', 'bth.psn > '], /expected a value, found the end\n.*\n {12}\^/],
      [['dissect', rxe, '--filter', 'bth.opcod == 3'], /did you mean 'bth\.opcode'\?\n.*\n {2}\^/],
      [['build', 'eth/ipv5'], /there is no layer 'ipv5'; did you mean 'ipv4'\?\n.*\n {6}\^/],
      [['build', 'eth(dts=1)'], /eth has no field 'dts'.*\n.*\n {6}\^/],
    ]));
  it('is told which names and numbers there are', () =>
    refused([
      [['dissect', rxe, '--fields', 'bth.opcod'], /did you mean 'bth\.opcode'\?/],
      [['dissect', rxe, '--fields', 'bth'], /name one of its fields, such as bth\.opcode/],
      [['dissect', rxe, '--layer', 'bthh'], /there is no layer 'bthh'; did you mean 'bth'\?/],
      [['dissect', rxe, '--frame', '593'], /there is no frame 593: .* ends with frame 592/],
      [['dissect', rxe, '--frame', '9-3'], /'9-3' ends before it begins/],
      [
        ['build', 'eth', '--seal', 'nope=spoil'],
        /'nope' is no layer and no kind of field \(type, /,
      ],
      [['build', 'eth', '--seal', 'icrcc=spoil'], /did you mean 'icrc'\?\n/],
      [['header', 'bthh'], /there is no header 'bthh'; did you mean 'bth'\?/],
      [['dissect', '--hexx', rxe], /^wireverbs: unknown option '--hexx'\n\(Did you mean --hex\?\)/],
      [['disect'], /^wireverbs: unknown command 'disect'\n\(Did you mean dissect\?\)/],
    ]));
});

spec('wireverbs: help', (it) => {
  it('has examples for each command', async () => {
    const commands = ['dissect', 'build', 'check', 'header', 'golden', 'complete'];
    const results = await wireverbsEach(commands.map((name) => [name, '--help']));
    for (const [i, { status, stdout }] of results.entries()) {
      assert.is(status, 0);
      assert.match(stdout, new RegExp(`Examples:\\n.*wireverbs ${commands[i]}`), commands[i]!);
    }
  });
  it('demonstrates itself', async () => {
    const { status, stdout } = await wireverbs(['demo']);
    assert.is(status, 0);
    assert.match(stdout, /\nbth {2}Base Transport Header/);
    assert.match(stdout, /\n19 frames: nothing is wrong\n/);
  });
  it('documents headers, families and all of them', async () => {
    const runs = [['bth', 'CQE'], ['nvme', '--json'], []];
    const [two, family, all] = await wireverbsEach(runs.map((args) => ['header', ...args]));
    assert.match(two!.stdout, /^\| {4}opcode {5}\|s\|m\|pad\| tver {2}\|/m);
    assert.match(two!.stdout, /\(cqe\), 8 bytes, little-endian/);
    const data = JSON.parse(family!.stdout) as { layer: string; fields: object[] }[];
    assert.ok(data.length > 20 && data.some(({ layer }) => layer === 'cqe'));
    const narrow = await wireverbs(['header', 'bth'], { env: { COLUMNS: '80' } });
    assert.ok(narrow.lines.every((line) => line.length <= 80));
    assert.match(all!.stdout, /^bth +infiniband +12 +Base Transport Header +IBA 9\.2$/m);
  });
});

spec('wireverbs complete', (it) => {
  const offers = async (...words: string[]): Promise<[values: string[], directive: string]> => {
    const { lines } = await wireverbs(['complete', '--', ...words]);
    return [lines.slice(0, -1).map((line) => line.split('\t')[0]!), lines.at(-1)!];
  };
  it('writes a script for each shell', async () => {
    const shells = ['bash', 'zsh', 'fish', 'powershell'];
    const results = await wireverbsEach(shells.map((shell) => ['complete', shell]));
    for (const [i, { status, stdout }] of results.entries()) {
      assert.is(status, 0);
      assert.match(stdout, /wireverbs complete|powershell completion for wireverbs/, shells[i]!);
    }
    assert.match(results[0]!.stdout, /\ncomplete -o default -F __wireverbs_complete wireverbs\n$/);
  });
  it('knows commands, options and the names that they take', async () => {
    assert.equal(await offers('dis'), [['dissect'], ':4']);
    assert.ok((await offers('dissect', '--f'))[0].includes('--filter'));
    assert.ok((await offers('header', 'bth', 'infini'))[0].includes('infiniband'));
    assert.ok((await offers('dissect', '--layer', 'nvme-r'))[0].includes('nvme-rdma-req'));
    assert.equal((await offers('dissect', '--fields', 'ipv4.src,bth.opc'))[0], [
      'ipv4.src,bth.opcode',
    ]);
    assert.ok((await offers('golden', 'show', 'bad-icrc'))[0].includes('bad-icrc-roce-v2'));
  });
  it('leaves files to the shell where a file is expected', async () => {
    assert.equal(await offers('dissect', ''), [[], ':0']);
    assert.equal(await offers('build', '-o', ''), [[], ':0']);
  });
});
