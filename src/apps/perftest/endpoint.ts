// One side of a test with what it needs: protection domain, buffers, completion queues, queue pairs, connected to the
// other side's. The sizes of queues and the attributes are perftest's (perftest_resources.c, ctx_modify_qp_to_rtr/rts).

import type { Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import {
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_REMOTE_ATOMIC,
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
} from '../../memory/index.js';
import {
  type Ah,
  type AhAttr,
  allocPd,
  CompletionChannel,
  type CompletionQueue,
  type Context,
  createAh,
  createCq,
  createQp,
  isMapped,
  type Mr,
  type Mtu,
  modifyQp,
  mtuBytes,
  type Pd,
  postRecv,
  type QpType,
  type QueuePair,
  regMr,
} from '../../rdma/index.js';
import { after, us } from '../../time/index.js';
import { CREDIT_ROOM, Credits, needsCredits } from './credit.js';
import type { Destination, Exchange, Side } from './exchange.js';
import type { PerftestParameters, Transport } from './parameters.js';
import { acceptFlows, connectFlows, listenForFlows } from './stream-connect.js';

/** Bandwidth tests of small messages go round in so many bytes (perftest's cycle_buffer), by cache lines. */
const CYCLE_BYTES = 4096;
const CACHE_LINE = 64;
/** Bytes in front of each datagram in its receive buffer (IBA 9.8.3). */
const GRH_BYTES = 40;
/** perftest's Q_Key, and RNR timer 12 (0.64 ms). */
const QKEY = 0x11111111;
const MIN_RNR_TIMER = 12;
const RNR_FOREVER = 7;
const MOST_PSN = 2 ** 24;
const ATOMIC_BYTES = 8;
/** A neighbour is asked for and waited for so long; then the test cannot begin. */
const LOOKUP_INTERVAL = us(10);
const LOOKUPS = 100_000;

const types: Readonly<Record<Transport, QpType>> = {
  RC: 'IBV_QPT_RC',
  UC: 'IBV_QPT_UC',
  UD: 'IBV_QPT_UD',
};

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** A queue pair with its buffers: what is sent or read into, and behind it what the other side writes or sends. */
export interface Flow {
  readonly index: number;
  readonly qp: QueuePair;
  readonly mr: Mr;
  /** Where messages lie here, and where they go there. */
  readonly local: bigint;
  readonly landing: bigint;
  peer: Destination | undefined;
  ah: Ah | undefined;
}

export class Endpoint {
  readonly host: Computer;
  readonly side: Side;
  readonly p: PerftestParameters;
  readonly context: Context;
  readonly pd: Pd;
  readonly channel: CompletionChannel | null;
  readonly sendCq: CompletionQueue;
  readonly recvCq: CompletionQueue;
  readonly flows: readonly Flow[];
  /** Bytes of each half of a flow's buffer. */
  readonly stride: number;
  readonly #words: bigint;
  /** Of SENDs over iWARP. */
  readonly credits: Credits | null;
  /** Why the test ended early. */
  failure = '';

  constructor(host: Computer, thread: Thread, side: Side, p: PerftestParameters) {
    this.host = host;
    this.side = side;
    this.p = p;
    this.context = host.open(thread);
    this.pd = allocPd(this.context);
    this.channel = p.events ? new CompletionChannel() : null;
    const spare = needsCredits(p) ? CREDIT_ROOM : 0;
    this.sendCq = createCq(this.context, (p.txDepth + spare) * p.qps, this.channel);
    this.recvCq = createCq(this.context, p.rxDepth * p.qps, this.channel);
    const cycle = p.metric === 'bw' && p.verb !== 'atomic' ? CYCLE_BYTES : CACHE_LINE;
    this.stride = roundUp(Math.max(p.size + GRH_BYTES, cycle), CACHE_LINE);
    // Atomic operations of several queue pairs are on words of one buffer, side by side.
    this.#words = p.verb === 'atomic' ? this.context.space.allocate(2 * this.stride * p.qps) : 0n;
    this.credits = spare > 0 ? new Credits(this.context, this.pd, p) : null;
    this.flows = Array.from({ length: p.qps }, (_, index) => this.#flow(index));
  }

  #flow(index: number): Flow {
    const { p, pd, stride } = this;
    const local =
      p.verb === 'atomic'
        ? this.#words + BigInt(2 * stride * index)
        : this.context.space.allocate(2 * stride);
    const rights =
      IBV_ACCESS_LOCAL_WRITE |
      (p.verb === 'write' ? IBV_ACCESS_REMOTE_WRITE : 0) |
      (p.verb === 'read' ? IBV_ACCESS_REMOTE_READ : 0) |
      (p.verb === 'atomic' ? IBV_ACCESS_REMOTE_ATOMIC : 0);
    const mr = regMr(pd, local, 2 * stride, rights);
    const qp = createQp(pd, {
      qpType: types[p.qpType],
      sendCq: this.sendCq,
      recvCq: this.recvCq,
      cap: {
        maxSendWr: p.txDepth + (this.credits ? CREDIT_ROOM : 0),
        maxRecvWr: p.rxDepth,
        maxSendSge: Math.min(p.size, 1),
        maxRecvSge: 1,
        maxInlineData: Math.max(p.inlineSize, this.credits ? Credits.bytes : 0),
      },
    });
    if (p.verb !== 'atomic' && !this.#pings) this.#fill(local);
    return {
      index,
      qp,
      mr,
      local,
      landing: local + BigInt(stride),
      peer: undefined,
      ah: undefined,
    };
  }

  /** The bytes of a ping-pong by WRITE are counted up by the program itself. */
  get #pings(): boolean {
    return this.p.verb === 'write' && this.p.metric === 'lat';
  }

  /** Random payload, so that what arrives can be told from what was there. */
  #fill(at: bigint): void {
    const random = this.host.random.fork(`perftest ${this.side}`);
    for (const piece of this.context.space.pieces(at, this.p.size)) {
      for (let i = 0; i < piece.length; i++) piece[i] = random.below(256);
    }
  }

  /** Messages of a size take turns at so many places of the buffer. */
  get places(): number {
    const { p } = this;
    if (p.metric === 'lat' || p.verb === 'atomic' || p.verb === 'send') return 1;
    return Math.max(1, Math.floor(CYCLE_BYTES / this.step));
  }

  get step(): number {
    return roundUp(Math.max(this.p.size, 1), CACHE_LINE);
  }

  /** Tells the other side about us, hears of it, and connects every queue pair. False: `failure` says why not. */
  *connect(thread: Thread, exchange: Exchange): Generator<Wait, boolean, void> {
    const { device, random } = this.host;
    const psns = random.fork(`psn ${this.side}`);
    const gid = device.address.gids[this.#gidIndex()]!.bytes;
    const own = this.flows.map(({ qp, mr, landing }) => ({
      lid: device.address.lid,
      gid,
      grhRequired: device.address.grhRequired === true,
      qpn: qp.qpn,
      psn: psns.below(MOST_PSN),
      rkey: mr.rkey,
      address: this.p.verb === 'read' ? landing - BigInt(this.stride) : landing,
    }));
    if (this.p.wire === 'iwarp') return yield* this.#connectStreams(thread, exchange, own);
    const peers = yield* exchange.introduce(thread, this.side, own);
    if (!(yield* this.#findWay(thread, peers[0]!.gid))) return false;
    this.flows.forEach((flow, i) => {
      flow.peer = peers[i]!;
      this.#connect(flow, own[i]!.psn, peers[i]!);
    });
    return yield* this.#begin(thread, exchange);
  }

  *#begin(thread: Thread, exchange: Exchange): Generator<Wait, boolean, void> {
    if (this.p.verb === 'send')
      for (const flow of this.flows) this.postReceives(flow, this.p.rxDepth);
    yield* exchange.together(thread, this.side);
    return true;
  }

  /** iWARP: the client connects by rdma_cm (perftest's -R), one queue pair after the other. */
  *#connectStreams(
    thread: Thread,
    exchange: Exchange,
    own: readonly Destination[],
  ): Generator<Wait, boolean, void> {
    const listening = this.side === 'server' ? listenForFlows(this.host) : undefined;
    const port = listening?.localPort ?? 0;
    const { credits } = this;
    const said = own.map((one) => ({ ...one, port, ...(credits && { credits: credits.remote }) }));
    const peers = yield* exchange.introduce(thread, this.side, said);
    this.flows.forEach((flow, i) => {
      flow.peer = peers[i]!;
    });
    this.failure = listening
      ? yield* acceptFlows(this, thread, listening)
      : yield* connectFlows(this, thread, peers[0]!);
    return this.failure === '' && (yield* this.#begin(thread, exchange));
  }

  /** The GID of the kind that was asked for: InfiniBand's own, or that of an IPv4 or IPv6 address. */
  #gidIndex(): number {
    const { gids, native } = this.host.device.address;
    if (native) return 0;
    return Math.max(
      0,
      gids.findIndex(({ bytes }) => isMapped(bytes) !== this.p.ipv6),
    );
  }

  /** Asks for the next hop's link address until it is known. */
  *#findWay(thread: Thread, gid: Uint8Array): Generator<Wait, boolean, void> {
    const { stack } = this.host;
    if (!stack) return true;
    for (let tries = 0; tries < LOOKUPS; tries++) {
      const way = stack.way(thread.now, gid);
      if (way === undefined) {
        this.failure = `${this.host.name} has no route to the ${this.side === 'client' ? 'server' : 'client'}`;
        return false;
      }
      if (way !== 'pending') return true;
      yield thread.sleep(after(thread.now, LOOKUP_INTERVAL));
    }
    this.failure = `${this.host.name}: nobody answers for the other side's address`;
    return false;
  }

  #vector(peer: Destination): AhAttr {
    const { p } = this;
    const { native, grhRequired } = this.host.device.address;
    const local = native ? { dlid: peer.lid } : {};
    if (native && grhRequired !== true && !peer.grhRequired)
      return { ...local, sl: p.serviceLevel };
    const route = {
      dgid: peer.gid,
      sgidIndex: this.#gidIndex(),
      trafficClass: p.tos,
      hopLimit: 64,
    };
    return { ...local, grh: route, sl: p.serviceLevel };
  }

  #connect(flow: Flow, ownPsn: number, peer: Destination): void {
    const { context, p } = this;
    const { qp } = flow;
    const initial = { qpState: 'INIT', pkeyIndex: 0, portNum: 1 } as const;
    if (p.qpType === 'UD') {
      modifyQp(context, qp, { ...initial, qkey: QKEY });
      modifyQp(context, qp, { qpState: 'RTR' });
      modifyQp(context, qp, { qpState: 'RTS', sqPsn: ownPsn });
      flow.ah = createAh(this.pd, this.#vector(peer));
      return;
    }
    const reliable = p.qpType === 'RC';
    const most = this.host.device.profile;
    modifyQp(context, qp, { ...initial, qpAccessFlags: flow.mr.region.access });
    modifyQp(context, qp, {
      qpState: 'RTR',
      ahAttr: this.#vector(peer),
      pathMtu: this.pathMtu(),
      destQpNum: peer.qpn,
      rqPsn: peer.psn,
      ...(reliable && {
        maxDestRdAtomic: Math.min(p.outstandingReads, most.maxQpRdAtom),
        minRnrTimer: MIN_RNR_TIMER,
      }),
    });
    modifyQp(context, qp, {
      qpState: 'RTS',
      sqPsn: ownPsn,
      ...(reliable && {
        timeout: p.qpTimeout,
        retryCnt: p.retryCount,
        rnrRetry: RNR_FOREVER,
        maxRdAtomic: Math.min(p.outstandingReads, most.maxQpInitRdAtom),
      }),
    });
  }

  /** The MTU that was asked for, or what the device has if that is less. */
  pathMtu(): Mtu {
    const most = Math.min(this.p.mtu, this.host.device.mtu);
    const names = Object.entries(mtuBytes).filter(([, bytes]) => bytes <= most);
    return names.at(-1)![0] as Mtu;
  }

  /** Posts receive requests for as many messages. */
  postReceives({ qp, mr, landing, index }: Flow, count: number): void {
    const room = this.p.qpType === 'UD' ? GRH_BYTES : 0;
    const wr = {
      wrId: index,
      sgList: [{ addr: landing, length: this.p.size + room, lkey: mr.lkey }],
    };
    postRecv(
      this.context,
      qp,
      Array.from({ length: count }, () => wr),
    );
  }

  /** The atomic operations' operand and answer. */
  static readonly atomicBytes = ATOMIC_BYTES;
}
