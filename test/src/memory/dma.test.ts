// The DMA engine: bytes really move through the translation, time comes from the PCIe link, the ledger sees all.

import {
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_REMOTE_WRITE,
  PcieLink,
  physicalTranslation,
  ScatterList,
  translationOf,
  WordOperation,
} from '../../../src/memory/index.js';
import { ns, START } from '../../../src/time/nanos.js';
import { assert, spec } from '../../support/spec.js';
import { machine, pattern, pcieProfile } from './machine.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

spec('dma', (it) => {
  it('writes through a registered region what a later read finds', () => {
    const { process, keys, dma } = machine();
    const pd = keys.allocatePd();
    const buffer = process.allocate(20000);
    const access = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE;
    const region = keys.register(pd, process, buffer + 5n, 19000, access);
    const data = pattern(9001);

    const verdict = keys.checkAt(region.rkey, pd, 7, buffer + 4000n, 9001, IBV_ACCESS_REMOTE_WRITE);
    dma.write(START, keys.translation, keys.offset, data, 0, data.length);

    assert.is(verdict, 'allowed');
    assert.is(hex(process.read(buffer + 4000n, 9001)), hex(data));
    const back = new Uint8Array(9001);
    dma.read(START, keys.translation, keys.offset, 9001, back, 0);
    assert.is(hex(back), hex(data));
  });

  it('follows pages that lie anywhere', () => {
    const { process, memory, dma } = machine();
    const pages = [1, 2, 3, 4, 5, 6].map(() => memory.allocate(4096));
    const order = [4, 1, 5, 0, 3, 2].map((i) => pages[i]!);
    for (const [i, page] of order.entries()) process.map(0x10000n + BigInt(i * 4096), page, 4096);
    const data = pattern(5 * 4096);

    const translation = translationOf(process, 0x10123n, data.length, true);
    dma.write(START, translation, 0, data, 0, data.length);

    assert.is(translation.entries, 6);
    assert.is(hex(process.read(0x10123n, data.length)), hex(data));
    assert.is(memory.view(order[1]!, 1)[0], data[4096 - 0x123]);
  });

  it('scatters and gathers from any position of a list', () => {
    const { process, dma } = machine();
    const list = new ScatterList(3);
    const parts = [100, 1, 5000].map((length) => ({ length, at: process.allocate(length) }));
    for (const { length, at } of parts)
      list.add(translationOf(process, at, length, true), 0, length);
    const data = pattern(5101);
    dma.scatter(START, list, 0, data, 0, 50);
    dma.scatter(START, list, 50, data, 50, 5101);
    const back = new Uint8Array(5101);
    dma.gather(START, list, 99, 3, back, 99);
    assert.is(hex(back.subarray(99, 102)), hex(data.subarray(99, 102)));
    dma.gather(START, list, 0, 5101, back, 0);
    assert.is(hex(back), hex(data));
    assert.throws(() => dma.gather(START, list, 5000, 102, back, 0), /102 bytes at 5000 of 5101/);
  });

  it('compares and swaps, and adds with carry over 64 bits', () => {
    const { process, keys, dma } = machine();
    const pd = keys.allocatePd();
    const at = process.allocate(64);
    const access = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_ATOMIC;
    const { rkey } = keys.register(pd, process, at, 64, access);
    process.write(at + 8n, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff));
    assert.is(keys.checkAt(rkey, pd, 1, at + 8n, 8, IBV_ACCESS_REMOTE_ATOMIC), 'allowed');
    const { translation, offset } = keys;
    const operation = new WordOperation();
    dma.atomic(START, translation, offset, operation.add(0, 2));
    assert.is(dma.originalHigh, 0xffffffff);
    assert.is(hex(process.read(at + 8n, 8)), '0100000000000000');
    dma.atomic(START, translation, offset, operation.swap(0, 2, 7, 7));
    assert.is(hex(process.read(at + 8n, 8)), '0100000000000000');
    dma.atomic(START, translation, offset, operation.swap(0, 1, 0xa0b0c0d0, 0x01020304));
    assert.is(dma.originalLow, 1);
    assert.is(hex(process.read(at + 8n, 8)), '04030201d0c0b0a0');
    assert.is(keys.checkAt(rkey, pd, 1, at + 4n, 8, IBV_ACCESS_REMOTE_ATOMIC), 'misaligned');
  });

  it('one atomic operation of a device ends before the next begins', () => {
    const { process, dma } = machine();
    const t = translationOf(process, process.allocate(64), 64, true);
    const operation = new WordOperation().add(0, 1);
    const first = dma.atomic(START, t, 0, operation);
    const second = dma.atomic(START, t, 0, operation);
    assert.ok(second >= 2 * first - 10, `${first} ${second}`);
  });

  it('records one operation and all of its bytes, whatever number of pages', () => {
    const { memory, dma, ledger } = machine(2 ** 23, 100);
    const page = memory.allocate(4096, 3);
    dma.write(START, physicalTranslation(memory), page + 4000, pattern(6000), 0, 6000, 9);
    assert.equal(ledger.total('dma-write'), { count: 1, bytes: 6000, timeNs: 860 }); // 25 transactions
    assert.is(ledger.touched(page + 4000, page + 4001)[0]!.flow, 9);
    assert.is(ledger.touched(page, page + 4000).length, 0);
    assert.is(ledger.actors[0], 'nic0');
  });

  it('crosses the arrays behind a large node unseen', () => {
    const { memory, dma } = machine(2 ** 27);
    const at = 2 ** 26 - 100;
    const data = pattern(300);
    dma.write(START, physicalTranslation(memory), at, data, 0, 300);
    assert.is(hex(memory.view(at, 100)), hex(data.subarray(0, 100)));
    assert.is(hex(memory.view(at + 100, 200)), hex(data.subarray(100)));
    const back = new Uint8Array(300);
    dma.read(START, physicalTranslation(memory), at, 300, back, 0);
    assert.is(hex(back), hex(data));
  });

  it('a flush waits for what was written before', () => {
    const { process, dma } = machine();
    const t = translationOf(process, process.allocate(4096), 4096, true);
    const visible = dma.write(START, t, 0, pattern(4096), 0, 4096);
    assert.is(dma.flush(START), visible);
    assert.is(dma.flush(ns(visible + 9)), visible + 9);
  });

  it('a doorbell is counted for the core that rings it', () => {
    const { dma, ledger } = machine();
    const core = ledger.actor('core1');
    assert.is(dma.doorbell(ns(100), core, 8), 304); // 32 bytes and 200 ns
    assert.equal(ledger.total('doorbell', core), { count: 1, bytes: 8, timeNs: 204 });
  });

  it('never goes outside a translation, even when asked by our own mistake', () => {
    const { process, dma } = machine();
    const t = translationOf(process, process.allocate(4096), 100, true);
    const bytes = new Uint8Array(200);
    assert.throws(() => dma.write(START, t, 90, bytes, 0, 11), RangeError);
    assert.throws(() => dma.write(START, t, -1, bytes, 0, 1), RangeError);
    assert.throws(() => dma.read(START, t, 0, 101, bytes, 0), RangeError);
    assert.throws(() => dma.read(START, t, 0, 100, bytes, 150), RangeError);
    assert.throws(() => dma.write(START, t, Number.NaN, bytes, 0, 1), RangeError);
  });
});

spec('pcie', (it) => {
  it('a write takes its transactions with their headers, then the latency', () => {
    const link = new PcieLink(pcieProfile);
    // 4096 bytes in 16 transactions of 24 bytes more: 4480 bytes at 0.1 ns, and 200 ns.
    assert.is(link.write(START, 0, 4096), 648);
    assert.is(link.writes, 16);
    assert.is(link.upBytes, 4480);
    // Crosses a boundary of 256 bytes: two transactions; the link is busy until 448.
    assert.is(link.write(START, 250, 12), 448 + 6 + 200);
  });

  it('a read takes a request each 512 bytes, the way there and back, and its completions', () => {
    const link = new PcieLink(pcieProfile);
    // Up 2.4, 200, memory 100, down (512 + 2 * 20) * 0.1 = 55.2, 200.
    assert.is(link.read(START, 4096, 512), 558);
    assert.is(link.completions, 2);
    assert.is(link.readRequests, 1);
  });

  it('the first completion ends on the read completion boundary', () => {
    const link = new PcieLink(pcieProfile);
    link.read(START, 4096 + 60, 452); // 4 bytes less than 256 end on a boundary: 252 and 200
    assert.is(link.completions, 2);
    link.read(START, 8192 + 1, 511); // 255 to the boundary, then 256
    assert.is(link.completions, 4);
  });

  it('reads wait for a free tag', () => {
    const few = new PcieLink({ ...pcieProfile, outstandingReads: 1 });
    const many = new PcieLink(pcieProfile);
    const slow = few.read(START, 0, 4096);
    const fast = many.read(START, 0, 4096);
    assert.ok(slow > 8 * 500 && fast < 1000, `${slow} ${fast}`);
  });

  it('posted writes become visible in order, also when the later one lies nearer', () => {
    const link = new PcieLink({ ...pcieProfile, nodeLatencyNs: [0, 150] });
    const far = link.write(START, 2 ** 44, 64);
    const near = link.write(START, 0, 4);
    assert.is(far, 359);
    assert.ok(near >= far);
  });

  it('a read request does not pass the writes before it', () => {
    const link = new PcieLink(pcieProfile);
    link.write(START, 0, 40960);
    assert.ok(link.read(START, 0, 4) > 4480 + 500);
  });

  it('an interrupt follows the data that it tells of', () => {
    const link = new PcieLink(pcieProfile);
    const data = link.write(START, 0, 65536);
    assert.ok(link.interrupt(ns(5)) > data);
  });

  it('refuses profiles that no device has', () => {
    assert.throws(() => new PcieLink({ ...pcieProfile, maxPayloadSize: 100 }), /EINVAL/);
    assert.throws(() => new PcieLink({ ...pcieProfile, outstandingReads: 0 }), /EINVAL/);
  });
});
