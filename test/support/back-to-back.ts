// Two RDMA devices wired back to back, for tests: each host with its memory, and a wire with a delay whose rule says of
// each frame how often and how late it arrives. Everything happens in virtual time, the same way each run.

import { FramePool } from '../../src/frame/index.js';
import {
  AddressSpace,
  DmaEngine,
  KeyTable,
  Ledger,
  MachineMemory,
  PcieLink,
  type PcieProfile,
  tlpOverhead,
} from '../../src/memory/index.js';
import type { NicProfile } from '../../src/profiles/nic.js';
import {
  type AhAttr,
  allocPd,
  type CompletionQueue,
  type Context,
  createCq,
  createQp,
  type DeviceProfile,
  type GidType,
  gidOf,
  MemoryPort,
  type Mr,
  modifyQp,
  type Neighbours,
  openDevice,
  type Pd,
  pollCq,
  type QpAttr,
  type QpCap,
  type QpType,
  type QueuePair,
  RdmaDevice,
  regMr,
  rxeProfile,
  type Srq,
  type Wc,
} from '../../src/rdma/index.js';
import { type Nanos, NEVER, Random } from '../../src/time/index.js';

/** Nanoseconds at which copies of a frame arrive after it was sent; an empty list loses it. */
export type Rule = (frame: Uint8Array, from: 0 | 1, count: number, now: Nanos) => number[];

/** PCIe 4.0 with 16 lanes, roughly. */
export const pcie: PcieProfile = {
  bitsPerSecond: 250e9,
  latencyNs: 150,
  memoryReadNs: 90,
  maxPayloadSize: 256,
  maxReadRequestSize: 512,
  readCompletionBoundary: 64,
  outstandingReads: 64,
  ...tlpOverhead,
};

const DELAY = 1000;
const ALL = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x100 | 0x200;

export class Host {
  readonly ledger = new Ledger();
  readonly memory = new MachineMemory({ nodes: [2 ** 26] });
  readonly space = new AddressSpace(this.memory);
  readonly keys = new KeyTable(this.memory);
  readonly core = this.ledger.actor('core');
  readonly device: RdmaDevice;
  readonly context: Context;
  readonly pd: Pd;
  readonly verdicts: string[] = [];

  constructor(
    readonly index: 0 | 1,
    pool: FramePool,
    wire: Wire,
    options: HostOptions,
  ) {
    const dma = new DmaEngine(
      new PcieLink(options.nic?.pcie ?? pcie),
      this.ledger,
      this.ledger.actor('nic'),
    );
    const own = macOf(index);
    const { v6 = false } = options;
    const text = v6 ? `fd00::${index + 1}` : `10.0.0.${index + 1}`;
    this.device = new RdmaDevice({
      name: `host${index}`,
      pool,
      memory: new MemoryPort(this.keys, dma),
      profile: options.profile ?? rxeProfile,
      address: {
        mac: own,
        gids: [{ bytes: gidOf(text), type: wire }],
        lid: index + 1,
        native: wire === 'IB',
      },
      neighbours: options.neighbours ?? (() => macOf(index === 0 ? 1 : 0)),
      random: new Random(7).fork(text),
      ...(options.nic ? { timing: options.nic.timing } : {}),
      tracer: { verdict: (_now, _qpn, _psn, what) => this.verdicts.push(what) },
    });
    this.context = openDevice(this.device, this.space, this.core);
    this.pd = allocPd(this.context);
  }

  /** Memory with a region over it. */
  buffer(length: number, access = ALL): Buffer {
    const addr = this.space.allocate(length, { contiguous: true });
    const mr = regMr(this.pd, addr, length, access);
    return { addr, mr, bytes: this.space.bytes(addr, length), length };
  }

  poll(cq: CompletionQueue, most = 1000): Wc[] {
    const wc: Wc[] = [];
    pollCq(this.context, cq, most, wc);
    return wc;
  }
}

export interface Buffer {
  readonly addr: bigint;
  readonly mr: Mr;
  readonly bytes: Uint8Array;
  readonly length: number;
}

export const sge = (b: Buffer, offset = 0, length = b.length - offset) => ({
  addr: b.addr + BigInt(offset),
  length,
  lkey: b.mr.lkey,
});

export const macOf = (index: number): Uint8Array => Uint8Array.of(0x52, 0x54, 0, 0, 0, index + 1);

export type Wire = GidType;

export interface HostOptions {
  readonly profile?: DeviceProfile;
  /** The NICs take time as this says; otherwise none. */
  readonly nic?: NicProfile;
  readonly v6?: boolean;
  /** The other host's address, whatever is asked, unless given. */
  readonly neighbours?: Neighbours;
}

export interface PairOptions extends HostOptions {
  readonly wire?: Wire;
}

export interface EndOptions {
  readonly type?: QpType;
  readonly cap?: Partial<QpCap>;
  readonly attr?: Partial<QpAttr>;
  readonly srq?: Srq;
  readonly cqe?: number;
  readonly sqSigAll?: boolean;
}

export interface End {
  readonly qp: QueuePair;
  readonly sendCq: CompletionQueue;
  readonly recvCq: CompletionQueue;
}

/** A queue pair in RESET with its completion queues. */
export function createEnd(host: Host, options: EndOptions = {}): End {
  const sendCq = createCq(host.context, options.cqe ?? 256);
  const recvCq = createCq(host.context, options.cqe ?? 256);
  const qp = createQp(host.pd, {
    qpType: options.type ?? 'IBV_QPT_RC',
    sendCq,
    recvCq,
    ...(options.cap ? { cap: options.cap } : {}),
    ...(options.srq ? { srq: options.srq } : {}),
    sqSigAll: options.sqSigAll ?? false,
  });
  return { qp, sendCq, recvCq };
}

interface Flight {
  readonly at: number;
  readonly order: number;
  readonly to: 0 | 1;
  readonly slot: number;
}

export class BackToBack {
  readonly pool = new FramePool();
  readonly hosts: readonly [Host, Host];
  readonly wire: Wire;
  now = 0 as Nanos;
  /** Copies of all frames sent, in order. */
  readonly sent: { from: 0 | 1; bytes: Uint8Array; at: Nanos }[] = [];
  rule: Rule = () => [DELAY];
  readonly #air: Flight[] = [];
  #order = 0;

  constructor(options: PairOptions = {}) {
    this.wire = options.wire ?? 'RoCE v2';
    const host = (index: 0 | 1) => new Host(index, this.pool, this.wire, options);
    this.hosts = [host(0), host(1)];
  }

  /** Path from `from` to the other host. */
  path(from: 0 | 1): AhAttr {
    const to = this.hosts[from === 0 ? 1 : 0];
    const grh = { dgid: to.device.address.gids[0]!.bytes };
    return this.wire === 'IB' ? { dlid: to.device.address.lid } : { grh };
  }

  end(index: 0 | 1, options: EndOptions = {}): End {
    return createEnd(this.hosts[index], options);
  }

  /** Takes one end to RTS, towards the other. */
  ready(index: 0 | 1, own: QueuePair, peer: QueuePair, attr: Partial<QpAttr> = {}): void {
    const { context } = this.hosts[index];
    const pick = (...names: (keyof QpAttr)[]): Partial<QpAttr> =>
      Object.fromEntries(names.flatMap((n) => (attr[n] === undefined ? [] : [[n, attr[n]]])));
    const { type } = own;
    const datagram = type === 'IBV_QPT_UD';
    const initial = datagram
      ? { qkey: 0x11111111, ...pick('qkey') }
      : { qpAccessFlags: 0xf | 0x300, ...pick('qpAccessFlags') };
    modifyQp(context, own, { qpState: 'INIT', pkeyIndex: 0, portNum: 1, ...initial });
    if (datagram) {
      modifyQp(context, own, { qpState: 'RTR' });
      modifyQp(context, own, { qpState: 'RTS', sqPsn: 100 + index, ...pick('sqPsn') });
      return;
    }
    const acknowledges = type === 'IBV_QPT_RC' || type === 'IBV_QPT_XRC_RECV';
    modifyQp(context, own, {
      qpState: 'RTR',
      ahAttr: attr.ahAttr ?? this.path(index),
      pathMtu: 'IBV_MTU_1024',
      destQpNum: peer.qpn,
      rqPsn: index === 0 ? 0xfffff0 : 0x1000,
      ...pick('pathMtu', 'rqPsn'),
      ...(acknowledges
        ? { maxDestRdAtomic: 16, minRnrTimer: 1, ...pick('maxDestRdAtomic', 'minRnrTimer') }
        : {}),
    });
    const asks = type === 'IBV_QPT_RC' || type === 'IBV_QPT_XRC_SEND';
    modifyQp(context, own, {
      qpState: 'RTS',
      sqPsn: index === 0 ? 0x1000 : 0xfffff0,
      ...pick('sqPsn'),
      ...(type === 'IBV_QPT_XRC_RECV' ? { timeout: 8 } : {}),
      ...(asks
        ? {
            timeout: 8,
            retryCnt: 6,
            rnrRetry: 7,
            maxRdAtomic: 16,
            ...pick('timeout', 'retryCnt', 'rnrRetry', 'maxRdAtomic'),
          }
        : {}),
    });
  }

  /** Two connected ends. */
  connect(options: EndOptions = {}, other: EndOptions = options): [End, End] {
    const a = this.end(0, options);
    const b = this.end(1, other);
    this.ready(0, a.qp, b.qp, options.attr);
    this.ready(1, b.qp, a.qp, other.attr);
    return [a, b];
  }

  /** Takes a queue pair back to RESET. */
  reset(index: 0 | 1, qp: QueuePair): QueuePair {
    modifyQp(this.hosts[index].context, qp, { qpState: 'RESET' });
    return qp;
  }

  /** When the next frame arrives that is on the wire. */
  get nextArrival(): Nanos {
    return (this.#air[0]?.at ?? NEVER) as Nanos;
  }

  /** Puts a frame on the wire towards `to`, as if it came from the other host. */
  inject(to: 0 | 1, frame: Uint8Array): void {
    const slot = this.pool.take();
    this.pool.bytes(slot).set(frame, this.pool.at(slot));
    this.pool.setLength(slot, frame.length);
    this.#fly(to, slot, this.now);
  }

  #fly(to: 0 | 1, slot: number, at: number): void {
    const flight = { at, order: this.#order++, to, slot };
    let i = this.#air.length;
    while (i > 0 && this.#air[i - 1]!.at > at) i--;
    this.#air.splice(i, 0, flight);
  }

  #drain(from: 0 | 1): void {
    const { device } = this.hosts[from];
    const to = from === 0 ? 1 : 0;
    while (device.takeReady() >= 0) {
      for (
        let slot = device.transmit(this.now, 0);
        slot >= 0;
        slot = device.transmit(this.now, 0)
      ) {
        const at = this.pool.at(slot);
        const bytes = this.pool.bytes(slot).slice(at, at + this.pool.length(slot));
        this.sent.push({ from, bytes, at: this.now });
        const delays = this.rule(bytes, from, this.sent.length, this.now);
        const changed = this.pool.bytes(slot);
        changed.set(bytes, at);
        for (const delay of delays.slice(1)) {
          this.#fly(to, this.pool.clone(slot), this.now + delay);
        }
        if (delays.length === 0) this.pool.release(slot);
        else this.#fly(to, slot, this.now + delays[0]!);
      }
    }
  }

  /** Goes on until nothing is left to happen, or until `end`. */
  run(end = Number.POSITIVE_INFINITY): void {
    for (const { device } of this.hosts) device.now = this.now;
    for (let steps = 0; steps < 1_000_000; steps++) {
      this.#drain(0);
      this.#drain(1);
      const [a, b] = this.hosts;
      const wake = Math.min(a.device.wakeAt(), b.device.wakeAt());
      const next = Math.min(this.#air[0]?.at ?? NEVER, wake);
      if (next === NEVER || next > end) return;
      if (next > this.now) this.now = next as Nanos;
      const flight = this.#air[0];
      if (flight !== undefined && flight.at <= next) {
        this.#air.shift();
        this.hosts[flight.to].device.receive(this.now, 0, flight.slot);
      } else {
        for (const { device } of this.hosts) {
          if (device.wakeAt() <= next) device.expire(this.now);
        }
      }
    }
    throw new Error('it never ends');
  }
}
