// Mirrors src/rdma/read-repeat.ts: responses of READs that are lost, and what is asked for again.

import { check, dissect } from '../../../protocols/index.js';
import {
  type DeviceProfile,
  hcaProfile,
  postSend,
  type SendWr,
  type WcStatus,
} from '../../../src/rdma/index.js';
import { Random } from '../../../src/time/index.js';
import { BackToBack, sge } from '../../support/back-to-back.js';
import { assert, spec } from '../../support/spec.js';

const MTU = 1024;
const FIRST = 0x1000;
const DELAY = 1000;
const selective: DeviceProfile = { ...hcaProfile, selectiveRepeat: 128 };

type Work = readonly ['read' | 'write' | 'add', packets: number];

/** Requests of one end, in this order; the wire loses the `lost`-th frames of the other end, counted from 1. */
function run(works: readonly Work[], lost: (count: number) => boolean, profile = selective) {
  const world = new BackToBack({ profile });
  const [a] = world.connect();
  const total = works.reduce((sum, [, packets]) => sum + packets, 0) * MTU;
  const own = world.hosts[0].buffer(total);
  const far = world.hosts[1].buffer(total);
  for (let i = 0; i < total; i++) far.bytes[i] = (i * 7 + (i >> 8)) % 251;
  for (let i = 0; i < total; i++) own.bytes[i] = (i * 3 + (i >> 9)) % 241;
  const [before, there] = [own.bytes.slice(), far.bytes.slice()];
  let count = 0;
  world.rule = (_frame, from) => (from === 1 && lost(++count) ? [] : [DELAY]);
  let at = 0;
  for (const [what, packets] of works) {
    const length = what === 'add' ? 8 : packets * MTU;
    const remote = { remoteAddr: far.addr + BigInt(at), rkey: far.mr.rkey };
    const list = { sgList: [sge(own, at, length)], sendFlags: 2 };
    const requests: Readonly<Record<Work[0], SendWr>> = {
      read: { ...list, opcode: 'IBV_WR_RDMA_READ', rdma: remote },
      write: { ...list, opcode: 'IBV_WR_RDMA_WRITE', rdma: remote },
      add: {
        ...list,
        opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD',
        atomic: { ...remote, compareAdd: 1n },
      },
    };
    postSend(world.hosts[0].context, a.qp, requests[what]);
    at += packets * MTU;
  }
  world.run();
  const statuses: WcStatus[] = world.hosts[0].poll(a.sendCq).map(({ status }) => status);
  assert.equal(
    statuses,
    works.map(() => 'IBV_WC_SUCCESS'),
  );
  at = 0;
  for (const [what, packets] of works) {
    const end = at + packets * MTU;
    if (what === 'read') assert.equal(own.bytes.subarray(at, end), there.subarray(at, end));
    if (what === 'write') assert.equal(far.bytes.subarray(at, end), before.subarray(at, end));
    if (what === 'add') {
      assert.equal(own.bytes.subarray(at, at + 8), there.subarray(at, at + 8), 'what was there');
      const value = (bytes: Uint8Array) =>
        new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at, true);
      assert.is(value(far.bytes), value(there) + 1n, 'once');
    }
    at = end;
  }
  assert.is(world.pool.inUse, 0);
  const frames = world.sent.map(({ from, bytes }) => ({ from, scene: dissect(bytes) }));
  for (const { scene } of frames) assert.equal(check(scene).findings, []);
  const asked = frames.flatMap(({ from, scene }) => {
    const reth = scene.layers.find(({ key }) => key === 'reth')?.fields();
    const { psn } = scene.layers.find(({ key }) => key === 'bth')!.fields();
    return from === 0 && reth ? [[Number(psn) - FIRST, Number(reth.dmaLen) / MTU] as const] : [];
  });
  return { asked, answers: frames.filter(({ from }) => from === 1).length };
}

const among =
  (...lost: number[]) =>
  (count: number) =>
    lost.includes(count);

spec('selective repeat of READ responses', (it) => {
  it('asks again for what is missing, side by side in one request, and for nothing else', () => {
    const { asked, answers } = run([['read', 32]], among(5, 9, 10, 11, 20));
    assert.equal(asked, [
      [0, 32],
      [4, 1],
      [8, 3],
      [19, 1],
    ]);
    assert.is(answers, 32 + 5);
  });

  it('without it, all from the first missing on is asked for again', () => {
    const { asked, answers } = run([['read', 32]], among(5), hcaProfile);
    assert.equal(asked, [
      [0, 32],
      [4, 28],
    ]);
    assert.is(answers, 32 + 28);
  });

  it('keeps answers to later READs, and what lies between them was done', () => {
    const works = [
      ['read', 4],
      ['write', 2],
      ['read', 4],
      ['read', 1],
    ] as const;
    const { asked } = run(works, among(2));
    assert.equal(asked.slice(4), [[1, 1]]);
  });

  it('finds by its timer what is lost again, and what is lost at the end', () => {
    const { asked } = run([['read', 8]], among(3, 9));
    assert.equal(asked.slice(0, 2), [
      [0, 8],
      [2, 1],
    ]);
    assert.equal(run([['read', 8]], among(8)).asked, [
      [0, 8],
      [7, 1],
    ]);
  });

  it('repairs any loss, and memory is right', () => {
    const random = new Random(23);
    for (let round = 0; round < 60; round++) {
      const works = Array.from({ length: 1 + random.below(8) }, (): Work => {
        const what = (['read', 'read', 'write', 'add'] as const)[random.below(4)]!;
        return [what, what === 'add' ? 1 : 1 + random.below(30)];
      });
      run(works, () => random.chance(0.12));
    }
  });
});
