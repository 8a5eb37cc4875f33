// Mirrors src/cli/probe.ts: the command as people run it.

import { wireverbs } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';

spec('wireverbs probe', (it) => {
  it('tells the figures of DMA in a slot, in words and as JSON', async () => {
    const asked = ['probe', 'dma_read_lat', '--slot', 'nfp6000slot', '--size', '256', '-n', '10'];
    const { stdout } = await wireverbs(asked);
    assert.match(stdout, /^dma_read_lat +size 256 +iters 10 +minNs 621 +medianNs 621/);
    const told = JSON.parse((await wireverbs([...asked, '--json'])).stdout) as object;
    assert.equal(told, {
      schema: 'wireverbs-probe-1',
      probe: 'dma_read_lat',
      size: 256,
      iters: 10,
      minNs: 621,
      medianNs: 621,
      meanNs: 621,
      maxNs: 621,
    });
  });

  it('refuses with one clear line', async () => {
    for (const [args, words] of [
      [['dma'], /expected dma_read_lat, /],
      [['mem_lat', '--cpu', 'xeonhaswell'], /does not say how fast its memory is/],
      [['mem_lat', '--size', 'much'], /size/],
    ] as const) {
      const { status, stderr } = await wireverbs(['probe', ...args]);
      assert.is(status, 2);
      assert.match(stderr, words);
    }
  });
});
