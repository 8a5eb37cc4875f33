// Headers that passed all checks once: what passes with them, against finding and checking them anew.

import { KnownHeaders } from '../../../src/rdma/known-header.js';
import { Packet } from '../../../src/rdma/packet.js';
import { stateAllows } from '../../../src/rdma/qp-states.js';
import type { QueuePair } from '../../../src/rdma/queue-pair.js';
import { BTH, RepeatedPacket } from '../../../src/rdma/wire.js';
import { paths } from '../../support/paths.js';
import { assert, spec } from '../../support/spec.js';

const MIDDLE = 7;
const SIZE = 1024;
const AT = 64;
const DEST = 0x123456;
const gids = [] as const;

const stranger = (): QueuePair =>
  ({
    datagram: false,
    destroyed: false,
    allows: stateAllows.RTS,
    path: {},
    pkeyIndex: 0,
  }) as unknown as QueuePair;

/** A port that has taken two packets of one message. */
function port(carrier: keyof ReturnType<typeof paths>) {
  const { template } = paths()[carrier];
  const alike = new RepeatedPacket();
  const bytes = new Uint8Array(2048);
  const words = new Uint32Array(bytes.buffer);
  const known = new KnownHeaders();
  const qp = stranger();
  const pkt = new Packet();
  let length = 0;
  const frame = (psn: number, ackReq = 0) => {
    alike.be(template, MIDDLE, 0xffff, DEST, SIZE);
    const body = AT + alike.open(words, AT / 4);
    for (let i = 0; i < SIZE; i++) bytes[body + i] = psn + i;
    length = alike.close(bytes, AT, psn, ackReq) - AT;
  };
  const slow = () => {
    assert.is(pkt.find(bytes, AT, AT + length, template.native), '');
    assert.is(pkt.read(), '');
    assert.ok(pkt.icrcIsRight());
  };
  const at = () => known.at(bytes, AT);
  const matches = (more = 0) => at().matches(words, bytes, AT, length + more, gids);
  const right = () => at().icrcIsRight();
  for (const psn of [5, 6]) {
    frame(psn);
    assert.not(matches());
    slow();
    known.passed(pkt, qp, gids);
  }
  return { template, bytes, qp, pkt, frame, slow, matches, right, quick: () => at().packet };
}

/** What there is to know of a packet; `bytes` is the same array. */
const facts = ({ bytes, ...rest }: Packet) => ({ ...rest, bytes: bytes.length });

spec('headers that are known', (it) => {
  for (const carrier of Object.keys(paths()) as (keyof ReturnType<typeof paths>)[]) {
    it(`tell of the next packet what finding them anew tells: ${carrier}`, () => {
      const { bytes, pkt, frame, slow, matches, right, quick } = port(carrier);
      frame(0xfffffe, 1);
      const before = bytes.slice();
      assert.ok(matches());
      assert.ok(right());
      assert.equal([...bytes], [...before]);
      slow();
      assert.equal(facts(quick()), facts(pkt));
      bytes[pkt.payloadAt + 100]! ^= 4;
      assert.ok(matches());
      assert.not(right());
    });

    it(`are not those of a packet of which any other bit differs: ${carrier}`, () => {
      const { template, bytes, frame, matches, right } = port(carrier);
      frame(7);
      const may = new Uint8Array(BTH.size);
      BTH.set.psn(may, 0, 0xffffff);
      BTH.set.ackReq(may, 0, 1);
      for (let bit = 0; bit < template.bodyAt * 8; bit++) {
        const place = Math.floor(bit / 8);
        const mask = 1 << (bit % 8);
        bytes[AT + place]! ^= mask;
        const isFree = ((may[place - template.bthAt] ?? 0) & mask) !== 0;
        assert.is(matches(), isFree, `bit ${bit}`);
        if (isFree) assert.not(right());
        bytes[AT + place]! ^= mask;
      }
      assert.ok(matches());
      assert.not(matches(4), 'another length');
    });
  }

  it('are forgotten with the queue pair, its state or its path', () => {
    const changes: ((qp: QueuePair) => void)[] = [
      (qp) => Object.assign(qp, { destroyed: true }),
      (qp) => Object.assign(qp, { allows: stateAllows.ERR }),
      (qp) => Object.assign(qp, { path: {} }),
      (qp) => Object.assign(qp, { pkeyIndex: 1 }),
    ];
    for (const change of changes) {
      const { qp, frame, matches } = port('RoCE v2 over IPv4');
      frame(7);
      assert.ok(matches());
      change(qp);
      assert.not(matches());
    }
  });

  it('are not learned from a packet that met congestion', () => {
    const { bytes, pkt, frame, slow, matches, template } = port('RoCE v2 over IPv4');
    frame(7);
    BTH.set.fecn(bytes, AT + template.bthAt, 1);
    assert.not(matches());
    slow();
    assert.ok(pkt.congested);
  });
});
