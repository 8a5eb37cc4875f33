// Linux's connection management against ours (docs/rdma-rules.md 5.7): our machine stands in for each of the two hosts of
// a capture, is given the other one's messages and the values that were Linux's own choice, and must say the same bytes.

import { formatIpv4 } from '../../../../protocols/index.js';
import { MAD_SIZE } from '../../../../protocols/infiniband/mad/index.js';
import {
  addressesIn,
  type Connection,
  ConnectionManager,
  IP_HEADER_SIZE,
  type Message,
  type QueuePairSettings,
  readMessage,
  withAddresses,
} from '../../../../src/rdma/cm/index.js';
import { Random, START } from '../../../../src/time/index.js';
import { inspectedFrames } from '../../../support/capture.js';
import { assert, spec } from '../../../support/spec.js';

interface Seen {
  readonly frame: number;
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
  readonly message: Message;
}

function seenIn(capture: string): Seen[] {
  return inspectedFrames(capture).flatMap(({ layers }, i) => {
    const mad = layers.find((layer) => layer.key === 'mad');
    const ip = layers.find((layer) => layer.key === 'ipv4');
    if (!mad || !ip) return [];
    const bytes = mad.bytes.slice(mad.at, mad.at + MAD_SIZE);
    const message = readMessage(bytes, 0, bytes.length);
    if (typeof message === 'string') throw new Error(`frame ${i + 1}: ${message}`);
    const [from, to] = [formatIpv4(ip.number('src')), formatIpv4(ip.number('dst'))];
    return [{ frame: i + 1, from, to, bytes, message }];
  });
}

/** One host: our manager with Linux's GUID and comm IDs, and its application, which knows what Linux's did. */
class Host {
  readonly manager: ConnectionManager;
  readonly connections = new Map<number, Connection>();
  readonly told: string[] = [];
  readonly settings: (QueuePairSettings | undefined)[] = [];
  #nextCommId = 0;

  constructor(guid: bigint, services: readonly bigint[]) {
    const commIds = () => this.#nextCommId;
    this.manager = new ConnectionManager({ guid, random: new Random(1), commIds });
    for (const service of services) this.manager.listen(service);
  }

  /** The bytes arrive; the answer will have the comm ID that Linux's had. */
  hear(seen: Seen, answerId: number): void {
    this.#nextCommId = answerId;
    const verdict = this.manager.receive(START, seen.bytes, 0, MAD_SIZE, { lid: 0xffff });
    assert.is(verdict, 'taken', `frame ${seen.frame}`);
    for (let e = this.manager.event(); e; e = this.manager.event()) {
      this.told.push(e.type);
      if (e.type === 'RDMA_CM_EVENT_CONNECT_RESPONSE') this.settings.push(e.settings);
      this.connections.set(e.connection.localCommId, e.connection);
    }
  }

  /** Makes us say what Linux said; only values that Linux chose come from the capture. */
  say({ message: m }: Seen): void {
    if (m.name === 'REQ') return this.#connect(m);
    const c = this.connections.get((m.fields as { localCommId: number }).localCommId)!;
    const { privateData } = m;
    if (m.name === 'REP') {
      const { localQpn, startingPsn, endToEndFlowControl } = m.fields;
      const flowControl = endToEndFlowControl === 1;
      this.manager.accept(START, c, { localQpn, startingPsn, flowControl, privateData });
    } else if (m.name === 'RTU') this.manager.establish(START, c);
    else this.manager.disconnect(START, c);
  }

  #connect(m: Message & { name: 'REQ' }): void {
    const { localCommId, serviceId, localQpn, startingPsn, primaryFlowLabel } = m.fields;
    const { responderResources, initiatorDepth, endToEndFlowControl, pathPacketPayloadMtu } =
      m.fields;
    this.#nextCommId = localCommId;
    const addresses = addressesIn(m.privateData)!;
    const c = this.manager.connect(START, {
      serviceId,
      localQpn,
      startingPsn,
      responderResources,
      initiatorDepth,
      flowControl: endToEndFlowControl === 1,
      path: {
        localGid: addresses.source,
        remoteGid: addresses.target,
        flowLabel: primaryFlowLabel,
        mtu: pathPacketPayloadMtu,
      },
      privateData: withAddresses(addresses, m.privateData.subarray(IP_HEADER_SIZE)),
    });
    this.connections.set(localCommId, c);
  }
}

function replay(capture: string): { said: number; hosts: Map<string, Host> } {
  const all = seenIn(capture);
  const hosts = new Map<string, Host>();
  const services = [
    ...new Set(all.flatMap(({ message: m }) => (m.name === 'REQ' ? [m.fields.serviceId] : []))),
  ];
  for (const { from, message: m } of all) {
    if (hosts.has(from) || (m.name !== 'REQ' && m.name !== 'REP')) continue;
    hosts.set(from, new Host(m.fields.localCaGuid, m.name === 'REP' ? services : []));
  }
  const ours = new Uint8Array(MAD_SIZE);
  for (const [i, seen] of all.entries()) {
    hosts.get(seen.from)!.say(seen);
    const to = hosts.get(seen.from)!.manager.transmit(ours);
    assert.ok(to, `frame ${seen.frame}: ${seen.message.name} is said`);
    assert.is(
      Buffer.from(ours).toString('hex'),
      Buffer.from(seen.bytes).toString('hex'),
      `frame ${seen.frame}`,
    );
    const answer = all
      .slice(i + 1)
      .find((s) => s.message.tid === seen.message.tid && s.from === seen.to);
    const id = answer ? (answer.message.fields as { localCommId: number }).localCommId : 0;
    hosts.get(seen.to)!.hear(seen, id);
  }
  for (const host of hosts.values()) assert.is(host.manager.waiting, 0, 'nothing is said besides');
  return { said: all.length, hosts };
}

spec('connection management of Linux', (it) => {
  it('rule 5.7.3, rule 5.7.4, rule 5.7.5, trap 25, trap 26: is what ours says, byte for byte, for both sides of rxe-v4.pcap: two connections and disconnects from each side', () => {
    const { said, hosts } = replay('rxe-v4.pcap');
    assert.is(said, 10);
    const [client, server] = [...hosts.values()];
    assert.is(client!.told.filter((t) => t === 'RDMA_CM_EVENT_DISCONNECTED').length, 2);
    assert.is(server!.told.filter((t) => t === 'RDMA_CM_EVENT_ESTABLISHED').length, 2);
  });
  it('is what ours says for NVMe hosts and targets, private data and crossed depths included', () => {
    assert.is(replay('nvme-rdma-connect.pcap').said, 14);
    assert.is(replay('nvme-rxe.pcap.gz').said, 15);
  });
  it('rule 5.7.7, trap 10: gives the queue pair the PSN that the peer named and expects the one that we named', () => {
    const all = seenIn('rxe-v4.pcap');
    const request = all[0]!.message as Message & { name: 'REQ' };
    const reply = all[1]!.message as Message & { name: 'REP' };
    const { hosts } = replay('rxe-v4.pcap');
    const settings = [...hosts.values()][0]!.settings[0]!;
    assert.is(settings.rqPsn, request.fields.startingPsn);
    assert.is(settings.sqPsn, reply.fields.startingPsn);
    assert.is(settings.destQpNum, reply.fields.localQpn);
    assert.is(settings.pathMtu, 3);
  });
});
