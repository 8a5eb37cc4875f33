// The table of queue pair states against Linux's (qp_state_table of drivers/infiniband/core/verbs.c, read at commit
// 009f7738; it follows IBA tables 91 to 97): for every service and every pair of states the same attributes.

import {
  type QpState,
  type QpType,
  qpTypes,
  refuseTransition,
  stateAllows,
  transitions,
} from '../../../src/rdma/index.js';
import { assert, spec } from '../../support/spec.js';

/** Linux's attributes by letter, and what we call them; those of path migration we have not. */
const letters: Readonly<Record<string, string>> = {
  a: 'qpAccessFlags',
  c: 'curQpState',
  d: 'maxDestRdAtomic',
  e: 'enSqdAsyncNotify',
  k: 'pkeyIndex',
  m: 'pathMtu',
  n: 'destQpNum',
  o: 'portNum',
  p: 'sqPsn',
  q: 'qkey',
  r: 'maxRdAtomic',
  s: 'rqPsn',
  t: 'timeout',
  v: 'ahAttr',
  w: 'minRnrTimer',
  x: 'rnrRetry',
  y: 'retryCnt',
  A: 'alternate path',
  M: 'path migration state',
};

type Row = readonly [required: string, optional: string];
type Rows = Readonly<Record<QpType, Row>>;
const rows = (ud: Row, uc: Row, rc: Row, send: Row, receive: Row, gsi: Row): Rows => ({
  IBV_QPT_UD: ud,
  IBV_QPT_UC: uc,
  IBV_QPT_RC: rc,
  IBV_QPT_XRC_SEND: send,
  IBV_QPT_XRC_RECV: receive,
  IBV_QPT_GSI: gsi,
});
const e: Row = ['', 'e'];

const linux: Readonly<Record<string, Rows>> = {
  'RESET INIT': rows(['koq', ''], ['koa', ''], ['koa', ''], ['koa', ''], ['koa', ''], ['kq', '']),
  'INIT INIT': rows(['', 'koq'], ['', 'koa'], ['', 'koa'], ['', 'koa'], ['', 'koa'], ['', 'kq']),
  'INIT RTR': rows(
    ['', 'kq'],
    ['vmns', 'Aak'],
    ['vmnsdw', 'Aak'],
    ['vmns', 'Aak'],
    ['vmnsdw', 'Aak'],
    ['', 'kq'],
  ),
  'RTR RTS': rows(
    ['p', 'cq'],
    ['p', 'cAaM'],
    ['tyxpr', 'cAawM'],
    ['tyxpr', 'cAaM'],
    ['tp', 'cAawM'],
    ['p', 'cq'],
  ),
  'RTS RTS': rows(['', 'cq'], ['', 'caAM'], ['', 'caAMw'], ['', 'caAM'], ['', 'caAMw'], ['', 'cq']),
  'RTS SQD': rows(e, e, e, e, e, e),
  'SQD RTS': rows(['', 'cq'], ['', 'cAaM'], ['', 'cAawM'], ['', 'cAaM'], ['', 'cAawM'], ['', 'cq']),
  'SQD SQD': rows(
    ['', 'kq'],
    ['', 'vAakM'],
    ['', 'ovtyxrdAakwM'],
    ['', 'ovtyxrAakM'],
    ['', 'ovtdAakwM'],
    ['', 'kq'],
  ),
  'SQE RTS': rows(['', 'cq'], ['', 'ca'], ['', ''], ['', ''], ['', ''], ['', 'cq']),
};

const states = Object.keys(stateAllows) as QpState[];
const migration = (letter: string): boolean => letter === 'A' || letter === 'M';
const ours = (list: string | undefined): string[] => (list ? list.split(' ').sort() : []);
const theirs = (list: string): string[] =>
  [...list]
    .filter((letter) => !migration(letter))
    .map((letter) => letters[letter]!)
    .sort();

spec('the table of queue pair states', (it) => {
  it("requires and takes what Linux's does, path migration aside", () => {
    for (const [way, services] of Object.entries(linux)) {
      const [from, to] = way.split(' ');
      const row = transitions.find((t) => t.from === from && t.to === to);
      assert.ok(row, way);
      for (const type of qpTypes) {
        assert.equal(ours(row!.required[type]), theirs(services[type][0]), `${way} ${type} needs`);
        assert.equal(ours(row!.optional[type]), theirs(services[type][1]), `${way} ${type} takes`);
      }
    }
    assert.is(transitions.length, Object.keys(linux).length);
  });

  it('knows no way that Linux does not, and every way to RESET and ERR', () => {
    for (const from of states) {
      for (const to of states) {
        const out = to === 'RESET' || to === 'ERR';
        const known = out || `${from} ${to}` in linux;
        const all = ours(
          transitions.find((t) => t.from === from && t.to === to)?.required.IBV_QPT_RC,
        );
        assert.is(refuseTransition('IBV_QPT_RC', from, to, all) === '', known, `${from} to ${to}`);
      }
    }
  });

  it('refuses an alternate path and a migration state by name: there is no automatic path migration', () => {
    for (const name of ['altAhAttr', 'pathMigState']) {
      const refused = refuseTransition('IBV_QPT_RC', 'RTS', 'RTS', [name]);
      assert.match(refused, `does not take ${name}`);
    }
  });
});
