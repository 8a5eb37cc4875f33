// Mirrors src/experiments/file: what files mean, and what is said about those that mean nothing.

import { presentSchema, schemas } from '../../../../src/docs/schemas.js';
import { settle } from '../../../../src/experiments/file/settings.js';
import { isExperiment, readExperiment } from '../../../../src/experiments/index.js';
import { assert, spec } from '../../../support/spec.js';

const none = (name: string): string => {
  throw new Error(`${name} is not there`);
};
const read = (text: string, beside = none) => readExperiment('e.yaml', text, beside);

function complaint(text: string): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing is wrong';
}

const small = `experiment: small
workload:
  perftest: { test: write_lat, iters: 5 }
`;

spec('experiment files', (it) => {
  it('are told from scenarios by their title', () => {
    assert.ok(isExperiment(small));
    assert.ok(isExperiment('{"experiment": "x", "workload": {}}'));
    assert.not.ok(isExperiment('workloads: []\ntitle: experiment'));
    assert.not.ok(isExperiment('experiment'));
  });

  it('without sweeps are one combination', () => {
    const { points, swept, title } = read(small);
    assert.is(points.length, 1);
    assert.equal(swept, []);
    assert.is(title, 'small');
    assert.equal(points[0]!.set, {});
  });

  it('are every combination of their sweeps, the last path changing first', () => {
    const { points, swept } = read(`${small}
sweep:
  transport: [ib, rocev2]
  workload.perftest.size: [8, 1KiB, 4KiB]`);
    assert.equal(swept, ['transport', 'workload.perftest.size']);
    assert.equal(
      points.map(({ set }) => Object.values(set).join(' ')),
      ['ib 8', 'ib 1KiB', 'ib 4KiB', 'rocev2 8', 'rocev2 1KiB', 'rocev2 4KiB'],
    );
    assert.equal(
      points.map(({ index }) => index),
      [0, 1, 2, 3, 4, 5],
    );
    // What is not swept stays.
    assert.equal(points[4]!.text.workload, {
      perftest: { test: 'write_lat', iters: 5, size: '1KiB' },
    });
  });

  it('have sets of sweeps one after the other, each combination once', () => {
    const { points } = read(`${small}
sweep:
  - { seed: [1, 2], transport: [ib] }
  - { seed: [2, 3], transport: [ib] }`);
    assert.equal(
      points.map(({ text }) => text.seed),
      [1, 2, 3],
    );
  });

  it('leave out what is excepted', () => {
    const { points } = read(`${small}
sweep: { seed: [1, 2, 3], transport: [ib, rocev2] }
except: [{ transport: ib, seed: [2, 3] }]`);
    assert.equal(
      points.map(({ set }) => Object.values(set).join(' ')),
      ['1 ib', '1 rocev2', '2 rocev2', '3 rocev2'],
    );
    assert.match(
      complaint(`${small}sweep: { seed: [1] }\nexcept: [{ seed: 1 }]`),
      /^e\.yaml:5:9: except: every combination is left out/,
    );
  });

  it('set what is nowhere else in the file', () => {
    const { points } = read(`${small}sweep: { hosts.h1.nic: [connectx4, connectx6] }`);
    const cards = points.map(({ text }) => settle(text, none).hardware.get('h1')!.card.name);
    assert.equal(cards, ['ConnectX-4', 'ConnectX-6']);
    assert.is(settle(points[0]!.text, none).hardware.get('h0')!.card.name, 'ConnectX-5');
  });

  it('take hardware by name, by values, and for all hosts but those that differ', () => {
    const { points } = read(`experiment: hardware
hosts:
  all: { cpu: xeongold6128, nic: { like: connectx6, timing: { txLatencyNs: 99 } }, memory: 64MiB }
  h1: { cpu: { cores: 2, name: mine }, nodes: 2, pcie: pciegen4x16 }
workload: { perftest: { test: read_lat, iters: 5 } }`);
    const { hardware, lab } = settle(points[0]!.text, none);
    const [h0, h1] = ['h0', 'h1'].map((name) => hardware.get(name)!);
    assert.is(h0!.cpu.cores, 24);
    assert.is(h0!.card.timing.txLatencyNs, 99);
    assert.is(h0!.card.timing.portBitsPerSecond, 200e9, 'what is not given is as there');
    assert.is(h1!.cpu.name, 'mine');
    assert.is(h1!.cpu.cores, 2);
    assert.is(h1!.cpu.systemCallNs, 200, 'of xeonhaswell');
    assert.is(h1!.card.pcie.outstandingReads, 256);
    assert.equal(lab.hosts!.h1!.nodes, [2 ** 26, 2 ** 26]);
  });

  it('take topologies from files beside them', () => {
    const text = `${small}fabric: { topology-file: rack.yaml }`;
    const { points } = read(text, () => 'shape: star\ncount: 3\n');
    assert.is(settle(points[0]!.text, () => 'shape: star\ncount: 3\n').topology.hosts.length, 3);
  });

  it('say where what is wrong, and what was expected', () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      ['experiment: x', /^e\.yaml:1:1: 'workload' is missing$/],
      [
        'experiment: x\nworkload: {}',
        /^e\.yaml:2:11: workload: expected one of block, perftest, tcp.*, found \{\}$/,
      ],
      [
        'experiment: x\nworkload:\n  perftest: { test: write_late }',
        /^e\.yaml:3:21: workload\.perftest\.test: expected write_bw, .*; found "write_late"$/,
      ],
      [
        `${small}transport: token-ring`,
        /^e\.yaml:4:12: transport: expected tcp, iwarp, rocev1, rocev2, ib; found "token-ring"$/,
      ],
      [
        `${small}sweep:\n  transport: [ib, rocev3]`,
        /^e\.yaml:5:19: sweep\.transport\[1\]: transport: expected tcp, .*; found "rocev3"$/,
      ],
      [
        `${small}sweep:\n  workload.perftest.sise: [1]`,
        /^e\.yaml:5:28: sweep\..*there is no such member; expected test, from/,
      ],
      [
        `${small}hosts: { h7: { nodes: 2 } }`,
        /^e\.yaml:4:14: hosts\.h7: there is no host 'h7'; there are h0, h1$/,
      ],
      [
        `${small}hosts: { all: { nic: abacus } }`,
        /hosts\.all\.nic: there is no 'abacus'; there are/,
      ],
      [
        `${small}transport: tcp`,
        /^e\.yaml:3:13: workload\.perftest: verbs do not run over kernel TCP/,
      ],
      [
        `${small}sweep: { transport: [ib], workload.perftest.qp-type: [UD] }`,
        /^e\.yaml:4:8: sweep: with \{"transport":"ib",.*RDMA WRITE does not exist on unreliable datagrams/,
      ],
      [
        `${small}transport: rocev1\nfabric: { kind: routed, topology: { shape: star, count: 2 } }`,
        /^e\.yaml:5:17: fabric\.kind: RoCE v1 has no IP header and cannot be routed: expected switched/,
      ],
      [
        `${small}fabric: { kind: infiniband }`,
        /^e\.yaml:4:17: fabric\.kind: RoCE v2 runs over Ethernet: expected switched or routed, found infiniband$/,
      ],
      [
        `${small}faults: [{ loss: 0.1 }, { link: [h0, h9], down: 1s }]`,
        /^e\.yaml:4:25: faults\[1\]: there is no link between 'h0' and 'h9'$/,
      ],
      [
        `${small}hosts: { all: { memory: 100MiB } }\nvms: { device: vf, memory: 128MiB }`,
        /^e\.yaml:5:28: vms\.memory: vm needs 134217728 bytes, and node 0 of h0 has 104857600/,
      ],
      [`${small}sweep: { seed: [] }`, /^e\.yaml:4:16: sweep\.seed: must NOT have fewer/],
      [`${small}sweep: { seed: [1`, /^e\.yaml:4:\d+: /],
    ];
    for (const [text, expected] of cases) assert.match(complaint(text), expected);
  });

  it('have several workloads: names, VMs and cores of their own, and no card twice', () => {
    const tasks = (text: string) => `experiment: x\nworkload:\n${text}`;
    const disk = 'block: { rw: randread }';
    const { workloads } = settle(
      read(tasks(`  - { name: a, count: 2, ${disk}, vm: { device: vf } }\n  - { ${disk} }`))
        .points[0]!.text,
      none,
    );
    assert.equal(
      workloads.map(({ name, vm }) => [name, vm?.pins]),
      [
        ['a 0', [2, 3]],
        ['a 1', [4, 5]],
        ['block 1', undefined],
      ],
    );
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        '  - { name: a }',
        /^e\.yaml:3:5: workload\[0\]: expected one of block, perftest, tcp, found/,
      ],
      [
        `  - { name: a, ${disk} }\n  - { name: a, ${disk} }`,
        /^e\.yaml:4:13: workload\[1\]\.name: there is a 'a' already/,
      ],
      [`  - { background: true, ${disk} }`, /^e\.yaml:3:3: workload: all are in the background/],
      [
        `  - { ${disk}, vm: { device: passthrough } }\n  - { ${disk}, vm: { device: virtio } }`,
        /^e\.yaml:4:46: workload\[1\]\.vm\.device: vm block 0 has the whole card of h0/,
      ],
      [
        `  - { ${disk} }\n  - { ${disk}, vm: { device: passthrough } }`,
        /workload\[1\]\.vm\.device: the whole card of h0 cannot be vm block 1's: block 0 uses it/,
      ],
      [
        `  - { ${disk}, vm: { device: vf, cores: [2, 3] } }\n  - { ${disk}, vm: { device: vf, cores: [3, 4] } }`,
        /workload\[1\]\.vm\.cores: core 3 has a pinned virtual CPU already/,
      ],
      [
        `  - { count: 128, ${disk}, vm: { device: vf, vcpus: 1, placement: shared } }\nhosts: { all: { memory: 64GiB } }`,
        /workload\[0\]\.vm\.device: the card of h0 has 127 virtual functions/,
      ],
      [`  - { count: 129, ${disk} }`, /workload: expected at most 128 workloads, found more/],
    ];
    for (const [text, expected] of cases) assert.match(complaint(tasks(text)), expected);
  });

  it('have a pool of several nodes: the last hosts of the topology, or around a switch', () => {
    const block = 'experiment: x\nworkload: { block: { rw: randwrite } }\n';
    const nodesOf = (text: string) => {
      const [workload] = settle(read(block + text).points[0]!.text, none).workloads;
      return workload?.kind === 'block' ? workload.pool.nodes : [];
    };
    assert.equal(nodesOf(''), ['h1']);
    assert.equal(nodesOf('pool: { replicas: 3 }'), ['h1', 'h2', 'h3']);
    assert.equal(nodesOf('pool: { nodes: 2 }'), ['h1', 'h2']);
    const rack = 'fabric: { topology: { shape: star, count: 5 } }\n';
    assert.equal(nodesOf(`${rack}pool: { nodes: 2 }`), ['h3', 'h4']);
    assert.equal(nodesOf(`${rack}pool: { nodes: 3, host: h1 }`), ['h1', 'h3', 'h4']);
    const cases: readonly (readonly [string, RegExp])[] = [
      ['pool: { replicas: 4 }', /pool\.replicas: must be <= 3/],
      ['pool: { nodes: 2, replicas: 3 }', /pool\.replicas: 3 copies need as many nodes, not 2/],
      [
        `fabric: { topology: { shape: pair } }\npool: { nodes: 2 }`,
        /pool\.nodes: 2 nodes and the host that uses the disk: 3 hosts, and there are h0, h1/,
      ],
      ['pool: { backend: nbd }', /pool\.backend: nbd answers in real time/],
      ['pool: { backend: file }', /pool\.backend: file answers in real time/],
      ['pool: { limits: { iops: 0 } }', /pool\.limits\.iops: must be >= 1/],
    ];
    for (const [text, expected] of cases) assert.match(complaint(block + text), expected);
  });

  it('are described by the schema that editors read', () => {
    for (const [name, schema] of Object.entries(schemas))
      assert.equal(
        presentSchema(name),
        JSON.parse(JSON.stringify(schema)),
        `npm run docs: ${name}`,
      );
  });
});
