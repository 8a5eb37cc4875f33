// Mirrors src/block/: a request queue on a RAM disk, and two ways to one disk.

import {
  BlockRequest,
  type BlockStatus,
  Multipath,
  perform,
  ramDisk,
  type Segment,
  segmentsOf,
} from '../../../src/block/index.js';
import type { Thread, Wait } from '../../../src/cpu/index.js';
import type { Host } from '../../../src/host/index.js';
import { after, type Nanos, Random, seconds } from '../../../src/time/index.js';
import { alone } from '../../support/one-host.js';
import { assert, spec } from '../../support/spec.js';

const SIZE = 1 << 20;

function make(fields: Partial<BlockRequest>): BlockRequest {
  const request = Object.assign(new BlockRequest(), fields);
  if (fields.segments && fields.length === undefined)
    request.length = fields.segments.reduce((sum, { length }) => sum + length, 0);
  return request;
}

/** A buffer of a program with its runs. */
function buffer(host: Host, size: number, contiguous = true) {
  const address = host.space.allocate(size, { contiguous });
  return {
    bytes: host.space.bytes(address, size),
    segments: segmentsOf(host.space, address, size),
  };
}

/** Submits all while plugged, and waits for the last to end. */
function* together(
  disk: Parameters<typeof perform>[0],
  thread: Thread,
  requests: readonly BlockRequest[],
): Generator<Wait, void, void> {
  let left = requests.length;
  for (const request of requests)
    request.done = () => {
      left--;
    };
  disk.plug(thread);
  for (const request of requests) yield* disk.submit(thread, request);
  yield* disk.unplug(thread);
  while (left > 0) yield thread.sleep(after(thread.now, 10_000));
}

spec('block devices', (it) => {
  it('what was written is read, whatever pages it lies in', () => {
    const { host, run } = alone();
    const { disk } = ramDisk(host, { name: '/dev/ram0', sizeBytes: SIZE });
    const out = buffer(host, 40_960);
    const back = buffer(host, 40_960);
    out.bytes.forEach((_, i) => {
      out.bytes[i] = i % 251;
    });
    const parts: Segment[] = out.segments.flatMap(({ address, length }) =>
      [0, 512, 8192].map((at, i, all) => ({
        address: address + at,
        length: (all[i + 1] ?? length) - at,
      })),
    );
    run(function* (thread) {
      yield* perform(disk, thread, make({ op: 'write', offset: 4096, segments: parts }));
      yield* perform(disk, thread, make({ op: 'read', offset: 4096, segments: back.segments }));
    });
    assert.equal(back.bytes, out.bytes);
  });

  it('refuses what lies outside, is no whole block, or has not as many bytes as it says', () => {
    const { host, run } = alone();
    const { disk } = ramDisk(host, { name: '/dev/ram0', sizeBytes: SIZE });
    const { segments } = buffer(host, 4096);
    const wrong: Partial<BlockRequest>[] = [
      { op: 'read', offset: SIZE - 512, segments },
      { op: 'read', offset: 100, segments },
      { op: 'write', offset: 0, length: 512, segments },
      { op: 'discard', offset: 0, length: 0 },
    ];
    const found: BlockStatus[] = [];
    run(function* (thread) {
      for (const fields of wrong) {
        const request = make(fields);
        yield* perform(disk, thread, request);
        found.push(request.status);
      }
    });
    assert.equal(
      found,
      wrong.map(() => 'BLK_STS_INVAL'),
    );
  });

  it('adjacent requests of a plugged thread merge, forwards and backwards, within the limits', () => {
    const { host, run } = alone();
    const limits = { maxTransferBytes: 32_768 };
    const { disk } = ramDisk(host, { name: '/dev/ram0', sizeBytes: SIZE, limits });
    const { segments } = buffer(host, 4096);
    const at = (offset: number) => make({ op: 'write', offset, segments });
    run(function* (thread) {
      // 0 to 7 make one, 8 begins another; then two that go backwards; reads do not join writes.
      yield* together(
        disk,
        thread,
        [0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => at(i * 4096)),
      );
      assert.is(disk.counts.sent, 2);
      yield* together(disk, thread, [at(90_112), at(86_016)]);
      assert.is(disk.counts.sent, 3);
      yield* together(disk, thread, [at(90_112), make({ op: 'read', offset: 94_208, segments })]);
    });
    assert.is(disk.counts.sent, 5);
    assert.is(disk.counts.merged, 8);
  });

  it('long requests are split, and those with gaps where the driver takes none', () => {
    const { host, run } = alone();
    const limits = { maxTransferBytes: 16_384, maxSegments: 3, virtBoundaryBytes: 4096 };
    const { disk } = ramDisk(host, { name: '/dev/ram0', sizeBytes: SIZE, limits });
    const long = buffer(host, 65_536);
    const back = buffer(host, 65_536);
    const { address } = long.segments[0]!;
    const gaps = [
      { address: address + 512, length: 3584 }, // ends with its page: the next may follow
      { address: address + 8192, length: 1024 }, // ends within a page: what follows is a request of its own
      { address: address + 16_384, length: 4096 },
    ];
    long.bytes.forEach((_, i) => {
      long.bytes[i] = (i >> 3) % 253;
    });
    run(function* (thread) {
      yield* perform(disk, thread, make({ op: 'write', segments: long.segments }));
      assert.is(disk.counts.sent, 4);
      yield* perform(disk, thread, make({ op: 'read', segments: back.segments }));
      assert.equal(back.bytes, long.bytes);
      yield* perform(disk, thread, make({ op: 'write', segments: gaps }));
      assert.is(disk.counts.sent, 10);
      yield* perform(disk, thread, make({ op: 'read', segments: back.segments }));
    });
    const expected = gaps.flatMap((s) => [
      ...long.bytes.subarray(s.address - address, s.address - address + s.length),
    ]);
    assert.equal([...back.bytes.subarray(0, expected.length)], expected);
  });

  it('no more are under way than there are tags; who finds none waits', () => {
    const { host, run } = alone();
    const queue = { depth: 4, serviceNs: 10_000, servers: 4 };
    const { disk } = ramDisk(host, { name: '/dev/ram0', sizeBytes: SIZE, ...queue });
    const { segments } = buffer(host, 512);
    let most = 0;
    let took = 0;
    run(function* (thread) {
      const requests = Array.from({ length: 40 }, (_, i) =>
        make({ op: 'read', offset: i * 1024, segments }),
      );
      let left = requests.length;
      const begins = thread.now;
      for (const request of requests) {
        request.done = () => {
          left--;
        };
        yield* disk.submit(thread, request);
        most = Math.max(most, disk.busy);
      }
      while (left > 0) yield thread.sleep(after(thread.now, 1000));
      took = thread.now - begins;
    });
    assert.is(most, 4);
    assert.ok(disk.counts.waited > 0);
    assert.ok(took >= 100_000, `${took}`);
  });

  it('a request that takes too long is the driver’s to end', () => {
    const { host, run } = alone();
    const { disk, driver } = ramDisk(host, { name: '/dev/ram0', sizeBytes: SIZE });
    driver.answers = 'stuck';
    const { segments } = buffer(host, 512);
    const request = make({ op: 'read', segments });
    let at = 0;
    run(function* (thread) {
      yield* perform(disk, thread, request);
      at = thread.now;
    });
    assert.is(request.status, 'BLK_STS_TIMEOUT');
    assert.ok(at >= seconds(30) && at < seconds(31), `${at}`);
  });

  it('a queue that is stopped keeps requests in their order, and sends again what nobody knows the end of', () => {
    const { host, run, sim } = alone();
    const { disk, driver } = ramDisk(host, { name: '/dev/ram0', sizeBytes: SIZE });
    const first = buffer(host, 512);
    const second = buffer(host, 512);
    const back = buffer(host, 512);
    first.bytes.fill(1);
    second.bytes.fill(2);
    run(function* (thread) {
      driver.answers = 'stuck';
      yield* disk.submit(thread, make({ op: 'write', segments: first.segments }));
      disk.stop();
      yield* disk.submit(thread, make({ op: 'write', segments: second.segments }));
      const [lost] = disk.hardware[0]!.requests.filter(({ state }) => state === 'started');
      disk.requeue(thread.now, lost!);
      driver.answers = 'BLK_STS_OK';
      disk.start(thread.now);
      yield thread.sleep(after(thread.now, 100_000));
      yield* perform(disk, thread, make({ op: 'read', segments: back.segments }));
    });
    assert.is(disk.counts.requeued, 1);
    assert.is(back.bytes[0], 2);
    assert.is(disk.busy, 0);
    assert.ok(sim.now > 0);
  });

  it('a disk that has gone ends what it holds and what still comes', () => {
    const { host, run } = alone();
    const { disk } = ramDisk(host, { name: '/dev/ram0', sizeBytes: SIZE });
    const { segments } = buffer(host, 512);
    const held = make({ op: 'read', segments });
    const late = make({ op: 'read', segments });
    run(function* (thread) {
      disk.stop();
      yield* disk.submit(thread, held);
      disk.remove(thread.now);
      yield* perform(disk, thread, late);
    });
    assert.equal([held.status, late.status], ['BLK_STS_OFFLINE', 'BLK_STS_OFFLINE']);
    assert.is(disk.sizeBytes, 0);
  });

  it('a hundred random requests, plugged and not, leave what a plain array says', () => {
    const random = new Random(7, 'block');
    const { host, run } = alone();
    const limits = { maxTransferBytes: 8192, maxSegments: 4, virtBoundaryBytes: 4096 };
    const queue = { depth: 3, serviceNs: 3000, servers: 2, hardwareQueues: 2 };
    const { disk } = ramDisk(host, { name: '/dev/ram0', sizeBytes: SIZE, limits, ...queue });
    const model = new Uint8Array(SIZE);
    const data = buffer(host, 32_768, false);
    run(function* (thread) {
      for (let n = 0; n < 100; n++) {
        const length = 512 * (1 + random.below(60));
        const offset = 512 * random.below((SIZE - length) / 512);
        for (let i = 0; i < length; i++) data.bytes[i] = random.below(256);
        const op = random.below(4) === 0 ? 'discard' : 'write';
        const cut = clip(data.segments, length);
        const request = make({ op, offset, length, segments: op === 'write' ? cut : [] });
        if (random.below(2) === 0) yield* together(disk, thread, [request]);
        else yield* perform(disk, thread, request);
        if (op === 'write') model.set(data.bytes.subarray(0, length), offset);
        else model.fill(0, offset, offset + length);
      }
      for (let offset = 0; offset < SIZE; offset += 32_768) {
        yield* perform(disk, thread, make({ op: 'read', offset, segments: data.segments }));
        assert.equal(data.bytes, model.subarray(offset, offset + 32_768));
      }
    });
  });

  it('of two ways to a disk, the one that works takes over what the other lost', () => {
    const { host, run } = alone();
    const a = ramDisk(host, { name: '/dev/a', sizeBytes: SIZE });
    const b = ramDisk(host, { name: '/dev/b', sizeBytes: SIZE });
    const both = new Multipath(host, [a.disk, b.disk], {
      name: '/dev/dm-0',
      noPathNs: seconds(20),
    });
    const { segments } = buffer(host, 512);
    const times: Nanos[] = [];
    const ends: BlockStatus[] = [];
    run(function* (thread) {
      const one = function* () {
        const request = make({ op: 'read', segments });
        const begins = thread.now;
        yield* perform(both, thread, request);
        ends.push(request.status);
        times.push((thread.now - begins) as Nanos);
      };
      for (let i = 0; i < 4; i++) yield* one();
      assert.ok(a.disk.counts.sent === 2 && b.disk.counts.sent === 2, 'by turns');
      a.driver.answers = 'BLK_STS_TRANSPORT';
      for (let i = 0; i < 4; i++) yield* one();
      b.driver.answers = 'BLK_STS_TRANSPORT';
      yield* one();
      a.driver.answers = 'BLK_STS_OK';
      yield thread.sleep(after(thread.now, seconds(5)));
      yield* one();
    });
    const ok = 'BLK_STS_OK';
    assert.equal(ends, [...Array(8).fill(ok), 'BLK_STS_TRANSPORT', ok]);
    assert.ok(times[8]! >= seconds(20), `${times[8]}`);
    assert.ok(both.failovers > 0);
  });
});

function clip(segments: readonly Segment[], length: number): Segment[] {
  const found: Segment[] = [];
  let left = length;
  for (const segment of segments) {
    if (left === 0) break;
    const size = Math.min(left, segment.length);
    found.push({ address: segment.address, length: size });
    left -= size;
  }
  return found;
}
