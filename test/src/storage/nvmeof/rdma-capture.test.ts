// Linux's NVMe/RDMA hosts as captured: their commands, with their data, are put to our target on a simulated fabric, and
// what it sends is read from the frames there: the same operations, completions and data as Linux's target sent.

import { nvme } from '../../../../protocols/index.js';
import { segmentsOf } from '../../../../src/block/index.js';
import { Signal } from '../../../../src/cpu/index.js';
import { RdmaHostQueue } from '../../../../src/storage/nvmeof/host/index.js';
import { newServed, rdmaServer } from '../../../../src/storage/nvmeof/index.js';
import { seconds } from '../../../../src/time/index.js';
import { capturedFrames, readCapture } from '../../../support/capture.js';
import { assert, spec } from '../../../support/spec.js';
import { worldOf } from '../../host/pair.js';
import { judge, judgeEffects } from './own-fields.js';
import { type RdmaExchange, rdmaExchanges } from './rdma-capture.js';
import { type Life, serve } from './replay.js';

const { SQE } = nvme;
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const CDW = 40;
const FABRICS = 0x7f;
const ASYNC_EVENT_REQUEST = 0x0c;
const INLINE = 4096;

const lives: readonly { name: string; commands: number; target: number; life: Life }[] = [
  {
    name: 'nvme-rdma-connect.pcap',
    commands: 43,
    target: 0x0a630001,
    life: {
      nqn: 'nqn.2024-01.io.example:pool1',
      serial: '3803f9d74cf5b09971a9',
      uuid: hex('cf2c3a21a31c4f93a40c351ae0b2b712'),
      blocks: 0x80000,
      address: '10.99.0.1',
      portid: 2,
      generation: 3,
    },
  },
  {
    name: 'nvme-rxe.pcap.gz',
    commands: 365,
    target: 0x0a000001,
    life: {
      nqn: 'nqn.2026-11.org.example:vol1',
      serial: 'd838b4db42a8e83cb407',
      uuid: hex('140ee4262c7c4f0b954ca90fb1bb679c'),
      blocks: 0xc000,
      address: '10.0.0.1',
      portid: 1,
      generation: 2,
    },
  },
];

const isConnect = ({ sqe }: RdmaExchange) => SQE.get.opcode(sqe, 0) === FABRICS && sqe[4] === 1;

/** Puts the commands of a capture to our target, each when the one before it is done; what the frames show. */
function play(theirs: readonly RdmaExchange[], life: Life): RdmaExchange[] {
  const world = worldOf({ kind: 'switched', wire: 'RoCE v2' });
  const [left, right] = world.hosts;
  const { target } = serve(life);
  const { address, portid } = life;
  right!.spawn('target', rdmaServer(right!, { target, address, portid }, newServed()));
  let failure = '';
  let ended = false;
  const news = new Signal();
  left!.spawn('host', function* (thread) {
    const queues: RdmaHostQueue[] = [];
    for (const one of theirs) {
      if (isConnect(one)) {
        const options = {
          computer: left!,
          owner: { news, failed: () => {} },
          target: world.ip(1),
          port: 4420,
          core: 0,
          qid: nvme.Connect.get.qid(one.sqe, CDW),
          entries: nvme.Connect.get.sqsize(one.sqe, CDW) + 1,
          dataBytes: 1 << 17,
          inlineBytes: INLINE,
        };
        const queue = new RdmaHostQueue(thread, options);
        queues.push(queue);
        failure ||= yield* queue.connect(thread);
      }
      const queue = queues[one.queue]!;
      if (failure !== '') break;
      // Linux numbers commands as we do: the tag is in the identifier.
      const command = queue.commands[SQE.get.cid(one.sqe, 0) % 4096]!;
      command.sqe.set(one.sqe);
      command.direction =
        one.out.length > 0 ? 'from-host' : one.data.length > 0 ? 'to-host' : 'none';
      const length = one.out.length || one.data.length;
      const address = left!.space.allocate(1 << 17, { contiguous: true });
      left!.space.bytes(address, length).set(one.out);
      command.at(segmentsOf(left!.space, address, length), length);
      command.done = (now) => news.raise(now);
      yield* queue.send(thread, command, true);
      if (SQE.get.opcode(one.sqe, 0) === ASYNC_EVENT_REQUEST) continue;
      while (command.ending === 'open' && queue.why === '') yield thread.block(news);
      failure ||= queue.why;
    }
    for (const queue of queues.reverse()) yield* queue.close(thread);
    ended = true;
  });
  for (const station of world.stations) world.sim.settle(station);
  world.sim.run(seconds(4), () => !ended);
  assert.is(failure, '');
  assert.ok(ended);
  const [a, b, c, d] = world.ip(1).slice(-4);
  const ip = ((a! * 256 + b!) * 256 + c!) * 256 + d!;
  return rdmaExchanges(readCapture(world.capture()), ip);
}

/** Heads follow the order in which commands that run together are done, which is the disk's. */
function withoutHead({ cqe }: RdmaExchange): Uint8Array {
  const copy = cqe!.slice();
  nvme.CQE.set.sqhd(copy, nvme.CQEResult.size, 0);
  return copy;
}

/** All heads of completions, queue by queue; of parked requests none. */
const heads = (exchanges: readonly RdmaExchange[]): string[] =>
  exchanges
    .filter(({ sqe }) => SQE.get.opcode(sqe, 0) !== ASYNC_EVENT_REQUEST)
    .map(({ queue, cqe }) => `${queue} ${nvme.CQE.get.sqhd(cqe!, nvme.CQEResult.size)}`)
    .sort();

function judgeData(ours: RdmaExchange, theirs: RdmaExchange, isAdmin: boolean): void {
  const { sqe, frame } = theirs;
  const opcode = SQE.get.opcode(sqe, 0);
  const cns = isAdmin && opcode === 6 ? nvme.Identify.get.cns(sqe, CDW) : -1;
  const lid = isAdmin && opcode === 2 ? nvme.GetLogPage.get.lid(sqe, CDW) : -1;
  if (cns === 0)
    judge(nvme.IdentifyNamespace as Parameters<typeof judge>[0], theirs.data, ours.data);
  else if (cns === 1)
    judge(nvme.IdentifyController as Parameters<typeof judge>[0], theirs.data, ours.data);
  else if (lid === 5) judgeEffects(theirs.data, ours.data);
  else assert.equal(ours.data, theirs.data, `data of frame ${frame}`);
}

spec('NVMe/RDMA captures of Linux', (it) => {
  for (const { name, commands, target, life } of lives)
    it(`${name}: the same operations, completions and data`, () => {
      const theirs = rdmaExchanges(capturedFrames(name), target);
      assert.is(theirs.length, commands);
      const ours = play(theirs, life);
      assert.is(ours.length, theirs.length);
      const admins = new Set(
        theirs
          .filter((e) => isConnect(e) && nvme.Connect.get.qid(e.sqe, CDW) === 0)
          .map((e) => e.queue),
      );
      theirs.forEach((one, i) => {
        const { frame } = one;
        // A parked event request: Linux's target may fail it as the host leaves.
        if (SQE.get.opcode(one.sqe, 0) === ASYNC_EVENT_REQUEST) return;
        assert.equal(ours[i]!.operations, one.operations, `frame ${frame}`);
        assert.equal(withoutHead(ours[i]!), withoutHead(one), `frame ${frame}`);
        assert.equal(ours[i]!.out, one.out, `frame ${frame}`);
        judgeData(ours[i]!, one, admins.has(one.queue));
      });
      assert.equal(heads(ours), heads(theirs));
    });
});
