// The short way for the middle of a WRITE, against the whole list of checks.

import type { Engine } from '../../../src/rdma/engine.js';
import { Packet } from '../../../src/rdma/packet.js';
import type { QueuePair } from '../../../src/rdma/queue-pair.js';
import { continuesWrite, judge, reliableChecks } from '../../../src/rdma/responder-checks.js';
import { opcodes } from '../../../src/rdma/wire.js';
import { Random } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const MTU = 1024;
const TRIES = 20_000;
const REMOTE_WRITE = 2;

spec("the responder's short way", (it) => {
  it('takes the middle packets of WRITEs that all checks accept, and no others', () => {
    const random = new Random(1);
    const requests = opcodes.filter((o) => o.service === 'RC' && o.kind === 'request');
    const open = requests.filter((o) => o.place === 'first' || o.place === 'middle');
    const dev = { memory: { keys: { check: () => 'allowed' } } } as unknown as Engine;
    const pick = <T>(...of: T[]): T => of[random.below(of.length)]!;
    let short = 0;
    for (let i = 0; i < TRIES; i++) {
      const pkt = new Packet();
      pkt.bytes = new Uint8Array(128);
      pkt.opcode = requests[random.below(requests.length)]!;
      pkt.code = pkt.opcode.code;
      pkt.psn = pick(0, 0, 0, 1, 0xffffff);
      pkt.payloadLength = pick(MTU, MTU, MTU, MTU - 4, 0);
      const qp = {
        expectedPsn: pick(0, 0, 0, 5),
        receiving: pick(-1, ...open.map((o) => o.code)),
        accessFlags: pick(REMOTE_WRITE, 0xf, 0xf, 1, 0),
        mtu: MTU,
        received: 2 * MTU,
        announced: pick(3 * MTU, 3 * MTU + 1, 9 * MTU, 9 * MTU, 0),
        hasRecv: pick(true, false),
        rq: null,
        readsWaiting: 0,
        maxDestRdAtomic: 1,
        responseCount: 0,
        responses: { length: 4 },
      } as unknown as QueuePair;
      const whole = judge(reliableChecks, qp, pkt, dev);
      const isMiddle = pkt.opcode.place === 'middle' && pkt.opcode.does === 'RDMA_WRITE';
      assert.is(continuesWrite(qp, pkt), isMiddle && whole === 'accept', JSON.stringify(qp));
      if (isMiddle && whole === 'accept') short++;
    }
    assert.ok(short > 10, `${short} packets`);
  });
});
