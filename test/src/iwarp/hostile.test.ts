// MPA, DDP and RDMAP from a peer that means harm: whatever comes, nothing throws, nothing grows, memory beside what was
// granted stays as it was, and the stream ends or goes on as the standards say.

import { ddpTagged, ddpUntagged, rdmapReadReq } from '../../../protocols/iwarp/index.js';
import { regMr } from '../../../src/rdma/index.js';
import { Random, seconds } from '../../../src/time/index.js';
import { RawIwarp } from '../../support/raw-iwarp.js';
import { assert, spec } from '../../support/spec.js';
import { bytes, fpdu, ROOM, requestFrame, Wronged } from '../../support/wronged-iwarp.js';

const junk = (random: Random, length: number) =>
  Uint8Array.from({ length }, () => random.below(256));

/** Good FPDUs of every kind, to be spoiled. */
const goods = (w: Wronged): Uint8Array[] => [
  fpdu(ddpTagged({ stag: w.key, to: w.addr }), bytes(100)),
  fpdu(ddpTagged({ stag: w.key, to: w.addr, last: 0 }), bytes(1000)),
  fpdu(ddpUntagged({ msn: 1 }), bytes(50)),
  fpdu(ddpUntagged({}), rdmapReadReq({ sourceStag: w.key, sourceTo: w.addr, size: 100 })),
  fpdu(ddpTagged({ opcode: 2, stag: w.key, to: w.addr }), bytes(10)),
  fpdu(ddpUntagged({ opcode: 7, qn: 2 }), bytes(30)),
];

spec('hostile iWARP', (it) => {
  it('junk in place of a request is refused, and leaves nothing behind', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new Random(seed, 'junk');
      const raw = new RawIwarp({ seed });
      raw.listen();
      const start = random.below(2) === 0 ? requestFrame.slice(0, random.below(24)) : bytes(0);
      raw.write(Uint8Array.from([...start, ...junk(random, 1 + random.below(600))]));
      raw.run(seconds(90));
      assert.is(raw.sim.pool.inUse, 0, `seed ${seed}`);
      assert.ok(raw.host.rnic!.port.tcp.connections.size <= 1, `seed ${seed}`);
    }
  });

  it('spoiled FPDUs end the stream or pass, and memory beside the region is untouched', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = new Random(seed, 'spoiled');
      const w = new Wronged({ seed, iwarp: { crc: false } });
      const beside = w.host.space.allocate(ROOM, { contiguous: true });
      regMr(w.pd, beside, ROOM, 1);
      const guarded = w.host.space.bytes(beside, ROOM);
      w.receive(64);
      for (let i = 0; i < 6 && w.tcp!.state === 'ESTABLISHED'; i++) {
        const all = goods(w);
        const frame = all[random.below(all.length)]!;
        for (let k = random.below(4); k > 0; k--)
          frame[random.below(frame.length)] = random.below(256);
        w.write(frame);
      }
      w.run(seconds(90));
      assert.ok(
        guarded.every((byte) => byte === 0),
        `seed ${seed}`,
      );
      assert.is(w.sim.pool.inUse, 0, `seed ${seed}`);
    }
  });

  it('an FPDU that never becomes whole holds what the window promised, and no more', () => {
    const w = new Wronged();
    w.write(Uint8Array.of(0xff, 0xff));
    for (let i = 0; i < 60; i++) w.write(bytes(1000));
    assert.is(w.qp.state, 'RTS');
    w.write(bytes(10_000)); // whole by now: and nonsense
    assert.is(w.qp.state, 'ERR');
  });

  it('Read Requests that ask for everything at once are served one after the other within IRD', () => {
    const w = new Wronged({ depth: 4 });
    const asks = Array.from({ length: 4 }, (_, i) =>
      fpdu(
        ddpUntagged({ msn: i + 1 }),
        rdmapReadReq({ sourceStag: w.key, sourceTo: w.addr, size: ROOM }),
      ),
    );
    w.write(Uint8Array.from(asks.flatMap((one) => [...one])));
    w.run();
    assert.is(w.qp.state, 'RTS');
    assert.ok(w.read().length > 4 * ROOM);
  });

  it('a peer that vanishes is given up, and work requests are flushed', () => {
    const w = new Wronged();
    w.receive(10);
    w.peer.act(() => w.tcp!.abort(w.sim.now));
    w.run();
    assert.is(w.qp.state, 'ERR');
    assert.equal(
      w.completions().map(({ status }) => status),
      ['IBV_WC_WR_FLUSH_ERR'],
    );
  });
});
