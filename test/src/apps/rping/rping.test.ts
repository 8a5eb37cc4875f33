// Mirrors src/rping/: both sides on hosts of ours, and what Linux's rping sent in a capture.

import { dissect, parseHex } from '../../../../protocols/index.js';
import {
  fillPing,
  type Outcome,
  RpingInfo,
  rpingClient,
  rpingServer,
  type Served,
  textOf,
} from '../../../../src/apps/rping/index.js';
import { chances } from '../../../../src/fabric/index.js';
import { ms, seconds } from '../../../../src/time/index.js';
import { capturedFrames } from '../../../support/capture.js';
import { assert, spec } from '../../../support/spec.js';
import { titleOf, type Wiring, wirings, worldOf } from '../../host/pair.js';

interface Run {
  readonly size?: number;
  readonly count?: number;
  readonly serverSize?: number;
}

function rping(wiring: Wiring, { size = 64, count = 3, serverSize }: Run = {}) {
  const world = worldOf(wiring);
  const [left, right] = world.hosts;
  const served: Served = { connections: 0, pings: 0, failures: [] };
  const outcome: Outcome = { pings: 0, failure: '', ended: false };
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  const room = serverSize === undefined ? {} : { size: serverSize };
  right!.spawn('rping -s', rpingServer(right!, { say, ...room }, served));
  left!.spawn('rping -c', rpingClient(left!, { target: world.ip(1), size, count, say }, outcome));
  for (const station of world.stations) world.sim.settle(station);
  world.sim.run(seconds(120), () => !outcome.ended);
  world.sim.run((world.sim.now + ms(1)) as never);
  return { ...world, served, outcome, said };
}

spec('rping', (it) => {
  for (const wiring of wirings) {
    it(`ends well on both sides: ${titleOf(wiring)}`, () => {
      for (const size of [64, 1000, 65_535]) {
        const { outcome, served, said, hosts, sim } = rping(wiring, { size });
        assert.equal(outcome, { pings: 3, failure: '', ended: true });
        assert.equal(served, { connections: 1, pings: 3, failures: [] });
        assert.is(said.length, 6);
        assert.match(said[0]!, /^server ping data: rdma-ping-0: ABCDEF/);
        assert.match(said[5]!, /^ping data: rdma-ping-2: CDEFGH/);
        assert.is(said[5]!.length, 'ping data: '.length + size - 1);
        for (const { device } of hosts) assert.is(device.qps.size, 1);
        for (const { memory } of hosts)
          assert.is(memory.freeBytes(0), hosts[0]!.memory.freeBytes(0));
        assert.is(sim.pool.inUse, 0);
      }
    });
  }

  it('ends well through loss, copies and reordering', () => {
    const faults = { loss: 0.02, duplicate: 0.02, reorder: 0.05, reorderNs: 50_000 };
    for (let seed = 1; seed <= 4; seed++) {
      const wiring: Wiring = {
        kind: 'switched',
        wire: 'RoCE v2',
        seed,
        impairment: (sim) => chances(faults, sim.random.fork(`faults ${seed}`)),
      };
      const { outcome } = rping(wiring, { size: 20_000, count: 10 });
      assert.equal(outcome, { pings: 10, failure: '', ended: true }, `seed ${seed}`);
    }
  });

  it('a server without room says so, and the client that it hung up', () => {
    const { outcome, served } = rping(
      { kind: 'switched', wire: 'RoCE v2' },
      { size: 1000, serverSize: 100 },
    );
    assert.equal(served.failures, ['the client has 1000 bytes, there is room for 100']);
    assert.equal(outcome, { pings: 0, failure: 'the server hung up', ended: true });
  });

  it('a message says where a buffer is as that of Linux does (a SEND of rping over rdma_rxe 6.12, 3001 bytes)', () => {
    const frame = parseHex(
      '0200000000020200000000010800' +
        '4500003cd5a240004011510c0a0000010a000002c58012b700280000' +
        '0400ffff000007778000abcd000055a3dee694c000005f3000000bb96e2b98f8',
    );
    const { layers } = dissect(frame);
    const payload = layers.find((l) => l.key === 'payload')!;
    assert.equal(RpingInfo.decode(frame, payload.at), {
      buf: 0x55a3dee694c0n,
      rkey: 0x5f30,
      size: 3001,
    });
    assert.is(payload.end - payload.at, RpingInfo.size);
  });

  it('the text is that of the rping in the capture', () => {
    const found = capturedFrames('siw.pcap').flatMap(({ bytes }) => {
      const at = Buffer.from(bytes).indexOf('rdma-ping-');
      return at < 0 ? [] : [bytes.slice(at, at + 64)];
    });
    assert.is(found.length, 10);
    for (const bytes of found) {
      const expected = new Uint8Array(2000);
      fillPing(expected, Number(textOf(bytes).slice('rdma-ping-'.length).split(':')[0]));
      assert.is(textOf(bytes).slice(0, 63), textOf(expected).slice(0, 63));
    }
    // The first was one of 64 bytes.
    assert.is(found[0]![63], 0);
  });
});
