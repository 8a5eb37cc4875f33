// The ledger and zero copy: a payload that devices alone touch is seen as such, and a copy on the way is caught.

import {
  type AddressSpace,
  CONTEXT_SWITCH,
  COPY,
  copy,
  DMA_READ,
  kernelSpace,
  Ledger,
  ledgerKinds,
  NOWHERE,
  translationOf,
  Watch,
} from '../../../src/memory/index.js';
import { ns, START } from '../../../src/time/nanos.js';
import { assert, spec } from '../../support/spec.js';
import { errno, machine, pattern, type Rig } from './machine.js';

const LENGTH = 10000;

/** Two machines and a payload on its way from one to the other as over RDMA: devices read and write it. */
function onTheWay(between: (sender: Rig, at: bigint) => bigint) {
  const sender = machine(2 ** 23, 1000);
  const receiver = machine(2 ** 23, 1000);
  const source = sender.process.allocate(LENGTH, { contiguous: true });
  const target = receiver.process.allocate(LENGTH, { contiguous: true });
  sender.process.write(source, pattern(LENGTH));
  const watches = [watch(sender, source), watch(receiver, target)] as const;

  const sent = between(sender, source);
  const frame = new Uint8Array(LENGTH);
  const from = translationOf(sender.process, sent, LENGTH, false);
  sender.dma.read(START, from, 0, LENGTH, frame, 0);
  const into = translationOf(receiver.process, target, LENGTH, true);
  receiver.dma.write(ns(900), into, 0, frame, 0, LENGTH);
  assert.is(Buffer.compare(receiver.process.read(target, LENGTH), pattern(LENGTH)), 0);
  return watches;
}

function watch({ ledger, memory, process }: Rig, at: bigint): Watch {
  return new Watch(ledger, memory, process.translate(at), LENGTH);
}

const copier = (ledger: Ledger) => ({ ledger, core: ledger.actor('core3'), bitsPerSecond: 80e9 });

spec('ledger', (it) => {
  it('sees zero copy: the payload is touched by DMA alone', () => {
    const [source, target] = onTheWay((_, at) => at);
    assert.equal(source.touches(), [{ actor: 'nic0', kind: 'dma-read', read: LENGTH, written: 0 }]);
    assert.equal(target.kinds(), ['dma-write']);
    assert.ok(source.byDmaAlone && target.byDmaAlone);
  });

  it('catches a copy that was slipped in', () => {
    const [source] = onTheWay(({ process, ledger }, at) => {
      const bounce = process.allocate(LENGTH);
      copy(START, copier(ledger), process, at, process, bounce, LENGTH);
      return bounce;
    });
    assert.not.ok(source.byDmaAlone);
    assert.equal(source.touches(), [{ actor: 'core3', kind: 'copy', read: LENGTH, written: 0 }]);
  });

  it('catches bytes that changed behind its back', () => {
    const [source, target] = onTheWay(({ process }, at) => {
      process.bytes(at, LENGTH).subarray(0, 3).fill(0xee);
      process.bytes(at, LENGTH).set(pattern(LENGTH));
      return at;
    });
    assert.ok(source.byDmaAlone, 'put back as it was: nothing is lost');
    const rig = machine();
    const at = rig.process.allocate(LENGTH, { contiguous: true });
    const seen = watch(rig, at);
    rig.process.bytes(at, LENGTH)[77] = 1;
    assert.is(seen.unaccounted(), 1);
    assert.not.ok(seen.byDmaAlone);
    assert.ok(target.byDmaAlone);
  });

  it('counts by actor and kind, and grows with the actors', () => {
    const ledger = new Ledger();
    for (let i = 0; i < 100; i++)
      ledger.record(START, ledger.actor(`core${i}`), CONTEXT_SWITCH, 0, 1200, 0);
    ledger.record(START, ledger.actor('core7'), CONTEXT_SWITCH, 0, 1000, 0);
    assert.equal(ledger.total('context-switch'), { count: 101, bytes: 0, timeNs: 121000 });
    assert.equal(ledger.total('context-switch', ledger.actor('core7')), {
      count: 2,
      bytes: 0,
      timeNs: 2200,
    });
    assert.equal(ledger.total('doorbell'), { count: 0, bytes: 0, timeNs: 0 });
    ledger.clear();
    assert.is(ledger.total('context-switch').count, 0);
  });

  it('keeps the latest events and says how many are lost', () => {
    const ledger = new Ledger(3);
    const nic = ledger.actor('nic');
    for (let i = 0; i < 5; i++) ledger.piece(ns(i), nic, DMA_READ, i, 0, i * 10, NOWHERE, i);
    const events = [...ledger.events()];
    assert.is(ledger.lost, 2);
    assert.equal(
      events.map((e) => e.at),
      [2, 3, 4],
    );
    assert.equal(events[0], {
      at: 2,
      actor: 'nic',
      kind: 'dma-read',
      bytes: 2,
      timeNs: 0,
      source: 20,
      target: -1,
      flow: 2,
    });
    assert.is(ledger.touched(41, 42).length, 1);
    assert.is(ledger.touched(44, 99).length, 0);
    assert.is(
      errno(() => new Ledger().touched(0, 1)),
      'EINVAL',
    );
  });

  it('the numbers of the kinds are their places in the list', () => {
    assert.is(ledgerKinds[COPY], 'copy');
    assert.is(ledgerKinds[DMA_READ], 'dma-read');
    assert.is(ledgerKinds[CONTEXT_SWITCH], 'context-switch');
  });

  it('refuses watches without end', () => {
    const rig = machine();
    const at = rig.process.allocate(LENGTH, { contiguous: true });
    const many = Array.from({ length: 64 }, () => watch(rig, at));
    assert.is(
      errno(() => watch(rig, at)),
      'ENOMEM',
    );
    many[0]!.end();
    watch(rig, at);
  });
});

spec('copy', (it) => {
  const rig = machine();
  const kernel: AddressSpace = kernelSpace(rig.memory);
  const run = (a: AddressSpace, from: bigint, b: AddressSpace, to: bigint, n: number) =>
    copy(START, copier(rig.ledger), a, from, b, to, n);

  it('moves the bytes from user to kernel memory and takes its time', () => {
    const user = rig.process.allocate(9000);
    const page = rig.memory.allocate(4096, 3, 1);
    const at = 0xffff_8880_0000_0000n + BigInt(2 ** 42) + BigInt(page % 2 ** 44);
    rig.process.write(user + 100n, pattern(8000));
    const took = run(rig.process, user + 100n, kernel, at + 3n, 8000);
    assert.is(took, 800);
    assert.is(Buffer.compare(kernel.read(at + 3n, 8000), pattern(8000)), 0);
    assert.is(rig.ledger.total('copy').bytes, 8000);
    assert.is(rig.ledger.total('copy').count, 1);
  });

  it('copies overlapping ranges as memmove does, both ways', () => {
    for (const [from, to] of [
      [0n, 3n],
      [0n, 4099n],
      [5000n, 1n],
      [1n, 0n],
    ] as const) {
      const at = rig.process.allocate(20000);
      const data = pattern(12000);
      rig.process.write(at + from, data);
      run(rig.process, at + from, rig.process, at + to, 12000);
      assert.is(Buffer.compare(rig.process.read(at + to, 12000), data), 0, `${from} to ${to}`);
    }
  });

  it('does not begin when it would fault', () => {
    const at = rig.process.allocate(4096);
    rig.process.write(at, pattern(4096, 3));
    const readOnly = rig.process.allocate(4096, { writable: false });
    const to = rig.process.allocate(4096);
    assert.is(
      errno(() => run(rig.process, at, rig.process, to, 4097)),
      'EFAULT',
    );
    assert.is(
      errno(() => run(rig.process, at, rig.process, readOnly, 1)),
      'EFAULT',
    );
    assert.is(
      errno(() => run(rig.process, 1n << 63n, rig.process, to, 1)),
      'EFAULT',
    );
    assert.is(rig.process.read(to, 1)[0], 0);
  });
});
