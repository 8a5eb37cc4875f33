// Mirrors src/nic/host-port.ts: RDMA and the stack share one port and one link in virtual time.

import { check, dissect } from '../../../protocols/index.js';
import type { FramePool } from '../../../src/frame/index.js';
import { HostPort } from '../../../src/nic/index.js';
import { modifyQp, postSend } from '../../../src/rdma/index.js';
import { HostStack } from '../../../src/stack/index.js';
import { ms, type Nanos } from '../../../src/time/index.js';
import { Simulation } from '../../../src/world/sim.js';
import { createEnd, Host, macOf, sge } from '../../support/back-to-back.js';
import { assert, spec } from '../../support/spec.js';

const SIGNALED = 2;
const ACCESS = 0xf;

/** A host with an RDMA device and a stack behind one port. */
function wholeHost(sim: Simulation, index: 0 | 1, v6: boolean) {
  const addresses = [v6 ? `fd00::${index + 1}/64` : `10.0.0.${index + 1}/24`];
  const stack = new HostStack(`stack${index}`, sim.pool, { mac: macOf(index), addresses });
  const host = new Host(index, sim.pool, 'RoCE v2', { v6, neighbours: stack.resolve });
  const port = sim.add(new HostPort(`host${index}`, host.device, stack));
  return { stack, host, port, ip: host.device.address.gids[0]!.bytes };
}

function pair(v6: boolean) {
  const sim = new Simulation();
  const [a, b] = [wholeHost(sim, 0, v6), wholeHost(sim, 1, v6)];
  sim.connect(a.port, 0, b.port, 0, { rate: 10e9 });
  const kinds: string[] = [];
  sim.tap(a.port, 0, {
    frame(_now: Nanos, _direction, pool: FramePool, slot: number) {
      const start = pool.at(slot);
      const seen = dissect(pool.bytes(slot), { start, end: start + pool.length(slot) });
      assert.equal(check(seen).findings, []);
      kinds.push(seen.layers.find(({ key }) => /^(bth|arp|icmp|icmpv6)$/.test(key))!.key);
    },
  });
  return { sim, a, b, kinds };
}

spec('host port', (it) => {
  for (const v6 of [false, true]) {
    it(`a queue pair's path is resolved by ${v6 ? 'neighbour discovery' : 'ARP'}, then RDMA and ping share the wire (rule 5.5.3)`, () => {
      const { sim, a, b, kinds } = pair(v6);
      const [left, right] = [createEnd(a.host), createEnd(b.host)];
      const towards = (own: typeof a, end: typeof left, peer: typeof b, other: typeof right) => {
        const { context } = own.host;
        modifyQp(context, end.qp, {
          qpState: 'INIT',
          pkeyIndex: 0,
          portNum: 1,
          qpAccessFlags: ACCESS,
        });
        modifyQp(context, end.qp, {
          qpState: 'RTR',
          ahAttr: { grh: { dgid: peer.ip } },
          pathMtu: 'IBV_MTU_1024',
          destQpNum: other.qp.qpn,
          rqPsn: 0,
          maxDestRdAtomic: 1,
          minRnrTimer: 1,
        });
        modifyQp(context, end.qp, {
          qpState: 'RTS',
          sqPsn: 0,
          timeout: 14,
          retryCnt: 6,
          rnrRetry: 7,
          maxRdAtomic: 1,
        });
      };
      assert.throws(() => towards(a, left, b, right), /next hop is not known/);
      sim.settle(a.port);
      sim.run(ms(1));
      modifyQp(a.host.context, left.qp, { qpState: 'RESET' });
      towards(a, left, b, right);
      towards(b, right, a, left);
      const from = a.host.buffer(50_000);
      const to = b.host.buffer(50_000);
      for (let i = 0; i < from.length; i++) from.bytes[i] = i % 251;
      postSend(a.host.context, left.qp, {
        opcode: 'IBV_WR_RDMA_WRITE',
        sendFlags: SIGNALED,
        sgList: [sge(from)],
        rdma: { remoteAddr: to.addr, rkey: to.mr.rkey },
      });
      for (let i = 1; i <= 5; i++) a.stack.ping(sim.now, b.ip, 1, i);
      sim.settle(a.port);
      sim.run(ms(10));
      assert.equal(
        a.host.poll(left.sendCq).map((w) => w.status),
        ['IBV_WC_SUCCESS'],
      );
      assert.equal(to.bytes, from.bytes);
      let replies = 0;
      while (a.stack.takeEchoReply()) replies++;
      assert.is(replies, 5);
      // One ping between two packets of the WRITE: neither waits for the other to be done.
      const ping = v6 ? 'icmpv6' : 'icmp';
      const firstWrite = kinds.indexOf('bth');
      assert.ok(kinds.indexOf(ping, firstWrite) < kinds.lastIndexOf('bth'));
      assert.is(sim.pool.inUse, 0);
    });
  }
});
