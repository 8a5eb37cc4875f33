// Mirrors src/rdma/selective-repeat.ts.

import { check, dissect } from '../../../protocols/index.js';
import { chances, pair } from '../../../src/fabric/index.js';
import { type DeviceProfile, hcaProfile, postSend } from '../../../src/rdma/index.js';
import { Random } from '../../../src/time/index.js';
import { BackToBack, sge } from '../../support/back-to-back.js';
import { FlowWorld } from '../../support/flow-world.js';
import { assert, spec } from '../../support/spec.js';

const WINDOW = 128;
const selective: DeviceProfile = { ...hcaProfile, selectiveRepeat: WINDOW };
const DELAY = 1000;
const SIGNALED = 2;

interface Sent {
  readonly psn: number;
  readonly opcode: number;
}

/** One WRITE of 32 packets; the wire loses the `lost`-th frames of the sender, counted from 1. */
function write(lost: readonly number[], profile = selective, packets = 32) {
  const world = new BackToBack({ profile });
  const [a, b] = world.connect();
  const source = world.hosts[0].buffer(packets * 1024);
  const target = world.hosts[1].buffer(packets * 1024);
  source.bytes.forEach((_, i) => {
    source.bytes[i] = i * 7 + (i >> 8);
  });
  let count = 0;
  world.rule = (_frame, from) => (from === 0 && lost.includes(++count) ? [] : [DELAY]);
  postSend(world.hosts[0].context, a.qp, {
    opcode: 'IBV_WR_RDMA_WRITE',
    sgList: [sge(source)],
    rdma: { remoteAddr: target.addr, rkey: target.mr.rkey },
    sendFlags: SIGNALED,
  });
  world.run();
  const status = world.hosts[0].poll(a.sendCq).map((wc) => wc.status);
  const requests: Sent[] = [];
  for (const { from, bytes } of world.sent) {
    const scene = dissect(bytes);
    assert.equal(check(scene).findings, []);
    const bth = scene.layers.find((l) => l.key === 'bth')!.fields();
    if (from === 0) requests.push({ psn: Number(bth.psn), opcode: Number(bth.opcode) });
  }
  assert.equal([...target.bytes], [...source.bytes]);
  assert.equal(status, ['IBV_WC_SUCCESS']);
  assert.is(world.pool.inUse, 0);
  return { requests, world, b, end: world.now };
}

spec('selective repeat', (it) => {
  it('sends what was lost and nothing else again', () => {
    const { requests } = write([5, 9, 20]);
    const again = requests.slice(32).map(({ psn }) => psn - 0x1000);
    assert.equal(again, [4, 8, 19]);
  });

  it('without it, all from the loss on is sent again', () => {
    const { requests } = write([5], hcaProfile);
    assert.ok(requests.length > 32 + 20, `${requests.length}`);
  });

  it('a packet that is lost once more is found out when the timer fires, if no newer ones tell before', () => {
    const { requests } = write([5, 33]);
    assert.equal(
      requests.slice(32).map(({ psn }) => psn - 0x1000),
      [4, 4],
    );
  });

  it('the last packets of a message are sent again when the timer fires', () => {
    const { requests } = write([31, 32]);
    assert.equal(
      requests.slice(32).map(({ psn }) => psn - 0x1000),
      [0, 30, 31], // nothing was acknowledged: the first packet asks how far the peer has come
    );
  });

  it('any loss of any packets is repaired, and memory is right', () => {
    const random = new Random(11);
    for (let round = 0; round < 60; round++) {
      const lost = Array.from({ length: 80 }, (_, i) => i + 1).filter(() => random.chance(0.15));
      write(lost);
    }
  });

  it('a NAK tells what was kept where an ordinary one has the MSN', () => {
    const { world } = write([5]);
    const naks = world.sent
      .filter(({ from }) => from === 1)
      .map(({ bytes }) => dissect(bytes).layers)
      .filter((layers) => layers.find((l) => l.key === 'aeth')!.fields().syndrome === 0x60);
    assert.is(naks.length, 27); // packets 6 to 32
    naks.forEach((layers, i) => {
      assert.is(layers.find((l) => l.key === 'bth')!.fields().psn, 0x1004);
      assert.is(layers.find((l) => l.key === 'aeth')!.fields().msn, 0x1005 + i);
    });
  });

  it('an end without it goes back, and all arrives', () => {
    const world = new BackToBack({ profile: selective });
    const [a, b] = world.connect();
    a.qp.repeat = null;
    const source = world.hosts[0].buffer(32 * 1024);
    const target = world.hosts[1].buffer(32 * 1024);
    source.bytes.fill(0x5a);
    let count = 0;
    world.rule = (_frame, from) => (from === 0 && ++count === 5 ? [] : [DELAY]);
    postSend(world.hosts[0].context, a.qp, {
      opcode: 'IBV_WR_RDMA_WRITE',
      sgList: [sge(source)],
      rdma: { remoteAddr: target.addr, rkey: target.mr.rkey },
      sendFlags: SIGNALED,
    });
    world.run();
    assert.ok(target.bytes.every((byte) => byte === 0x5a));
    assert.is(b.qp.kept!.count, 0);
  });

  it('packets beyond the window are lost, and what is kept goes when the queue pair does', () => {
    const { b, world } = write([]);
    assert.is(b.qp.kept!.window, WINDOW);
    assert.is(world.pool.inUse, 0);
  });

  it('at 1 % loss going back wastes a round trip of packets each time, selective repeat one packet', () => {
    // 5 km: 50 us there and back hold 150 packets of 4 KiB; each loss costs as many when all are sent again.
    const rate = 100e9;
    const wasted = 50e-6 / ((4096 * 8) / rate);
    const run = (selectiveRepeat: number | undefined) => {
      const world = new FlowWorld({
        topology: pair({ rate, metres: 5000 }),
        profile: { maxUnackedPackets: 256, ...(selectiveRepeat && { selectiveRepeat }) },
      });
      const { sim, fabric } = world;
      for (const station of fabric.hosts)
        sim.impair(station, 0, chances({ loss: 0.01 }, sim.random.fork(`loss ${station.name}`)));
      const flow = world.add({ from: 0, to: 1, timeout: 6, depth: 24 });
      world.run(6e6, 10_000);
      assert.is(flow.failed, '');
      const { counters } = world.hosts[0]!.device;
      return { share: (flow.bytes * 8) / 6e-3 / rate, counters };
    };
    const back = run(undefined);
    const repeat = run(256);
    assert.ok(Math.abs(back.share - 1 / (1 + 0.01 * wasted)) < 0.08, `${back.share}`);
    assert.ok(repeat.share > 0.8, `${repeat.share}`);
    const again = repeat.counters.get('selective_retransmits');
    const sent = repeat.counters.get('sent_pkts');
    // For each packet that is lost, and for each whose NAK is: it counts as missing like any other.
    assert.ok(again > 0.008 * sent && again < 0.022 * sent, `${again} of ${sent}`);
    assert.ok(repeat.counters.get('local_ack_timeout_err') <= 1, 'newer packets tell of losses');
  });
});
