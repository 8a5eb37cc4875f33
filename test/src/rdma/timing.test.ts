// A device that takes time: what waits for what, that access is judged at its moment, and what many queue pairs and
// regions cost.

import { connectX4, idealTiming, type NicProfile } from '../../../src/profiles/nic.js';
import { pcieGen3x16 } from '../../../src/profiles/pcie.js';
import {
  deregMr,
  hcaProfile,
  postRecv,
  postSend,
  regMr,
  type SendWr,
} from '../../../src/rdma/index.js';
import { NEVER } from '../../../src/time/index.js';
import { BackToBack, type Buffer, type End, sge } from '../../support/back-to-back.js';
import { assert, spec } from '../../support/spec.js';

const SIGNALED = 2;
const ALL = 0xf;

/** Everything at once but the link: round trips of PCIe stand out. */
const linkOnly: NicProfile = { name: 'link only', timing: idealTiming, pcie: pcieGen3x16 };
/** From posting to a doorbell's arrival, about; and a read of few bytes there and back. */
const ONE_WAY = pcieGen3x16.latencyNs;
const READ = 2 * ONE_WAY + pcieGen3x16.memoryReadNs;

interface Pair {
  readonly net: BackToBack;
  readonly a: End;
  readonly b: End;
  readonly from: Buffer;
  readonly to: Buffer;
}

function pair(nic: NicProfile, cap = {}): Pair {
  const net = new BackToBack({ profile: hcaProfile, nic });
  const [a, b] = net.connect({ cap: { maxSendWr: 256, ...cap } });
  const from = net.hosts[0].buffer(65536);
  const to = net.hosts[1].buffer(65536);
  for (let i = 0; i < from.length; i++) from.bytes[i] = i % 251;
  return { net, a, b, from, to };
}

/** The same when everything is at hand: contexts, keys, translations. */
function warm(nic: NicProfile): Pair & { readonly since: number; readonly reads: number } {
  const p = pair(nic);
  write(p, 1000);
  until(p.net, () => p.a.sendCq.produced === 1);
  const reads = p.net.hosts[0].ledger.total('dma-read').count;
  return { ...p, since: p.net.now, reads };
}

const write = (p: Pair, length: number, more: Partial<SendWr> = {}): void =>
  postSend(p.net.hosts[0].context, p.a.qp, {
    opcode: 'IBV_WR_RDMA_WRITE',
    sendFlags: SIGNALED,
    sgList: [sge(p.from, 0, length)],
    rdma: { remoteAddr: p.to.addr, rkey: p.to.mr.rkey },
    ...more,
  });

/** Steps until the condition holds; when that was. */
function until(net: BackToBack, holds: () => boolean): number {
  for (let i = 0; i < 1e5; i++) {
    if (holds()) return net.now;
    const at = Math.min(...net.hosts.map((h) => h.device.wakeAt()), net.nextArrival);
    if (at === NEVER) throw new Error('nothing happens any more');
    net.run(at);
  }
  throw new Error('it never comes');
}

spec('a device that takes time', (it) => {
  it('hears of a request when its doorbell has come, fetches it, reads the data, and then sends', () => {
    const p = warm(linkOnly);
    write(p, 1000);
    const sent = until(p.net, () => p.net.sent.length === 3) - p.since;
    const least = ONE_WAY + READ + READ;
    assert.ok(sent >= least && sent < least + 150, `${sent} ns, about ${least}`);
    const { ledger } = p.net.hosts[0];
    assert.is(ledger.total('doorbell').count, 2);
    assert.is(ledger.total('dma-read').count - p.reads, 2);
  });

  it('sends without fetching what the CPU wrote with the doorbell', () => {
    const nic = { ...linkOnly, timing: { ...idealTiming, blueFlameBytes: 256 } };
    const p = warm(nic);
    write(p, 8, { inlineData: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
    const sent = until(p.net, () => p.net.sent.length === 3) - p.since;
    assert.ok(sent >= ONE_WAY && sent < ONE_WAY + 50, `${sent} ns`);
    p.net.run();
    assert.is(p.net.hosts[0].ledger.total('dma-read').count, p.reads);
    assert.equal([...p.to.bytes.subarray(0, 8)], [1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('fetches several entries by one read', () => {
    const nic = { ...linkOnly, timing: { ...idealTiming, sendBatch: 8 } };
    const p = warm(nic);
    const wr = {
      opcode: 'IBV_WR_RDMA_WRITE',
      sgList: [sge(p.from, 0, 0)],
      rdma: { remoteAddr: p.to.addr, rkey: p.to.mr.rkey },
    } as const;
    postSend(p.net.hosts[0].context, p.a.qp, Array(7).fill(wr));
    p.net.run();
    assert.is(p.net.hosts[0].ledger.total('dma-read').count - p.reads, 1);
  });

  it('has many reads from memory under way at once', () => {
    const p = pair(linkOnly);
    for (let i = 0; i < 32; i++) write(p, 256);
    const first = until(p.net, () => p.net.sent.length >= 1);
    const last = until(p.net, () => p.net.sent.length >= 32);
    assert.ok(last - first < 32 * READ, 'fetching entries one at a time is what takes longest');
    const batched = pair({ ...linkOnly, timing: { ...idealTiming, sendBatch: 32 } });
    const { context } = batched.net.hosts[0];
    const wr = {
      opcode: 'IBV_WR_RDMA_WRITE',
      sgList: [sge(batched.from, 0, 256)],
      rdma: { remoteAddr: batched.to.addr, rkey: batched.to.mr.rkey },
    } as const;
    postSend(context, batched.a.qp, Array(32).fill(wr));
    const begin = until(batched.net, () => batched.net.sent.length >= 1);
    const end = until(batched.net, () => batched.net.sent.length >= 32);
    assert.ok(end - begin < 2 * READ, `${end - begin} ns for 31 reads of ${READ} ns`);
  });

  it('shows a completion when the write of it is visible, not before', () => {
    const p = pair(linkOnly);
    write(p, 64);
    const acked = until(p.net, () => p.a.qp.tail === 1);
    assert.is(p.net.hosts[0].poll(p.a.sendCq).length, 0);
    const { ring } = p.a.sendCq;
    assert.ok(
      ring.bytes.subarray(0, 64).every((byte) => byte === 0),
      'nothing is in the ring yet',
    );
    const seen = until(p.net, () => p.a.sendCq.produced === 1);
    assert.ok(seen - acked >= ONE_WAY, `${seen - acked} ns`);
    assert.is(p.net.hosts[0].poll(p.a.sendCq)[0]?.status, 'IBV_WC_SUCCESS');
  });

  it('tells who polls memory when what a peer wrote is visible', () => {
    const p = pair(linkOnly);
    const { placements } = p.net.hosts[1].device;
    write(p, 64);
    const came = until(p.net, () => p.to.bytes[1] === 1);
    const told = until(p.net, () => placements.raised === 1);
    assert.ok(told - came >= ONE_WAY, `${told - came} ns`);
  });

  it('completes a receive after the data that it tells of', () => {
    const p = pair(connectX4);
    postRecv(p.net.hosts[1].context, p.b.qp, { sgList: [sge(p.to)] });
    p.net.run();
    const { placements } = p.net.hosts[1].device;
    write(p, 4096, { opcode: 'IBV_WR_SEND' });
    let placed = 0;
    until(p.net, () => {
      if (placements.raised > 0) placed = p.net.now;
      return p.b.recvCq.produced === 1;
    });
    assert.ok(placed > 0 && placed <= p.net.now);
    assert.equal(p.to.bytes.subarray(0, 4096), p.from.bytes.subarray(0, 4096));
  });

  it('refuses a region that was deregistered while the doorbell was under way', () => {
    const p = pair(connectX4);
    write(p, 64);
    deregMr(p.from.mr);
    p.net.run();
    assert.is(p.net.hosts[0].poll(p.a.sendCq)[0]?.status, 'IBV_WC_LOC_PROT_ERR');
    assert.is(p.net.sent.length, 0);
  });

  it('refuses a region that was deregistered while packets waited to be judged', () => {
    const slow = { ...linkOnly, timing: { ...idealTiming, rxPacketNs: 500 } };
    const p = pair(slow);
    write(p, 16 * 1024);
    until(p.net, () => p.to.bytes[1] === 1);
    deregMr(p.to.mr);
    const before = p.to.bytes.slice();
    p.net.run();
    assert.is(p.net.hosts[0].poll(p.a.sendCq)[0]?.status, 'IBV_WC_REM_ACCESS_ERR');
    assert.equal(p.to.bytes, before);
  });

  it('forgets doorbells and completions of a queue pair that is reset meanwhile', () => {
    const p = pair(connectX4);
    write(p, 64);
    p.net.ready(0, p.net.reset(0, p.a.qp), p.b.qp);
    p.net.run();
    assert.is(p.a.qp.rung, 0);
    assert.is(p.net.sent.length, 0);
    assert.is(p.net.pool.inUse, 0);
  });

  it('answers atomics on one address one PCIe round trip after the other, on many at once', () => {
    const time = (addresses: number): number => {
      const p = warm({ ...linkOnly, timing: { ...idealTiming, sendBatch: 32 } });
      const { context } = p.net.hosts[0];
      const wrs = Array.from({ length: 16 }, (_, i) => ({
        opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD' as const,
        sendFlags: SIGNALED,
        sgList: [sge(p.from, 0, 8)],
        atomic: {
          remoteAddr: p.to.addr + BigInt(8 * (i % addresses)),
          rkey: p.to.mr.rkey,
          compareAdd: 1n,
        },
      }));
      postSend(context, p.a.qp, wrs);
      const first = until(p.net, () => p.a.sendCq.produced >= 2);
      return until(p.net, () => p.a.sendCq.produced >= 17) - first;
    };
    assert.ok(time(1) >= 15 * READ, 'one address');
    assert.ok(time(16) < 2 * READ, 'sixteen addresses');
  });

  it('counts packets that find no room, and gets them again', () => {
    const slow = { ...linkOnly, timing: { ...idealTiming, rxPacketNs: 500, rxFrames: 4 } };
    const p = pair(slow);
    write(p, 32 * 1024);
    p.net.run();
    assert.ok(p.net.hosts[1].device.counters.get('rx_discards_phy') > 0);
    assert.is(p.net.hosts[0].poll(p.a.sendCq)[0]?.status, 'IBV_WC_SUCCESS');
    assert.equal(p.to.bytes.subarray(0, 32 * 1024), p.from.bytes.subarray(0, 32 * 1024));
  });
});

/** Rounds of one small write on each of `count` queue pairs: nanoseconds for one, and misses. */
function manyQueuePairs(count: number, entries: number) {
  const cache = { entries, ways: 8, replacement: 'lru', lineBytes: 256 } as const;
  const timing = { ...connectX4.timing, qpc: cache, misses: 4 };
  const net = new BackToBack({ profile: hcaProfile, nic: { ...connectX4, timing } });
  net.rule = () => [100];
  const from = net.hosts[0].buffer(4096);
  const to = net.hosts[1].buffer(4096);
  const cap = { maxSendWr: 4, maxRecvWr: 1, maxInlineData: 0 };
  const ends = Array.from({ length: count }, () => net.connect({ cap, cqe: 16 })[0]);
  const round = (): void => {
    for (const { qp } of ends)
      postSend(net.hosts[0].context, qp, {
        opcode: 'IBV_WR_RDMA_WRITE',
        sendFlags: SIGNALED,
        sgList: [sge(from, 0, 16)],
        rdma: { remoteAddr: to.addr, rkey: to.mr.rkey },
      });
    until(net, () => ends.every(({ sendCq }) => sendCq.produced > sendCq.consumed));
    for (const { sendCq } of ends) assert.is(net.hosts[0].poll(sendCq).length, 1);
  };
  round();
  const { caches } = net.hosts[0].device.clock!;
  const { ledger } = net.hosts[0];
  const before = {
    at: net.now,
    misses: caches.counters().icm_cache_miss!,
    ...ledger.total('dma-read'),
  };
  round();
  round();
  const took = (net.now - before.at) / (2 * count);
  const reads = (ledger.total('dma-read').count - before.count) / (2 * count);
  return { took, reads, misses: caches.counters().icm_cache_miss! - before.misses };
}

spec('caches of a device', (it) => {
  it('hold the contexts of few queue pairs; many cost a read each, which slows all down', () => {
    const few = manyQueuePairs(32, 64);
    const many = manyQueuePairs(256, 64);
    assert.is(few.misses, 0);
    assert.ok(many.misses >= 2 * 256, `${many.misses} misses`);
    assert.ok(many.reads >= few.reads + 1, `${many.reads} reads each instead of ${few.reads}`);
    assert.ok(many.took > 1.3 * few.took, `${many.took} ns each instead of ${few.took}`);
  });

  it('hold keys and translations: of many regions and of small pages fewer are at hand', () => {
    const small = { entries: 16, ways: 16, replacement: 'lru', lineBytes: 64 } as const;
    const timing = { ...connectX4.timing, mpt: small, mtt: small };
    const p = pair({ ...connectX4, timing });
    const { context, pd, space, device } = p.net.hosts[0];
    const count = 64;
    const size = 2 ** 16;
    const base = space.allocate(size * count, { contiguous: true });
    const { counters } = { counters: () => device.clock!.caches.counters() };
    const each = (keyOf: (i: number) => number): void => {
      for (let i = 0; i < count; i++) {
        const at = { addr: base + BigInt(i * size), length: 64, lkey: keyOf(i) };
        write(p, 64, { sgList: [at] });
        if (i % 32 === 31) p.net.run();
        if (i % 32 === 31) p.net.hosts[0].poll(p.a.sendCq);
      }
    };
    const one = regMr(pd, base, size * count, ALL);
    each(() => one.lkey);
    const oneRegion = counters();
    const regions = Array.from({ length: count }, (_, i) =>
      regMr(pd, base + BigInt(i * size), size, ALL),
    );
    each((i) => regions[i]!.lkey);
    each((i) => regions[i]!.lkey);
    const manyRegions = counters();
    assert.ok(oneRegion.l0_mpt_miss! <= 2, `${oneRegion.l0_mpt_miss} misses of one key`);
    assert.is(manyRegions.l0_mpt_miss! - oneRegion.l0_mpt_miss!, 2 * count);
    assert.ok(oneRegion.l0_mtt_miss! >= count / 2, 'every translation of a large region by itself');
    assert.ok(context.device === device);
  });

  it('need one translation for a huge page where small pages need hundreds', () => {
    const misses = (pageBytes: 4096 | 2097152): number => {
      const p = pair(connectX4);
      const { pd, space, device } = p.net.hosts[0];
      const length = 2 ** 21;
      const addr = space.allocate(length, { pageBytes, contiguous: true });
      const mr = regMr(pd, addr, length, ALL);
      const before = device.clock!.caches.counters().l0_mtt_miss!;
      for (let i = 0; i < 64; i++)
        write(p, 64, { sgList: [{ addr: addr + BigInt(i * 32768), length: 64, lkey: mr.lkey }] });
      p.net.run();
      return device.clock!.caches.counters().l0_mtt_miss! - before;
    };
    assert.is(misses(2097152), 1);
    assert.is(misses(4096), 64);
  });
});

spec('an ideal device with a clock', (it) => {
  it('sends the same frames as one without', () => {
    const frames = (nic?: NicProfile): string[] => {
      const net = new BackToBack({ profile: hcaProfile, ...(nic && { nic }) });
      const [a] = net.connect();
      const from = net.hosts[0].buffer(8192);
      const to = net.hosts[1].buffer(8192);
      for (const opcode of ['IBV_WR_RDMA_WRITE', 'IBV_WR_RDMA_READ'] as const)
        postSend(net.hosts[0].context, a.qp, {
          opcode,
          sgList: [sge(from)],
          rdma: { remoteAddr: to.addr, rkey: to.mr.rkey },
        });
      net.run();
      return net.sent.filter((f) => f.from === 0).map((f) => f.bytes.join());
    };
    assert.equal(frames(linkOnly), frames());
  });
});
