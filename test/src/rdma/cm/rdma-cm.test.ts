// Mirrors src/rdma/cm/rdma-cm.ts: programs of librdmacm's manner on two hosts, without a queue pair behind them.

import { MAD_SIZE } from '../../../../protocols/infiniband/mad/names.js';
import {
  type AddressLookup,
  type CmEvent,
  type CmId,
  ConnectionManager,
  formatGid,
  gidOfIp,
  type Message,
  pathMtuFor,
  RDMA_UDP_QKEY,
  RdmaCm,
  readMessage,
  reasons,
  serviceIdOf,
  writeMessage,
} from '../../../../src/rdma/cm/index.js';
import { ms, type Nanos, Random, START, soonestOf } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';

/** Two hosts with a wire that takes no time. */
class Hosts {
  now: Nanos = START;
  readonly managers: readonly ConnectionManager[];
  readonly cms: readonly RdmaCm[];
  readonly said: Message[] = [];
  readonly addresses: readonly Uint8Array[];

  constructor(
    addresses: readonly string[] = ['10.0.0.1', '10.0.0.2'],
    lookup?: AddressLookup['path'],
  ) {
    this.addresses = addresses.map(gidOfIp);
    const random = new Random(9);
    this.managers = [1n, 2n].map(
      (guid) => new ConnectionManager({ guid, random: random.fork(`${guid}`) }),
    );
    this.cms = this.managers.map((manager, i) => {
      const path =
        lookup ??
        (() => ({ localGid: this.addresses[i]!, remoteGid: this.addresses[1 - i]!, mtu: 3 }));
      return new RdmaCm(manager, { path }, random.fork(`cm ${i}`));
    });
  }

  /** The first host's next moment. */
  wake(): void {
    this.now = soonestOf(this.cms[0]!);
    this.cms[0]!.expire(this.now);
  }

  settle(): void {
    const bytes = new Uint8Array(MAD_SIZE);
    for (let turn = 0; turn < 20; turn++) {
      for (const [i, manager] of this.managers.entries()) {
        while (manager.transmit(bytes)) {
          this.said.push(readMessage(bytes, 0, MAD_SIZE) as Message);
          this.managers[1 - i]!.receive(this.now, bytes, 0, MAD_SIZE, {
            lid: i,
            gid: this.addresses[i]!,
          });
        }
      }
    }
  }

  /** The next event of a host, which must be of that type. */
  get(host: 0 | 1, type: string): CmEvent {
    this.settle();
    const event = this.cms[host]!.event(this.now);
    assert.is(event?.type, `RDMA_CM_EVENT_${type}`);
    return event!;
  }

  resolved(space: CmId['space'], port: number): CmId {
    const [cm] = this.cms;
    const id = cm!.createId(space);
    cm!.resolveAddr(this.now, id, this.addresses[1]!, port);
    this.get(0, 'ADDR_RESOLVED');
    cm!.resolveRoute(this.now, id);
    this.get(0, 'ROUTE_RESOLVED');
    return id;
  }

  listening(space: CmId['space'], port: number): CmId {
    const id = this.cms[1]!.createId(space);
    this.cms[1]!.bindAddr(id, this.addresses[1], port);
    this.cms[1]!.listen(id);
    return id;
  }
}

spec('rdma_cm', (it) => {
  for (const addresses of [
    ['10.0.0.1', '10.0.0.2'],
    ['fd00::1', 'fd00::2'],
  ]) {
    it(`resolves, connects, accepts and disconnects between ${addresses.join(' and ')}`, () => {
      const hosts = new Hosts(addresses);
      const [client, server] = hosts.cms;
      const listenId = hosts.listening('RDMA_PS_TCP', 7174);
      const id = hosts.resolved('RDMA_PS_TCP', 7174);
      client!.connect(hosts.now, id, {
        qpn: 0x11,
        privateData: Uint8Array.of(7, 8),
        initiatorDepth: 3,
      });
      const request = hosts.get(1, 'CONNECT_REQUEST');
      assert.is(request.listenId, listenId);
      assert.equal([...request.privateData.subarray(0, 3)], [7, 8, 0]);
      assert.is(request.privateData.length, 56, 'what REQ leaves to the user (trap 26)');
      assert.is(formatGid(request.id.remoteAddress!), addresses[0]);
      assert.is(request.id.remotePort, id.localPort);
      assert.is(request.settings!.maxDestRdAtomic, 3);
      server!.accept(hosts.now, request.id, { qpn: 0x22, privateData: Uint8Array.of(5) });
      const response = hosts.get(0, 'CONNECT_RESPONSE');
      assert.is(response.privateData[0], 5, 'no addresses in a REP');
      assert.is(response.settings!.sqPsn, request.settings!.rqPsn);
      assert.is(response.settings!.rqPsn, request.settings!.sqPsn);
      client!.establish(hosts.now, id);
      hosts.get(0, 'ESTABLISHED');
      hosts.get(1, 'ESTABLISHED');
      client!.disconnect(hosts.now, id);
      hosts.get(1, 'DISCONNECTED');
      server!.disconnect(hosts.now, request.id);
      hosts.get(0, 'DISCONNECTED');
      hosts.now = soonestOf(client!);
      for (const cm of hosts.cms) cm.expire(hosts.now);
      hosts.get(0, 'TIMEWAIT_EXIT');
      hosts.get(1, 'TIMEWAIT_EXIT');
    });
  }
  it('asks for the queue pair of a datagram service by SIDR, and gets its Q_Key (rule 5.7.15)', () => {
    const hosts = new Hosts();
    hosts.listening('RDMA_PS_UDP', 5000);
    const id = hosts.resolved('RDMA_PS_UDP', 5000);
    hosts.cms[0]!.connect(hosts.now, id, { qpn: 0x11 });
    const request = hosts.get(1, 'CONNECT_REQUEST');
    hosts.cms[1]!.accept(hosts.now, request.id, { qpn: 0x99 });
    assert.equal(hosts.get(0, 'ESTABLISHED').datagram, { qpn: 0x99, qkey: RDMA_UDP_QKEY });
    const refused = hosts.resolved('RDMA_PS_UDP', 5001);
    hosts.cms[0]!.connect(hosts.now, refused, { qpn: 0x11 });
    assert.is(hosts.get(0, 'UNREACHABLE').status, 1);
  });
  it('rejects a request that does not say its addresses with reason 28, as Linux does (rule 5.7.5)', () => {
    const hosts = new Hosts();
    hosts.listening('RDMA_PS_TCP', 7);
    const request = { localCommId: 1, localCaGuid: 5n, localQpn: 3, pathPacketPayloadMtu: 3 };
    const serviceId = serviceIdOf('RDMA_PS_TCP', 7);
    assert.is(serviceId, 0x1060007n);
    const bytes = writeMessage('REQ', 1n, { ...request, serviceId });
    hosts.managers[1]!.receive(hosts.now, bytes, 0, MAD_SIZE, { lid: 0 });
    assert.is(hosts.cms[1]!.event(hosts.now), undefined);
    hosts.settle();
    const again = writeMessage('REQ', 1n, { ...request, serviceId, localCommId: 2, localQpn: 4 });
    hosts.managers[1]!.receive(hosts.now, again, 0, MAD_SIZE, { lid: 0 });
    const ari = gidOfIp('::5').slice(8);
    const back = { localCommId: 2, reason: reasons.TIMEOUT, ari: new Uint8Array(72) };
    back.ari.set(ari);
    const rejection = writeMessage('REJ', 1n, back);
    const verdict = hosts.managers[1]!.receive(hosts.now, rejection, 0, MAD_SIZE, { lid: 0 });
    assert.is(verdict, 'taken');
    assert.is(hosts.cms[1]!.event(hosts.now), undefined, 'one that was taken back');
    const rej = hosts.said[0] as Message & { name: 'REJ' };
    assert.equal(
      [rej.name, rej.fields.messageRejected, rej.fields.reason],
      ['REJ', 0, reasons.CONSUMER_REJECT],
    );
  });
  it('tells why a server rejects, and the identifier may connect again', () => {
    const hosts = new Hosts();
    hosts.listening('RDMA_PS_TCP', 7);
    const id = hosts.resolved('RDMA_PS_TCP', 7);
    for (const qpn of [1, 2]) {
      hosts.cms[0]!.connect(hosts.now, id, { qpn });
      const request = hosts.get(1, 'CONNECT_REQUEST');
      hosts.cms[1]!.reject(hosts.now, request.id, Uint8Array.of(qpn));
      const rejected = hosts.get(0, 'REJECTED');
      assert.equal([rejected.status, rejected.privateData[0]], [reasons.CONSUMER_REJECT, qpn]);
    }
  });
  it('asks again while neighbours are asked, and gives up in time (rule 5.5.2)', () => {
    let answers = 0;
    const path = { localGid: gidOfIp('10.0.0.1'), remoteGid: gidOfIp('10.0.0.2'), mtu: 3 };
    const hosts = new Hosts(undefined, () => (++answers < 4 ? 'pending' : path));
    const cm = hosts.cms[0]!;
    const id = cm.createId();
    cm.resolveAddr(hosts.now, id, path.remoteGid, 1);
    while (answers < 4) hosts.wake();
    hosts.get(0, 'ADDR_RESOLVED');
    assert.is(formatGid(id.localAddress!), '10.0.0.1');
    const silent = new Hosts(undefined, () => 'pending');
    const lost = silent.cms[0]!.createId();
    silent.cms[0]!.resolveAddr(silent.now, lost, path.remoteGid, 1, ms(10));
    while (soonestOf(silent.cms[0]!) < Infinity) silent.wake();
    assert.is(silent.get(0, 'ADDR_ERROR').status, -110);
    const nowhere = new Hosts(undefined, () => undefined);
    nowhere.cms[0]!.resolveAddr(nowhere.now, nowhere.cms[0]!.createId(), path.remoteGid, 1);
    assert.is(nowhere.get(0, 'ADDR_ERROR').status, -113);
  });
  it('gives a port to one identifier at a time, and again when that one is gone', () => {
    const hosts = new Hosts();
    const cm = hosts.cms[1]!;
    const first = hosts.listening('RDMA_PS_TCP', 7);
    assert.throws(() => hosts.listening('RDMA_PS_TCP', 7), /EBUSY/);
    hosts.listening('RDMA_PS_UDP', 7);
    cm.destroyId(hosts.now, first);
    hosts.listening('RDMA_PS_TCP', 7);
    assert.throws(() => cm.listen(cm.createId()), /EINVAL/);
  });
  it('asks for the path MTU that Linux asks for, which leaves 96 bytes for headers (rule 5.6.2, trap 24)', () => {
    assert.equal([1500, 4180, 4191, 4192, 9000, 300].map(pathMtuFor), [3, 4, 4, 5, 5, 0]);
  });
  it('says goodbye for an identifier that is destroyed', () => {
    const hosts = new Hosts();
    hosts.listening('RDMA_PS_TCP', 7);
    const id = hosts.resolved('RDMA_PS_TCP', 7);
    hosts.cms[0]!.connect(hosts.now, id, { qpn: 1 });
    hosts.cms[1]!.accept(hosts.now, hosts.get(1, 'CONNECT_REQUEST').id, { qpn: 2 });
    hosts.get(0, 'CONNECT_RESPONSE');
    hosts.cms[0]!.establish(hosts.now, id);
    hosts.get(1, 'ESTABLISHED');
    hosts.cms[0]!.destroyId(hosts.now, id);
    hosts.get(1, 'DISCONNECTED');
    assert.is(hosts.said.at(-1)!.name, 'DREQ');
  });
});
