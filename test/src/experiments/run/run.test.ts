// Mirrors src/experiments/run: the same file comes out the same, in any number of threads and shares.

import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  type PointResult,
  parseShard,
  readExperiment,
  runPoint,
  runPoints,
  shareOf,
} from '../../../../src/experiments/index.js';
import { mergeLines } from '../../../../src/experiments/run/merge.js';
import { resultSchema } from '../../../../src/experiments/run/result-schema.js';
import { assert, spec } from '../../../support/spec.js';

const text = `experiment: two wires and a lossy one
workload:
  perftest: { test: write_bw, size: 2KiB, iters: 40, qp-timeout: 8 }
faults: [{ loss: 0 }]
sweep:
  transport: [ib, rocev2]
  faults.0.loss: [0, 0.05]`;

const source = { name: 'e.yaml', text, files: {} };
const none = () => '';
const read = (what = text) => readExperiment('e.yaml', what, none);

async function lines(jobs: number, share = '1/1'): Promise<string[]> {
  const all: string[] = [];
  const points = shareOf(read().points, parseShard(share));
  await runPoints(source, points, { jobs, onLine: (line) => all.push(line) });
  return all;
}

/** The only combination of a text. */
function only(what: string): PointResult {
  const experiment = read(what);
  return runPoint(experiment, experiment.points[0]!, none);
}

spec('running experiments', (it) => {
  it('gives the same lines in one thread, in two, and in shares, in the order of the file', async () => {
    const [one, two] = [await lines(1), await lines(2)];
    assert.equal(two, one);
    assert.equal(
      one.map((line) => (JSON.parse(line) as PointResult).point),
      [0, 1, 2, 3],
    );
    const shares = [await lines(1, '2/3'), await lines(1, '3/3'), await lines(1, '1/3')];
    assert.equal(
      shares.map(({ length }) => length),
      [1, 1, 2],
    );
    const files = shares.map((share, i) => ({ name: `${i}`, text: share.join('\n') }));
    const { results, missing } = mergeLines(files);
    assert.equal(missing, []);
    assert.equal(
      results.map((result) => JSON.stringify(result)),
      one,
    );
    assert.equal(mergeLines(files.slice(1)).missing, [1]);
  });

  it('has lines as their schema says, losses and failures too', () => {
    const validate = new Ajv2020({ allErrors: true }).compile(resultSchema);
    const refused = only(`experiment: refused
hosts: { h1: { memory: 16MiB } }
workload: { block: { rw: randread, operations: 5 } }`);
    assert.match(refused.failure, /ENOMEM: node 0 has no 8192 contiguous pages/);
    const several = only(`experiment: several
workload: [{ perftest: { test: write_lat, iters: 5 }, vm: { device: vf } }, { block: { rw: randwrite, operations: 5 } }]`);
    assert.is(several.failure, '');
    const tcp = only(`experiment: tcp
transport: tcp
workload: { tcp: { test: tcp_rr, size: 64, iters: 20 } }`);
    assert.is(tcp.failure, '');
    const lossy = runPoint(read(), read().points[3]!, none);
    for (const result of [refused, several, tcp, lossy])
      assert.ok(validate(result), JSON.stringify(validate.errors));
  });

  it('measures from the first message on, on every host, core and link', () => {
    const { operations, measured } = only(`experiment: bandwidth
workload: { perftest: { test: write_bw, size: 64KiB, iters: 200 } }`);
    const [write] = operations;
    assert.is(write!.count, 200);
    assert.is(write!.bytes, 200 * 65_536);
    assert.is(write!.latency!.count, 200);
    const { bottleneck, hosts, durationNs } = measured!;
    assert.is(bottleneck.resource, 'link h0 to h1');
    assert.ok(bottleneck.busyPercent > 90, `${bottleneck.busyPercent} %`);
    assert.is(hosts.h0!.counts.doorbells, 200);
    assert.is(hosts.h0!.counts.copies + hosts.h1!.counts.copies, 0);
    // A core is at work, or it polls: together that is all of the time of the one program that there is.
    const [core] = hosts.h0!.cpu.cores;
    assert.ok(Math.abs(core!.workPercent + core!.pollPercent - 100) < 1);
    assert.ok(Math.abs(durationNs / 1e9 - 200 / write!.operationsPerSecond) < 1e-5);
  });

  it('says of TCP what the kernel did, by stage and category', () => {
    const { measured } = only(`experiment: stages
transport: tcp
workload: { tcp: { test: tcp_lat, size: 4KiB, iters: 50 } }`);
    const { cpu, counts } = measured!.hosts.h1!;
    const stages = cpu.stages.map(({ stage }) => stage);
    assert.ok(stages.includes('tcp_lat server'));
    assert.ok(stages.includes('interrupts and softirqs'));
    const sum = cpu.stages.reduce((total, { nsPerOperation }) => total + nsPerOperation, 0);
    assert.ok(Math.abs(sum / (cpu.workNsPerOperation + cpu.pollNsPerOperation) - 1) < 0.001);
    assert.ok(
      cpu.kernel!.some(({ stage, nsPerOperation }) => stage === 'data_copy' && nsPerOperation > 0),
    );
    assert.is(counts.bytesCopied, 2 * 50 * 4096);
  });

  it('reads and writes a disk of the pool over every transport: all that comes back is right', () => {
    const experiment = read(`experiment: disk
workload: { block: { rw: randrw, block-size: [4KiB, 64KiB], depth: 4, operations: 60 } }
sweep: { transport: [tcp, iwarp, rocev1, rocev2, ib] }`);
    for (const point of experiment.points) {
      const { failure, operations, verified, measured } = runPoint(experiment, point, none);
      assert.is(failure, '');
      assert.is(
        operations.reduce((sum, { count }) => sum + count, 0),
        60,
      );
      assert.ok(verified!.blocks > 1000);
      assert.is(verified!.wrong, 0);
      const { h0, h1 } = measured!.hosts;
      const isTcp = point.text.transport === 'tcp';
      assert.is(h0!.counts.copies + h1!.counts.copies > 0, isTcp, 'CPU copies');
      const serves = isTcp ? 'nvmet-tcp' : 'nvme queue';
      assert.ok(h1!.cpu.stages.some(({ stage }) => stage.startsWith(serves)));
    }
  });

  it('reads a disk of the pool through a router, over every wire that can be routed, IPv4 and IPv6', () => {
    const experiment = read(`experiment: routed disk
fabric: { kind: routed, topology: { shape: star, count: 2 } }
workload: { block: { rw: randread, operations: 20 } }
sweep: { transport: [tcp, iwarp, rocev2], fabric.ipv6: [false, true] }`);
    for (const point of experiment.points) {
      const { failure, verified } = runPoint(experiment, point, none);
      assert.is(failure, '', JSON.stringify(point.set));
      assert.is(verified!.wrong, 0);
    }
  });

  it('moves much in both directions over TCP, where neither end may wait for the other to read', () => {
    const { failure, verified } = only(`experiment: both ways
transport: tcp
workload: { block: { rw: randrw, block-size: 256KiB, depth: 32, operations: 64 } }
end: 1s`);
    assert.is(failure, '');
    assert.is(verified!.wrong, 0);
  });

  it('gives a VM its disk in each of four ways, with cores of its own and shared ones', () => {
    const experiment = read(`experiment: ways
transport: rocev2
vms: { neighbours: 3 }
hosts: { all: { cpu: { cores: 4 } } }
workload: { block: { rw: randrw, operations: 40, depth: 2 } }
sweep: { vms.device: [emulated, virtio, vf, passthrough], vms.placement: [pinned, shared] }`);
    for (const point of experiment.points) {
      const { failure, verified, operations, measured, set } = runPoint(experiment, point, none);
      assert.is(failure, '', JSON.stringify(set));
      assert.ok(verified!.blocks > 0);
      assert.is(verified!.wrong, 0);
      assert.ok(operations[0]!.latency!.p50Ns > 5000);
      assert.ok(measured!.hosts.h0!.cpu.stages.some(({ stage }) => stage.startsWith('vm vcpu')));
      const isShared = set['vms.placement'] === 'shared';
      const has = measured!.hosts.h0!.cpu.stages.some(({ stage }) => /^neighbour/.test(stage));
      assert.is(has, isShared, 'neighbours compute');
    }
  });

  it('gives a VM its network in each of four ways for sockets, and verbs by a function or the whole card', () => {
    for (const arfs of [true, false]) {
      const sockets = read(`experiment: ways of a network
transport: tcp
options: { arfs: ${arfs} }
hosts: { all: { cpu: xeongold6128 } }
workload: { tcp: { test: tcp_lat, size: 64, iters: 100 } }
sweep: { vms.device: [passthrough, vf, virtio, emulated] }`);
      const took = sockets.points.map((point) => {
        const { failure, operations, measured } = runPoint(sockets, point, none);
        assert.is(failure, '', JSON.stringify(point.set));
        assert.ok(Object.keys(measured!.vm!.exitsPerOperation).length > 0);
        return operations[0]!.latency!.meanNs;
      });
      for (let i = 1; i < took.length; i++)
        assert.ok(took[i - 1]! <= 1.02 * took[i]!, `${took.map(Math.round)} ns`);
    }
    const verbs = read(`experiment: verbs in a VM
workload: { perftest: { test: send_lat, iters: 50 } }
sweep: { transport: [rocev2, iwarp, ib], vms.device: [vf, passthrough] }`);
    for (const point of verbs.points) {
      const { failure, operations, measured } = runPoint(verbs, point, none);
      assert.is(failure, '', JSON.stringify(point.set));
      assert.is(operations[0]!.count, 50);
      assert.ok(measured!.vm);
    }
    for (const way of ['virtio', 'emulated'])
      assert.throws(
        () =>
          read(`experiment: x
vms: { device: ${way} }
workload: { perftest: { test: read_lat, iters: 5 } }`),
        /vms\.device: verbs need a function of the card/,
      );
  });

  it('runs several workloads at once, each in a VM of its own, with results each', () => {
    const { failure, operations, workloads, measured } = only(`experiment: several
hosts: { all: { cpu: xeongold6128 } }
vms: { vcpus: 1 }
workload:
  - { name: disks, count: 2, block: { rw: randrw, operations: 30 }, vm: { device: vf } }
  - { name: slow, block: { rw: randrw, operations: 10 }, vm: { device: emulated } }
  - { name: sockets, tcp: { test: tcp_lat, size: 64, iters: 30 }, vm: { device: virtio } }
  - { name: verbs, perftest: { test: write_lat, iters: 30 } }`);
    assert.is(failure, '');
    assert.equal(operations, []);
    const counts = workloads!.map(({ name, operations: all }) => [
      name,
      all.reduce((sum, { count }) => sum + count, 0),
    ]);
    assert.equal(counts, [
      ['disks 0', 30],
      ['disks 1', 30],
      ['slow', 10],
      ['sockets', 30],
      ['verbs', 30],
    ]);
    for (const { name, verified, vm, pool } of workloads!) {
      const isDisk = pool !== undefined;
      assert.is(isDisk, name.startsWith('disks') || name === 'slow');
      assert.is(verified?.wrong, isDisk ? 0 : undefined);
      assert.is(vm === undefined, name === 'verbs', 'on the host itself');
    }
    assert.not.ok(measured!.vm);
  });

  it('has a noisy neighbour that costs a disk latency where they share cores', () => {
    const experiment = read(`experiment: noise
transport: tcp
options: { arfs: true, coalesce: adaptive }
hosts: { all: { cpu: xeongold6128 }, h0: { cpu: { like: xeongold6128, cores: 12 } } }
vms: { device: virtio, vcpus: 1, placement: shared }
workload:
  - { name: disk, block: { rw: randread, depth: 4, operations: 400 } }
  - { name: stream, background: true, tcp: { test: tcp_bw, size: 64KiB, iters: 100000, warm-up: 10 } }
sweep: { hosts.h0.cpu.cores: [12, 1], workload.1.count: [0, 1] }
except: [{ hosts.h0.cpu.cores: 12, workload.1.count: 0 }]`);
    const means = experiment.points.map((point) => {
      const { failure, workloads } = runPoint(experiment, point, none);
      assert.is(failure, '', JSON.stringify(point.set));
      const [disk, stream] = workloads!;
      assert.is(disk!.operations[0]!.count, 400, 'all that was asked for');
      if (stream) assert.ok(stream.operations[0]!.count > 100, 'goes on until the disk has ended');
      return disk!.operations[0]!.latency!.meanNs;
    });
    const [besideOnTwelve, aloneOnOne, besideOnOne] = means as [number, number, number];
    assert.ok(besideOnTwelve < 1.05 * aloneOnOne, `with cores enough: ${means} ns`);
    assert.ok(besideOnOne > 1.25 * aloneOnOne, `on one core: ${means} ns`);
  });

  it('goes on without a node of the pool that is cut off, and fills its copy when it is back', () => {
    const { failure, verified, pool, operations } = only(`experiment: a node that goes
pool: { replicas: 3 }
faults: [{ link: [h3, s0], down: 5s, up: 15s }]
workload: { block: { rw: randrw, think: 20ms, duration: 40s } }`);
    assert.is(failure, '');
    assert.is(verified!.wrong, 0);
    const { copies, failures, returns, copiedBytes } = pool!;
    assert.equal(
      copies.map(({ state }) => state),
      ['in', 'in', 'in'],
    );
    assert.equal([failures, returns], [1, 1]);
    assert.ok(copiedBytes > 0);
    // The write that was under way waits until the node is given up.
    assert.ok(operations.some(({ latency }) => latency!.maxNs > 1e9));
  });

  it('has media that take their time', () => {
    const p50 = (medium: string) =>
      only(`experiment: media
pool: { media: ${medium} }
workload: { block: { rw: randread, operations: 50 } }`).operations[0]!.latency!.p50Ns;
    const [memory, flash] = [p50('memory'), p50('flashp5510')];
    assert.ok(Math.abs(flash - memory - 81_000) < 1000, `${memory} and ${flash} ns`);
    const own = p50('{ like: memory, readNs: 30000, channels: 2 }');
    assert.ok(Math.abs(own - memory - 30_000) < 1000, `${own} ns`);
  });

  it('believes no packet with a bit that was turned: it comes again', () => {
    const { verified, failure } = only(`experiment: bits
faults: [{ bit-errors: 1e-6 }]
workload: { block: { rw: randread, block-size: 4KiB, operations: 100 } }`);
    assert.is(failure, '');
    assert.is(verified!.wrong, 0);
  });

  it('refuses shares that are none, and lines that do not belong together', () => {
    for (const wrong of ['0/2', '3/2', '1', '1/0', 'a/b'])
      assert.throws(() => parseShard(wrong), /expected I\/N/);
    const line = JSON.stringify(
      only('experiment: x\nworkload: { perftest: { test: read_lat, iters: 5 } }'),
    );
    const other = line.replace('"experiment":"x"', '"experiment":"y"');
    assert.throws(
      () => mergeLines([{ name: 'a', text: `${line}\n${other}` }]),
      /^a:2: is of 'y', and lines before are of 'x'/,
    );
    assert.throws(() => mergeLines([{ name: 'a', text: '{}' }]), /^a:1: expected a line of/);
    assert.throws(
      () => mergeLines([{ name: 'a', text: `${line}\n${line.replace('"count":5', '"count":6')}` }]),
      /^a:2: combination 0 is there already, and came out otherwise/,
    );
  });
});
