// Two hosts with an iWARP connection between two queue pairs, for tests that post to it by hand.

import type { Program } from '../../src/cpu/index.js';
import { type Host, makeReady } from '../../src/host/index.js';
import type { IwarpOptions } from '../../src/iwarp/index.js';
import {
  allocPd,
  type CompletionQueue,
  type Context,
  createCq,
  createQp,
  type DeviceProfile,
  type Mr,
  type Pd,
  pollCq,
  postRecv,
  postSend,
  type QueuePair,
  regMr,
  type SendWr,
  type Wc,
} from '../../src/rdma/index.js';
import { type Nanos, seconds } from '../../src/time/index.js';
import { type Wiring, type World, worldOf } from '../src/host/pair.js';
import { assert } from './spec.js';

const RIGHTS = 0xf; // local write, remote write, read and atomic
const BUFFER = 256 * 1024;
const PORT = 4711;

/** One side of the connection. */
export class End {
  readonly context: Context;
  readonly pd: Pd;
  readonly cq: CompletionQueue;
  readonly qp: QueuePair;
  readonly addr: bigint;
  readonly bytes: Uint8Array;
  readonly mr: Mr;
  readonly wc: Wc[] = [];

  constructor(
    readonly world: World,
    readonly host: Host,
    thread: Parameters<Program>[0],
  ) {
    this.context = host.open(thread);
    this.pd = allocPd(this.context);
    this.cq = createCq(this.context, 512);
    const cap = { maxSendWr: 128, maxRecvWr: 128, maxSendSge: 4, maxRecvSge: 4 };
    const cqs = { sendCq: this.cq, recvCq: this.cq };
    this.qp = createQp(this.pd, { qpType: 'IBV_QPT_RC', ...cqs, cap });
    this.addr = host.space.allocate(BUFFER, { contiguous: true });
    this.bytes = host.space.bytes(this.addr, BUFFER);
    this.mr = regMr(this.pd, this.addr, BUFFER, RIGHTS);
  }

  /** A piece of the buffer as an entry of a list. */
  piece(at: number, length: number) {
    return { addr: this.addr + BigInt(at), length, lkey: this.mr.lkey };
  }

  /** The same as the peer names it. */
  remote(at: number) {
    return { remoteAddr: this.addr + BigInt(at), rkey: this.mr.rkey };
  }

  send(...wrs: SendWr[]): void {
    postSend(
      this.context,
      this.qp,
      wrs.map((wr) => ({ sendFlags: 2, ...wr })),
    );
    this.settle();
  }

  receive(at: number, length: number, wrId = 0): void {
    postRecv(this.context, this.qp, { wrId, sgList: [this.piece(at, length)] });
    this.settle();
  }

  settle(): void {
    const { sim, hosts, stations } = this.world;
    sim.settle(stations[hosts.indexOf(this.host)]!);
  }

  /** Completions since they were asked for last. */
  completions(): Wc[] {
    const all: Wc[] = [];
    for (;;) {
      const wc: Wc[] = [];
      if (pollCq(this.context, this.cq, 64, wc) === 0) return all;
      all.push(...wc);
    }
  }
}

export interface IwarpWorld extends World {
  readonly client: End;
  readonly server: End;
  run(duration?: Nanos): void;
}

export interface PairOptions extends Partial<Omit<Wiring, 'wire'>> {
  readonly client?: Partial<IwarpOptions>;
  readonly server?: Partial<IwarpOptions>;
  readonly profile?: DeviceProfile;
  readonly reads?: number;
  readonly privateData?: Uint8Array;
}

/** Connects; both queue pairs are in RTS then. */
export function iwarpPair(options: PairOptions = {}): IwarpWorld {
  const { client, server, profile, reads = 8, ...wiring } = options;
  const host = { ...wiring.host, ...(profile && { nic: profile }) };
  const both = [client, server].map((iwarp) => ({ iwarp: iwarp ?? {} }));
  const world = worldOf({ kind: 'switched', ...wiring, wire: 'iWARP', host, each: both });
  const [left, right] = world.hosts as [Host, Host];
  const ends: End[] = [];
  const depth = { responderResources: reads, initiatorDepth: reads };
  const listens: Program = function* listen(thread) {
    const { rdmaCm } = right;
    const end = new End(world, right, thread);
    const id = rdmaCm.createId();
    rdmaCm.bindAddr(id, undefined, PORT);
    rdmaCm.listen(id);
    for (;;) {
      const event = rdmaCm.event(thread.now);
      if (event?.type === 'RDMA_CM_EVENT_CONNECT_REQUEST') {
        assert.ok(yield* makeReady(right, thread, end.qp, event.settings!, RIGHTS));
        rdmaCm.accept(thread.now, event.id, { qpn: end.qp.qpn, ...depth });
        ends[1] = end;
        return;
      }
      yield thread.block(rdmaCm.signal);
    }
  };
  const connects: Program = function* connect(thread) {
    const { rdmaCm } = left;
    const end = new End(world, left, thread);
    const id = rdmaCm.createId();
    rdmaCm.resolveAddr(thread.now, id, world.ip(1), PORT);
    for (;;) {
      const event = rdmaCm.event(thread.now);
      if (event?.type === 'RDMA_CM_EVENT_ADDR_RESOLVED') rdmaCm.resolveRoute(thread.now, id);
      if (event?.type === 'RDMA_CM_EVENT_ROUTE_RESOLVED')
        rdmaCm.connect(thread.now, id, { qpn: end.qp.qpn, ...depth });
      if (event?.type === 'RDMA_CM_EVENT_CONNECT_RESPONSE') {
        assert.ok(yield* makeReady(left, thread, end.qp, event.settings!, RIGHTS));
        rdmaCm.establish(thread.now, id);
        ends[0] = end;
        return;
      }
      if (!event) yield thread.block(rdmaCm.signal);
    }
  };
  right.spawn('listens', listens);
  left.spawn('connects', connects);
  for (const station of world.stations) world.sim.settle(station);
  world.sim.run(seconds(20), () => !(ends[0] && ends[1]));
  assert.ok(ends[0] && ends[1], 'connected');
  const run = (duration: Nanos = seconds(2)) => {
    world.sim.run((world.sim.now + duration) as Nanos);
  };
  return { ...world, client: ends[0]!, server: ends[1]!, run };
}

/** Names and statuses of completions, short. */
export const told = (wcs: readonly Wc[]): string[] =>
  wcs.map(({ opcode, status }) =>
    status === 'IBV_WC_SUCCESS' ? opcode.slice(7) : status.slice(7),
  );
