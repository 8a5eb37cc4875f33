// The responder's rules (docs/rdma-rules.md, 5.4 and traps), one sentence each, with
// packets made by hand.

import { atomiceth, feth, reth } from '../../../protocols/index.js';
import { postRecv } from '../../../src/rdma/index.js';
import { BackToBack, type End, sge } from '../../support/back-to-back.js';
import { ack, craft, eventsOf, names, said } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const RIGHT = 1;
/** What the responder expects first. */
const PSN = 0x1000;
const NAK_SEQUENCE = 0x60;
const NAK_INVALID = 0x61;
const NAK_ACCESS = 0x62;
const NAK_OPERATIONAL = 0x63;

function open(receives = 0): {
  net: BackToBack;
  end: End;
  target: ReturnType<BackToBack['hosts'][0]['buffer']>;
} {
  const net = new BackToBack();
  const [, end] = net.connect();
  const target = net.hosts[RIGHT].buffer(8192);
  for (let i = 0; i < receives; i++) {
    postRecv(net.hosts[RIGHT].context, end.qp, { wrId: i, sgList: [sge(target, i * 2048, 2048)] });
  }
  return { net, end, target };
}

type Net = ReturnType<typeof open>;

/** Sends a packet to the responder, and gives what it said to it. */
function tell({ net }: Net, name: string, psn: number, ...inside: Parameters<typeof craft>[3][]) {
  const before = net.sent.length;
  net.inject(RIGHT, craft(RIGHT, name, { psn, ackReq: 1 }, inside[0] ?? []));
  net.run();
  return said(net, RIGHT, before);
}

const bytes = (n: number, value = 0x5a) => new Uint8Array(n).fill(value);

spec('the responder', (it) => {
  it('rule 5.4.1, trap 12: refuses a FIRST packet shorter than the path MTU with NAK 0x61, and is in error', () => {
    const o = open(1);
    const [answer] = tell(o, 'RC_SEND_FIRST', PSN, [bytes(512)]);
    assert.is(answer?.syndrome, NAK_INVALID);
    assert.is(o.end.qp.state, 'ERR');
    assert.ok(eventsOf(o.net, RIGHT).includes('IBV_EVENT_QP_REQ_ERR'));
  });

  it('rule 5.4.1, trap 12: refuses an empty LAST packet', () => {
    const o = open(1);
    assert.equal(tell(o, 'RC_SEND_FIRST', PSN, [bytes(1024)])[0]?.syndrome, 0x1f);
    assert.is(tell(o, 'RC_SEND_LAST', PSN + 1)[0]?.syndrome, NAK_INVALID);
  });

  it('rule 5.4.3: refuses a wrong key, a range outside and a missing right with NAK 0x62', () => {
    const wrong: ((o: Net) => Parameters<typeof reth>[0])[] = [
      ({ target }) => ({ va: target.addr, rkey: target.mr.rkey + 1, dmaLen: 8 }),
      ({ target }) => ({ va: target.addr - 1n, rkey: target.mr.rkey, dmaLen: 8 }),
      ({ target }) => ({ va: target.addr + 8185n, rkey: target.mr.rkey, dmaLen: 8 }),
      ({ target }) => ({ va: 2n ** 64n - 4n, rkey: target.mr.rkey, dmaLen: 8 }),
      ({ net }) => {
        const readOnly = net.hosts[RIGHT].buffer(64, 0x4);
        return { va: readOnly.addr, rkey: readOnly.mr.rkey, dmaLen: 8 };
      },
    ];
    for (const fields of wrong) {
      const o = open();
      const [answer] = tell(o, 'RC_RDMA_WRITE_ONLY', PSN, [reth(fields(o)!), bytes(8)]);
      assert.is(answer?.syndrome, NAK_ACCESS);
      assert.is(o.end.qp.state, 'ERR');
      assert.ok(o.target.bytes.every((b) => b === 0));
      assert.ok(eventsOf(o.net, RIGHT).includes('IBV_EVENT_QP_ACCESS_ERR'));
    }
  });

  it('rule 5.4.4: looks at no key of a WRITE or READ of zero bytes', () => {
    const o = open();
    const nothing = reth({ va: 0n, rkey: 0, dmaLen: 0 });
    assert.is(tell(o, 'RC_RDMA_WRITE_ONLY', PSN, [nothing])[0]?.syndrome, 0x1f);
    const [answer] = tell(o, 'RC_RDMA_READ_REQUEST', PSN + 1, [nothing]);
    assert.is(answer?.name, 'RC_RDMA_READ_RESPONSE_ONLY');
    assert.is(answer?.psn, PSN + 1);
  });

  it('rule 5.4.5: refuses a WRITE that brings more or less than its RETH announced with NAK 0x61', () => {
    for (const dmaLen of [1500, 1600]) {
      const o = open();
      const head = reth({ va: o.target.addr, rkey: o.target.mr.rkey, dmaLen });
      tell(o, 'RC_RDMA_WRITE_FIRST', PSN, [head, bytes(1024)]);
      assert.is(tell(o, 'RC_RDMA_WRITE_LAST', PSN + 1, [bytes(512)])[0]?.syndrome, NAK_INVALID);
    }
    const o = open();
    const huge = reth({ va: o.target.addr, rkey: o.target.mr.rkey, dmaLen: 2 ** 31 + 1 });
    assert.is(tell(o, 'RC_RDMA_READ_REQUEST', PSN, [huge])[0]?.syndrome, NAK_INVALID);
  });

  it('rule 5.4.6, trap 15: sends exactly one NAK 0x60 a gap, with the expected PSN, then is silent', () => {
    const o = open(8);
    const [nak] = tell(o, 'RC_SEND_ONLY', PSN + 1, [bytes(4)]);
    assert.is(nak?.syndrome, NAK_SEQUENCE);
    assert.is(nak?.psn, PSN);
    assert.equal(tell(o, 'RC_SEND_ONLY', PSN + 2, [bytes(4)]), []);
    assert.equal(tell(o, 'RC_SEND_ONLY', PSN + 3, [bytes(4)]), []);
    assert.is(o.net.hosts[RIGHT].device.counters.get('out_of_seq_request'), 1);
    assert.is(tell(o, 'RC_SEND_ONLY', PSN, [bytes(4)])[0]?.syndrome, 0x1f);
    assert.is(tell(o, 'RC_SEND_ONLY', PSN + 2, [bytes(4)])[0]?.syndrome, NAK_SEQUENCE);
  });

  it('rule 5.4.12, trap 19: counts completed messages in MSN, from 1 with the first acknowledgement', () => {
    const o = open(2);
    assert.is(tell(o, 'RC_SEND_FIRST', PSN, [bytes(1024)])[0]?.msn, 0);
    assert.is(tell(o, 'RC_SEND_LAST', PSN + 1, [bytes(4)])[0]?.msn, 1);
    assert.is(tell(o, 'RC_SEND_ONLY', PSN + 2, [bytes(4)])[0]?.msn, 2);
  });

  it('trap 9: goes on across the end of the 24-bit circle', () => {
    const net = new BackToBack();
    const [a, b] = net.connect({ attr: { sqPsn: 0xffffff } }, { attr: { rqPsn: 0xffffff } });
    const buffer = net.hosts[RIGHT].buffer(4096);
    postRecv(net.hosts[RIGHT].context, b.qp, [
      { sgList: [sge(buffer)] },
      { sgList: [sge(buffer)] },
    ]);
    const o = { net, end: b, target: buffer };
    assert.is(tell(o, 'RC_SEND_ONLY', 0xffffff, [bytes(4)])[0]?.psn, 0xffffff);
    assert.is(tell(o, 'RC_SEND_ONLY', 0, [bytes(4)])[0]?.syndrome, 0x1f);
    assert.is(a.qp.state, 'RTS');
  });

  it('rule 5.4.7, trap 11: answers a READ with the PSNs from its request on, and the next request follows them', () => {
    const o = open();
    const read = reth({ va: o.target.addr, rkey: o.target.mr.rkey, dmaLen: 3000 });
    const answers = tell(o, 'RC_RDMA_READ_REQUEST', PSN, [read]);
    assert.equal(
      answers.map((s) => s.psn - PSN),
      [0, 1, 2],
    );
    assert.is(o.end.qp.expectedPsn, PSN + 3);
  });

  it('trap 13: AETH stands in the FIRST and LAST READ RESPONSE, not in MIDDLE (1086, 1082, 1018 bytes)', () => {
    const o = open();
    const read = reth({ va: o.target.addr, rkey: o.target.mr.rkey, dmaLen: 3000 + 4 });
    const answers = tell(o, 'RC_RDMA_READ_REQUEST', PSN, [read]);
    assert.equal(
      answers.map((s) => [s.name.slice(22), s.syndrome >= 0, s.size]),
      [
        ['FIRST', true, 1086],
        ['MIDDLE', false, 1082],
        ['LAST', true, 1018],
      ],
    );
  });

  it('trap 14: answers FLUSH and ATOMIC WRITE with an empty READ RESPONSE ONLY', () => {
    const o = open();
    const { addr: va, mr } = o.target;
    const head = (dmaLen: number) => reth({ va, rkey: mr.rkey, dmaLen });
    const [flushed] = tell(o, 'RC_FLUSH', PSN, [feth({ plt: 1, sel: 0 }), head(64)]);
    assert.is(flushed?.name, 'RC_RDMA_READ_RESPONSE_ONLY');
    const [stored] = tell(o, 'RC_ATOMIC_WRITE', PSN + 1, [head(8), bytes(8, 7)]);
    assert.is(stored?.name, 'RC_RDMA_READ_RESPONSE_ONLY');
    assert.is(stored?.size, 62);
    assert.equal(o.target.bytes.slice(0, 9), Uint8Array.of(7, 7, 7, 7, 7, 7, 7, 7, 0));
  });

  it('trap 16: replays a duplicate atomic from what it saved, and carries out a duplicate READ again', () => {
    const o = open();
    const { addr: va, mr, bytes: memory } = o.target;
    memory[0] = 5;
    const add = atomiceth({ va, rkey: mr.rkey, swapDt: 3n, cmpDt: 0n });
    for (let i = 0; i < 3; i++) {
      const [answer] = tell(o, 'RC_FETCH_ADD', PSN, [add]);
      assert.is(answer?.name, 'RC_ATOMIC_ACKNOWLEDGE');
      const was = answer?.frame.layers.find((l) => l.key === 'atomicacketh')?.get('origRemDt');
      assert.is(was, 5n);
    }
    assert.is(memory[0], 8);
    const read = reth({ va, rkey: mr.rkey, dmaLen: 2000 });
    assert.is(tell(o, 'RC_RDMA_READ_REQUEST', PSN + 1, [read]).length, 2);
    memory[0] = 77;
    const again = tell(o, 'RC_RDMA_READ_REQUEST', PSN + 1, [read]);
    assert.is(again.length, 2);
    assert.is(o.end.qp.expectedPsn, PSN + 3);
    const second = reth({ va: va + 1024n, rkey: mr.rkey, dmaLen: 976 });
    const rest = tell(o, 'RC_RDMA_READ_REQUEST', PSN + 2, [second]);
    assert.equal(
      rest.map((s) => [s.name, s.psn]),
      [['RC_RDMA_READ_RESPONSE_ONLY', PSN + 2]],
    );
  });

  it('acknowledges a duplicate SEND again and delivers it once', () => {
    const o = open(3);
    tell(o, 'RC_SEND_ONLY', PSN, [bytes(4)]);
    const [again] = tell(o, 'RC_SEND_ONLY', PSN, [bytes(4)]);
    assert.is(again?.psn, PSN);
    assert.is(again?.msn, 1);
    assert.is(o.net.hosts[RIGHT].poll(o.end.recvCq).length, 1);
    assert.is(o.net.hosts[RIGHT].device.counters.get('duplicate_request'), 1);
  });

  it('rule 5.4.10, trap 17: asks a sender to wait when nothing is posted, by the code that was set', () => {
    const o = open();
    const [rnr] = tell(o, 'RC_SEND_ONLY', PSN, [bytes(4)]);
    assert.is(rnr?.syndrome, 0x21);
    assert.is(rnr?.psn, PSN);
    assert.equal(
      tell(o, 'RC_SEND_ONLY', PSN + 1, [bytes(4)]),
      [],
      'no NAK of the sequence meanwhile',
    );
    postRecv(o.net.hosts[RIGHT].context, o.end.qp, { sgList: [sge(o.target)] });
    assert.is(tell(o, 'RC_SEND_ONLY', PSN, [bytes(4)])[0]?.syndrome, 0x1f);
  });

  it('rule 5.4.8, trap 18: acknowledges what asks for it, and nothing else', () => {
    const o = open(2);
    const { net } = o;
    net.inject(RIGHT, craft(RIGHT, 'RC_SEND_ONLY', { psn: PSN, ackReq: 0 }, [bytes(4)]));
    net.run();
    assert.equal(names(net, RIGHT), []);
    assert.is(tell(o, 'RC_SEND_ONLY', PSN + 1, [bytes(4)])[0]?.psn, PSN + 1);
  });

  it('trap 20: takes either value of MigReq', () => {
    const o = open(2);
    for (const migReq of [0, 1]) {
      o.net.inject(RIGHT, craft(RIGHT, 'RC_SEND_ONLY', { psn: PSN + migReq, migReq }, [bytes(4)]));
    }
    o.net.run();
    assert.is(o.net.hosts[RIGHT].poll(o.end.recvCq).length, 2);
  });

  it('rule 5.1.4, trap 4: finds the ICRC of a short frame that the wire padded to 60 bytes', () => {
    const o = open(1);
    const frame = craft(RIGHT, 'RC_SEND_ONLY', { psn: PSN, ackReq: 1 });
    assert.is(frame.length, 58);
    const padded = new Uint8Array(60).fill(0xee);
    padded.set(frame);
    o.net.inject(RIGHT, padded);
    o.net.run();
    assert.is(said(o.net, RIGHT)[0]?.syndrome, 0x1f);
  });

  it('refuses an opcode that cannot follow the one before with NAK 0x61', () => {
    const o = open(2);
    tell(o, 'RC_SEND_FIRST', PSN, [bytes(1024)]);
    assert.is(tell(o, 'RC_SEND_ONLY', PSN + 1, [bytes(4)])[0]?.syndrome, NAK_INVALID);
    const [taken] = o.net.hosts[RIGHT].poll(o.end.recvCq);
    assert.is(taken?.status, 'IBV_WC_WR_FLUSH_ERR');
    const p = open();
    assert.is(tell(p, 'RC_RDMA_WRITE_MIDDLE', PSN, [bytes(1024)])[0]?.syndrome, NAK_INVALID);
  });

  it('refuses an atomic at an odd address with NAK 0x61', () => {
    const o = open();
    const odd = atomiceth({
      va: o.target.addr + 4n,
      rkey: o.target.mr.rkey,
      swapDt: 1n,
      cmpDt: 0n,
    });
    assert.is(tell(o, 'RC_FETCH_ADD', PSN, [odd])[0]?.syndrome, NAK_INVALID);
  });

  it('reports a message that is longer than its buffer to both sides', () => {
    const o = open(1);
    tell(o, 'RC_SEND_FIRST', PSN, [bytes(1024)]);
    tell(o, 'RC_SEND_MIDDLE', PSN + 1, [bytes(1024)]);
    assert.is(tell(o, 'RC_SEND_LAST', PSN + 2, [bytes(1)])[0]?.syndrome, NAK_INVALID);
    const [wc] = o.net.hosts[RIGHT].poll(o.end.recvCq);
    assert.is(wc?.status, 'IBV_WC_LOC_LEN_ERR');
  });

  it('answers a fault of its own buffer with NAK 0x63', () => {
    const o = open();
    const { context } = o.net.hosts[RIGHT];
    postRecv(context, o.end.qp, { sgList: [{ addr: o.target.addr, length: 64, lkey: 0xbad00 }] });
    assert.is(tell(o, 'RC_SEND_ONLY', PSN, [bytes(4)])[0]?.syndrome, NAK_OPERATIONAL);
    const [wc] = o.net.hosts[RIGHT].poll(o.end.recvCq);
    assert.is(wc?.status, 'IBV_WC_LOC_PROT_ERR');
  });

  it('rule 5.3.7: drops what fails the checks of 5.3 without an answer, each by its name', () => {
    const o = open(4);
    const { device } = o.net.hosts[RIGHT];
    const good = { psn: PSN, ackReq: 1 };
    const make = (name: string, fields: object, ip = {}) =>
      craft(RIGHT, name, { ...good, ...fields }, [bytes(4)], ip);
    const flipped = make('RC_SEND_ONLY', {});
    flipped[flipped.length - 6]! ^= 1;
    const cases: [string, Uint8Array][] = [
      ['drop_wrong_address', make('RC_SEND_ONLY', {}, { dst: '10.0.0.9' })],
      ['drop_wrong_peer', make('RC_SEND_ONLY', {}, { src: '10.0.0.9' })],
      ['drop_bad_version', make('RC_SEND_ONLY', { tver: 1 })],
      ['drop_no_queue_pair', make('RC_SEND_ONLY', { destQp: 0x77 })],
      ['drop_wrong_service', make('UC_SEND_ONLY', {})],
      ['bad_pkey_cntr', make('RC_SEND_ONLY', { pkey: 0x1234 })],
      ['rx_icrc_encapsulated', flipped],
      ['drop_ghost_response', ack(RIGHT, 5, 0x1f)],
    ];
    for (const [counter, frame] of cases) {
      o.net.inject(RIGHT, frame);
      o.net.run();
      assert.is(device.counters.get(counter), 1, counter);
    }
    assert.equal(names(o.net, RIGHT), []);
    assert.is(o.end.qp.expectedPsn, PSN);
  });
});
