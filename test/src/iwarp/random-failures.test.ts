// Random requests over iWARP of which one cannot be carried out: what both sides are told, and that no byte changes but where
// it may. The link loses, copies and reorders frames meanwhile.

import { chances } from '../../../src/fabric/index.js';
import type { Rnic, StreamError } from '../../../src/iwarp/index.js';
import { allocPd, regMr, type SendWr, type Wc } from '../../../src/rdma/index.js';
import { Random, seconds } from '../../../src/time/index.js';
import { type End, type IwarpWorld, iwarpPair } from '../../support/iwarp-pair.js';
import { assert, spec } from '../../support/spec.js';

const seeds = Number(process.env.WIREVERBS_SEEDS ?? 60);
const first = Number(process.env.WIREVERBS_SEED ?? 1);
const BUFFER = 256 * 1024;
/** The buffer in parts: what good requests use, what the wrong one would, and what is written behind it. */
const GOOD_BYTES = 64 * 1024;
const WRONG_AT = 128 * 1024;
const LATER_AT = 192 * 1024;
const MOST_BYTES = 6000;

interface Wrong {
  readonly wr: (w: IwarpWorld, length: number) => SendWr;
  /** Who finds it, and what the stream ends with there. */
  readonly found: 'client' | 'server';
  readonly error: StreamError;
  /** How it completes; Sends and Writes are complete when they have been sent. */
  readonly statuses: readonly Wc['status'][];
  /** Of the receive request that it took. */
  readonly received?: Wc['status'];
  /** Bytes of the server's buffer that it may have changed. */
  readonly reach?: (length: number) => readonly [number, number];
  /** Before it is posted. */
  readonly prepare?: (w: IwarpWorld, length: number) => void;
}

const SENT = ['IBV_WC_SUCCESS', 'IBV_WC_WR_FLUSH_ERR'] as const;
const REFUSED = ['IBV_WC_REM_ACCESS_ERR'] as const;
const NOBODY = 0x77777700;
const from = ({ client }: IwarpWorld, length: number) => [client.piece(WRONG_AT, length)];
const write = (w: IwarpWorld, length: number, rdma: SendWr['rdma']): SendWr => ({
  opcode: 'IBV_WR_RDMA_WRITE',
  sgList: from(w, length),
  rdma: rdma!,
});
const read = (w: IwarpWorld, length: number, rdma: SendWr['rdma']): SendWr => ({
  ...write(w, length, rdma),
  opcode: 'IBV_WR_RDMA_READ',
});
const add = (w: IwarpWorld, atomic: { remoteAddr: bigint; rkey: number }): SendWr => ({
  opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD',
  sgList: from(w, 8),
  atomic: { ...atomic, compareAdd: 1n },
});
const send = (w: IwarpWorld, length: number): SendWr => ({
  opcode: 'IBV_WR_SEND',
  sgList: from(w, length),
});
/** The server's buffer by another key: with fewer rights, or of another domain. */
const keyOf = (end: End, access: number, pd = end.pd) => regMr(pd, end.addr, BUFFER, access).rkey;
const stranger = (end: End) => keyOf(end, 0xf, allocPd(end.context));
const at = ({ server }: IwarpWorld, rkey: number, place = WRONG_AT) => ({
  ...server.remote(place),
  rkey,
});
const edge = ({ server }: IwarpWorld, length: number) => server.remote(BUFFER - length + 1);

const wrongs: Readonly<Record<string, Wrong>> = {
  'a WRITE with a key that nobody has': {
    wr: (w, length) => write(w, length, at(w, NOBODY)),
    found: 'server',
    error: 'sink-stag',
    statuses: SENT,
  },
  "a WRITE with another domain's key": {
    wr: (w, length) => write(w, length, at(w, stranger(w.server))),
    found: 'server',
    error: 'sink-not-associated',
    statuses: SENT,
  },
  'a WRITE that may not write': {
    wr: (w, length) => write(w, length, at(w, keyOf(w.server, 1))),
    found: 'server',
    error: 'access-rights',
    statuses: SENT,
  },
  'a WRITE beyond the region': {
    wr: (w, length) => write(w, length, edge(w, length)),
    found: 'server',
    error: 'sink-bounds',
    statuses: SENT,
    reach: (length) => [BUFFER - length + 1, BUFFER],
  },
  'a READ with a key that nobody has': {
    wr: (w, length) => read(w, length, at(w, NOBODY)),
    found: 'server',
    error: 'source-stag',
    statuses: REFUSED,
  },
  'a READ that may not read': {
    wr: (w, length) => read(w, length, at(w, keyOf(w.server, 3))),
    found: 'server',
    error: 'access-rights',
    statuses: REFUSED,
  },
  'a READ beyond the region': {
    wr: (w, length) => read(w, length, edge(w, length)),
    found: 'server',
    error: 'source-bounds',
    statuses: REFUSED,
  },
  'an atomic with a key that nobody has': {
    wr: (w) => add(w, at(w, NOBODY)),
    found: 'server',
    error: 'source-stag',
    statuses: REFUSED,
  },
  'an atomic that is not aligned': {
    wr: (w) => add(w, w.server.remote(WRONG_AT + 4)),
    found: 'server',
    error: 'source-bounds',
    statuses: REFUSED,
  },
  'a Send that nobody receives': {
    wr: send,
    found: 'server',
    error: 'no-buffer',
    statuses: SENT,
  },
  'a Send that is longer than its buffer': {
    wr: send,
    prepare: ({ server }, length) => server.receive(WRONG_AT, length - 1, 1000),
    found: 'server',
    error: 'too-long',
    statuses: SENT,
    received: 'IBV_WC_LOC_LEN_ERR',
    reach: (length) => [WRONG_AT, WRONG_AT + length - 1],
  },
  'a Send that invalidates a whole region': {
    wr: (w, length) => ({
      ...send(w, length),
      opcode: 'IBV_WR_SEND_WITH_INV',
      invalidateRkey: w.server.mr.rkey,
    }),
    prepare: ({ server }, length) => server.receive(WRONG_AT, length, 1000),
    found: 'server',
    error: 'cannot-invalidate',
    statuses: SENT,
    received: 'IBV_WC_REM_INV_REQ_ERR',
    reach: (length) => [WRONG_AT, WRONG_AT + length],
  },
  'a Send from memory that is not ours': {
    wr: (w, length) => ({
      opcode: 'IBV_WR_SEND',
      sgList: [{ ...w.client.piece(WRONG_AT, length), lkey: NOBODY }],
    }),
    prepare: ({ server }, length) => server.receive(WRONG_AT, length, 1000),
    found: 'client',
    error: 'local-catastrophe',
    statuses: ['IBV_WC_LOC_PROT_ERR'],
  },
};

/** Good requests before the wrong one: what they leave in both buffers, and which have an answer. */
function goodOnes(w: IwarpWorld, random: Random, models: readonly [Uint8Array, Uint8Array]) {
  const { client, server } = w;
  const [mine, theirs] = models;
  return Array.from({ length: random.below(6) }, (_, i): SendWr => {
    const length = random.below(MOST_BYTES);
    const place = i * 8192;
    const [sgList, rdma] = [[client.piece(place, length)], server.remote(place)];
    if (random.chance(0.3)) {
      // Its answer may be cut off: then its sink has the beginning of it at most.
      mine.set(theirs.subarray(place, place + length), place);
      return { wrId: i, opcode: 'IBV_WR_RDMA_READ', sgList, rdma };
    }
    theirs.set(mine.subarray(place, place + length), place);
    if (random.chance(0.5)) return { wrId: i, opcode: 'IBV_WR_RDMA_WRITE', sgList, rdma };
    server.receive(place, length, i);
    return { wrId: i, opcode: 'IBV_WR_SEND', sgList };
  });
}

const changedOutside = (
  was: Uint8Array,
  is: Uint8Array,
  [begin, end]: readonly [number, number],
): number => is.findIndex((byte, i) => byte !== was[i] && !(i >= begin && i < end));

function program(seed: number, name: string, wrong: Wrong): void {
  const random = new Random(seed).fork('failures');
  const world = iwarpPair({
    seed,
    six: random.chance(0.5),
    client: { crc: random.chance(0.5), markers: random.chance(0.3) },
    server: { crc: random.chance(0.5), markers: random.chance(0.3) },
    reads: 1 + random.below(8),
  });
  const { client, server, sim } = world;
  for (const end of [client, server])
    for (let i = 0; i < BUFFER; i++) end.bytes[i] = random.below(256);
  const odds = { loss: 0.05, duplicate: 0.05, reorder: 0.05 };
  for (const station of world.stations)
    sim.impair(station, 0, chances(odds, sim.random.fork(`faults ${station.name}`)));
  const was = [client.bytes.slice(), server.bytes.slice()] as const;
  const models = [client.bytes.slice(), server.bytes.slice()] as const;
  const length = 1 + random.below(MOST_BYTES);
  const good = goodOnes(world, random, models);
  wrong.prepare?.(world, length);
  const later = Array.from({ length: random.below(3) }, (_, i): SendWr => {
    const place = LATER_AT + i * 8192;
    const sgList = [client.piece(place, MOST_BYTES)];
    return { wrId: 200 + i, opcode: 'IBV_WR_RDMA_WRITE', sgList, rdma: server.remote(place) };
  });
  const streams = [client, server].map(
    (end) => (end.host.device.transport as Rnic).streamOf(end.qp)!,
  );
  client.send(...good, { ...wrong.wr(world, length), wrId: 100 }, ...later);
  world.run(seconds(60));

  const completions = client.completions();
  assert.equal(
    completions.map(({ wrId }) => wrId),
    [...good, { wrId: 100 }, ...later].map(({ wrId }) => wrId),
    'each once, in order',
  );
  const statusOf = (id: number) => completions.find(({ wrId }) => wrId === id)!.status;
  // Behind a READ whose answer was cut off the first failure is that one's, and what follows is flushed (IBA 10.8.6).
  const isCut = good.some((_, i) => statusOf(i) === 'IBV_WC_WR_FLUSH_ERR');
  const may = isCut ? [...wrong.statuses, 'IBV_WC_WR_FLUSH_ERR'] : wrong.statuses;
  assert.ok(may.includes(statusOf(100)), `${name}: ${statusOf(100)}`);
  for (const { status } of completions.filter(({ wrId }) => wrId >= 200))
    assert.ok(
      SENT.some((one) => one === status),
      `behind it: ${status}`,
    );
  const finder = wrong.found === 'client' ? 0 : 1;
  assert.is(streams[finder]!.error, wrong.error);
  for (const end of [client, server]) {
    assert.is(end.qp.state, 'ERR');
    // Who finds its own request wrong hears of it by that request alone.
    if (wrong.found !== 'client' || end !== client)
      assert.ok(end.host.device.events.length > 0, 'an asynchronous event');
  }
  const sides = [client, server] as const;
  assert.is(sides[finder]!.host.device.counters.get('iw_terminate_sent'), 1);
  assert.is(sides[1 - finder]!.host.device.counters.get('iw_terminate_received'), 1);
  const receives = server.completions();
  const taken = receives.find(({ wrId }) => wrId === 1000);
  if (wrong.prepare) assert.is(taken!.status, wrong.received ?? 'IBV_WC_WR_FLUSH_ERR');

  // What was asked before it is done; READs whose answers came after it was found are not.
  assert.is(changedOutside(models[1], server.bytes, wrong.reach?.(length) ?? [0, 0]), -1);
  for (const [i, { opcode }] of good.entries()) {
    const status = statusOf(i);
    const isRead = opcode === 'IBV_WR_RDMA_READ';
    assert.ok(status === 'IBV_WC_SUCCESS' || (isRead && status === 'IBV_WC_WR_FLUSH_ERR'), status);
    const place = i * 8192;
    const [begin, end] = [place, place + 8192];
    const got = client.bytes.subarray(begin, end);
    if (status === 'IBV_WC_SUCCESS') assert.equal(got, models[0].subarray(begin, end));
    else
      assert.ok(got.every((byte, k) => [was[0], models[0]].some((one) => one[begin + k] === byte)));
  }
  assert.is(changedOutside(was[0], client.bytes, [0, GOOD_BYTES]), -1);
}

spec('random requests over iWARP that cannot be carried out', (it) => {
  const all = Object.entries(wrongs);
  it(`end the stream as the standards say, and touch nothing else (${seeds} seeds)`, () => {
    for (let seed = first; seed < first + seeds; seed++) {
      const [name, wrong] = all[seed % all.length]!;
      try {
        program(seed, name, wrong);
      } catch (error) {
        const again = `WIREVERBS_SEED=${seed} WIREVERBS_SEEDS=1`;
        throw new Error(`${name}, seed ${seed}: ${again} repeats it\n${(error as Error).stack}`);
      }
    }
  });
});
