// A hostile peer that knows addresses, queue pair numbers and PSNs, and has a key to one region: what lies around the
// region is watched, and neither read nor written; other queue pairs work on; floods hold a bounded amount of memory.

import * as fc from 'fast-check';
import { aeth, atomiceth, feth, type LayerInput, opcodes, reth } from '../../../protocols/index.js';
import { Watch } from '../../../src/memory/index.js';
import {
  allocMw,
  allocPd,
  deregMr,
  modifyQp,
  postRecv,
  postSend,
  type QpType,
  regMr,
} from '../../../src/rdma/index.js';
import { BackToBack, sge } from '../../support/back-to-back.js';
import { fuzz } from '../../support/fuzz.js';
import { held } from '../../support/random/endless.js';
import { craft } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const LEFT = 0;
const RIGHT = 1;
const PSN = 0x1000;
const SIGNALED = 2;
const SECRET = 0xa5;
const PAGE = 4096;
const ALL = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x100 | 0x200;
/** No payload of an honest answer has so many bytes of the secret behind each other. */
const TELLTALE = Array.from({ length: 8 }, () => SECRET).join();

/** A page that the peer may reach between two that it may not, all in one piece; and a connection beside the attacked one. */
function besieged(type: QpType = 'IBV_QPT_RC') {
  const net = new BackToBack();
  const right = net.hosts[RIGHT];
  const [own, victim] = net.connect({ type });
  const [a, b] = net.connect();
  const base = right.space.allocate(3 * PAGE, { contiguous: true });
  const bytes = right.space.bytes(base, 3 * PAGE).fill(SECRET);
  bytes.fill(1, PAGE, 2 * PAGE);
  const open = regMr(right.pd, base + BigInt(PAGE), PAGE, ALL);
  const address = right.space.translate(base);
  const watches = [0, 2 * PAGE].map(
    (at) => new Watch(right.ledger, right.memory, address + at, PAGE),
  );
  return { net, right, own, victim, a, b, base, bytes, open, watches };
}
type Besieged = ReturnType<typeof besieged>;

/** Nobody touched the secret, no frame tells it, and the other connection works. */
function unharmed(o: Besieged): void {
  const { net, a, b, right } = o;
  for (const watch of o.watches) {
    assert.equal(watch.touches(), [], 'what lies around the region was touched');
    assert.is(watch.unaccounted(), 0);
  }
  for (const { bytes, from } of net.sent)
    if (from === RIGHT) assert.not(bytes.join().includes(TELLTALE), 'a frame tells the secret');
  assert.is(b.qp.state, 'RTS');
  const [source, target] = [net.hosts[LEFT].buffer(3000), right.buffer(3000)];
  source.bytes.fill(7);
  postRecv(right.context, b.qp, { sgList: [sge(target)] });
  const wr = { opcode: 'IBV_WR_SEND', sgList: [sge(source)], sendFlags: SIGNALED } as const;
  postSend(net.hosts[LEFT].context, a.qp, wr);
  net.run();
  assert.is(net.hosts[LEFT].poll(a.sendCq)[0]?.status, 'IBV_WC_SUCCESS');
  assert.ok(target.bytes.every((x) => x === 7));
  assert.is(net.pool.inUse, 0);
}

const attack = (o: Besieged, name: string, psn: number, inside: readonly LayerInput[]): void => {
  const fields = { psn, ackReq: 1, destQp: o.victim.qp.qpn };
  o.net.inject(RIGHT, craft(RIGHT, name, fields, inside));
  o.net.run();
};

/** One READ, WRITE and atomic each with that key and range, on connections of their own. */
function tries(range: (o: Besieged) => { va: bigint; rkey: number; dmaLen: number }): void {
  // An atomic is always of 8 bytes, whatever length the others ask for.
  for (const name of ['RC_RDMA_READ_REQUEST', 'RC_RDMA_WRITE_ONLY', 'RC_FETCH_ADD', 'RC_FLUSH']) {
    const o = besieged();
    const { va, rkey, dmaLen } = range(o);
    const fits = va >= o.open.addr && va + 8n <= o.open.addr + BigInt(PAGE);
    if (name === 'RC_FETCH_ADD' && fits && rkey === o.open.rkey) continue;
    const head = reth({ va, rkey, dmaLen });
    const inside: Readonly<Record<string, LayerInput[]>> = {
      RC_RDMA_READ_REQUEST: [head],
      RC_RDMA_WRITE_ONLY: [head, new Uint8Array(Math.min(dmaLen, 1024)).fill(9)],
      RC_FETCH_ADD: [atomiceth({ va, rkey, swapDt: 1n, cmpDt: 0n })],
      RC_FLUSH: [feth({ plt: 1, sel: 0 }), head],
    };
    attack(o, name, PSN, inside[name]!);
    assert.is(o.victim.qp.state, 'ERR', `${name} was taken`);
    unharmed(o);
  }
}

spec('a peer with forged keys', (it) => {
  const whole = (o: Besieged, rkey: number) => ({ va: o.open.addr, rkey, dmaLen: 8 });
  it('reaches nothing with another key byte, a neighbouring index, nothing or all ones', () => {
    for (const change of [1, -1, 255, 256, -256])
      tries((o) => whole(o, (o.open.rkey + change) >>> 0));
    for (const rkey of [0, 0xffffffff]) tries((o) => whole(o, rkey));
  });

  it('reaches nothing with keys of a local region, another domain, a deregistered region, an unbound window', () => {
    const keys: readonly ((o: Besieged) => number)[] = [
      ({ right, base }) => regMr(right.pd, base, PAGE, 1).rkey,
      ({ right, base }) => regMr(allocPd(right.context), base, PAGE, ALL).rkey,
      ({ right, base }) => {
        const mr = regMr(right.pd, base, PAGE, ALL);
        deregMr(mr);
        return mr.rkey;
      },
      ({ right }) => allocMw(right.pd, 2).rkey,
    ];
    for (const key of keys) tries((o) => ({ va: o.base, rkey: key(o), dmaLen: 8 }));
  });

  it('reaches nothing with the window of another queue pair', () => {
    tries((o) => {
      const mw = allocMw(o.right.pd, 2);
      const range = { addr: o.open.addr, length: PAGE, access: 0xe };
      const bindMw = { mw, rkey: mw.rkey + 1, mr: o.open, ...range };
      postSend(o.right.context, o.b.qp, { opcode: 'IBV_WR_BIND_MW', bindMw });
      o.net.run();
      return whole(o, mw.rkey);
    });
  });
});

spec('a peer with forged ranges', (it) => {
  it('gets no byte in front of the region, behind it, across its ends or around the end of all addresses', () => {
    const end = 2n ** 64n;
    const ranges: readonly ((start: bigint) => readonly [bigint, number])[] = [
      (start) => [start - 8n, 8],
      (start) => [start - 8n, 16],
      (start) => [start + BigInt(PAGE), 8],
      (start) => [start + BigInt(PAGE) - 4n, 8],
      (start) => [start - BigInt(PAGE), 3 * PAGE],
      (start) => [start, PAGE + 1],
      () => [end - 8n, 16],
      () => [0n, 8],
      (start) => [start, 2 ** 31],
      (start) => [start, 2 ** 32 - 1],
    ];
    for (const range of ranges) {
      tries(({ open }) => {
        const [va, dmaLen] = range(open.addr);
        return { va, rkey: open.rkey, dmaLen };
      });
    }
  });

  it('writes no more than was announced: packets behind the end of a WRITE are refused', () => {
    const o = besieged();
    const va = o.open.addr + BigInt(PAGE - 1024);
    attack(o, 'RC_RDMA_WRITE_FIRST', PSN, [
      reth({ va, rkey: o.open.rkey, dmaLen: 1024 }),
      new Uint8Array(1024).fill(9),
    ]);
    attack(o, 'RC_RDMA_WRITE_MIDDLE', PSN + 1, [new Uint8Array(1024).fill(9)]);
    attack(o, 'RC_RDMA_WRITE_LAST', PSN + 2, [new Uint8Array(1024).fill(9)]);
    assert.is(o.victim.qp.state, 'ERR');
    unharmed(o);
  });
});

/** Any packet of the service, around the right PSN or anywhere, with the right key or another. */
const anyPacket = (service: string) =>
  fc.record({
    name: fc.constantFrom(...opcodes.filter((x) => x.service === service).map((x) => x.name)),
    psn: fc.oneof(fc.integer({ min: -3, max: 12 }), fc.integer({ min: 0, max: 0xffffff })),
    key: fc.oneof(fc.constant(0), fc.integer({ min: -300, max: 300 })),
    shift: fc.integer({ min: -2 * PAGE, max: 2 * PAGE }),
    dmaLen: fc.oneof(fc.integer({ min: 0, max: 3 * PAGE }), fc.nat(0xffffffff)),
    size: fc.oneof(fc.constant(1024), fc.integer({ min: 0, max: 1100 })),
    other: fc.boolean(),
    syndrome: fc.nat(255),
  });

const bodies: Readonly<Record<string, (o: Besieged, p: Attack) => LayerInput>> = {
  reth: (o, { shift, dmaLen, key }) =>
    reth({ va: o.open.addr + BigInt(shift), rkey: (o.open.rkey + key) >>> 0, dmaLen }),
  atomiceth: (o, { shift, key }) =>
    atomiceth({
      va: o.open.addr + BigInt(shift),
      rkey: (o.open.rkey + key) >>> 0,
      swapDt: 1n,
      cmpDt: 0n,
    }),
  aeth: (_o, { syndrome, psn }) => aeth({ syndrome, msn: Math.abs(psn) }),
  feth: (_o, { syndrome }) => feth({ plt: syndrome % 16, sel: syndrome % 4 }),
};
type Attack = ReturnType<typeof anyPacket> extends fc.Arbitrary<infer T> ? T : never;

const sizes: Readonly<Record<string, number>> = { deth: 8, atomicacketh: 8 };

function fire(o: Besieged, p: Attack): void {
  const { chain } = opcodes.find((x) => x.name === p.name)!;
  const inside = chain.map((key) => bodies[key]?.(o, p) ?? new Uint8Array(sizes[key] ?? 4));
  const psn = (PSN + p.psn) & 0xffffff;
  const destQp = p.other ? o.victim.qp.qpn + 500 : o.victim.qp.qpn;
  const frame = craft(RIGHT, p.name, { psn, ackReq: 1, destQp }, [
    ...inside,
    new Uint8Array(p.size).fill(9),
  ]);
  o.net.inject(RIGHT, frame);
  o.net.run();
}

spec('a peer with any sequence of opcodes', (it) => {
  for (const [service, type] of [
    ['RC', 'IBV_QPT_RC'],
    ['UC', 'IBV_QPT_UC'],
    ['UD', 'IBV_QPT_UD'],
  ] as const) {
    it(`over ${service} touches nothing but what its key gives`, () => {
      fuzz(
        `rdma/hostile-peer:${service}`,
        0.1,
        fc.array(anyPacket(service), { maxLength: 10 }),
        (all) => {
          const o = besieged(type);
          const inbox = o.right.buffer(PAGE);
          for (let i = 0; i < 4; i++)
            postRecv(o.right.context, o.victim.qp, { sgList: [sge(inbox)] });
          for (const p of all) fire(o, p);
          unharmed(o);
        },
      );
    });
  }

  it('as a responder puts its answers into the buffer of the request and nowhere else', () => {
    fuzz(
      'rdma/hostile-peer:responder',
      0.1,
      fc.array(anyPacket('RC'), { maxLength: 10 }),
      (all) => {
        const o = besieged();
        const sgList = [{ addr: o.open.addr, length: 2500, lkey: o.open.lkey }];
        const far = o.net.hosts[LEFT].buffer(PAGE);
        const rdma = { remoteAddr: far.addr, rkey: far.mr.rkey };
        o.net.rule = () => [];
        postSend(o.right.context, o.victim.qp, { opcode: 'IBV_WR_RDMA_READ', sgList, rdma });
        o.net.run(o.net.now + 1000);
        const psn = 0xfffff0;
        for (const p of all) {
          const { chain } = opcodes.find((x) => x.name === p.name)!;
          const inside = chain.map((key) => bodies[key]?.(o, p) ?? new Uint8Array(sizes[key] ?? 4));
          const fields = { psn: (psn + p.psn) & 0xffffff, destQp: o.victim.qp.qpn };
          const body = new Uint8Array(p.size).fill(9);
          o.net.inject(RIGHT, craft(RIGHT, p.name, fields, [...inside, body]));
          o.net.run(o.net.now + 1000);
        }
        assert.ok(o.bytes.subarray(PAGE + 2500, 2 * PAGE).every((x) => x === 1));
        modifyQp(o.right.context, o.victim.qp, { qpState: 'ERR' });
        o.net.rule = () => [1000];
        unharmed(o);
      },
    );
  });
});

spec('floods', (it) => {
  const COUNT = 3000;
  /** Compiled code and the like; a frame alone is 4.6 kB. */
  const MOST_GROWTH = 2 ** 20;
  /** Packets by number; what is held must not follow their count. */
  const floods: Readonly<Record<string, (o: Besieged, i: number) => Uint8Array>> = {
    'SENDs that nobody receives': (o, i) =>
      craft(RIGHT, 'RC_SEND_ONLY', { psn: PSN, ackReq: 1, destQp: o.victim.qp.qpn }, [
        new Uint8Array(i % 64),
      ]),
    'packets out of sequence': (o, i) =>
      craft(RIGHT, 'RC_SEND_ONLY', { psn: (PSN + 1 + i) & 0xffffff, destQp: o.victim.qp.qpn }),
    'packets for queue pairs that are not there': (_o, i) =>
      craft(RIGHT, 'RC_SEND_ONLY', { psn: i, destQp: 1000 + i }),
    'acknowledgements of nothing': (o, i) =>
      craft(RIGHT, 'RC_ACKNOWLEDGE', { psn: i, destQp: o.victim.qp.qpn }, [
        aeth({ syndrome: i % 256, msn: i }),
      ]),
    'atomics, each repeated': (o, i) =>
      craft(RIGHT, 'RC_FETCH_ADD', { psn: PSN + (i >> 1), destQp: o.victim.qp.qpn }, [
        atomiceth({ va: o.open.addr, rkey: o.open.rkey, swapDt: 1n, cmpDt: 0n }),
      ]),
    'READs of everything': (o, i) =>
      craft(RIGHT, 'RC_RDMA_READ_REQUEST', { psn: PSN + 4 * (i % 3), destQp: o.victim.qp.qpn }, [
        reth({ va: o.open.addr, rkey: o.open.rkey, dmaLen: PAGE }),
      ]),
    'notifications of congestion': (o, i) =>
      craft(RIGHT, 'CNP', { psn: i, destQp: o.victim.qp.qpn }, [new Uint8Array(16)]),
  };
  for (const [what, frame] of Object.entries(floods)) {
    it(`of ${what} hold a bounded amount of memory`, () => {
      const o = besieged();
      const flood = (from: number, to: number): void => {
        for (let i = from; i < to; i++) {
          o.net.inject(RIGHT, frame(o, i));
          if (i % 50 === 0) o.net.run();
          o.net.sent.length = 0;
        }
        o.net.run();
      };
      flood(0, COUNT / 3);
      const early = held();
      flood(COUNT / 3, COUNT);
      const growth = held() - early;
      assert.ok(growth < MOST_GROWTH, `${growth} bytes more after ${(COUNT * 2) / 3} packets`);
      assert.ok(o.victim.qp.responseCount <= o.victim.qp.responses.length);
      assert.ok(o.right.device.events.length <= 1024);
      o.net.sent.length = 0;
      unharmed(o);
    });
  }
});
