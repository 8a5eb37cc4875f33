// A drive in a slot of the host, its queues in the host's memory, and a driver that polls them.

import * as fc from 'fast-check';
import { NvmeRing } from '../../../../src/nvme/index.js';
import { openPolled, type PolledRequest } from '../../../../src/storage/drive/index.js';
import { SlotPort } from '../../../../src/storage/drive/slot-port.js';
import { after } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { ask, machine, SIZE } from './machine.js';
import { readCqe, readSqe } from './nvme-reader.js';

const filled = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) * 31 + seed) & 0xff);

spec('a drive in a slot', (it) => {
  it('what is written is what is read, with lists of pages and without, at any place in a page', () => {
    const { run, drive, driver, host } = machine();
    run(function* (thread) {
      const queue = yield* openPolled(thread, { drive, driver });
      const address = host.memory.allocate(4096, 80);
      for (const [offset, length, skew] of [
        [0, 512, 0],
        [4096, 8192, 1024],
        [65_536, 131_072, 0],
        [524_288, 262_144, 512],
      ] as const) {
        const bytes = filled(length, offset / 512);
        const segments = [{ address: address + skew, length }];
        host.memory.view(address + skew, length).set(bytes);
        assert.is(
          yield* ask(thread, queue, { op: 'write', offset, length, segments }),
          'BLK_STS_OK',
        );
        host.memory.view(address + skew, length).fill(0);
        assert.is(
          yield* ask(thread, queue, { op: 'read', offset, length, segments }),
          'BLK_STS_OK',
        );
        assert.equal(host.memory.view(address + skew, length), bytes);
      }
      assert.is(yield* ask(thread, queue, { op: 'flush' }), 'BLK_STS_OK');
      const zero = { op: 'write-zeroes', offset: 0, length: 512 } as const;
      assert.is(yield* ask(thread, queue, zero), 'BLK_STS_OK');
      const segments = [{ address, length: 512 }];
      assert.is(yield* ask(thread, queue, { length: 512, segments }), 'BLK_STS_OK');
      assert.equal(host.memory.view(address, 512), new Uint8Array(512));
    });
    assert.equal([drive.controller.ignored, drive.commands.counts.refused], [0, 0]);
  });

  it('commands and completions lie in memory as the specification draws them', () => {
    const { run, drive, driver, host } = machine();
    run(function* (thread) {
      const queue = yield* openPolled(thread, { drive, driver, entries: 64 });
      const { ring } = queue;
      const data = host.memory.allocate(4096, 3);
      const segments = [{ address: data, length: 12_288 }];
      yield* ask(thread, queue, {
        op: 'write',
        offset: 512 * 77,
        length: 8192,
        segments: [{ address: data, length: 8192 }],
        fua: true,
      });
      yield* ask(thread, queue, { op: 'read', offset: 512 * 5, length: 12_288, segments });
      const commands = host.memory.view(ring.submissionAt, 64 * 64);
      const write = readSqe(commands, 0);
      const { commandId } = write;
      assert.equal(write, {
        opcode: 1,
        flags: 0,
        commandId,
        namespace: 1,
        metadata: 0n,
        prp1: data,
        prp2: data + 4096,
        startingLba: 77,
        blocksLessOne: 15,
        control: 0x4000, // force unit access
      });
      const read = readSqe(commands, 1);
      assert.equal(
        [read.opcode, read.startingLba, read.blocksLessOne, read.control],
        [2, 5, 23, 0],
      );
      // Three pages: the second entry leads to a list of the last two.
      assert.is(read.prp1, data);
      const list = host.memory.view(read.prp2, 16);
      const entry = (at: number) =>
        Number(new DataView(list.buffer, list.byteOffset).getBigUint64(at, true));
      assert.equal([entry(0), entry(8)], [data + 4096, data + 8192]);
      const completions = host.memory.view(ring.completionAt, 64 * 16);
      const ended = { result: 0, submissionQueue: 1, phase: 1, statusCode: 0, statusType: 0 };
      assert.equal(readCqe(completions, 0), { ...ended, submissionHead: 1, commandId });
      assert.equal(readCqe(completions, 1), {
        ...ended,
        submissionHead: 2,
        commandId: read.commandId,
      });
      assert.is(readCqe(completions, 2).phase, 0);
    });
  });

  it('the phase tag turns each time the ring begins anew', () => {
    const { run, drive, driver, host } = machine();
    run(function* (thread) {
      const queue = yield* openPolled(thread, { drive, driver, entries: 4 });
      const segments = [{ address: host.memory.allocate(4096), length: 512 }];
      const phases: string[] = [];
      for (let i = 0; i < 9; i++) {
        yield* ask(thread, queue, { length: 512, segments });
        const bytes = host.memory.view(queue.ring.completionAt, 64);
        phases.push([0, 1, 2, 3].map((at) => readCqe(bytes, at).phase).join(''));
      }
      assert.is(phases.join(' '), '1000 1100 1110 1111 0111 0011 0001 0000 1000');
    });
  });

  it('what cannot be done is said in the completion', () => {
    const { run, drive, driver, host } = machine(true);
    run(function* (thread) {
      const queue = yield* openPolled(thread, { drive, driver, entries: 16 });
      const segments = [{ address: host.memory.allocate(4096), length: 512 }];
      const beyond = { op: 'read', offset: SIZE, length: 512, segments } as const;
      assert.is(yield* ask(thread, queue, beyond), 'BLK_STS_TARGET');
      assert.is(yield* ask(thread, queue, { ...beyond, op: 'write', offset: 0 }), 'BLK_STS_TARGET');
      const nowhere = [{ address: 2 ** 45, length: 512 }];
      assert.is(
        yield* ask(thread, queue, { ...beyond, offset: 0, segments: nowhere }),
        'BLK_STS_IOERR',
      );
      const completions = host.memory.view(queue.ring.completionAt, 64);
      const codes = [0, 1, 2].map((at) => readCqe(completions, at).statusCode);
      assert.equal(codes, [0x80, 0x20, 0x04]); // LBA out of range, write protected, data transfer error
    });
  });

  it('one doorbell for many commands, and no system call, interrupt or copy', () => {
    const { run, drive, driver, host } = machine();
    run(function* (thread) {
      const queue = yield* openPolled(thread, { drive, driver });
      const { ledger } = host;
      const before = (['system-call', 'interrupt', 'copy', 'doorbell'] as const).map(
        (kind) => ledger.total(kind).count,
      );
      let left = 100;
      const address = host.memory.allocate(4096, left);
      for (let i = left; i > 0; i--) {
        const request: PolledRequest = {
          op: 'read',
          offset: i * 4096,
          length: 4096,
          fua: false,
          segments: [{ address: address + (i - 1) * 4096, length: 4096 }],
          done() {
            left--;
            return undefined;
          },
        };
        yield* queue.submit(thread, request);
      }
      assert.is(queue.counts.doorbells, 0);
      yield* queue.poll(thread);
      assert.is(queue.counts.doorbells, 1);
      yield thread.sleep(after(thread.now, 1_000_000));
      while (left > 0) yield* queue.poll(thread);
      // At most a quarter of the queue is taken by one poll, and there is room in it yet: its head need not be told.
      assert.equal(queue.counts, {
        submitted: 100,
        completed: 100,
        polls: 3,
        fruitful: 2,
        doorbells: 1,
      });
      const now = (['system-call', 'interrupt', 'copy', 'doorbell'] as const).map(
        (kind) => ledger.total(kind).count,
      );
      assert.equal(
        now.map((count, i) => count - before[i]!),
        [0, 0, 0, 1],
      );
    });
  });

  it('a completion is not seen before the link has carried it', () => {
    const { run, drive, driver, host } = machine();
    run(function* (thread) {
      const queue = yield* openPolled(thread, { drive, driver });
      const segments = [{ address: host.memory.allocate(4096), length: 4096 }];
      const began = thread.now;
      yield* ask(thread, queue, { length: 4096, segments });
      const { pcie, medium } = drive.profile;
      // Doorbell, command fetched, medium, data with its headers, completion behind it.
      const data = ((4096 + 16 * 24) * 8e9) / pcie.bitsPerSecond;
      const least = 4 * pcie.latencyNs + pcie.memoryReadNs + medium.readNs + data;
      const took = thread.now - began;
      assert.ok(took > least && took < least + 500, `${took} ns, and ${least} at least`);
    });
  });

  it('completions wait until there is room for them', () => {
    const { run, drive, driver, host } = machine();
    run(function* (thread) {
      const queue = yield* openPolled(thread, { drive, driver, entries: 8 });
      const port = new SlotPort(drive);
      const sqe = new Uint8Array(64);
      sqe[4] = 1; // a flush of namespace 1
      // Seven commands, and after room in the submission queue seven more; nobody takes completions.
      for (const value of [7, 6]) {
        for (let i = 0; i < 7; i++) {
          sqe[2] = value * 8 + i;
          queue.ring.put(sqe);
        }
        yield* port.write(thread, queue.ring.tailAt, Uint8Array.of(value, 0, 0, 0));
        yield thread.sleep(after(thread.now, 100_000));
      }
      const phases = () => {
        const bytes = host.memory.view(queue.ring.completionAt, 128);
        return [0, 1, 2, 3, 4, 5, 6, 7].map((at) => readCqe(bytes, at).phase).join('');
      };
      assert.is(phases(), '11111110');
      yield* port.write(thread, queue.ring.headAt, Uint8Array.of(3, 0, 0, 0));
      yield thread.sleep(after(thread.now, 100_000));
      assert.is(phases(), '00111111');
    });
  });

  it('any access to any register, and any command, is answered, refused or ignored', () => {
    const access = fc.record({
      offset: fc.oneof(
        fc.constantFrom(0x14, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x1000, 0x1004, 0x1008, 0x100c),
        fc.nat({ max: 0x2000 }),
      ),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
    });
    const any = fc.property(
      fc.array(access, { maxLength: 30 }),
      fc.uint8Array({ minLength: 64 * 8, maxLength: 64 * 8 }),
      (accesses, commands) => {
        const { run, drive, driver, host } = machine();
        const port = new SlotPort(drive);
        run(function* (thread) {
          const { ring } = yield* openPolled(thread, { drive, driver, entries: 8 });
          host.memory.view(ring.submissionAt, commands.length).set(commands);
          for (const tail of [3, 7])
            yield* port.write(thread, ring.tailAt, Uint8Array.of(tail, 0, 0, 0));
          for (const { offset, bytes } of accesses) {
            yield* port.read(thread, offset, new Uint8Array(bytes.length));
            yield* port.write(thread, offset, bytes);
            yield thread.spend(1000);
          }
          yield thread.sleep(after(thread.now, 1_000_000));
        });
      },
    );
    fc.assert(any, { numRuns: 15 });
  });

  it('a drive whose commands are open can be reset, and writes no more of what they asked for', () => {
    const { run, drive, driver, host, volume } = machine();
    const data = filled(4096, 1);
    const done = () => undefined;
    const plain = { at: 0, fua: false, noHole: false, done };
    volume.write({ ...plain, offset: 0, length: 4096, bytes: data });
    run(function* (thread) {
      const first = yield* openPolled(thread, { drive, driver });
      const address = host.memory.allocate(4096);
      const segments = [{ address, length: 4096 }];
      const request: PolledRequest = {
        op: 'read',
        offset: 0,
        length: 4096,
        fua: false,
        segments,
        done() {
          throw new Error('nobody asked for it since the reset');
        },
      };
      yield* first.submit(thread, request);
      yield* first.poll(thread);
      yield thread.spend(2000); // the medium is at work
      yield* new SlotPort(drive).write(thread, 0x14, new Uint8Array(4)); // CC.EN, NVMe Base 2.0 3.1.3.5
      yield thread.sleep(after(thread.now, 1_000_000));
      assert.equal(host.memory.view(address, 4096), new Uint8Array(4096));
      const second = yield* openPolled(thread, { drive, driver });
      assert.is(yield* ask(thread, second, { length: 4096, segments }), 'BLK_STS_OK');
      assert.equal(host.memory.view(address, 4096), data);
      assert.is(yield* first.poll(thread), 0);
    });
  });
});

spec("a driver's ring", (it) => {
  it('tells each doorbell once of what is new', () => {
    const { host } = machine();
    const ring = new NvmeRing(host.memory, 3, 4);
    assert.equal([ring.tailAt, ring.headAt], [0x1018, 0x101c]); // NVMe over PCIe Transport 1.0, 3.1.2
    assert.equal([ring.tailNews(), ring.headNews()], [-1, -1]);
    ring.put(new Uint8Array(64));
    ring.put(new Uint8Array(64));
    assert.equal([ring.tailNews(), ring.tailNews()], [2, -1]);
    ring.put(new Uint8Array(64));
    ring.put(new Uint8Array(64));
    assert.is(ring.tailNews(), 0);
  });
});
