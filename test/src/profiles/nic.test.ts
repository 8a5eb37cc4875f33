// Cards as profiles: small experiments on them give what was published of such cards.

import { type PairEnd, pairOnLink } from '../../../bench/rdma-pair.js';
import { cards } from '../../../src/profiles/catalogue.js';
import { connectIB, connectX2, connectX4, type NicProfile } from '../../../src/profiles/nic.js';
import { pollCq, postRecv, postSend, type SendWr, type Wc } from '../../../src/rdma/index.js';
import { Simulation } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';

/** What a core takes to post and to find a completion (fitted in src/profiles/cpu.ts). */
const CPU = 90;
const ROUNDS = 8;
const WARM = 4;
const wc: Wc[] = [];

class PingPong {
  readonly sim = new Simulation({ seed: 1 });
  readonly ends: readonly [PairEnd, PairEnd];

  constructor(nic: NicProfile, rate: number) {
    this.ends = pairOnLink(this.sim, 4096, 2 ** 17, nic, rate).ends;
  }

  post(end: PairEnd, wr: SendWr | readonly SendWr[]): void {
    end.device.now = this.sim.now;
    postSend(end.context, end.qp, wr);
    this.sim.settle(end.device);
  }

  until(holds: () => boolean): void {
    while (!holds()) assert.ok(this.sim.step(), 'nothing happens any more');
  }

  /** Half a round trip of `turn`, which sends from one end and waits at the other. */
  half(turn: (from: PairEnd, to: PairEnd) => void): number {
    const [a, b] = this.ends;
    let since = 0;
    for (let i = 0; i < WARM + ROUNDS; i++) {
      if (i === WARM) since = this.sim.now;
      turn(a, b);
      turn(b, a);
    }
    return (this.sim.now - since) / ROUNDS / 2 + CPU;
  }
}

const data = ({ addr, mr }: PairEnd, length: number, inline: number) =>
  length <= inline
    ? { inlineData: new Uint8Array(length) }
    : { sgList: [{ addr, length, lkey: mr.lkey }] };

function sendLatency(nic: NicProfile, rate: number, length: number, inline: number): number {
  const net = new PingPong(nic, rate);
  for (const { context, qp, addr, mr, device } of net.ends) {
    const sgList = [{ addr, length: 2 ** 17, lkey: mr.lkey }];
    postRecv(context, qp, Array(32).fill({ sgList }));
    net.sim.settle(device);
  }
  return net.half((from, to) => {
    net.post(from, { opcode: 'IBV_WR_SEND', ...data(from, length, inline) });
    net.until(() => pollCq(to.context, to.cq, 1, wc) === 1);
  });
}

function writeLatency(nic: NicProfile, rate: number, length: number, inline: number): number {
  const net = new PingPong(nic, rate);
  for (const { device } of net.ends) assert.is(device.placements.raised, 0);
  return net.half((from, to) => {
    const { placements } = to.device;
    const last = placements.raised + Math.ceil(length / 4096);
    const rdma = { remoteAddr: to.addr, rkey: to.mr.rkey };
    net.post(from, { opcode: 'IBV_WR_RDMA_WRITE', rdma, ...data(from, length, inline) });
    net.until(() => placements.raised === last);
  });
}

const near = (found: number, published: number, percent: number): void =>
  assert.ok(
    Math.abs(found / published - 1) <= percent / 100,
    `${found.toFixed(0)}, published ${published}`,
  );

spec('ConnectX-4', (it) => {
  for (const [length, us] of [
    [32, 0.82],
    [1024, 1.52],
    [4096, 2.25],
    [32768, 4.57],
  ] as const) {
    it(`takes ${us} us to SEND ${length} bytes (Potter, RWTH Aachen 2018)`, () =>
      near(sendLatency(connectX4, 100e9, length, 64), us * 1000, 5));
  }
});

spec('ConnectX-2', (it) => {
  for (const [length, us] of [
    [2, 0.89],
    [256, 1.84],
    [4096, 5.03],
    [65536, 23.09],
  ] as const) {
    it(`takes ${us} us to WRITE ${length} bytes through a switch (a perftest log)`, () =>
      near(writeLatency(connectX2, 32e9, length, 220) + SWITCH, us * 1000, 6));
  }
});

/** An Infiniscale-IV, port to port, with its cables (Mellanox's product brief: 100 ns). */
const SWITCH = 100;

spec('Connect-IB', (it) => {
  it('carries out 2.24 million atomics a second on one address (Kalia et al., ATC 2016)', () => {
    const net = new PingPong(connectIB, 108e9);
    const [a, b] = net.ends;
    const sgList = [{ addr: a.addr, length: 8, lkey: a.mr.lkey }];
    const atomic = { remoteAddr: b.addr, rkey: b.mr.rkey, compareAdd: 1n };
    const wr = { opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD', sendFlags: 2, sgList, atomic } as const;
    net.post(a, Array(32).fill(wr));
    net.until(() => a.cq.produced >= 16);
    const since = net.sim.now;
    net.until(() => a.cq.produced >= 32);
    near((16 / (net.sim.now - since)) * 1e3, 2.24, 8);
  });
});

spec('every card', (it) => {
  it('moves a message, and waits for nothing that does not come', () => {
    for (const [name, nic] of cards) {
      const took = writeLatency(nic, nic.timing.portBitsPerSecond, 65536, 0);
      const wire = (65536 * 8e9) / nic.timing.portBitsPerSecond;
      assert.ok(took > wire && took < 3 * wire + 5000, `${name}: ${took} ns`);
    }
  });
});
