// Mirrors src/cli/golden.ts: the command as people call it.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CaptureReader } from '../../../protocols/pcap/index.js';
import { golden, goldenFrames } from '../../../src/testing/index.js';
import { assert, spec } from '../../support/spec.js';

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'golden', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
    maxBuffer: 1 << 26,
  });
  return { status, stdout, stderr };
}

/** Does `body` in a directory of its own. */
function inFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-'));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The packets of a pcapng file with their comments. */
function packets(path: string) {
  const reader = new CaptureReader();
  reader.push(readFileSync(path));
  const found: { bytes: Uint8Array; comment: string; linkType: number }[] = [];
  while (reader.next()) {
    const { bytes, at, end, comments, linkType } = reader.record;
    found.push({ bytes: bytes.slice(at, end), comment: comments.join(), linkType });
  }
  assert.is(reader.finish(), null);
  return found;
}

spec('wireverbs golden', (it) => {
  it('lists every frame with verdict, layers and source', () => {
    const { status, stdout } = run('list');
    assert.is(status, 0);
    assert.match(stdout, /^name +verdict +layers +source\n/);
    assert.match(
      stdout,
      /\nroce-v2-rc-write-only +good +eth\/ipv4\/udp\/bth\/reth\/payload\/icrc +capture\n/,
    );
    assert.match(stdout, /\nbad-icrc-roce-v2 +checksum icrc\.icrc +eth\/.* +changed\n/);
  });
  it('lists what is asked for, as JSON too', () => {
    const listed = JSON.parse(run('list', '--json', '--layer', 'cnp', '--bad').stdout) as {
      name: string;
      verdict: string;
      layers: string[];
    }[];
    assert.ok(listed.length > 0);
    assert.ok(listed.every((f) => f.verdict === 'bad' && f.layers.includes('cnp')));
  });
  it('shows one frame with its source, its verdict and its dump', () => {
    const bad = run('show', 'bad-icrc-roce-v2').stdout;
    assert.match(bad, /source +changed: roce-v2-rc-write-only: /);
    assert.match(bad, /\nbth {2}Base Transport Header/);
    assert.match(bad, /verdict +checksum icrc\.icrc\n +icrc\.icrc: checksum is 0x/);
    assert.match(bad, /\^\^ +checksum is 0x/);
  });
  it('shows hex and JSON', () => {
    const name = 'roce-v2-rc-acknowledge';
    assert.match(run('show', name, '--hex').stdout, /^[0-9a-f]+\n$/);
    const data = JSON.parse(run('show', name, '--json').stdout) as { layers: { layer: string }[] };
    assert.ok(data.layers.some(({ layer }) => layer === 'aeth'));
  });
  it('writes the set for users of other languages', () => {
    inFolder((folder) => {
      const { status, stdout } = run('export', join(folder, 'set'));
      assert.is(status, 0, stdout);
      const file = (name: string) => join(folder, 'set', name);
      const frames = goldenFrames();
      const data = JSON.parse(readFileSync(file('golden.json'), 'utf8')) as { name: string }[];
      assert.equal(
        data.map(({ name }) => name),
        frames.map(({ name }) => name),
      );
      const hex = readFileSync(file('roce-v2-cnp-connectx4.hex'), 'utf8').trim();
      assert.equal([...Buffer.from(hex, 'hex')], [...golden('roce-v2-cnp-connectx4').bytes]);
      const links = ['bsd-loop', 'bsd-null', 'ethernet', 'infiniband', 'linux-sll', 'linux-sll2'];
      const written = links.flatMap((link) => packets(file(`golden-${link}.pcapng`)));
      assert.is(written.length, frames.filter(({ linkType }) => linkType < 1 << 16).length);
      const spoiled = written.find(({ comment }) => comment.startsWith('bad-icrc-roce-v2 '));
      assert.match(spoiled!.comment, /\(bad: checksum icrc\.icrc\)/);
      assert.match(readFileSync(file('README.txt'), 'utf8'), /golden\.json/);
    });
  });
  it('does not write among other files unless it is told to', () => {
    inFolder((folder) => {
      writeFileSync(join(folder, 'mine'), '');
      const refused = run('export', folder);
      assert.is(refused.status, 2);
      assert.match(refused.stderr, /is not empty \(1 entries\); --force/);
      assert.equal(readdirSync(folder), ['mine']);
    });
  });
  it('says what it does not understand', () => {
    const unknown = run('show', 'roce-v2-cmp');
    assert.is(unknown.status, 2);
    assert.match(
      unknown.stderr,
      /there is no golden frame 'roce-v2-cmp'; did you mean 'roce-v2-cnp'\?/,
    );
    assert.is(run('list', '--source', 'heaven').status, 2);
  });
});
