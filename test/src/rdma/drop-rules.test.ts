// What is dropped without an answer, check by check (docs/rdma-rules.md, 5.3).

import { modifyQp, postRecv, postSend } from '../../../src/rdma/index.js';
import { BackToBack, sge } from '../../support/back-to-back.js';
import { headerChecksum as checksum, opened } from '../../support/opened-frame.js';
import { craft } from '../../support/rdma-packet.js';
import { assert, spec } from '../../support/spec.js';

const LEFT = 0;
const RIGHT = 1;

/** A pair of RC, and a frame that nobody answers; what the receiver counted. */
function dropped(frame: (good: Record<string, number>) => Uint8Array, ready = true) {
  const net = new BackToBack();
  const [a, b] = [net.end(LEFT), net.end(RIGHT)];
  if (ready) net.ready(RIGHT, b.qp, a.qp);
  else {
    const { context } = net.hosts[RIGHT];
    modifyQp(context, b.qp, { qpState: 'INIT', pkeyIndex: 0, portNum: 1, qpAccessFlags: 0 });
  }
  postRecv(net.hosts[RIGHT].context, b.qp, { sgList: [sge(net.hosts[RIGHT].buffer(64))] });
  net.inject(RIGHT, frame({ psn: 0x1000, ackReq: 1, destQp: b.qp.qpn }));
  net.run();
  assert.is(net.sent.length, 0, 'nothing is answered');
  assert.is(net.hosts[RIGHT].poll(b.recvCq).length, 0);
  return Object.keys(net.hosts[RIGHT].device.counters.all());
}

const body = [new Uint8Array(8)];
const good = (fields: Record<string, number>, more = {}, ip = {}) =>
  craft(RIGHT, 'RC_SEND_ONLY', { psn: 0, ...fields, ...more }, body, ip);

spec('what is dropped without an answer, in the order of the checks', (it) => {
  it('rule 5.3.1: a packet that is shorter than its BTH', () => {
    const short = (f: Record<string, number>) => {
      const bytes = good(f).slice(0, 14 + 20 + 8 + 10);
      const sent = opened(bytes);
      sent.set('ipv4.totalLength', bytes.length - 14);
      sent.set('ipv4.headerChecksum', checksum(bytes));
      return bytes;
    };
    assert.equal(dropped(short), ['drop_short_packet']);
  });

  it('rule 5.3.2: a destination address that is not in the table of GIDs', () => {
    assert.equal(
      dropped((f) => good(f, {}, { dst: '10.0.0.9' })),
      ['drop_wrong_address'],
    );
    // Before all later checks: the packet is wrong in every other way too.
    const worst = (f: Record<string, number>) =>
      good(f, { opcode: 0xff, tver: 3, pkey: 1, destQp: 0 }, { dst: '10.0.0.9' });
    assert.equal(dropped(worst), ['drop_wrong_address']);
  });

  it('rule 5.3.3: an opcode that does not exist', () => {
    const unknown = (f: Record<string, number>) => {
      const bytes = good(f);
      opened(bytes).set('bth.opcode', 0x1f);
      return bytes;
    };
    assert.equal(dropped(unknown), ['drop_unknown_opcode']);
  });

  it('rule 5.3.4: less payload than headers, pad and ICRC need', () => {
    const few = (f: Record<string, number>) => {
      const bytes = craft(RIGHT, 'RC_RDMA_WRITE_ONLY', { psn: 0, ...f }, [new Uint8Array(16)]);
      opened(bytes).set('bth.padCount', 3);
      return bytes;
    };
    assert.equal(dropped(few), ['drop_short_packet']);
  });

  it('rule 5.3.5: version, queue pair 0 or unknown, service, state, peer, partition, each by its name', () => {
    assert.equal(
      dropped((f) => good(f, { tver: 1 })),
      ['drop_bad_version'],
    );
    assert.equal(
      dropped((f) => good(f, { destQp: 0 })),
      ['drop_no_queue_pair'],
    );
    assert.equal(
      dropped((f) => good(f, { destQp: 0x7777 })),
      ['drop_no_queue_pair'],
    );
    const uc = (f: Record<string, number>) => craft(RIGHT, 'UC_SEND_ONLY', { psn: 0, ...f }, body);
    assert.equal(dropped(uc), ['drop_wrong_service']);
    assert.equal(
      dropped((f) => good(f), false),
      ['drop_wrong_state'],
    );
    assert.equal(
      dropped((f) => good(f, {}, { src: '10.0.0.9' })),
      ['drop_wrong_peer'],
    );
    assert.equal(
      dropped((f) => good(f, { pkey: 0x1234 })),
      ['bad_pkey_cntr'],
    );
  });

  it('rule 5.3.6: a wrong ICRC, after all other checks', () => {
    const spoilt = (more: object) => (f: Record<string, number>) => {
      const bytes = good(f, more);
      bytes[bytes.length - 1]! ^= 1;
      return bytes;
    };
    assert.equal(dropped(spoilt({})), ['rx_icrc_encapsulated']);
    assert.equal(dropped(spoilt({ pkey: 0x1234 })), ['bad_pkey_cntr']);
    assert.equal(dropped(spoilt({ tver: 1 })), ['drop_bad_version']);
  });

  it('trap 44: what was received stays as it was when the slot of its frame is used again', () => {
    const net = new BackToBack();
    const [a, b] = net.connect();
    const [left, right] = net.hosts;
    const from = left.buffer(64);
    const targets = [right.buffer(64), right.buffer(64)];
    for (const [i, target] of targets.entries()) {
      postRecv(right.context, b.qp, { sgList: [sge(target)] });
      from.bytes.fill(i + 1);
      postSend(left.context, a.qp, { opcode: 'IBV_WR_SEND', sgList: [sge(from)] });
      net.run();
    }
    assert.is(net.pool.inUse, 0);
    for (const [i, target] of targets.entries())
      assert.ok(target.bytes.every((byte) => byte === i + 1));
  });
});
