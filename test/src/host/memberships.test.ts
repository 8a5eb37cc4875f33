// Mirrors src/host/memberships.ts: groups of an InfiniBand subnet, and what becomes of them when another manager rules.

import { star } from '../../../src/fabric/topology.js';
import { Host, type Membership } from '../../../src/host/index.js';
import {
  attachMcast,
  createAh,
  createCq,
  createQp,
  hcaProfile,
  modifyQp,
  pollCq,
  postRecv,
  postSend,
  regMr,
  type Wc,
} from '../../../src/rdma/index.js';
import { gidBytes, SM_STATE } from '../../../src/subnet/index.js';
import { ms, type Nanos } from '../../../src/time/index.js';
import { bringUp, buildFabric, type FabricOptions } from '../../../src/world/fabric.js';
import { Simulation } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';

const MGID = gidBytes(0xff12a01bfe800000n, 5n);
const QKEY = 0x11111111;
/** Notices within milliseconds what opensm notices within a minute. */
const QUICK = { timeoutNs: 100_000, retries: 1, pollNs: 500_000, pollRetries: 2 };

/** Hosts at one switch with a subnet manager or two; each has a UD queue pair. */
function subnet(count: number, options: FabricOptions = {}) {
  const sim = new Simulation({ seed: 5 });
  const hosts: Host[] = [];
  const fabric = buildFabric(
    sim,
    star(count),
    'infiniband',
    ({ name, mac, guid }) => {
      const { pool, random } = sim;
      const own = { name, pool, random, mac, guid, addresses: [], wire: 'IB' as const };
      const host = new Host({ ...own, nic: hcaProfile });
      hosts.push(host);
      return host;
    },
    { subnet: QUICK, ...options },
  );
  bringUp(sim, fabric);
  const ends = hosts.map((host) => datagramEnd(host));
  const settle = () => {
    for (const station of fabric.hosts) sim.settle(station);
  };
  const runFor = (time: Nanos) => sim.run((sim.now + time) as Nanos);
  const join = (i: number): Membership => {
    const membership = hosts[i]!.services.memberships.join(sim.now, MGID, { qKey: QKEY });
    attachMcast(ends[i]!.context, ends[i]!.qp, MGID);
    settle();
    runFor(ms(5));
    return membership;
  };
  /** One message to the group: who has it. */
  const reaches = (from: number, membership: Membership): number[] => {
    ends[from]!.send(membership);
    settle();
    runFor(ms(1));
    return ends.flatMap(({ received }, i) => Array.from({ length: received() }, () => i));
  };
  return { sim, fabric, hosts, join, reaches, runFor, settle };
}

function datagramEnd(host: Host) {
  const { port } = host.services;
  const { pd } = port;
  const { context } = pd;
  const [sendCq, recvCq] = [createCq(context, 16), createCq(context, 16)];
  const cap = { maxSendWr: 8, maxRecvWr: 8, maxSendSge: 1, maxRecvSge: 1, maxInlineData: 0 };
  const qp = createQp(pd, { qpType: 'IBV_QPT_UD', sendCq, recvCq, cap });
  modifyQp(context, qp, { qpState: 'INIT', pkeyIndex: 0, portNum: 1, qkey: QKEY });
  modifyQp(context, qp, { qpState: 'RTR' });
  modifyQp(context, qp, { qpState: 'RTS', sqPsn: 0 });
  const addr = host.space.allocate(4096);
  const { lkey } = regMr(pd, addr, 4096, 1);
  const wc: Wc[] = [];
  const sgList = [{ addr, length: 64, lkey }];
  for (let i = 0; i < 8; i++)
    postRecv(context, qp, { sgList: [{ addr: addr + 2048n, length: 128, lkey }] });
  const send = ({ group }: Membership): void => {
    const ah = createAh(pd, { dlid: group!.mLid, sl: group!.sl, grh: { dgid: MGID } });
    const ud = { ah, remoteQpn: 0xffffff, remoteQkey: group!.qKey };
    postSend(context, qp, { opcode: 'IBV_WR_SEND', sgList, ud });
  };
  return { context, qp, send, received: () => pollCq(context, recvCq, 16, wc) };
}

spec('memberships of multicast groups', (it) => {
  it('have the LID that subnet administration gave the group, and messages reach all other members', () => {
    const net = subnet(4);
    const [one] = [1, 2, 3].map(net.join);
    assert.is(one!.state, 'member');
    assert.equal(one!.group, { mLid: 0xc000, qKey: QKEY, sl: 0 });
    assert.equal(net.reaches(1, one!), [2, 3]);
  });

  it('end when they are left', () => {
    const net = subnet(4);
    const [one, two] = [1, 2, 3].map(net.join);
    net.hosts[2]!.services.memberships.leave(net.sim.now, two!);
    net.settle();
    net.runFor(ms(5));
    assert.is(two!.state, 'left');
    assert.equal(net.reaches(1, one!), [3]);
  });

  it('outlive their manager: the next one asks clients to register again, and they do', () => {
    const managers = [{ host: 'h0', priority: 5 }, { host: 'h4' }];
    const net = subnet(5, { managers });
    const [one] = [1, 2, 3].map(net.join);
    assert.equal(net.reaches(1, one!), [2, 3]);
    for (const { device } of net.hosts) device.events.length = 0;
    const changes = one!.changed.raised;
    net.sim.setLink(net.fabric.links.find(({ name }) => name.startsWith('h0.'))!, false);
    net.runFor(ms(20));
    assert.is(net.fabric.managers[1]!.state, SM_STATE.master);
    const events = net.hosts[1]!.device.events.map(({ type }) => type);
    assert.equal(events, ['IBV_EVENT_CLIENT_REREGISTER']);
    assert.ok(one!.changed.raised > changes);
    assert.is(one!.state, 'member');
    assert.equal(net.reaches(1, one!), [2, 3], 'by tables of the new manager');
  });

  it('are refused where the group has another key', () => {
    const net = subnet(3);
    net.join(1);
    const { memberships } = net.hosts[2]!.services;
    const other = memberships.join(net.sim.now, MGID, { qKey: 1 });
    net.settle();
    net.runFor(ms(5));
    assert.is(other.state, 'refused');
    assert.is(other.group, undefined);
  });
});
