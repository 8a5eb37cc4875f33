// Mirrors src/rdma/cm/manager.ts: two ends over a network with faults. What single messages look like is judged by
// captures.test.ts.

import { MAD_SIZE } from '../../../../protocols/infiniband/mad/names.js';
import {
  type Connection,
  type Message,
  reasons,
  writeMessage,
} from '../../../../src/rdma/cm/index.js';
import { after, ms, Random, seconds } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { agreeable, connect, Network, path, SERVICE } from './network.js';

const MINUTE = seconds(60);

function pair(seed = 1, faults = {}) {
  const network = new Network(seed, faults);
  network.managers[1]!.listen(SERVICE);
  return { network, ...agreeable(network) };
}

const told = (network: Network, end: 0 | 1): string =>
  network.events[end].map((e) => e.type.replace('RDMA_CM_EVENT_', '')).join(' ');

/** The other end's record of a connection. */
const other = (network: Network): Connection | undefined => network.events[1][0]?.connection;

const message = (network: Network, name: string): Message =>
  network.sent.find((s) => s.message.name === name)!.message;

spec('connections', (it) => {
  it('come about and end with the six messages, and leave nothing behind (rule 5.7.14, trap 29)', () => {
    const { network } = pair();
    const c = connect(network);
    network.run(MINUTE);
    assert.is(c.state, 'ESTABLISHED');
    network.managers[0]!.disconnect(network.now, c);
    network.run();
    assert.is(network.names(0), 'REQ RTU DREQ');
    assert.is(network.names(1), 'REP DREP');
    assert.is(told(network, 0), 'CONNECT_RESPONSE ESTABLISHED DISCONNECTED TIMEWAIT_EXIT');
    assert.is(told(network, 1), 'CONNECT_REQUEST ESTABLISHED DISCONNECTED TIMEWAIT_EXIT');
    assert.is(network.managers[0]!.size + network.managers[1]!.size, 0);
  });
  it("give both queue pairs each other's number, PSN and depths, crossed over (rule 5.7.7, rule 5.7.8, trap 10, trap 27)", () => {
    const { network, settings } = pair();
    connect(network);
    network.run(MINUTE);
    const [a, b] = [settings[0][0]!, settings[1][0]!];
    assert.equal([a.destQpNum, a.rqPsn, a.sqPsn], [0x20, 0x1000, 0x2000]);
    assert.equal([b.destQpNum, b.rqPsn, b.sqPsn], [0x10, 0x2000, 0x1000]);
    assert.equal([a.maxRdAtomic, a.maxDestRdAtomic], [2, 4]);
    assert.equal([b.maxDestRdAtomic, b.maxRdAtomic], [2, 4]);
    const request = network.events[1][0]!;
    assert.equal([request.responderResources, request.initiatorDepth], [2, 4]);
  });
  it('survive a lost REQ, REP and RTU: what is asked again is answered with the same bytes (rule 5.7.13, trap 29, trap 30)', () => {
    for (const name of ['REQ', 'REP', 'RTU', 'DREQ', 'DREP']) {
      const { network } = pair(1, { lose: (m: Message, n: number) => m.name === name && n === 1 });
      const c = connect(network);
      network.run(MINUTE);
      assert.is(c.state, 'ESTABLISHED', name);
      assert.is(other(network)!.state, 'ESTABLISHED', name);
      network.managers[0]!.disconnect(network.now, c);
      network.run();
      for (const kind of ['REQ', 'REP', 'RTU', 'DREQ', 'DREP']) {
        const all = network.sent.filter((s) => s.message.name === kind);
        assert.is(
          new Set(all.map((s) => s.bytes.join())).size,
          1,
          `${name} lost, ${kind} said twice`,
        );
      }
      assert.is(network.managers[0]!.size + network.managers[1]!.size, 0);
    }
  });
  it('give up after the retries of the REQ, with REJ 4 that names our GUID, as Linux was seen to (rule 5.7.11)', () => {
    const network = new Network(1, { loss: 1 });
    const c = connect(network);
    network.run();
    assert.is(network.names(0), `${'REQ '.repeat(16)}REJ`);
    const { fields } = message(network, 'REJ') as Message & { name: 'REJ' };
    assert.equal(
      [fields.messageRejected, fields.reason, fields.rejectInfoLength],
      [2, reasons.TIMEOUT, 8],
    );
    assert.equal([...fields.ari.subarray(0, 8)], [0, 0, 0, 0, 0, 0, 0, 1]);
    assert.is(told(network, 0), 'UNREACHABLE');
    assert.is(network.events[0][0]!.status, -110);
    assert.is(c.state, 'IDLE');
    assert.ok(network.now > seconds(16 * 4.29) && network.now < seconds(16 * 6.5));
  });
  it('wait as long as an MRA says when the application is slow, and ask for no more than that (rule 5.7.12)', () => {
    const { network } = pair();
    const waiting: Connection[] = [];
    const accept = network.application;
    network.application = (end, e) => {
      if (e.type === 'RDMA_CM_EVENT_CONNECT_REQUEST') waiting.push(e.connection);
      else accept(end, e);
    };
    const c = connect(network);
    network.run(seconds(60));
    assert.is(network.names(0), 'REQ REQ', 'the first retry is answered with an MRA of 69 s');
    assert.is(network.names(1), 'MRA');
    network.managers[1]!.accept(network.now, waiting[0]!, { localQpn: 2, startingPsn: 3 });
    network.run(seconds(61));
    assert.is(c.state, 'ESTABLISHED');
  });
  it('stand when data comes before the RTU (rule 5.7.9)', () => {
    const { network } = pair(1, { lose: (m: Message) => m.name === 'RTU' });
    connect(network);
    network.run(ms(1));
    const c = other(network)!;
    assert.is(c.state, 'REP_SENT');
    network.managers[1]!.communicationEstablished(network.now, c);
    network.run(MINUTE);
    assert.is(c.state, 'ESTABLISHED');
    assert.is(network.names(1), 'REP');
  });
  it('end once when both sides ask at the same time', () => {
    const { network } = pair();
    const c = connect(network);
    network.run(ms(1));
    network.managers[0]!.disconnect(network.now, c);
    network.managers[1]!.disconnect(network.now, other(network)!);
    network.run();
    assert.match(told(network, 0), /DISCONNECTED TIMEWAIT_EXIT$/);
    assert.match(told(network, 1), /DISCONNECTED TIMEWAIT_EXIT$/);
  });
});

spec('refused connections', (it) => {
  it('say reason 8 where nobody listens (rule 5.7.13)', () => {
    const network = new Network(1);
    connect(network);
    network.run();
    assert.is(told(network, 0), 'REJECTED');
    assert.is(network.events[0][0]!.status, reasons.INVALID_SERVICE_ID);
    assert.is(network.managers[0]!.size, 0);
  });
  it('carry the private data of who rejects (rule 5.7.16)', () => {
    const { network } = pair();
    network.application = (_end, e) => {
      if (e.type !== 'RDMA_CM_EVENT_CONNECT_REQUEST') return;
      network.managers[1]!.reject(network.now, e.connection, Uint8Array.of(1, 2, 3));
    };
    connect(network);
    network.run();
    const event = network.events[0][0]!;
    assert.is(event.status, reasons.CONSUMER_REJECT);
    assert.equal([...event.privateData.subarray(0, 4)], [1, 2, 3, 0]);
    assert.is(event.privateData.length, 148);
  });
  it('say reason 10 when a queue pair is reused, and the old connection gets a DREQ (rule 5.7.13, trap 28)', () => {
    const { network } = pair();
    const first = connect(network, 0x10);
    network.run(ms(1));
    const again = connect(network, 0x10);
    network.run(ms(2));
    assert.is(first.state, 'TIMEWAIT');
    assert.is(again.state, 'TIMEWAIT');
    const rejected = network.events[0].find((e) => e.type === 'RDMA_CM_EVENT_REJECTED')!;
    assert.is(rejected.status, reasons.STALE_CONNECTION);
    assert.match(network.names(1), /REJ DREQ$/);
  });
  it('tell a bad transport and a bad MTU by reasons 9 and 26 (rule 5.7.16)', () => {
    const { network } = pair();
    for (const [wrong, reason] of [
      [{ transportServiceType: 2 }, 9],
      [{ path: { ...path, mtu: 6 } }, 26],
    ] as const) {
      const p = { serviceId: SERVICE, path, localQpn: 5, startingPsn: 6, ...wrong };
      network.managers[0]!.connect(network.now, p);
      network.run();
      assert.is(network.events[0].at(-1)!.status, reason);
    }
  });
  it('are dropped, not rejected, when a listener has as many as it wants; they come again', () => {
    const network = new Network(1);
    network.managers[1]!.listen(SERVICE, 1);
    connect(network, 1);
    connect(network, 2);
    network.run(seconds(1));
    assert.is(network.events[1].length, 1);
    assert.is(network.managers[1]!.counters.get('backlog-full'), 1);
    network.managers[1]!.reject(network.now, other(network)!);
    network.run(seconds(10));
    assert.is(told(network, 1), 'CONNECT_REQUEST CONNECT_REQUEST');
  });
  it('alternate paths are refused by name', () => {
    const { network } = pair();
    const c = connect(network);
    network.run(ms(1));
    const ids = { localCommId: other(network)!.localCommId, remoteCommId: c.localCommId };
    const lap = writeMessage('LAP', 77n, ids);
    assert.is(network.managers[0]!.receive(network.now, lap, 0, MAD_SIZE, { lid: 1 }), 'taken');
    network.run(ms(2));
    const { fields, tid } = message(network, 'APR') as Message & { name: 'APR' };
    assert.equal([fields.apStatus, tid], [2, 77n]);
  });
});

/** One life under faults. What both ends think once all is quiet, before anybody disconnects. */
function life(seed: number, loss: number) {
  const { network } = pair(seed, { loss, duplicate: 0.2, delay: seconds(2) });
  const c = connect(network);
  network.run(seconds(600));
  const states = [c.state, other(network)?.state ?? 'IDLE'];
  const before = states.map((state) => state === 'ESTABLISHED');
  network.faults = { loss: loss / 2, duplicate: 0.2, delay: seconds(2) };
  const ends = [c, other(network)];
  for (const [end, connection] of ends.entries()) {
    if (connection?.state === 'ESTABLISHED' && network.random.chance(0.7)) {
      network.managers[end]!.disconnect(network.now, connection);
    }
  }
  network.run();
  return { network, before, c };
}

spec('connections under loss, duplication and reordering', (it) => {
  it('are established at both ends or at none, and ended ones leave nothing behind', () => {
    let established = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const { network, before, c } = life(seed, seed % 2 ? 0.15 : 0.4);
      assert.is(before[0], before[1], `seed ${seed}`);
      established += Number(before[0]);
      const left = network.managers.map((m) => m.size);
      const kept = c.state === 'ESTABLISHED' ? 1 : 0;
      assert.equal(left, [kept, kept], `seed ${seed}`);
      for (const events of network.events) {
        const count = (type: string) => events.filter((e) => e.type.endsWith(type)).length;
        assert.ok(count('ESTABLISHED') <= 1 && count('DISCONNECTED') <= 1, `seed ${seed}`);
      }
    }
    assert.ok(established > 140, `${established} of 150`);
  });
  it('are the same, message by message, with the same seed', () => {
    const bytes = (seed: number) =>
      life(seed, 0.3)
        .network.sent.map((s) => s.bytes.join())
        .join('|');
    assert.is(bytes(7), bytes(7));
    assert.is.not(bytes(7), bytes(8));
  });
  it('a half that believes it stands while the other gave up ends by its DREQ', () => {
    const { network } = pair(1, { lose: (m: Message) => m.name === 'RTU' || m.name === 'REJ' });
    const c = connect(network);
    network.run(seconds(3000));
    assert.is(c.state, 'ESTABLISHED');
    assert.match(told(network, 1), /UNREACHABLE/);
    network.managers[0]!.disconnect(network.now, c);
    network.run();
    assert.is(network.managers[0]!.size, 0);
    assert.match(network.names(0), / DREQ$/);
  });
});

spec('hostile messages', (it) => {
  it('throw nothing, are counted by name, and hold no more connections than allowed', () => {
    const { network } = pair();
    const c = connect(network);
    network.run(ms(1));
    const random = new Random(5);
    const [manager] = network.managers.slice(1);
    const before = network.sent.map((s) => s.bytes);
    for (let i = 0; i < 4000; i++) {
      const bytes = before[random.below(before.length)]!.slice();
      const flips = random.below(6);
      for (let k = 0; k < flips; k++) bytes[random.below(bytes.length)] = random.below(256);
      const end = random.chance(0.1) ? random.below(MAD_SIZE) : MAD_SIZE;
      manager!.receive(after(network.now, i), bytes, 0, end, { lid: 9 });
      manager!.transmit(bytes);
      manager!.event();
    }
    assert.ok((manager!.counters.get('truncated') ?? 0) > 0);
    assert.ok((manager!.counters.get('unknown-attribute') ?? 0) > 0);
    assert.ok(manager!.size <= 1100, `${manager!.size}`);
    assert.is(c.state, 'ESTABLISHED');
  });
});
