// The assertions under other test runners, each in a process of its own: one test that holds and one that
// fails, whose message the runner must print. (vitest and jest are far heavier than all else here; what
// sets jest apart, globals of another realm, is tested in assert.test.ts.)

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { assert, spec } from '../../support/spec.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const entry = new URL('../../../src/testing/index.js', import.meta.url).href;

const cases = `
import { assertFrame } from ${JSON.stringify(entry)};
const arp = new Uint8Array(14).fill(0xff);
test('holds', () => { assertFrame(arp, 'eth(type=0xffff)'); });
test('fails', () => { assertFrame(arp, 'eth(type=0x0806)'); });
`;

/** Runs the cases under a runner that offers `test`. */
function run(before: string, after = '') {
  const { NODE_TEST_CONTEXT: _, ...env } = {
    ...process.env,
    NO_COLOR: '1',
    FORCE_COLOR: '0',
  } as Record<string, string>;
  const args = ['--input-type=module', '-e', `${before}${cases}${after}`];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, output: stdout + stderr };
}

spec('assertions under other runners', (it) => {
  it('hold and fail under node:test', () => {
    const { status, output } = run(`import { test } from 'node:test';`);
    assert.is(status, 1, output);
    assert.match(output, /pass 1\b/);
    assert.match(output, /fail 1\b/);
    assert.match(output, /eth\.type: expected ARP \(0x0806\), found 0xffff/);
    assert.match(output, /ERR_ASSERTION/);
  });
  it('hold and fail under uvu', () => {
    const { status, output } = run(`import { test } from 'uvu';`, 'test.run();');
    assert.is(status, 1, output);
    assert.match(output, /Passed: +1/);
    assert.match(output, /eth\.type: expected ARP \(0x0806\), found 0xffff/);
    assert.match(output, /\(assertFrame\)/);
  });
});
