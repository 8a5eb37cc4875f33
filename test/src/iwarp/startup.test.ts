// Mirrors src/iwarp/startup.ts, handshake.ts and connector.ts: what MPA's frames of a peer come to, good and bad, and what
// is refused by name.

import { build } from '../../../protocols/index.js';
import { MPAReply, MPARequest, mpaRep, mpaReq, mpaV2 } from '../../../protocols/iwarp/index.js';
import { type IwarpOptions, terminateErrors } from '../../../src/iwarp/index.js';
import {
  attachMcast,
  createAh,
  createQp,
  createSrq,
  modifyQp,
  type QpType,
} from '../../../src/rdma/index.js';
import { seconds } from '../../../src/time/index.js';
import { RawIwarp } from '../../support/raw-iwarp.js';
import { assert, spec } from '../../support/spec.js';
import { terminateOf } from '../../support/wronged-iwarp.js';

type Layers = Parameters<typeof build>[0];
const frame = (...layers: Layers) => build(layers).bytes.slice();
const text = (b: Uint8Array) => new TextDecoder().decode(b);

const heard = (said: Uint8Array) => {
  const raw = new RawIwarp();
  raw.listen();
  raw.write(said);
  return raw;
};

const asked = (said: Uint8Array, iwarp: Partial<IwarpOptions> = {}) => {
  const raw = new RawIwarp({ iwarp });
  raw.connect({ ird: 2, ord: 3 });
  const request = raw.read();
  raw.write(said);
  return { raw, request };
};

spec('MPA start-up', (it) => {
  it('a request becomes an event with its private data, IRD and ORD crossed over', () => {
    const raw = heard(frame(mpaReq({ c: 1 }), mpaV2({ ird: 5, ord: 7 }), 'hello'));
    const event = raw.event()!;
    assert.is(event.type, 'RDMA_CM_EVENT_CONNECT_REQUEST');
    assert.is(text(event.privateData), 'hello');
    assert.equal([event.responderResources, event.initiatorDepth], [7, 5]);
    raw.answer(event);
    const reply = MPAReply.decode(raw.read(), 0);
    assert.equal([reply.c, reply.m, reply.r, reply.s, reply.rev], [1, 0, 0, 1, 2]);
  });

  it('a request of revision 1 is answered in revision 1, without IRD and ORD', () => {
    const raw = heard(frame(mpaReq({ rev: 1 }), 'hello'));
    raw.answer(raw.event());
    const said = raw.read();
    const reply = MPAReply.decode(said, 0);
    assert.equal([reply.rev, reply.s, reply.pdLength, said.length], [1, 0, 0, MPAReply.size]);
  });

  it('a rejection says so, with private data', () => {
    const raw = heard(frame(mpaReq(), mpaV2({ ird: 5, ord: 7 })));
    const event = raw.event()!;
    raw.host.rdmaCm.reject(raw.sim.now, event.id, new TextEncoder().encode('no'));
    raw.run();
    const said = raw.read();
    assert.is(MPAReply.decode(said, 0).r, 1);
    assert.is(text(said.slice(-2)), 'no');
    assert.is(raw.tcp!.state, 'CLOSE-WAIT');
  });

  for (const [title, said] of [
    ['of another protocol', new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n    ')],
    ['with too long private data', frame(mpaReq({ pdLength: 513 }))],
    ['of revision 3', frame(mpaReq({ rev: 3 }))],
    ['of revision 0', frame(mpaReq({ rev: 0 }))],
    ['without the IRD/ORD block that it announces', frame(mpaReq({ s: 1, rev: 2, pdLength: 2 }))],
    ['that is a reply', frame(mpaRep(), mpaV2({ ird: 1, ord: 1 }))],
  ] as const) {
    it(`a request ${title} closes the connection, and nobody hears of it`, () => {
      const raw = heard(said);
      assert.is(raw.event(), undefined);
      assert.is(raw.tcp!.state, 'CLOSE-WAIT');
      assert.is(raw.host.device.counters.get('iw_bad_startup'), 1);
    });
  }

  it('a request that does not come, or comes in part, is waited for 5 s', () => {
    const raw = heard(frame(mpaReq(), mpaV2({ ird: 1, ord: 1 })).slice(0, 23));
    raw.run(seconds(4));
    assert.is(raw.tcp!.state, 'ESTABLISHED');
    raw.run(seconds(2));
    assert.is(raw.tcp!.state, 'CLOSED');
    assert.is(raw.event(), undefined);
  });

  it('we ask for CRC in revision 2 with the IRD/ORD block', () => {
    const { request } = asked(new Uint8Array(0));
    const { c, m, r, s, rev, pdLength } = MPARequest.decode(request, 0);
    assert.equal([c, m, r, s, rev, pdLength], [1, 0, 0, 1, 2, 4]);
  });

  it('a reply becomes a response with what both can do', () => {
    const { raw } = asked(frame(mpaRep({ c: 1 }), mpaV2({ ird: 2, ord: 1 }), 'welcome'));
    const event = raw.event()!;
    assert.is(event.type, 'RDMA_CM_EVENT_CONNECT_RESPONSE');
    assert.is(text(event.privateData), 'welcome');
    assert.equal([event.settings!.maxRdAtomic, event.settings!.maxDestRdAtomic], [2, 2]);
  });

  for (const [title, said, type] of [
    ['a rejection', frame(mpaRep({ r: 1 }), mpaV2({ ird: 0, ord: 0 })), 'REJECTED'],
    ['a reply of revision 1', frame(mpaRep({ rev: 1 })), 'REJECTED'],
    ['a request for a reply', frame(mpaReq(), mpaV2({ ird: 1, ord: 1 })), 'UNREACHABLE'],
  ] as const) {
    it(`${title} ends the attempt with ${type}`, () => {
      const { raw } = asked(said);
      assert.is(raw.event()?.type, `RDMA_CM_EVENT_${type}`);
      assert.is(raw.event(), undefined);
      assert.is(raw.tcp!.state, 'CLOSE-WAIT');
    });
  }

  for (const [title, error, options, block] of [
    ['more READs than we serve', 'insufficient-ird', {}, { ird: 1, ord: 500 }],
    ['no RTR message', 'no-rtr', { rtr: 'write' }, { ird: 1, ord: 1 }],
    ['another RTR message', 'no-rtr', { rtr: 'write' }, { ird: 1, ord: 1, a: 1, d: 1 }],
  ] as const) {
    it(`a reply with ${title} ends the attempt, and Terminate tells the peer why`, () => {
      const { raw, request } = asked(frame(mpaRep(), mpaV2(block)), options);
      assert.ok(request.length > 0);
      const { layer, etype, code } = terminateErrors[error];
      const found = terminateOf(raw.read());
      assert.equal(found?.error, [layer, etype, code]);
      assert.equal(found?.quotes, [0, 0, 0]);
      assert.is(raw.event()?.type, 'RDMA_CM_EVENT_UNREACHABLE');
      assert.is(raw.event(), undefined);
      assert.is(raw.tcp!.state, 'CLOSE-WAIT');
    });
  }

  it('a reply is waited for 10 s', () => {
    const { raw } = asked(new Uint8Array(0));
    raw.run(seconds(11));
    const event = raw.event()!;
    assert.equal([event.type, event.status], ['RDMA_CM_EVENT_UNREACHABLE', -110]);
    assert.is(raw.tcp!.state, 'CLOSED');
  });

  it('what iWARP has not is refused by name', () => {
    const { pd, context, cq, qp } = new RawIwarp();
    const cqs = { sendCq: cq, recvCq: cq };
    const types: QpType[] = ['IBV_QPT_UC', 'IBV_QPT_UD', 'IBV_QPT_XRC_SEND', 'IBV_QPT_XRC_RECV'];
    for (const qpType of [...types, 'IBV_QPT_GSI' as const])
      assert.throws(() => createQp(pd, { qpType, ...cqs }), /EOPNOTSUPP: iWARP has no/);
    for (const qpState of ['RTR', 'SQD', 'SQE'] as const)
      assert.throws(() => modifyQp(context, qp, { qpState }), /EINVAL.*iWARP has no state/);
    assert.throws(() => createAh(pd, {}), /iWARP has no address handles/);
    assert.throws(() => attachMcast(context, qp, 'ff02::1'), /iWARP has no multicast/);
    assert.throws(() => createSrq(pd, { maxWr: 1, maxSge: 1, cq }), /no XRC shared queues/);
  });
});
