// Mirrors src/apps/probe: figures that pcie-bench and Intel's MLC published for the same hardware.

import { type ProbeOptions, probe } from '../../../../src/apps/probe/index.js';
import { xeonE52699v3, xeonHaswell } from '../../../../src/profiles/cpu.js';
import { vtdBroadwell } from '../../../../src/profiles/iommu.js';
import { nfp6000Slot, pcieGen3x8 } from '../../../../src/profiles/pcie.js';
import { assert, spec } from '../../../support/spec.js';

const nfp = { cpu: xeonE52699v3, pcie: nfp6000Slot } as const;

const gigabits = (options: ProbeOptions): number => {
  const { bytes, ns } = probe(options).moved!;
  return (bytes * 8) / ns;
};
const near = (found: number, published: number, percent: number) =>
  assert.ok(
    Math.abs(found / published - 1) * 100 <= percent,
    `${found}, published ${published}: not within ${percent} %`,
  );

spec('probes', (it) => {
  it('take from an engine that begins a transfer every so often what it gives, not what the link does', () => {
    near(gigabits({ ...nfp, probe: 'dma_write_bw', size: 64 }), 24.27, 2);
    const link = gigabits({ cpu: xeonHaswell, pcie: pcieGen3x8, probe: 'dma_write_bw', size: 64 });
    assert.ok(link > 40, `${link} without an engine's limit`);
  });

  it('read behind a write only when the device has fetched and sent what it writes', () => {
    const [took] = probe({ ...nfp, probe: 'dma_write_read_lat', size: 512, iters: 2 }).latencies!;
    near(took!, 1009.5, 5);
  });

  it('fall to what an IOMMU can walk when a window has more pages than it knows', () => {
    const behind = { ...nfp, probe: 'dma_read_bw', iommu: vtdBroadwell } as const;
    const few = gigabits({ ...behind, windowBytes: 2 ** 18 });
    const many = gigabits({ ...behind, windowBytes: 2 ** 26 });
    near(few, 32.43, 8);
    near(many, 9.83, 8);
    const large = gigabits({ ...behind, windowBytes: 2 ** 26, pageBytes: 2 ** 21 });
    assert.ok(large > 0.95 * few, 'pages of 2 MiB are few again');
  });

  it('find memory by node', () => {
    const memory = { ...nfp, nodes: 2 } as const;
    near(gigabits({ ...memory, probe: 'mem_bw' }) / 8, 57.93, 2);
    near(gigabits({ ...memory, probe: 'mem_bw', remote: true }) / 8, 30.3, 5);
    near(probe({ ...memory, probe: 'mem_lat', iters: 2 }).latencies![0]!, 97.5, 2);
  });

  it('refuse what they cannot tell', () => {
    const wrong: readonly (readonly [Partial<ProbeOptions>, RegExp])[] = [
      [{ probe: 'mem_lat', cpu: xeonHaswell }, /does not say how fast its memory is/],
      [{ size: 0 }, /size: expected a whole number from 1/],
      [{ windowBytes: 32 }, /window: expected a whole number from 64/],
      [{ remote: true, nodes: 1 }, /memory of another node needs two/],
      [{ nodes: 2, readers: 3 }, /readers: expected a whole number from 1 to 2, found 3/],
      [{ probe: 'mem_bw', nodes: 5 }, /36 cores do not share 5 nodes evenly/],
    ];
    for (const [given, words] of wrong)
      assert.throws(() => probe({ ...nfp, probe: 'dma_read_lat', ...given }), words);
  });
});
