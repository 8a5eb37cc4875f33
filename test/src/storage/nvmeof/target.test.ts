// The target against a model and against hosts that do not keep to the protocol, over NVMe/TCP in memory.

import { nvme } from '../../../../protocols/index.js';
import { MemoryVolume } from '../../../../src/storage/index.js';
import { DISCOVERY_NQN, NvmeTarget } from '../../../../src/storage/nvmeof/index.js';
import { RateLimited } from '../../../../src/storage/rate-limit.js';
import type { Io } from '../../../../src/storage/volume.js';
import { VolumeFilter } from '../../../../src/storage/volume-filter.js';
import { after, ms, Random, START, seconds } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { TestHost } from './test-host.js';

const NQN = 'nqn.2026-11.org.example:pool';
const UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const BLOCK = 512;
const BLOCKS = 256;
const DEALLOCATE = { ad: 1 };

function pool(blocks = BLOCKS, readOnly = false) {
  const target = new NvmeTarget();
  const subsystem = target.addSubsystem(START, { nqn: NQN });
  const volume = new MemoryVolume(blocks * BLOCK, 'v', readOnly);
  subsystem.addNamespace(START, { nsid: 1, volume, uuid: UUID });
  return { target, subsystem, volume };
}

/** An admin queue and one I/O queue, as a host has them. */
function connected(target: NvmeTarget, options = {}) {
  const admin = new TestHost(target, options);
  const answer = admin.connect(NQN);
  assert.is(answer.status, 'Success');
  const cntlid = nvme.CQEConnect.get.cntlid(answer.result, 0);
  admin.enable();
  const io = new TestHost(target, options);
  assert.is(io.connect(NQN, { qid: 1, sqsize: 127, cntlid }).status, 'Success');
  return { admin, io, cntlid };
}

const at = (slba: number, count: number) => ({ slba: BigInt(slba), nlb: count - 1 });
const NS = { nsid: 1 };

/** One random command on the target and on a copy of what must be there. */
function step(io: TestHost, model: Uint8Array, random: Random): void {
  const count = 1 + random.below(40);
  const slba = random.below(BLOCKS - count + 1);
  const [from, to] = [slba * BLOCK, (slba + count) * BLOCK];
  const where = at(slba, count);
  io.piece = 4 * (1 + random.below(2000));
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2: {
      const data = Uint8Array.from({ length: to - from }, () => random.below(256));
      const inline = data.length <= 16384 && random.below(2) === 0;
      const fua = random.below(2);
      const answer = io.ask([nvme.write({ ...where, fua })], { ...NS, data, inline });
      assert.is(answer.status, 'Success');
      assert.equal(answer.pdus, inline ? [5] : [9, 5]);
      model.set(data, from);
      return;
    }
    case 3: {
      const deac = random.below(2);
      assert.is(io.ask([nvme.writeZeroes({ ...where, deac })], NS).status, 'Success');
      model.fill(0, from, to);
      return;
    }
    case 4: {
      const same = model.slice(from, to);
      const changed = random.below(2) === 1;
      if (changed) same[random.below(same.length)]! ^= 1;
      const answer = io.ask([nvme.compare(where)], { ...NS, data: same });
      assert.is(answer.status, changed ? 'Compare Failure' : 'Success');
      return;
    }
    case 5:
      assert.is(io.ask([nvme.verify(where)], NS).status, 'Success');
      assert.is(io.ask([nvme.flush()], NS).status, 'Success');
      return;
    default: {
      const answer = io.ask([nvme.read(where)], { ...NS, length: to - from });
      assert.is(answer.status, 'Success');
      assert.equal(answer.data, model.subarray(from, to));
    }
  }
}

spec('NVMe over Fabrics: the target', (it) => {
  for (const digests of [false, true])
    it(`random commands leave what a model says${digests ? ', with digests' : ''}`, () => {
      for (let seed = 1; seed <= 5; seed++) {
        const { io } = connected(pool().target, { digests });
        const model = new Uint8Array(BLOCKS * BLOCK);
        const random = new Random(seed, 'commands');
        for (let n = 0; n < 60; n++) step(io, model, random);
        assert.is(io.session.why, '');
      }
    });

  it('deallocated blocks read as zeros; ranges behind the end change nothing', () => {
    const { io } = connected(pool().target);
    const data = new Uint8Array(BLOCKS * BLOCK).fill(7);
    io.ask([nvme.write(at(0, BLOCKS))], { ...NS, data });
    const ranges = (...list: readonly (readonly [number, number])[]) => {
      const bytes = new Uint8Array(4096);
      list.forEach(([slba, length], i) => {
        nvme.DSMRange.encode({ slba: BigInt(slba), length }, bytes, i * 16);
      });
      return { ...NS, data: bytes, inline: true };
    };
    const dsm = nvme.dsm({ nr: 1, ...DEALLOCATE });
    assert.is(io.ask([dsm], ranges([0, 128], [250, 7])).status, 'LBA Out of Range');
    assert.is(io.ask([dsm], ranges([0, 128], [130, 0])).status, 'Success');
    const { data: read } = io.ask([nvme.read(at(0, BLOCKS))], { ...NS, length: data.length });
    assert.equal(read.subarray(0, 128 * BLOCK), new Uint8Array(128 * BLOCK));
    assert.equal(read.subarray(128 * BLOCK), data.subarray(128 * BLOCK));
  });

  it('commands that cannot be done are refused, once and for all', () => {
    const { io, admin } = connected(pool().target);
    const data = new Uint8Array(BLOCK);
    const read = (slba: number, options = {}) =>
      io.ask([nvme.read(at(slba, 1))], { ...NS, length: BLOCK, ...options });
    const list = [
      [read(BLOCKS), 'LBA Out of Range'],
      [io.ask([nvme.write(at(BLOCKS, 1))], { ...NS, data }), 'LBA Out of Range'],
      [io.ask([nvme.read({ slba: 2n ** 64n - 1n })], { ...NS, length: 512 }), 'LBA Out of Range'],
      [read(0, { nsid: 2 }), 'Invalid Namespace or Format'],
      [read(0, { nsid: 0xffffffff }), 'Invalid Namespace or Format'],
      [read(0, { length: 1024 }), 'Data SGL Length Invalid'],
      [read(0, { length: 0 }), 'Data SGL Length Invalid'],
      [read(0, { fields: { psdt: 0 } }), 'Invalid Field'],
      [read(0, { fields: { fuse: 1 } }), 'Invalid Field'],
      [io.ask([nvme.read(at(0, 1))], { ...NS, data, inline: true }), 'Invalid Field'],
      [io.ask([nvme.writeUncorrectable(at(0, 1))], NS), 'Invalid Opcode'],
      [admin.ask([nvme.identify({ cns: 0x77 })], { length: 4096 }), 'Invalid Field'],
      [admin.ask([nvme.getLogPage({ lid: 0x99 })], { length: 4 }), 'Invalid Log Page'],
      [admin.ask([nvme.getFeatures({ fid: 0x55 })]), 'Invalid Field'],
      [admin.ask([nvme.propertyGet({ offset: 0x24 })]), 'Invalid Field'],
    ] as const;
    list.forEach(([{ status, dnr }, expected], i) => {
      assert.is(status, expected, `the ${i}th`);
      assert.ok(dnr, `the ${i}th is not to be repeated`);
    });
    assert.is(read(0).status, 'Success', 'and the queue is as good as before');
    const log = admin.ask([nvme.getLogPage({ lid: 1, numdl: (64 * 20) / 4 - 1 })], {
      length: 64 * 20,
    });
    const { get } = nvme.ErrorEntry;
    assert.is(get.errorCount(log.data, 0), BigInt(list.length));
    assert.is(nvme.statusName(get.sct(log.data, 0), get.sc(log.data, 0)), 'Invalid Field');
  });

  it('a volume that is read-only says so', () => {
    const { io } = connected(pool(BLOCKS, true).target);
    const data = new Uint8Array(BLOCK);
    const answer = io.ask([nvme.write(at(0, 1))], { ...NS, data, inline: true });
    assert.is(answer.status, 'Namespace Is Write Protected');
  });

  it('nothing works before Connect, and only properties before the controller is ready', () => {
    const { target } = pool();
    const host = new TestHost(target);
    const early = host.ask([nvme.identify({ cns: 1 })], { length: 4096 });
    assert.is(early.status, 'Command Sequence Error');
    host.connect(NQN);
    const unready = host.ask([nvme.identify({ cns: 1 })], { length: 4096 });
    assert.is(unready.status, 'Command Sequence Error');
    host.enable();
    assert.is(host.ask([nvme.identify({ cns: 1 })], { length: 4096 }).status, 'Success');
    assert.is(host.connect(NQN).status, 'Command Sequence Error', 'one Connect a queue');
  });

  it('Connect says which parameter is wrong', () => {
    const { target } = pool();
    const { cntlid } = connected(target);
    const refused = (nqn: string, fields: Record<string, number>) => {
      const { status, result } = new TestHost(target).connect(nqn, fields);
      const { ipo, iattr } = nvme.CQEConnectError.get;
      return [status, ipo(result, 0), iattr(result, 0)];
    };
    const invalid = 'Connect Invalid Parameters';
    const named = (status: string) => (status === 'Write to Read-only Range' ? invalid : status);
    const rows: [string, Record<string, number>, unknown[]][] = [
      ['nqn.2026-11.org.example:other', {}, [invalid, 256, 1]],
      [NQN, { cntlid: 1 }, [invalid, 16, 1]],
      [NQN, { qid: 1, cntlid: 77 }, [invalid, 16, 1]],
      [NQN, { qid: 1, sqsize: 0, cntlid }, [invalid, 44, 0]],
      [NQN, { qid: 1, sqsize: 5000, cntlid }, [invalid, 44, 0]],
      [NQN, { qid: 500, cntlid }, [invalid, 42, 0]],
      [NQN, { recfmt: 1 }, ['Conflicting Attributes', 0, 0]],
      [NQN, { qid: 1, cntlid }, ['Invalid Protection Information', 0, 0]],
    ];
    for (const [nqn, fields, expected] of rows) {
      const [status, ...rest] = refused(nqn, fields);
      assert.equal([named(status as string), ...rest], expected, JSON.stringify(fields));
    }
  });

  it('discovery lists what a host may connect to', () => {
    const { target } = pool();
    target.addSubsystem(START, { nqn: 'nqn.2026-11.org.example:secret', hosts: ['nqn.other'] });
    const host = new TestHost(target);
    host.connect(DISCOVERY_NQN);
    host.enable();
    const length = 3 * 1024;
    const { data } = host.ask([nvme.getLogPage({ lid: 0x70, numdl: length / 4 - 1 })], { length });
    assert.is(nvme.DiscoveryLog.get.numrec(data, 0), 2n);
    const names = [1024, 2048].map((from) => {
      const nqn = from + nvme.DiscoveryEntry.at.subnqn;
      return new TextDecoder().decode(data.subarray(nqn, nqn + 256)).replace(/\0+$/, '');
    });
    assert.equal(names, [DISCOVERY_NQN, NQN]);
  });

  it('events wait for requests, requests for events, and one of a kind is enough until its page is read', () => {
    const { target, subsystem } = pool();
    const { admin } = connected(target);
    const request = () => admin.send([nvme.asyncEventRequest()]);
    const waiting = [request(), request(), request(), request()];
    assert.is(admin.ask([nvme.asyncEventRequest()]).status, 'Async Event Request Limit Exceeded');
    const volume = new MemoryVolume(BLOCK * 8);
    const add = (nsid: number) => {
      subsystem.addNamespace(START, { nsid, volume, uuid: UUID });
      admin.hear();
    };
    add(2);
    assert.is(admin.answer(waiting[0]!), undefined, 'the host has not asked for it');
    const wanted = nvme.AsyncEventConfiguration.encode({ namespaceAttribute: 1 });
    const value = nvme.UnknownFeature.get.value(wanted, 0);
    admin.ask([nvme.setFeatures({ fid: 11 }), nvme.unknownFeature({ value }), nvme.featureTail()]);
    add(3);
    add(4);
    const { aet, lid } = nvme.CQEAsyncEvent.decode(admin.answer(waiting[0]!)!.result);
    assert.equal({ aet, lid }, { aet: 2, lid: 4 });
    assert.is(admin.answer(waiting[1]!), undefined, 'its page has not been read');
    const log = admin.ask([nvme.getLogPage({ lid: 4, numdl: 1023 })], { length: 4096 }).data;
    const nsids = [0, 4, 8, 12].map((from) => nvme.NamespaceEntry.get.nsid(log, from));
    assert.equal(nsids, [2, 3, 4, 0]);
    subsystem.removeNamespace(START, 3);
    admin.hear();
    assert.ok(admin.answer(waiting[1]!), 'now there is another');
    const abort = admin.ask([nvme.abort({ abortCid: waiting[2]! })]);
    assert.is(nvme.CQEAbort.get.notAborted(abort.result, 0), 0);
    assert.is(admin.answer(waiting[2]!)!.status, 'Abort Requested');
  });

  it('Abort stops what waits, and says so of what it cannot stop', () => {
    const { target, subsystem } = pool();
    const calls: (() => void)[] = [];
    const clock = { now: () => START, at: (_: number, then: () => void) => void calls.push(then) };
    const memory = new MemoryVolume(BLOCKS * BLOCK, 'slow');
    const slow = new RateLimited(memory, { opsPerSecond: 1, burstNs: 0 }, clock);
    subsystem.addNamespace(START, { nsid: 2, volume: slow, uuid: UUID.map((byte) => byte + 1) });
    const stuck: Io[] = [];
    class Stuck extends VolumeFilter {
      override read(io: Io): void {
        stuck.push(io);
      }
    }
    const nsid3 = { nsid: 3, volume: new Stuck(memory), uuid: UUID.map((byte) => byte + 2) };
    subsystem.addNamespace(START, nsid3);
    const { admin, io } = connected(target);
    const abort = (cid: number): number => {
      const answer = admin.ask([nvme.abort({ sqid: 1, abortCid: cid })]);
      return nvme.CQEAbort.get.notAborted(answer.result, 0);
    };
    const data = new Uint8Array(BLOCK).fill(7);

    assert.is(io.ask([nvme.read(at(0, 1))], { nsid: 2, length: BLOCK }).status, 'Success');
    const waits = io.send([nvme.write(at(0, 1))], { nsid: 2, data, inline: true });
    assert.is(abort(waits), 0);
    io.hear();
    const stopped = io.answer(waits)!;
    assert.equal([stopped.status, stopped.dnr], ['Abort Requested', false], 'it may come again');
    for (const call of calls) call();
    assert.is(memory.allocated, 0, 'it was never written');

    const goesOn = io.send([nvme.read(at(0, 1))], { nsid: 3, length: BLOCK });
    assert.is(abort(goesOn), 1);
    stuck[0]!.done(0);
    io.hear();
    assert.is(io.answer(goesOn)!.status, 'Success');
    assert.is(abort(goesOn), 1, 'nobody is called that any more');
    assert.is(abort(4000), 1);
  });

  it('Abort of a command whose data is on its way is answered when that has come, and no more than four wait', () => {
    const { target, volume } = pool();
    const { admin, io } = connected(target);
    const tags: number[] = [];
    const cids = Array.from({ length: 5 }, (_, i) => {
      const cid = io.send([nvme.write(at(0, 64))], { ...NS, length: 64 * BLOCK });
      tags.push(i);
      return cid;
    });
    const aborts = cids.map((abortCid) => admin.send([nvme.abort({ sqid: 1, abortCid })]));
    const limit = admin.answer(aborts[4]!)!;
    assert.is(limit.status, 'Abort Command Limit Exceeded');
    assert.is(admin.answer(aborts[0]!), undefined, 'the command is not complete');
    const bytes = new Uint8Array(64 * BLOCK).fill(9);
    cids.forEach((cid, ttag) => {
      io.push([nvme.tcp({ last: 1 }), nvme.h2cData({ cid, ttag, offset: 0 }), bytes]);
    });
    admin.hear();
    for (const [i, cid] of cids.slice(0, 4).entries()) {
      assert.is(io.answer(cid)!.status, 'Abort Requested');
      assert.is(nvme.CQEAbort.get.notAborted(admin.answer(aborts[i]!)!.result, 0), 0);
    }
    assert.is(io.answer(cids[4]!)!.status, 'Success');
    assert.ok(volume.allocated > 0);
  });

  it('asks a host for its data in as many R2Ts as that takes, whose data may come in any order', () => {
    const blocks = 2048;
    for (const r2ts of [1, 3, 16]) {
      const { target, volume } = pool(blocks);
      const { io } = connected(target, { r2ts });
      const data = Uint8Array.from({ length: blocks * BLOCK }, (_, i) => i % 251);
      io.backwards = true;
      const answer = io.ask([nvme.write(at(0, blocks))], { ...NS, data });
      assert.is(answer.status, 'Success');
      assert.is(io.mostR2ts, Math.min(r2ts, 8));
      assert.is(answer.pdus.filter((type) => type === 9).length, r2ts === 1 ? 1 : 8);
      const back = new Uint8Array(data.length);
      const read = {
        offset: 0,
        length: back.length,
        bytes: back,
        at: 0,
        fua: false,
        noHole: false,
      };
      volume.read({ ...read, done: () => {} });
      assert.equal(back, data);
    }
  });

  it('a host that falls silent loses its controller, and one that speaks keeps it', () => {
    const { target } = pool();
    const host = new TestHost(target);
    host.connect(NQN, { kato: 5000 });
    host.enable();
    const alive = (t: number) => {
      host.now = after(START, seconds(t));
      target.expire(host.now);
      assert.is(host.ask([nvme.keepAlive()]).status, 'Success');
    };
    for (let t = 4; t < 20; t += 4) alive(t);
    // The timer began with the last Keep Alive, which counts as having been heard once more when it runs out.
    assert.is(target.wakeAt(), seconds(21));
    target.expire(after(START, seconds(21)));
    assert.is(host.session.why, '');
    assert.is(target.wakeAt(), seconds(26));
    alive(24);
    target.expire(after(START, seconds(29)));
    assert.is(target.wakeAt(), seconds(34));
    target.expire(after(START, seconds(34) - ms(1)));
    assert.is(host.session.why, '');
    target.expire(after(START, seconds(34)));
    assert.is(host.session.why, 'the keep alive timer expired');
  });

  it('the admin queue takes its I/O queues with it', () => {
    const { target, subsystem } = pool();
    const { admin, io } = connected(target);
    admin.session.lost(START);
    assert.ok(io.session.ended);
    assert.is(subsystem.controllers.size, 0);
  });
});
