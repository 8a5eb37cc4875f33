// A test that hangs is told by name, and what it started ends with it.

import { spawnSync } from 'node:child_process';
import { assert, spec } from './support/spec.js';

const watchdog = new URL('./support/watchdog.js', import.meta.url).href;

/** Runs `body` as the test 'the hanging one' under a watchdog of half a second. */
function hang(body: string) {
  const program = `import { spawn } from 'node:child_process';
    import { Watchdog } from '${watchdog}';
    const dog = new Watchdog();
    dog.begins('the first'); dog.ended(true); dog.begins('the hanging one'); ${body}`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, WIREVERBS_TEST_SECONDS: '0.5' },
    encoding: 'utf8',
    timeout: 60_000,
  });
}

spec('watchdog of tests', (it) => {
  it('ends a loop, its children, and says which test it was', () => {
    // The child would hold standard output open for longer than this test waits.
    const { signal, stdout } = hang(
      `spawn('sleep', ['600'], { stdio: 'inherit' }).on('spawn', () => { for (;;); });`,
    );
    assert.is(signal, 'SIGKILL');
    assert.ok(stdout.includes('STUCK  the hanging one: does not end within 0.5 s'), stdout);
    assert.ok(stdout.endsWith('1 passed, 1 failed\n'), stdout);
  });

  it('ends what waits for nothing', () => {
    const { stdout } = hang(`setInterval(() => {}, 1e6); await new Promise(() => {});`);
    assert.ok(stdout.endsWith('1 passed, 1 failed\n'), stdout);
  });
});
