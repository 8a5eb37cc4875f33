// Mirrors src/iwarp/terminate-error.ts: every error that a peer, or our own side, can bring about ends the stream with the
// layer, type and code of RFC 5040 figure 10, RFC 5041 7 and RFC 5044 8; and what Terminate from the peer does.

import {
  DDPUntagged,
  ddpTagged,
  ddpUntagged,
  RDMAPReadRequest,
  RDMAPTerminateLength,
  rdmapAtomicReq,
  rdmapTerminate,
  rdmapTerminateLength,
} from '../../../protocols/iwarp/index.js';
import { type StreamError, terminateErrors } from '../../../src/iwarp/index.js';
import { allocPd, deregMr, postSend, rnicProfile } from '../../../src/rdma/index.js';
import type { RawOptions } from '../../support/raw-iwarp.js';
import { assert, spec } from '../../support/spec.js';
import { bytes, fpdu, ROOM, terminateOf, Wronged } from '../../support/wronged-iwarp.js';

interface Case {
  readonly error: StreamError;
  /** Layer, type and code as the standards print them. */
  readonly says: readonly [number, number, number];
  readonly when: string;
  readonly options?: RawOptions;
  readonly does: (w: Wronged) => void;
  /** M, D and R of HDRCT. */
  readonly quotes?: readonly [number, number, number];
}

const DDP_QUOTED = [1, 1, 0] as const;
const READ_QUOTED = [1, 1, 1] as const;
const NONE = [0, 0, 0] as const;
const HIGH = 2n ** 64n - 4n;

const cases: readonly Case[] = [
  {
    error: 'sink-stag',
    says: [1, 1, 0],
    when: 'a Write names an STag that nobody has',
    does: (w) => w.write(fpdu(ddpTagged({ stag: 0x77777700, to: w.addr }), bytes(8))),
  },
  {
    error: 'sink-bounds',
    says: [1, 1, 1],
    when: 'a Write goes beyond its region',
    does: (w) => w.write(fpdu(ddpTagged({ stag: w.key, to: w.addr + 4090n }), bytes(8))),
  },
  {
    error: 'sink-not-associated',
    says: [1, 1, 2],
    when: "a Write names another protection domain's STag",
    does: (w) =>
      w.write(fpdu(ddpTagged({ stag: w.other(0xf, allocPd(w.context)), to: w.addr }), bytes(8))),
  },
  {
    error: 'sink-wraps',
    says: [1, 1, 3],
    when: "a Write's TO goes round",
    does: (w) => w.write(fpdu(ddpTagged({ stag: w.key, to: HIGH }), bytes(8))),
  },
  {
    error: 'ddp-version-tagged',
    says: [1, 1, 4],
    when: 'a tagged segment is of DDP version 2',
    does: (w) => w.write(fpdu(ddpTagged({ dv: 2, stag: w.key, to: w.addr }), bytes(8))),
  },
  {
    error: 'access-rights',
    says: [0, 1, 2],
    when: 'a Write may not write',
    does: (w) => w.write(fpdu(ddpTagged({ stag: w.other(1), to: w.addr }), bytes(8))),
  },
  {
    error: 'source-stag',
    says: [0, 1, 0],
    when: 'a Read Request names an STag that nobody has',
    does: (w) => w.readRequest({ sourceStag: 0x77777700, sourceTo: w.addr }),
    quotes: READ_QUOTED,
  },
  {
    error: 'source-bounds',
    says: [0, 1, 1],
    when: 'a Read Request goes beyond its region',
    does: (w) => w.readRequest({ sourceStag: w.key, sourceTo: w.addr, size: ROOM + 1 }),
    quotes: READ_QUOTED,
  },
  {
    error: 'access-rights',
    says: [0, 1, 2],
    when: 'a Read Request may not read',
    does: (w) => w.readRequest({ sourceStag: w.other(3), sourceTo: w.addr }),
    quotes: READ_QUOTED,
  },
  {
    error: 'source-not-associated',
    says: [0, 1, 3],
    when: "a Read Request names another protection domain's STag",
    does: (w) => w.readRequest({ sourceStag: w.other(0xf, allocPd(w.context)), sourceTo: w.addr }),
    quotes: READ_QUOTED,
  },
  {
    error: 'source-wraps',
    says: [0, 1, 4],
    when: "a Read Request's TO goes round",
    does: (w) => w.readRequest({ sourceStag: w.key, sourceTo: HIGH }),
    quotes: READ_QUOTED,
  },
  {
    error: 'cannot-invalidate',
    says: [0, 1, 9],
    when: 'a Send invalidates a region that peers may not invalidate',
    does: (w) => {
      w.receive(100);
      w.send(1, 8, { opcode: 4, invalidateStag: w.key });
    },
  },
  {
    error: 'rdmap-version',
    says: [0, 2, 5],
    when: 'RDMAP is of version 2',
    does: (w) => w.write(fpdu(ddpTagged({ rv: 2, stag: w.key, to: w.addr }), bytes(8))),
  },
  {
    error: 'unexpected-opcode',
    says: [0, 2, 6],
    when: 'a tagged segment has an opcode of untagged ones',
    does: (w) => w.write(fpdu(ddpTagged({ opcode: 3, stag: w.key, to: w.addr }), bytes(8))),
  },
  {
    error: 'unexpected-opcode',
    says: [0, 2, 6],
    when: 'an untagged segment has an opcode that nobody knows',
    does: (w) => w.send(1, 8, { opcode: 13, qn: 0 }),
  },
  {
    error: 'unexpected-opcode',
    says: [0, 2, 6],
    when: 'a Read Response answers nothing',
    does: (w) => w.write(fpdu(ddpTagged({ opcode: 2, stag: w.key, to: w.addr }), bytes(8))),
  },
  {
    error: 'unexpected-opcode',
    says: [0, 2, 6],
    when: 'an Atomic Request comes to a device without them',
    options: { profile: { ...rnicProfile, atomics: false } },
    does: (w) =>
      w.write(fpdu(ddpUntagged({}), rdmapAtomicReq({ remoteStag: w.key, remoteTo: w.addr }))),
  },
  {
    error: 'stream-catastrophe',
    says: [0, 2, 7],
    when: 'the receive request of a Send is refused',
    does: (w) => {
      w.receive(100);
      deregMr(w.region);
      w.send(1, 8);
    },
  },
  {
    error: 'unspecified',
    says: [0, 2, 255],
    when: 'a segment is shorter than its header',
    does: (w) => w.write(fpdu(bytes(1).fill(0x41))),
    quotes: NONE,
  },
  {
    error: 'invalid-queue',
    says: [1, 2, 1],
    when: 'a Send goes to queue 1',
    does: (w) => w.send(1, 8, { opcode: 3, qn: 1 }),
  },
  {
    error: 'invalid-queue',
    says: [1, 2, 1],
    when: 'a Send goes to a queue that nobody has',
    does: (w) => w.send(1, 8, { opcode: 3, qn: 0xffffffff }),
  },
  {
    error: 'no-buffer',
    says: [1, 2, 2],
    when: 'a Send finds no receive request',
    does: (w) => w.send(1, 8),
  },
  {
    error: 'no-buffer',
    says: [1, 2, 2],
    when: 'Read Requests are more than IRD',
    options: { iwarp: { crc: false, mostReads: 0 } },
    does: (w) => w.readRequest({ sourceStag: w.key, sourceTo: w.addr }),
    quotes: READ_QUOTED,
  },
  {
    error: 'msn-range',
    says: [1, 2, 3],
    when: 'a Send is not the next one',
    does: (w) => {
      w.receive(100);
      w.send(2, 8);
    },
  },
  {
    error: 'msn-range',
    says: [1, 2, 3],
    when: 'a Read Request is not the next one',
    does: (w) => w.readRequest({ sourceStag: w.key, sourceTo: w.addr }, { msn: 9 }),
    quotes: READ_QUOTED,
  },
  {
    error: 'invalid-offset',
    says: [1, 2, 4],
    when: 'a segment of a Send leaves a gap',
    does: (w) => {
      w.receive(100);
      w.send(1, 8, { last: 0 });
      w.send(1, 8, { mo: 9 });
    },
  },
  {
    error: 'too-long',
    says: [1, 2, 5],
    when: 'a Send is longer than its receive request',
    does: (w) => {
      w.receive(7);
      w.send(1, 8);
    },
  },
  {
    error: 'ddp-version-untagged',
    says: [1, 2, 6],
    when: 'an untagged segment is of DDP version 3',
    does: (w) => w.send(1, 8, { dv: 3 }),
  },
  {
    error: 'bad-crc',
    says: [2, 0, 2],
    when: 'a CRC is wrong',
    options: { iwarp: { crc: true } },
    does: (w) => {
      const frame = fpdu(ddpTagged({ stag: w.key, to: w.addr }), bytes(8));
      frame[20]! ^= 1;
      w.write(frame);
    },
    quotes: NONE,
  },
  {
    error: 'marker-mismatch',
    says: [2, 0, 3],
    when: 'a marker points somewhere else',
    options: { iwarp: { crc: false, markers: true } },
    does: (w) => {
      const frame = fpdu(ddpTagged({ stag: w.key, to: w.addr }), bytes(8));
      w.write(new Uint8Array([0, 0, 0, 8, ...frame]));
    },
    quotes: NONE,
  },
  {
    error: 'local-catastrophe',
    says: [0, 0, 0],
    when: "our own request's memory is refused",
    does: (w) => {
      w.write(fpdu(ddpTagged({ stag: 0, to: 0n }))); // the active side has begun
      const sgList = [{ addr: 0n, length: 8, lkey: 0 }];
      postSend(w.context, w.qp, { opcode: 'IBV_WR_SEND', sgList });
    },
    quotes: NONE,
  },
];

/** What no Terminate says: there is no stream to say it on (yet, or any more). */
const unsaid: readonly StreamError[] = ['stream-lost', 'bad-startup'];
/** What the active side says of a reply (startup.test.ts). */
const ofReplies: readonly StreamError[] = ['insufficient-ird', 'no-rtr'];

spec('Terminate', (it) => {
  it('every error of the table is provoked here, or cannot be said', () => {
    const seen = new Set<string>([...cases.map(({ error }) => error), ...unsaid, ...ofReplies]);
    assert.equal([...seen].sort(), Object.keys(terminateErrors).sort());
  });

  for (const { error, says, when, options, does, quotes = DDP_QUOTED } of cases) {
    it(`${says.join('/')} ${error}: ${when}`, () => {
      const w = new Wronged(options);
      does(w);
      w.run();
      const found = terminateOf(w.read());
      assert.equal(found?.error, [...says]);
      assert.equal(found?.quotes, [...quotes]);
      assert.is(w.qp.state, 'ERR');
      assert.is(w.tcp!.state, 'CLOSE-WAIT', 'FIN follows');
      w.event();
      w.rest();
      assert.is(w.tcp!.state, 'CLOSED', 'and after a while RST, where the peer does not close');
      assert.is(w.sim.pool.inUse, 0);
    });
  }

  it('the segment to blame is quoted with its length and its header', () => {
    const w = new Wronged();
    w.readRequest({ sourceStag: 0x77777700, sourceTo: 5n, sinkStag: 9, size: 11 });
    const said = w.read();
    const { quoted } = terminateOf(said)!;
    const length = RDMAPTerminateLength.decode(said, quoted).ddpSegmentLength;
    assert.is(length, DDPUntagged.size + RDMAPReadRequest.size);
    const at = quoted + RDMAPTerminateLength.size + DDPUntagged.size;
    const { sourceStag, size, sinkStag } = RDMAPReadRequest.decode(said, at);
    assert.equal([sourceStag, size, sinkStag], [0x77777700, 11, 9]);
  });

  it('from the peer it ends the READ that it quotes with what it says, and flushes the rest', () => {
    const w = new Wronged();
    w.write(fpdu(ddpTagged({ stag: 0, to: 0n })));
    const sgList = [{ addr: w.addr, length: 8, lkey: w.region.lkey }];
    const rdma = { remoteAddr: 5n, rkey: 6 };
    for (let i = 0; i < 2; i++)
      postSend(w.context, w.qp, { opcode: 'IBV_WR_RDMA_READ', sgList, rdma, sendFlags: 2 });
    w.run();
    const asked = w.read();
    w.write(
      fpdu(
        ddpUntagged({ qn: 2 }),
        rdmapTerminate({ layer: 0, etype: 1, errorCode: 0, m: 1, d: 1 }),
        rdmapTerminateLength({ ddpSegmentLength: 46 }),
        asked.slice(2, 20),
      ),
    );
    w.rest();
    const told = w.completions().map(({ status }) => status);
    assert.equal(told, ['IBV_WC_REM_ACCESS_ERR', 'IBV_WC_WR_FLUSH_ERR']);
    assert.is(w.qp.state, 'ERR');
    assert.is(w.host.device.events.at(-1)?.type, 'IBV_EVENT_QP_FATAL');
  });
});
