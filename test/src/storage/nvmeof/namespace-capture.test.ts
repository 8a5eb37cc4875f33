// A namespace that comes and goes under a connected Linux host, as captured: the capture begins in the middle, so our target
// is brought to that point first; then the host gets the same answers from ours.

import { nvme } from '../../../../protocols/index.js';
import { MemoryVolume } from '../../../../src/storage/index.js';
import type { TcpSession } from '../../../../src/storage/nvmeof/index.js';
import { assert, spec } from '../../../support/spec.js';
import { judge } from './own-fields.js';
import { portOf, replay, serve } from './replay.js';
import { carried } from './tcp-capture.js';
import { TestHost } from './test-host.js';

const { CQE_SIZE, SQE } = nvme;
const uuid = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

const life = {
  nqn: 'nqn.2024-01.io.example:pool1',
  serial: '3803f9d74cf5b09971a9',
  uuid: uuid('cf2c3a21a31c4f93a40c351ae0b2b712'),
  blocks: 0x80000,
  address: '10.99.0.1',
  portid: 1,
};
const SECOND = { nsid: 2, blockSize: 4096, uuid: uuid('97fbc29c569645479ee52206e0408935') };
/** In whose place Linux's target had just added and removed a namespace. */
const ADDED = 14;
const REMOVED = 100;
const EVENT_CID = 31;

/** Queues by number: their entries, and how far they are when the capture begins. */
const QUEUES = [
  { size: 32, head: 4 },
  { size: 128, head: 105 },
  { size: 128, head: 51 },
];
const SECOND_BLOCKS = 0x800;

/** Brings a session to where the capture begins: connected, and with as many commands done. */
function join(session: TcpSession, qid: number): void {
  const { size, head } = QUEUES[qid]!;
  const host = new TestHost(session);
  host.connect(life.nqn, {
    qid,
    sqsize: size - 1,
    ...(qid > 0 && { cntlid: 1 }),
  });
  let done = 1;
  if (qid === 0) {
    host.enable();
    const wanted = nvme.AsyncEventConfiguration.encode({ namespaceAttribute: 1, ana: 1 });
    const value = nvme.UnknownFeature.get.value(wanted, 0);
    host.ask([nvme.setFeatures({ fid: 11 }), nvme.unknownFeature({ value }), nvme.featureTail()]);
    host.send([nvme.asyncEventRequest()], { cid: EVENT_CID });
    done += 2;
  }
  for (; done % size !== head; done++)
    if (qid === 0) host.ask([nvme.keepAlive()]);
    else host.ask([nvme.flush()], { nsid: 1 });
}

spec('a namespace change captured from Linux', (it) => {
  it('is told to the host, which asks and is answered as by Linux', () => {
    const served = serve(life);
    const frames = carried('nvme-tcp-namespace-change.pcap');
    const order = [...new Set(frames.map(({ connection }) => connection))];
    assert.is(order.length, QUEUES.length);
    const second = new MemoryVolume(0);
    const done = new Set<number>();
    const { exchanges } = replay(frames, served, portOf(life), {
      joined: (session, connection) => join(session, order.indexOf(connection)),
      before: (frame, now) => {
        if (frame >= ADDED && !done.has(ADDED)) {
          done.add(ADDED);
          second.resize(SECOND_BLOCKS * SECOND.blockSize);
          served.subsystem.addNamespace(now, { ...SECOND, volume: second });
        }
        if (frame >= REMOVED && !done.has(REMOVED)) {
          done.add(REMOVED);
          served.subsystem.removeNamespace(now, SECOND.nsid);
        }
      },
    });
    for (const { ours, theirs, frame, sqe } of exchanges) {
      if (theirs.length === 0) continue;
      const ends = (pdus: readonly Uint8Array[]) => pdus.map((pdu) => pdu.slice(-CQE_SIZE)).at(-1);
      assert.equal(ends(ours), ends(theirs), `frame ${frame}`);
      const isNamespace = SQE.get.opcode(sqe, 0) === 6 && nvme.Identify.get.cns(sqe, 40) === 0;
      if (!isNamespace) assert.equal(ours, theirs, `frame ${frame}`);
      else
        judge(
          nvme.IdentifyNamespace as Parameters<typeof judge>[0],
          theirs[0]!.slice(24),
          ours[0]!.slice(24),
        );
    }
  });
});
