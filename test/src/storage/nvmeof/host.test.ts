// Our target with a plain host over TCP, in memory, cut off at any byte.

import { nvme } from '../../../../protocols/index.js';
import { MemoryVolume } from '../../../../src/storage/index.js';
import { NvmeTarget, TcpSession } from '../../../../src/storage/nvmeof/index.js';
import { Random, START } from '../../../../src/time/index.js';
import { type Command, commands, TcpHostQueue } from '../../../support/plain-nvme/index.js';
import { assert, spec } from '../../../support/spec.js';
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

spec('NVMe/TCP: the target and a plain host', (it) => {
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
});
