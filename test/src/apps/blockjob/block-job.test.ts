// Mirrors src/apps/blockjob: what jobs do to a disk, and that wrong bytes are found whatever became of them.

import type { TapeListener } from '../../../../src/apps/blockjob/index.js';
import {
  BlockJob,
  type BlockJobOptions,
  blockJobParameters,
} from '../../../../src/apps/blockjob/index.js';
import { type BlockDevice, type RamOptions, ramDisk } from '../../../../src/block/index.js';
import { Lab } from '../../../../src/scenario/lab.js';
import { assert, spec } from '../../../support/spec.js';

interface Run {
  readonly job: BlockJob;
  readonly latencies: number[];
  readonly begins: number;
  readonly ends: number;
}

/** Runs a job on a RAM disk of a host. `spoil` may do something to the disk's bytes after each operation that counts. */
function run(
  options: BlockJobOptions,
  ram: RamOptions = {},
  spoil: (
    bytes: Uint8Array,
    operation: number,
    answers: (status: 'BLK_STS_IOERR') => void,
  ) => void = () => {},
): Run {
  const lab = new Lab();
  const [host] = lab.hosts;
  const sizeBytes = 16 << 20;
  const { disk, driver } = ramDisk(host!, { name: '/dev/ram0', sizeBytes, ...ram });
  const latencies: number[] = [];
  const marks = { begins: 0, ends: 0 };
  const bytes = host!.memory.view(driver.address, 4096);
  const listener: TapeListener = {
    begins: (now) => {
      marks.begins = now;
    },
    operation: (_, ns) => {
      latencies.push(ns);
      spoil(bytes, latencies.length, (status) => {
        driver.answers = status;
      });
    },
    ends: (now) => {
      marks.ends = now;
    },
  };
  const job = new BlockJob(host!, disk, blockJobParameters(options), lab.sim.random, listener);
  job.start();
  lab.settle(host!);
  lab.sim.run(undefined, () => !job.ended);
  return { job, latencies, ...marks };
}

const US = 1000;
const served: RamOptions = { serviceNs: 10 * US, servers: 1 };

spec('block jobs', (it) => {
  it('read back every block that they read, and find what was last written', () => {
    for (const rw of ['randread', 'randrw', 'read', 'rw'] as const) {
      const { job, latencies } = run({ rw, operations: 200, depth: 4 });
      const { failure, reads, writes, blocks, wrong } = job.result();
      assert.is(failure, '', rw);
      assert.is(reads.count + writes.count, 200);
      assert.is(latencies.length, 200);
      assert.is(reads.bytes, reads.count * 4096);
      assert.ok(blocks >= reads.count * 8, 'blocks of 512 bytes, warm-up too');
      assert.is(wrong, 0);
      assert.is(writes.count > 0, rw.endsWith('rw'));
    }
  });

  it('mix reads and writes as asked, over sizes that are equally likely', () => {
    const { job } = run({
      rw: 'randrw',
      readPercent: 70,
      blockSizes: [512, 1536],
      operations: 2000,
    });
    const { reads, writes } = job.result();
    assert.ok(Math.abs(reads.count / 2000 - 0.7) < 0.04, `${reads.count} reads`);
    assert.ok(Math.abs((reads.bytes + writes.bytes) / 2000 / 1024 - 1) < 0.04);
  });

  it('keep as many requests under way as asked: time follows from depth and servers', () => {
    // One request at a time takes 10 us beside the processor's own work; eight servers take eight at once.
    const rate = (depth: number, servers: number) => {
      const { begins, ends } = run(
        { rw: 'randwrite', operations: 400, depth, verify: false },
        { serviceNs: 100 * US, servers },
      );
      return (400 * 1e9) / (ends - begins);
    };
    const [one, behind, eight] = [rate(1, 8), rate(8, 1), rate(8, 8)];
    assert.ok(one < 10_000 && one > 8_000, `${one} a second one by one`);
    assert.ok(behind < 10_000 && behind > 8_500, `${behind} a second, one server`);
    assert.ok(eight > 6.5 * one, `${eight} a second, eight at once`);
  });

  it('measure while the queue is full: requests of before and after take no part of the time', () => {
    // Eight servers end eight requests at once: with as many rounds as fit, none of them is half full.
    const { begins, ends, latencies } = run(
      { rw: 'randwrite', operations: 16, depth: 8, verify: false },
      { serviceNs: 1000 * US, servers: 8 },
    );
    assert.is(latencies.length, 16);
    const rounds = (ends - begins) / (1000 * US);
    assert.ok(rounds > 1.98 && rounds < 2.05, `${rounds} rounds for 16 of 8 at once`);
    // One server: the queue never empties, so that each request takes eight services, the last as well.
    const behind = run(
      { rw: 'randwrite', operations: 16, depth: 8, verify: false },
      { serviceNs: 1000 * US, servers: 1 },
    );
    for (const ns of behind.latencies) assert.ok(Math.abs(ns / (8000 * US) - 1) < 0.01, `${ns} ns`);
    const each = (behind.ends - behind.begins) / 16 / (1000 * US);
    assert.ok(Math.abs(each - 1) < 0.01, `${each} services for each`);
  });

  it('think between requests, for so many operations or for so long', () => {
    const thought = run({ rw: 'randwrite', operations: 50, thinkNs: 200 * US });
    assert.ok(thought.ends - thought.begins > 49 * 200 * US);
    assert.ok(Math.max(...thought.latencies) < 20 * US, 'which is no part of their latency');
    const timed = run({ rw: 'randwrite', durationNs: 2_000_000 }, served);
    const took = timed.ends - timed.begins;
    assert.ok(took > 1_900_000 && took < 2_100_000, `${took} ns`);
    assert.ok(timed.latencies.length > 50);
  });

  it('have threads with parts of the disk of their own', () => {
    const { job } = run({ rw: 'randrw', jobs: 3, operations: 100, depth: 2, areaBytes: 1 << 20 });
    const { reads, writes, wrong } = job.result();
    assert.is(reads.count + writes.count, 300);
    assert.is(wrong, 0);
  });

  it('find a bit that was turned, a block that is stale, and one that is elsewhere', () => {
    const first = {
      rw: 'randread',
      areaBytes: 16 * 512,
      blockSizes: [512],
      operations: 300,
    } as const;
    const turned = run(first, {}, (bytes, operation) => {
      if (operation === 100) bytes[700] = bytes[700]! ^ 1;
    });
    assert.ok(turned.job.result().wrong > 0);
    let before: Uint8Array | undefined;
    const stale = run({ ...first, rw: 'randrw' }, {}, (bytes, operation) => {
      before ??= bytes.slice();
      if (operation === 200) bytes.set(before);
    });
    assert.ok(stale.job.result().wrong > 0);
    const elsewhere = run(first, {}, (bytes, operation) => {
      if (operation === 100) bytes.copyWithin(1024, 512, 1024);
    });
    assert.ok(elsewhere.job.result().wrong > 0);
  });

  it('do not take a read that brought nothing for a right one', () => {
    // The disk says that all is well and moves nothing: what was in the buffer before must not pass.
    const lab = new Lab();
    const host = lab.hosts[0]!;
    const { disk } = ramDisk(host, { name: '/dev/ram0', sizeBytes: 16 << 20 });
    function* submit(...[thread, request]: Parameters<BlockDevice['submit']>) {
      if (request.op !== 'read') return yield* disk.submit(thread, request);
      yield thread.spend(100);
      request.done(thread.now, request);
    }
    const lying = new Proxy<BlockDevice>(disk, {
      get: (target, key) => (key === 'submit' ? submit : Reflect.get(target, key, target)),
    });
    const parameters = blockJobParameters({ rw: 'randread', operations: 10 });
    const listener = { begins: () => {}, operation: () => {}, ends: () => {} };
    const job = new BlockJob(host, lying, parameters, lab.sim.random, listener);
    job.start();
    lab.settle(host);
    lab.sim.run(undefined, () => !job.ended);
    const { blocks, wrong } = job.result();
    assert.is(wrong, blocks);
    assert.ok(blocks >= 80);
  });

  it('make fewer operations where they would move too many bytes, but use every place', () => {
    const { operations, depth } = blockJobParameters({
      rw: 'read',
      blockSizes: [1 << 20],
      depth: 4,
      bytes: 64 << 20,
    });
    assert.is(operations, 64);
    assert.ok(blockJobParameters({ rw: 'read', depth, bytes: 1 }).operations >= depth);
    assert.is(blockJobParameters({ rw: 'read', operations: 10, bytes: 1 << 30 }).operations, 10);
  });

  it('end with what the disk said when a request fails', () => {
    const { job } = run({ rw: 'randwrite', operations: 100 }, {}, (_, operation, answers) => {
      if (operation === 20) answers('BLK_STS_IOERR');
    });
    assert.match(job.result().failure, /^write of 4096 bytes at \d+: BLK_STS_IOERR$/);
    assert.is(job.result().writes.count, 20);
  });

  it('refuse what cannot be, by name', () => {
    const cases: readonly (readonly [BlockJobOptions, RegExp])[] = [
      [{ rw: 'read', blockSizes: [1000] }, /^block-size: expected a multiple of 512, found 1000$/],
      [{ rw: 'read', blockSizes: [] }, /^block-size: expected at least one$/],
      [{ rw: 'read', depth: 0 }, /^depth: expected a whole number from 1 to 4096, found 0$/],
      [{ rw: 'read', operations: 5, durationNs: 5 }, /^operations: there is a duration as well/],
      [{ rw: 'read', depth: 8, areaBytes: 8 * 4096 }, /^area: 32768 bytes do not hold 8 requests/],
      [{ rw: 'rw', readPercent: 101 }, /^read-percent: /],
    ];
    for (const [options, expected] of cases)
      assert.throws(
        () => blockJobParameters(options),
        (error: Error) => expected.test(error.message),
      );
    assert.throws(
      () => run({ rw: 'read', areaBytes: 1 << 30 }),
      /\/dev\/ram0 has 16777216 bytes, and 1 jobs need 1073741824/,
    );
  });
});
