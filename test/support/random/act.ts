// What one end of a connection does at one moment of a random program: draws a work request, tells the model, posts it.

import {
  type Ah,
  allocMw,
  createAh,
  postSend,
  type SendWr,
  type WcStatus,
} from '../../../src/rdma/index.js';
import { type Connection, type Grant, QKEY } from './connection.js';
import { type Operation, wordAt } from './model.js';
import {
  type Peer,
  RECEIVE_BYTES,
  type Scattered,
  SOURCE_BYTES,
  scatter,
  TARGET_BYTES,
  WORDS,
} from './peer.js';

const FENCE = 1;
const SIGNALED = 2;
const SOLICITED = 4;
const INLINE_BYTES = 64;
const WINDOW_RIGHTS = 0xe;

/** Around the edges of packets of all MTUs, and some large ones. */
const lengths = [0, 1, 3, 64, 255, 256, 257, 1023, 1024, 1025, 2048, 3000, 4000];

type Common = Pick<SendWr, 'sgList' | 'inlineData' | 'sendFlags'>;

interface Turn {
  readonly connection: Connection;
  readonly from: Peer;
  readonly to: Peer;
  readonly grant: Grant;
  readonly flags: number;
}

/** One request of `connection.peers[index]`. */
export function act(connection: Connection, index: 0 | 1, mayFail: boolean): void {
  const from = connection.peers[index];
  const to = connection.peers[index === 0 ? 1 : 0];
  const { random } = from;
  const signaled = random.chance(0.5) || from.posted % 4 === 3;
  const flags =
    (signaled ? SIGNALED : 0) +
    (random.chance(0.2) ? SOLICITED : 0) +
    (connection.reliable && random.chance(0.15) ? FENCE : 0);
  const turn: Turn = { connection, from, to, grant: connection.grants[index], flags };
  if (!connection.reliable) return unreliable(turn);
  if (mayFail && random.chance(0.05)) return spoil(turn);
  const kinds = [
    send,
    send,
    write,
    write,
    readSource,
    readTarget,
    word,
    word,
    store,
    flush,
    borrow,
  ];
  kinds[random.below(kinds.length)]!(turn);
}

/** Posts a request of which the model knows. */
function post(
  turn: Turn,
  op: Operation,
  wr: Omit<SendWr, 'wrId'>,
  more: { sink?: Scattered; wanted?: WcStatus; confirmed?: () => void; answer?: Uint8Array } = {},
): void {
  const { from, to, connection } = turn;
  const changes = op.does !== 'read' && op.does !== 'send' && op.does !== 'nothing';
  // A READ may be carried out again after a loss, so that what changes its bytes must wait for it.
  const fence = changes && from.fence && (turn.flags & FENCE) === 0 ? FENCE : 0;
  if (changes) from.fence = false;
  const sendFlags = turn.flags + fence;
  const xrc = connection.service === 'XRC' ? { xrcSrqn: to.inbox.srq!.srqNum } : {};
  const signaled = (sendFlags & SIGNALED) !== 0;
  const wrId = from.note(to, signaled, op, more.sink, more.wanted, more.confirmed, more.answer);
  postSend(from.host.context, from.qp, { ...wr, ...xrc, wrId, sendFlags });
}

/** Some bytes of the source: inline, or gathered from up to three places. */
function payload({ from }: Turn, most = RECEIVE_BYTES): { bytes: Uint8Array; list: Common } {
  const { random, source, host } = from;
  const length = Math.min(most, lengths[random.below(lengths.length)]!);
  const at = random.below(SOURCE_BYTES - length);
  const bytes = source.bytes.slice(at, at + length);
  if (length <= INLINE_BYTES && random.chance(0.5)) return { bytes, list: { inlineData: bytes } };
  const cuts = [0, random.below(length + 1), random.below(length + 1), length].sort(
    (a, b) => a - b,
  );
  const sgList = [0, 1, 2].map((i) => ({
    addr: source.addr + BigInt(at + cuts[i]!),
    length: cuts[i + 1]! - cuts[i]!,
    lkey: host.mr.lkey,
  }));
  return { bytes, list: { sgList } };
}

const somewhere = (to: Peer, at: number, rkey = to.host.mr.rkey) => ({
  remoteAddr: to.target.addr + BigInt(at),
  rkey,
});

function send(turn: Turn): void {
  const { from, to } = turn;
  const { bytes, list } = payload(turn);
  const imm = from.random.chance(0.5) ? from.random.below(2 ** 32) : -1;
  const expected = { bytes, length: bytes.length, imm: Math.max(imm, 0), invalidates: false };
  to.expected.push(expected);
  const op: Operation = { does: 'send', bytes, imm };
  if (imm < 0) return post(turn, op, { opcode: 'IBV_WR_SEND', ...list });
  post(turn, op, { opcode: 'IBV_WR_SEND_WITH_IMM', immData: imm, ...list });
}

function write(turn: Turn, rkey?: number): void {
  const { from, to } = turn;
  const { bytes, list } = payload(turn);
  const at = from.random.below(TARGET_BYTES - bytes.length);
  const op: Operation = { does: 'write', to: at, bytes };
  const rdma = somewhere(to, at, rkey);
  if (from.random.chance(0.6))
    return post(turn, op, { opcode: 'IBV_WR_RDMA_WRITE', rdma, ...list });
  const immData = from.random.below(2 ** 32);
  to.expected.push({ bytes: null, length: bytes.length, imm: immData, invalidates: false });
  post(turn, op, { opcode: 'IBV_WR_RDMA_WRITE_WITH_IMM', rdma, immData, ...list });
}

/** Of memory that never changes. */
function readSource(turn: Turn): void {
  const { from, to } = turn;
  const length = lengths[from.random.below(lengths.length)]!;
  const at = from.random.below(SOURCE_BYTES - length);
  const sink = scatter(from.host, from.random, length);
  const rdma = { remoteAddr: to.source.addr + BigInt(at), rkey: to.host.mr.rkey };
  const answer = to.source.bytes.slice(at, at + length);
  const wr = { opcode: 'IBV_WR_RDMA_READ', rdma, sgList: sink.sgList } as const;
  post(turn, { does: 'nothing' }, wr, { sink, answer });
}

/** Of memory that was written before and will be written again, behind a fence. */
function readTarget(turn: Turn): void {
  const { from, to } = turn;
  const length = lengths[from.random.below(lengths.length)]!;
  const at = from.random.below(TARGET_BYTES - length);
  const sink = scatter(from.host, from.random, length);
  const wr = { opcode: 'IBV_WR_RDMA_READ', rdma: somewhere(to, at), sgList: sink.sgList } as const;
  post(turn, { does: 'read', from: at, length }, wr, { sink });
  from.fence = true;
}

const anyWord = (from: Peer): number => TARGET_BYTES + 8 * from.random.below(WORDS);
const anyValue = (from: Peer): bigint =>
  (BigInt(from.random.bits()) << 32n) | BigInt(from.random.bits());

function word(turn: Turn): void {
  const { from, to } = turn;
  const at = anyWord(from);
  const sink = scatter(from.host, from.random, 8);
  const by = anyValue(from);
  if (from.random.chance(0.5)) {
    const atomic = { ...somewhere(to, at), compareAdd: by };
    const wr = { opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD', atomic, sgList: sink.sgList } as const;
    return post(turn, { does: 'add', at, by }, wr, { sink });
  }
  const compare = from.random.chance(0.5) ? wordAt(to.model, at) : anyValue(from);
  const atomic = { ...somewhere(to, at), compareAdd: compare, swap: by };
  const wr = { opcode: 'IBV_WR_ATOMIC_CMP_AND_SWP', atomic, sgList: sink.sgList } as const;
  post(turn, { does: 'swap', at, compare, by }, wr, { sink });
}

function store(turn: Turn): void {
  const { from, to, connection } = turn;
  if (connection.service !== 'RC') return word(turn);
  const at = anyWord(from);
  const value = anyValue(from);
  const wr = {
    opcode: 'IBV_WR_ATOMIC_WRITE',
    rdma: somewhere(to, at),
    atomicWrite: value,
  } as const;
  post(turn, { does: 'store', at, value }, wr);
}

function flush(turn: Turn): void {
  const { from, to, connection } = turn;
  if (connection.service !== 'RC') return write(turn);
  const level = from.random.below(2);
  const what = { length: from.random.below(1000), type: 1 + from.random.below(2), level };
  post(turn, { does: 'nothing' }, { opcode: 'IBV_WR_FLUSH', rdma: somewhere(to, 0), flush: what });
}

/** Asks the far side for a window, writes through it, and gives it back by SEND_WITH_INV. */
function borrow(turn: Turn): void {
  const { from, to, grant, connection } = turn;
  if (connection.service !== 'RC') return send(turn);
  if (grant.state === 'none') return lend(turn);
  if (grant.state !== 'live') return write(turn);
  if (from.random.chance(0.6)) return write(turn, grant.rkey);
  const { bytes, list } = payload(turn);
  const { rkey } = grant;
  to.expected.push({ bytes, length: bytes.length, imm: rkey, invalidates: true });
  grant.state = 'spent';
  const done = {
    confirmed: () => {
      grant.state = 'none';
    },
  };
  const wr = { opcode: 'IBV_WR_SEND_WITH_INV', invalidateRkey: rkey, ...list } as const;
  post(turn, { does: 'send', bytes, imm: rkey }, wr, done);
}

/** The far side binds a window to what it lets this side write. */
function lend({ from, to, grant }: Turn): void {
  if (to.entries.length >= 10 || to.broken !== '') return;
  grant.mw ??= allocMw(to.host.pd, 2);
  grant.state = 'asked';
  const { mw } = grant;
  const range = { addr: to.target.addr, length: to.target.bytes.length };
  const wrId = to.note(from, true, { does: 'nothing' }, null, 'IBV_WC_SUCCESS', () => {
    grant.rkey = mw.rkey;
    grant.state = 'live';
  });
  const bindMw = { mw, rkey: mw.rkey + 1, mr: to.host.mr, ...range, access: WINDOW_RIGHTS };
  const wr = { wrId, opcode: 'IBV_WR_BIND_MW', bindMw, sendFlags: SIGNALED } as const;
  postSend(to.host.context, to.qp, wr);
}

/** A request that must fail, and take the connection with it. */
function spoil(turn: Turn): void {
  const { from, to } = turn;
  const { random, host } = from;
  const sgList = [{ addr: from.source.addr, length: 100, lkey: host.mr.lkey }];
  const fail = (wanted: WcStatus, wr: Omit<SendWr, 'wrId'>) =>
    post({ ...turn, flags: turn.flags | SIGNALED }, { does: 'nothing' }, wr, { wanted });
  const write = { opcode: 'IBV_WR_RDMA_WRITE', sgList } as const;
  switch (random.below(6)) {
    case 0:
      return fail('IBV_WC_REM_ACCESS_ERR', { ...write, rdma: somewhere(to, 0, random.bits()) });
    case 1: {
      const rdma = somewhere(to, 0, to.host.readOnly.rkey);
      return fail('IBV_WC_REM_ACCESS_ERR', { ...write, rdma });
    }
    case 2: {
      const rdma = { remoteAddr: to.host.mr.addr - 50n, rkey: to.host.mr.rkey };
      return fail('IBV_WC_REM_ACCESS_ERR', { ...write, opcode: 'IBV_WR_RDMA_READ', rdma });
    }
    case 3: {
      const atomic = { ...somewhere(to, TARGET_BYTES + 4), compareAdd: 1n };
      const eight = [{ ...sgList[0]!, length: 8 }];
      const opcode = 'IBV_WR_ATOMIC_FETCH_AND_ADD';
      return fail('IBV_WC_REM_INV_REQ_ERR', { opcode, atomic, sgList: eight });
    }
    case 4: {
      const wrong = [{ ...sgList[0]!, lkey: random.bits() }];
      return fail('IBV_WC_LOC_PROT_ERR', { ...write, sgList: wrong, rdma: somewhere(to, 0) });
    }
    default: {
      const long = [{ ...sgList[0]!, length: RECEIVE_BYTES + 1 }];
      return fail('IBV_WC_REM_INV_REQ_ERR', { opcode: 'IBV_WR_SEND', sgList: long });
    }
  }
}

const handles = new WeakMap<Peer, Ah>();

/** UC and UD: what arrives must have been sent; it need not arrive. */
function unreliable(turn: Turn): void {
  const { from, to, connection, flags } = turn;
  const { random } = from;
  const sendFlags = flags & ~FENCE;
  if (connection.service === 'UC' && random.chance(0.4)) {
    const { bytes, list } = payload(turn);
    const rdma = somewhere(to, random.below(TARGET_BYTES - bytes.length));
    const wrId = from.note(to, (flags & SIGNALED) !== 0, { does: 'nothing' });
    const wr = { wrId, opcode: 'IBV_WR_RDMA_WRITE', rdma, ...list, sendFlags } as const;
    return postSend(from.host.context, from.qp, wr);
  }
  const most = connection.service === 'UD' ? RECEIVE_BYTES - 40 : RECEIVE_BYTES;
  const { bytes, list } = payload(turn, most);
  const immData = random.below(2 ** 32);
  to.expected.push({ bytes, length: bytes.length, imm: immData, invalidates: false });
  const wrId = from.note(to, (flags & SIGNALED) !== 0, { does: 'nothing' });
  const wr = { wrId, opcode: 'IBV_WR_SEND_WITH_IMM', immData, ...list, sendFlags } as const;
  if (connection.service === 'UC') return postSend(from.host.context, from.qp, wr);
  let ah = handles.get(from);
  if (ah === undefined) {
    ah = createAh(from.host.pd, connection.world.path(to.host, connection.random, true));
    handles.set(from, ah);
  }
  const ud = { ah, remoteQpn: to.qp.qpn, remoteQkey: QKEY };
  postSend(from.host.context, from.qp, { ...wr, ud });
}
