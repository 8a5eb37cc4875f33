// Our host with our target: over TCP in memory, cut off at any byte, and over RDMA on every wire.

import { nvme } from '../../../../protocols/index.js';
import { chances } from '../../../../src/fabric/index.js';
import { MemoryVolume } from '../../../../src/storage/index.js';
import {
  type Command,
  commands,
  RdmaHostQueue,
  TcpHostQueue,
} from '../../../../src/storage/nvmeof/host/index.js';
import {
  NvmeTarget,
  newServed,
  rdmaServer,
  TcpSession,
} from '../../../../src/storage/nvmeof/index.js';
import { Random, START, seconds } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { titleOf, type Wiring, worldOf } from '../../host/pair.js';
import { PORT } from './test-host.js';

const NQN = 'nqn.2026-11.org.example:pool';
const HOST = { subnqn: NQN, hostnqn: 'nqn.2026-11.org.example:host', hostid: new Uint8Array(16) };
const BLOCK = 512;
const BLOCKS = 512;

function pool() {
  const target = new NvmeTarget();
  const subsystem = target.addSubsystem(START, { nqn: NQN });
  const volume = new MemoryVolume(BLOCKS * BLOCK);
  subsystem.addNamespace(START, { nsid: 1, volume, uuid: new Uint8Array(16).fill(1) });
  return { target, subsystem, volume };
}

/** A queue and the session at its other end; what passes between them may end after so many bytes. */
class Line {
  readonly session: TcpSession;
  readonly queue: TcpHostQueue;
  left = Number.POSITIVE_INFINITY;
  #cid = 0;

  constructor(target: NvmeTarget, qid: number, digests = { header: false, data: false }) {
    this.session = new TcpSession({ target, port: PORT });
    const inlineBytes = qid === 0 ? 0 : 8192;
    this.queue = new TcpHostQueue({ qid, entries: qid === 0 ? 32 : 64, digests, inlineBytes });
  }

  next(): number {
    return this.#cid++;
  }

  run(): void {
    const { queue, session } = this;
    for (let moved = true; moved && this.left > 0; ) {
      moved = false;
      for (let bytes = queue.take(); bytes; bytes = queue.take()) {
        session.receive(START, bytes, 0, this.#cut(bytes));
        moved = true;
      }
      for (let bytes = session.take(); bytes; bytes = session.take()) {
        queue.receive(bytes, 0, this.#cut(bytes));
        moved = true;
      }
    }
    if (this.left > 0) return;
    session.lost(START);
    queue.lost('the wire was cut');
  }

  #cut(bytes: Uint8Array): number {
    const size = Math.min(bytes.length, Math.max(this.left, 0));
    this.left -= size;
    return size;
  }

  do(command: Command): Command {
    this.queue.submit(command);
    this.run();
    return command;
  }
}

/** Admin and I/O queue, ready. */
function attach(target: NvmeTarget, digests?: { header: boolean; data: boolean }) {
  const admin = new Line(target, 0, digests);
  const connected = admin.do(commands.connect(0, { ...HOST, qid: 0, entries: 32 }));
  const cntlid = nvme.CQEConnect.get.cntlid(connected.result, 0);
  assert.ok(admin.do(commands.enable(1)).succeeded);
  const io = new Line(target, 1, digests);
  assert.ok(io.do(commands.connect(0, { ...HOST, qid: 1, entries: 64, cntlid })).succeeded);
  return { admin, io };
}

const wirings: readonly Wiring[] = [
  { kind: 'switched', wire: 'RoCE v2' },
  { kind: 'switched', wire: 'RoCE v1' },
  { kind: 'infiniband', wire: 'IB' },
  { kind: 'switched', wire: 'iWARP' },
];

/** A host that writes all over the volume by RDMA, reads it back, and leaves; what went wrong. */
function rdmaLife(wiring: Wiring): { failure: string; served: number; same: boolean } {
  const world = worldOf(wiring);
  const [left, right] = world.hosts;
  const { target, volume, subsystem } = pool();
  const served = newServed();
  right!.spawn('target', rdmaServer(right!, { target, address: '10.0.0.2' }, served));
  const out = { failure: '', served: 0, same: false };
  let ended = false;
  left!.spawn('host', function* (thread) {
    const at = { target: world.ip(1), port: 4420, dataBytes: 1 << 17, inlineBytes: 4096 };
    const admin = new RdmaHostQueue(left!, thread, { ...at, qid: 0, entries: 32 });
    const io = new RdmaHostQueue(left!, thread, { ...at, qid: 1, entries: 16 });
    function* ask(queue: RdmaHostQueue, command: Command) {
      yield* queue.submit(command);
      yield* queue.until(() => command.ending !== 'open');
      return command;
    }
    out.failure = yield* admin.connect();
    if (out.failure !== '') return;
    const made = yield* ask(admin, commands.connect(0, { ...HOST, qid: 0, entries: 32 }));
    const cntlid = nvme.CQEConnect.get.cntlid(made.result, 0);
    yield* ask(admin, commands.enable(1));
    const identified = yield* ask(admin, commands.identify(2, 1));
    out.same = nvme.IdentifyController.get.cntlid(identified.data, 0) === cntlid;
    out.failure = yield* io.connect();
    if (out.failure !== '') return;
    yield* ask(io, commands.connect(0, { ...HOST, qid: 1, entries: 16, cntlid }));
    const model = new Uint8Array(BLOCKS * BLOCK);
    const random = new Random(9, 'rdma');
    const writes: Command[] = [];
    for (let cid = 1, slba = 0; slba < BLOCKS; cid++) {
      const count = Math.min(BLOCKS - slba, 1 + random.below(120));
      const data = Uint8Array.from({ length: count * BLOCK }, () => random.below(256));
      model.set(data, slba * BLOCK);
      yield* io.until(() => !io.isFull);
      writes.push(commands.write(cid, 1, slba, count, data));
      yield* io.submit(writes.at(-1)!);
      slba += count;
    }
    yield* io.until(() => io.open === 0);
    for (let slba = 0; slba < BLOCKS; slba += 128) {
      const data = new Uint8Array(128 * BLOCK);
      const command = yield* ask(io, commands.read(100 + slba, 1, slba, 128, data));
      const part = model.subarray(slba * BLOCK, (slba + 128) * BLOCK);
      out.same &&= command.succeeded && Buffer.compare(data, part) === 0;
    }
    out.same &&= writes.every(({ succeeded }) => succeeded);
    out.failure = io.why || admin.why;
    yield* io.close();
    yield* admin.close();
    ended = true;
  });
  for (const station of world.stations) world.sim.settle(station);
  world.sim.run(
    seconds(60),
    () => (!ended || subsystem.controllers.size > 0) && out.failure === '',
  );
  assert.is(volume.size, BLOCKS * BLOCK);
  assert.is(subsystem.controllers.size, 0);
  out.served = served.connections;
  return out;
}

spec('NVMe over Fabrics: the host', (it) => {
  for (const header of [false, true])
    for (const data of [false, true])
      it(`over TCP data comes back; digests: ${header ? 'header' : ''} ${data ? 'data' : ''}`, () => {
        const { target } = pool();
        const { io, admin } = attach(target, { header, data });
        const bytes = Uint8Array.from({ length: 100 * BLOCK }, (_, i) => i % 251);
        for (const count of [1, 16, 100]) {
          const part = bytes.subarray(0, count * BLOCK);
          assert.ok(io.do(commands.write(io.next(), 1, 7, count, part)).succeeded);
          const back = new Uint8Array(part.length);
          assert.ok(io.do(commands.read(io.next(), 1, 7, count, back)).succeeded);
          assert.equal(back, part);
        }
        assert.ok(io.do(commands.deallocate(io.next(), 1, 7, 50)).succeeded);
        assert.ok(io.do(commands.flush(io.next(), 1)).succeeded);
        assert.is(io.do(commands.read(io.next(), 1, BLOCKS, 1, new Uint8Array(BLOCK))).sc, 0x80);
        assert.ok(admin.do(commands.shutDown(2)).succeeded);
        const status = admin.do(commands.getStatus(3));
        assert.is(nvme.CSTS.get.shst(status.result, 0), 2);
      });

  it('a wire that is cut anywhere loses no write that was acknowledged, and says what it does not know', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed, 'cut');
      const { target } = pool();
      let { io, admin } = attach(target);
      /** What each block may hold: the last acknowledged, and what was under way since. */
      const may = Array.from({ length: BLOCKS }, () => new Set([0]));
      let cuts = 0;
      io.left = random.below(60_000);
      for (let n = 0; n < 40; n++) {
        const count = 1 + random.below(40);
        const slba = random.below(BLOCKS - count);
        const value = 1 + random.below(255);
        const data = new Uint8Array(count * BLOCK).fill(value);
        const { ending, succeeded } = io.do(commands.write(io.next(), 1, slba, count, data));
        for (let b = slba; b < slba + count; b++)
          if (succeeded) may[b] = new Set([value]);
          else may[b]!.add(value);
        if (ending !== 'lost') continue;
        cuts++;
        admin.session.lost(START);
        ({ io, admin } = attach(target));
        io.left = random.below(60_000);
      }
      io.left = Number.POSITIVE_INFINITY;
      assert.ok(cuts > 0, `seed ${seed}`);
      const back = new Uint8Array(BLOCKS * BLOCK);
      if (io.session.ended) ({ io, admin } = attach(target));
      assert.ok(io.do(commands.read(4000, 1, 0, BLOCKS, back)).succeeded);
      for (let b = 0; b < BLOCKS; b++)
        assert.ok(may[b]!.has(back[b * BLOCK]!), `seed ${seed}, ${b}`);
    }
  });

  for (const wiring of wirings)
    it(`over RDMA data comes back, and everybody leaves: ${titleOf(wiring)}`, () => {
      assert.equal(rdmaLife(wiring), { failure: '', served: 2, same: true });
    });

  it('over RDMA through loss', () => {
    const impairment = (sim: { random: Random }) =>
      chances({ loss: 0.01 }, sim.random.fork('loss'));
    const wiring = { kind: 'switched', wire: 'RoCE v2', impairment } as const;
    assert.equal(rdmaLife(wiring), { failure: '', served: 2, same: true });
  });
});
