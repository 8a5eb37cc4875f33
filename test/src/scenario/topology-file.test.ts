// Mirrors src/scenario/topology-file.ts, document.ts and quantity.ts.

import { readRate, readSize, readTime } from '../../../src/scenario/quantity.js';
import { readTopology } from '../../../src/scenario/topology-file.js';
import { assert, spec } from '../../support/spec.js';

function complaint(text: string): string {
  try {
    readTopology('rack.yaml', text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing is wrong';
}

spec('topology files', (it) => {
  it('are a shape with its numbers', () => {
    const { hosts, links, name } = readTopology(
      't',
      'shape: star\ncount: 3\nrate: 25G\nmetres: 10',
    );
    assert.is(name, 'star');
    assert.equal(hosts, ['h0', 'h1', 'h2']);
    assert.equal(links[0], { a: 'h0', b: 's0', rate: 25e9, metres: 10 });
  });

  it('say how lanes of InfiniBand share links, and how long packets wait for credits', () => {
    const { settings } = readTopology(
      't',
      `
      shape: star
      count: 2
      all-switches:
        hoq-life: 8
        arbitration: { high: [{ vl: 1, weight: 4 }], low: [{ vl: 0, weight: 255 }], limit: 2 }`,
    );
    const high = [{ vl: 1, weight: 4 }];
    const low = [{ vl: 0, weight: 255 }];
    assert.equal(settings, { s0: { hoqLife: 8, arbitration: { high, low, limit: 2 } } });
    const wrong = 'shape: pair\nall-switches: { arbitration: { low: [{ vl: 15, weight: 1 }] } }';
    assert.match(complaint(wrong), /vl/);
  });

  it('are hosts, switches and links one by one, with the settings of switches', () => {
    const { switches, links, settings } = readTopology(
      't',
      `
      hosts: [a, b]
      switches:
        - name: s
          latency: 500ns
          buffer: 12MB
          ecn: { 3: { kmin: 5KiB, kmax: 200KiB } }
          pfc: { 3: { xoff: 96KiB, xon: 80KiB, headroom: 40KiB } }
        - t
      links:
        - { a: a, b: s, rate: 10Gb/s }
        - { a: b, b: t }
        - { a: s, b: t, metres: 100 }
      rate: 100G`,
    );
    assert.equal(switches, ['s', 't']);
    assert.equal(
      links.map((link) => link.rate),
      [10e9, 100e9, 100e9],
    );
    assert.equal(settings, {
      s: {
        latencyNs: 500,
        bufferBytes: 12e6,
        ecn: { 3: { kmin: 5120, kmax: 204_800, most: 0.01 } },
        pfc: { 3: { xoff: 98_304, xon: 81_920, headroom: 40_960 } },
      },
    });
  });

  it('are JSON as well, with tabs and all', () => {
    const json = JSON.stringify({ shape: 'pair', rate: '40G' }, null, '\t');
    assert.is(readTopology('t.json', json).links[0]!.rate, 40e9);
  });

  it('give every switch what all have', () => {
    const text = 'shape: leaf-spine\nleaves: 2\nspines: 1\ncount: 1\nall-switches: { lanes: 2 }';
    const { settings } = readTopology('t', text);
    assert.equal(Object.keys(settings!), ['leaf0', 'leaf1', 'spine0']);
  });

  it('say where what is wrong, and what was expected', () => {
    assert.is(
      complaint('shape: ring'),
      'rack.yaml:1:8: shape: expected pair, star, dumbbell, leaf-spine, fat-tree; found "ring"',
    );
    assert.is(
      complaint('shape: star\ncount: 3\nrates: 5'),
      'rack.yaml:3:8: rates: there is no such member; expected name, shape, count, leaves, spines, k, rate, ' +
        'metres, hosts, switches, links, all-switches, all-hosts',
    );
    assert.is(
      complaint('shape: pair\nrate: fast'),
      "rack.yaml:2:7: rate: expected a rate such as '100G' or '25Gb/s'; bare numbers are bits a second, found \"fast\"",
    );
    assert.is(complaint('shape: star'), "rack.yaml:1:1: a star needs 'count'");
    assert.is(
      complaint('hosts: [a, b]\nlinks:\n  - { a: a, b: c }'),
      "rack.yaml:3:5: links[0]: 'c' is no host and no switch",
    );
    assert.is(
      complaint('hosts: [a, b]\nlinks:\n  - { a: a }'),
      "rack.yaml:3:5: links[0]: 'b' is missing",
    );
    assert.is(complaint('shape: pair\nhosts: [a, b]').split(': ')[0], 'rack.yaml:2:8');
    assert.ok(/^rack\.yaml:2:\d+: /.test(complaint('shape: star\ncount: [')));
    assert.ok(/^rack\.yaml:1:1: .*expected object/.test(complaint('')));
  });
});

spec('quantities', (it) => {
  it('have units as people write them', () => {
    assert.is(readRate('r', '100G'), 100e9);
    assert.is(readRate('r', '2.5 Gb/s'), 2.5e9);
    assert.is(readSize('s', '64KiB'), 65_536);
    assert.is(readSize('s', '12MB'), 12e6);
    assert.is(readTime('t', '1.5us'), 1500);
    assert.is(readTime('t', 7), 7);
  });

  it('refuse others by name', () => {
    assert.throws(() => readTime('start', '5 weeks'), /start: expected a time such as '5us'/);
  });
});
