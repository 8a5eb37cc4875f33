// Hostile peers: whatever arrives, nothing throws, nothing outside the regions changes, other queue pairs do not
// notice, and memory stays bounded.

import * as fc from 'fast-check';
import { atomiceth, type LayerInput, opcodes, reth } from '../../../protocols/index.js';
import { postRecv, postSend } from '../../../src/rdma/index.js';
import { BackToBack, sge } from '../../support/back-to-back.js';
import { fuzz } from '../../support/fuzz.js';
import { craft } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const RIGHT = 1;
const SIGNALED = 2;
const GUARD = 0xa5;

/** A pair that nobody attacks beside one that is attacked, and memory that nobody may touch. */
function besieged() {
  const net = new BackToBack();
  const [, victim] = net.connect();
  const [a, b] = net.connect();
  const right = net.hosts[RIGHT];
  const secret = right.buffer(4096, 0x1);
  const target = right.buffer(4096);
  secret.bytes.fill(GUARD);
  for (let i = 0; i < 8; i++) {
    postRecv(right.context, victim.qp, { sgList: [sge(target, i * 64, 64)] });
  }
  return { net, victim, a, b, right, secret, target };
}

function unharmed(o: ReturnType<typeof besieged>): void {
  const { net, a, b, secret, right } = o;
  assert.ok(secret.bytes.every((x) => x === GUARD));
  const from = net.hosts[0].buffer(3000);
  const to = right.buffer(3000);
  postRecv(right.context, b.qp, { sgList: [sge(to)] });
  const wr = { opcode: 'IBV_WR_SEND', sgList: [sge(from)], sendFlags: SIGNALED } as const;
  postSend(net.hosts[0].context, a.qp, wr);
  net.run();
  assert.is(net.hosts[0].poll(a.sendCq)[0]?.status, 'IBV_WC_SUCCESS');
  assert.is(net.pool.inUse, 0);
}

/** Addresses of the secret among them, so that only the keys keep the door. */
const attack = fc.record({
  code: fc.constantFrom(...opcodes.filter((o) => o.service === 'RC').map((o) => o.name)),
  psn: fc.oneof(fc.integer({ min: 0xff8, max: 0x1008 }), fc.integer({ min: 0, max: 0xffffff })),
  key: fc.oneof(fc.constant(-1), fc.constant(-2), fc.integer({ min: 0, max: 0xffffffff })),
  shift: fc.bigInt({ min: -5000n, max: 5000n }),
  dmaLen: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 0xffffffff })),
  size: fc.integer({ min: 0, max: 1100 }),
  padCount: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
});

spec('hostile packets', (it) => {
  it('with forged keys, PSNs, lengths and opcodes reach nothing but what their key gives', () => {
    fuzz('rdma/hostile', 0.3, fc.array(attack, { maxLength: 12 }), (packets) => {
      const o = besieged();
      for (const p of packets) {
        const rkey = p.key === -1 ? o.secret.mr.rkey : p.key === -2 ? o.target.mr.rkey : p.key;
        const base = p.key === -2 ? o.target.addr : o.secret.addr;
        const va = base + p.shift;
        const { chain } = opcodes.find((x) => x.name === p.code)!;
        const inside = chain.flatMap((key): LayerInput[] =>
          key === 'reth'
            ? [reth({ va, rkey, dmaLen: p.dmaLen })]
            : key === 'atomiceth'
              ? [atomiceth({ va, rkey, swapDt: 1n, cmpDt: 0n })]
              : [new Uint8Array(4)],
        );
        const padded = p.padCount === undefined ? {} : { padCount: p.padCount };
        const body = new Uint8Array(p.size).fill(1);
        const fields = { psn: p.psn, ackReq: 1, destQp: o.victim.qp.qpn, ...padded };
        o.net.inject(RIGHT, craft(RIGHT, p.code, fields, [...inside, body]));
        o.net.run();
      }
      unharmed(o);
    });
  });

  it('of any bytes at all are dropped or kept for the stack, within a bound', () => {
    fuzz('rdma/hostile', 0.2, fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const o = besieged();
      const good = craft(RIGHT, 'RC_SEND_ONLY', { psn: 0x1000, ackReq: 1 }, [new Uint8Array(20)]);
      const spoilt = good.slice();
      for (let i = 0; i < bytes.length; i += 2) {
        const at = bytes[i]! % spoilt.length;
        spoilt[at] = bytes[i + 1] ?? 0;
      }
      for (const frame of [bytes, spoilt, good.slice(0, bytes.length % good.length)]) {
        o.net.inject(RIGHT, frame);
        o.net.run();
      }
      const { device } = o.right;
      for (let slot = device.takeOther(); slot >= 0; slot = device.takeOther())
        o.net.pool.release(slot);
      unharmed(o);
    });
  });

  it('a flood of duplicate READs and of foreign frames holds a bounded number of slots', () => {
    const o = besieged();
    const { device } = o.right;
    const read = reth({ va: o.target.addr, rkey: o.target.mr.rkey, dmaLen: 4096 });
    const destQp = o.victim.qp.qpn;
    o.net.inject(RIGHT, craft(RIGHT, 'RC_RDMA_READ_REQUEST', { psn: 0x1000, destQp }, [read]));
    o.net.run();
    for (let i = 0; i < 3000; i++) {
      o.net.inject(RIGHT, craft(RIGHT, 'RC_RDMA_READ_REQUEST', { psn: 0x1000, destQp }, [read]));
      o.net.inject(RIGHT, new Uint8Array(60));
    }
    o.net.rule = () => [];
    o.net.run();
    assert.ok(o.victim.qp.responseCount <= o.victim.qp.responses.length);
    assert.ok(o.net.pool.inUse <= 1024);
    assert.ok(device.counters.get('drop_other_queue_full') > 0);
    for (let slot = device.takeOther(); slot >= 0; slot = device.takeOther())
      o.net.pool.release(slot);
    o.net.rule = () => [1000];
    unharmed(o);
  });
});
