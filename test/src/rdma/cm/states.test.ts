// Mirrors src/rdma/cm/states.ts: the machine is brought into every state by messages of a peer that is played here, and
// every row of the table happens as it says.

import { MAD_SIZE } from '../../../../protocols/infiniband/mad/names.js';
import {
  type Connection,
  ConnectionManager,
  type Event,
  type Message,
  type Row,
  readMessage,
  rows,
  type State,
  writeMessage,
} from '../../../../src/rdma/cm/index.js';
import { type Nanos, Random, START } from '../../../../src/time/index.js';
import { assert, spec } from '../../../support/spec.js';
import { path, SERVICE } from './network.js';

const PEER = { guid: 0x77n, commId: 0x700, qpn: 0x70 };
const OUR_QPN = 0x10;

/** One manager, one connection, and the peer. */
class Stage {
  now: Nanos = START;
  last: Row | undefined;
  c: Connection | undefined;
  readonly manager = new ConnectionManager({
    guid: 1n,
    random: new Random(3),
    trace: (_now, c, row) => {
      if (c === this.c || this.c === undefined) this.last = row;
    },
  });

  connect(): this {
    const p = { serviceId: SERVICE, path, localQpn: OUR_QPN, startingPsn: 1 };
    this.c = this.manager.connect(this.now, p);
    return this;
  }

  listened(): this {
    this.manager.listen(SERVICE);
    return this;
  }

  /** The peer's message arrives. */
  hear(name: Parameters<typeof writeMessage>[0], fields: Record<string, unknown> = {}): this {
    const ids = { localCommId: PEER.commId, remoteCommId: this.c?.localCommId ?? 0 };
    const own: Record<string, Record<string, unknown>> = {
      REQ: { ...request, ...fields },
      SIDR_REQ: { requestId: PEER.commId, serviceId: SERVICE },
      SIDR_REP: { requestId: this.c?.localCommId, ...fields },
      DREQ: { ...ids, remoteQpnEecn: OUR_QPN },
      REP: { ...ids, localCaGuid: PEER.guid, localQpn: PEER.qpn, startingPsn: 9 },
    };
    const bytes = writeMessage(name, 5n, (own[name] ?? { ...ids, ...fields }) as never);
    this.manager.receive(this.now, bytes, 0, MAD_SIZE, { lid: 2 });
    this.c ??= this.manager.event()?.connection;
    return this;
  }

  accept(): this {
    this.manager.accept(this.now, this.c!, { localQpn: OUR_QPN, startingPsn: 2 });
    return this;
  }

  establish(): this {
    this.manager.establish(this.now, this.c!);
    return this;
  }

  disconnect(): this {
    this.manager.disconnect(this.now, this.c!);
    return this;
  }

  resolve(): this {
    this.c = this.manager.resolve(this.now, { serviceId: SERVICE, path });
    return this;
  }

  expire(): this {
    this.now = this.manager.wakeAt();
    this.manager.expire(this.now);
    return this;
  }

  /** Names of the messages said since the last time. */
  said(): string[] {
    const bytes = new Uint8Array(MAD_SIZE);
    const names: string[] = [];
    while (this.manager.transmit(bytes)) {
      names.push((readMessage(bytes, 0, MAD_SIZE) as Message).name);
    }
    return names;
  }

  told(): string[] {
    const types: string[] = [];
    for (let e = this.manager.event(); e; e = this.manager.event()) types.push(e.type);
    return types;
  }
}

const request = {
  localCommId: PEER.commId,
  serviceId: SERVICE,
  localCaGuid: PEER.guid,
  localQpn: PEER.qpn,
  pathPacketPayloadMtu: 3,
  localCmResponseTimeout: 20,
  maxCmRetries: 15,
};

const active = () => new Stage().connect();
const passive = () => new Stage().listened().hear('REQ');
const established = () => active().hear('REP').establish();

/** How each state is reached. */
const reach: Readonly<Record<State, () => Stage>> = {
  IDLE: () => new Stage(),
  LISTEN: () => new Stage().listened(),
  REQ_SENT: active,
  MRA_REQ_RCVD: () => active().hear('MRA', { messageMraed: 0, serviceTimeout: 10 }),
  REP_RCVD: () => active().hear('REP'),
  MRA_REP_SENT: () => active().hear('REP').hear('REP'),
  REQ_RCVD: passive,
  MRA_REQ_SENT: () => passive().hear('REQ'),
  REP_SENT: () => passive().accept(),
  MRA_REP_RCVD: () => passive().accept().hear('MRA', { messageMraed: 1, serviceTimeout: 10 }),
  ESTABLISHED: established,
  DREQ_SENT: () => established().disconnect(),
  DREQ_RCVD: () => established().hear('DREQ'),
  TIMEWAIT: () => established().disconnect().hear('DREP'),
  SIDR_REQ_SENT: () => new Stage().resolve(),
  SIDR_REQ_RCVD: () => new Stage().listened().hear('SIDR_REQ'),
};

/** How each event is caused. */
const cause: Readonly<Record<Event, (s: Stage) => unknown>> = {
  listen: (s) => s.listened(),
  connect: (s) => s.connect(),
  resolve: (s) => s.resolve(),
  accept: (s) => s.accept(),
  establish: (s) => s.establish(),
  reject: (s) => s.manager.reject(s.now, s.c!),
  'send MRA': (s) => s.manager.sendMra(s.now, s.c!),
  traffic: (s) => s.manager.communicationEstablished(s.now, s.c!),
  disconnect: (s) => s.disconnect(),
  answer: (s) => s.manager.answer(s.now, s.c!, { status: 0, qpn: 3, qkey: 4 }),
  destroy: (s) => s.manager.destroy(s.now, s.c!),
  REQ: (s) => s.listened().hear('REQ'),
  'duplicate REQ': (s) => s.hear('REQ'),
  REP: (s) => s.hear('REP'),
  'duplicate REP': (s) => s.hear('REP'),
  RTU: (s) => s.hear('RTU'),
  REJ: (s) => s.hear('REJ', { reason: 28 }),
  'REJ stale': (s) => s.hear('REJ', { reason: 10 }),
  MRA: (s) => s.hear('MRA', { serviceTimeout: 10 }),
  DREQ: (s) => s.hear('DREQ'),
  DREP: (s) => s.hear('DREP'),
  LAP: (s) => s.hear('LAP'),
  SIDR_REQ: (s) => s.listened().hear('SIDR_REQ'),
  'duplicate SIDR_REQ': (s) => s.hear('SIDR_REQ'),
  SIDR_REP: (s) => s.hear('SIDR_REP', { status: 0, qpn: 3 }),
  'SIDR_REP refused': (s) => s.hear('SIDR_REP', { status: 1 }),
  retry: (s) => s.expire(),
  exhausted: (s) => {
    const { state } = s.c!;
    while (s.c!.state === state) {
      s.said();
      s.expire();
    }
  },
  'timewait over': (s) => s.expire(),
  stale: (s) => s.hear('REQ', { localCommId: PEER.commId + 1 }),
};

/** What is on the wire after a row: the words of the table name the same message more closely. */
function expectedSaid(row: Row, before: readonly string[]): string[] {
  // The request that reuses a queue pair is rejected as well.
  const first = row.event === 'stale' ? ['REJ'] : [];
  if (row.send === undefined) return first;
  return [
    ...first,
    row.send === 'again' ? before.findLast((n) => /RE[QP]$/.test(n))! : row.send.split(' ')[0]!,
  ];
}

spec('the states of a connection', (it) => {
  it('are each reached', () => {
    for (const [state, way] of Object.entries(reach)) {
      if (state !== 'IDLE' && state !== 'LISTEN') assert.is(way().c!.state, state);
    }
  });
  for (const row of rows.filter((r) => r.from !== 'LISTEN' && r.to !== 'LISTEN')) {
    it(`${row.from}, ${row.event}: ${row.to}`, () => {
      const stage = reach[row.from]();
      const before = stage.said();
      stage.told();
      cause[row.event](stage);
      assert.is(stage.c!.state, row.to);
      assert.ok(stage.last === row, 'by this row');
      assert.equal(stage.said(), expectedSaid(row, before));
      const told = stage.told();
      const silent = row.event === 'REQ' || row.event === 'SIDR_REQ';
      if (!silent) assert.equal(told, row.tell ? [row.tell] : []);
      if (row.to === 'IDLE') assert.is(stage.manager.size, 0, 'forgotten');
    });
  }
  it('of a listener last until it is ended', () => {
    const manager = new ConnectionManager({ guid: 1n, random: new Random(1) });
    const listener = manager.listen(SERVICE);
    assert.is(listener.state, 'LISTEN');
    assert.throws(() => manager.listen(SERVICE), /EBUSY/);
    for (const name of ['REQ', 'SIDR_REQ'] as const) {
      const fields = name === 'REQ' ? request : { requestId: 4, serviceId: SERVICE };
      manager.receive(START, writeMessage(name, 1n, fields as never), 0, MAD_SIZE, { lid: 2 });
      assert.is(listener.state, 'LISTEN');
    }
    assert.is(listener.pending, 2);
    manager.unlisten(listener);
    assert.is(listener.state, 'IDLE');
    manager.receive(
      START,
      writeMessage('REQ', 1n, { ...request, localCommId: 9, localQpn: 9 }),
      0,
      MAD_SIZE,
      { lid: 2 },
    );
    assert.is(manager.size, 2);
    assert.is(manager.waiting, 1, 'REJ');
  });
  it('have one row an event', () => {
    assert.is(new Set(rows.map((r) => `${r.from}/${r.event}`)).size, rows.length);
  });
  it('refuse calls that they have no row for', () => {
    assert.throws(() => active().accept(), /EINVAL/);
    assert.throws(() => passive().disconnect(), /EINVAL/);
  });
});
