// Claims about fabrics: who can be routed, who spreads, and what becomes of congestion.

import { readExperiment, runPoint } from '../../src/experiments/index.js';
import { watchLinks } from '../../src/experiments/measure/traffic.js';
import { leafSpine, type Topology } from '../../src/fabric/index.js';
import { Lab } from '../../src/scenario/lab.js';
import { ms } from '../../src/time/index.js';
import { assert, spec } from '../support/spec.js';

const GIGA = 1e9;
const LINK = 25 * GIGA;

/** So many hosts of one switch write to one at once, and one of them to a host of another: what each gets, in bits a second. */
function incast(senders: number, settings: Topology['settings']) {
  const hosts = [...Array.from({ length: senders }, (_, i) => `s${i}`), 'victim', 'sink', 'idle'];
  const near = hosts.filter((name) => name !== 'sink' && name !== 'idle');
  const topology: Topology = {
    name: 'incast',
    hosts,
    switches: ['left', 'right'],
    links: [
      ...near.map((a) => ({ a, b: 'left', rate: LINK })),
      { a: 'left', b: 'right', rate: 4 * LINK },
      { a: 'sink', b: 'right', rate: LINK },
      { a: 'idle', b: 'right', rate: LINK },
    ],
    ...(settings && { settings }),
  };
  const lab = new Lab({ topology });
  const options = { test: 'write_bw', size: 65_536, iters: 60, qpTimeout: 8, tos: 96 } as const;
  const start = lab.now;
  const flows = Array.from({ length: senders }, (_, i) =>
    lab.perftest(options, lab.host(`s${i}`), lab.host('sink')),
  );
  const other = lab.perftest(options, lab.host('victim'), lab.host('idle'));
  lab.run(start + ms(200));
  const results = flows.map((flow) => flow.result(lab.now));
  const bytes = results.reduce((sum, { completed }) => sum + completed * options.size, 0);
  const end = Math.max(...results.map(({ endNs }) => endNs));
  const victim = other.result(lab.now);
  const drops = ['left', 'right'].flatMap((name) => {
    const { drops: all } = lab.fabric.switches.get(name) as unknown as {
      readonly drops: ReadonlyMap<string, number>;
    };
    return [...all.values()];
  });
  return {
    goodput: (bytes * 8e9) / (end - start),
    victim: (victim.completed * options.size * 8e9) / (victim.endNs - victim.startNs),
    drops: drops.reduce((sum, count) => sum + count, 0),
  };
}

const both = (of: object) => ({ left: of, right: of });
const lossy = both({ bufferBytes: 128 * 1024 });
const lossless = both({
  bufferBytes: 4 << 20,
  pfc: { 3: { xoff: 32 * 1024, xon: 24 * 1024, headroom: 96 * 1024 } },
});

spec('claims about fabrics', (it) => {
  it('RoCE v1 cannot be routed; RoCE v2 can, and kernel TCP', () => {
    const experiment = readExperiment(
      'claim.yaml',
      `experiment: a router between host and pool
fabric: { kind: routed, topology: { shape: star, count: 2 } }
workload: { block: { rw: randrw, operations: 20 } }
end: 5s
sweep: { transport: [rocev1, rocev2, tcp] }`,
      () => '',
    );
    for (const point of experiment.points) {
      const { failure, verified } = runPoint(experiment, point, () => '');
      if (point.text.transport === 'rocev1') assert.not.equal(failure, '');
      else {
        assert.is(failure, '', point.text.transport);
        assert.is(verified!.wrong, 0);
      }
    }
  });

  it('RoCE v2 spreads queue pairs over equal paths, and keeps each on one', () => {
    const spread = (qps: number) => {
      const lab = new Lab({ topology: leafSpine(2, 4, 1, { rate: LINK }) });
      const [client, server] = lab.hosts;
      const traffic = watchLinks(lab);
      const options = { test: 'write_bw', size: 4096, iters: 50, qps, mtu: 1024 } as const;
      const test = lab.perftest(options, client!, server!);
      lab.run();
      assert.is(test.result(lab.now).failure, '');
      const up = traffic.filter(({ name }) => /^leaf0 to spine/.test(name));
      assert.is(up.length, 4);
      return up.filter(({ framesSent }) => framesSent > 50).length;
    };
    assert.is(spread(1), 1);
    assert.ok(spread(32) >= 3);
  });

  it('a wire without flow control collapses under incast: the more send, the less gets through', () => {
    const [one, many] = [incast(1, lossy), incast(8, lossy)];
    assert.is(one.drops, 0);
    assert.ok(one.goodput > 0.8 * LINK, `${one.goodput / GIGA} Gb/s of one`);
    assert.ok(many.drops > 100, `${many.drops} dropped`);
    assert.ok(many.goodput < 0.5 * one.goodput, `${many.goodput / GIGA} Gb/s of eight`);
  });

  it('a lossless one drops nothing, and spreads the congestion to who has nothing to do with it', () => {
    const [alone, many] = [incast(1, lossless), incast(8, lossless)];
    assert.is(many.drops, 0);
    assert.ok(many.goodput > 0.8 * LINK, `${many.goodput / GIGA} Gb/s of eight`);
    assert.ok(alone.victim > 0.8 * LINK, `${alone.victim / GIGA} Gb/s when nobody is in the way`);
    assert.ok(many.victim < 0.5 * alone.victim, `${many.victim / GIGA} Gb/s behind the pauses`);
  });
});
