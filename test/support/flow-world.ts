// Flows between RDMA devices on a fabric: each sends WRITEs (or asks READs) one after the other for as long as the test
// lets it. No programs, no cores, no connection management: what the network does is all that there is to see.

import { parseMac } from '../../protocols/index.js';
import { CaptureTap, type Topology } from '../../src/fabric/index.js';
import type { FramePool, Station } from '../../src/frame/index.js';
import {
  AddressSpace,
  DmaEngine,
  KeyTable,
  Ledger,
  MachineMemory,
  PcieLink,
} from '../../src/memory/index.js';
import { HostPort, type PortOptions } from '../../src/nic/index.js';
import {
  allocPd,
  createCq,
  createQp,
  type DeviceProfile,
  type GidType,
  gidOf,
  hcaProfile,
  MemoryPort,
  modifyQp,
  type NicTiming,
  openDevice,
  pollCq,
  postSend,
  type QpType,
  type QueuePair,
  RdmaDevice,
  regMr,
  type Wc,
} from '../../src/rdma/index.js';
import { type Nanos, NEVER } from '../../src/time/index.js';
import {
  buildFabric,
  type Fabric,
  type FabricKind,
  type HostPlace,
} from '../../src/world/fabric.js';
import { Simulation } from '../../src/world/sim.js';
import { pcie } from './back-to-back.js';

const ALL = 0xf;
const REGION = 2 ** 21;

export interface FlowWorldOptions {
  readonly topology: Topology;
  readonly kind?: FabricKind;
  readonly wire?: GidType;
  readonly profile?: Partial<DeviceProfile>;
  readonly port?: Omit<PortOptions, 'pool' | 'rate'>;
  /** Of single hosts, in place of `port`. */
  readonly ports?: Readonly<Record<number, Omit<PortOptions, 'pool' | 'rate'>>>;
  readonly rate?: number;
  readonly seed?: number;
  readonly six?: boolean;
  /** Devices that take time. */
  readonly timing?: NicTiming;
}

export interface FlowOptions {
  readonly from: number;
  readonly to: number;
  readonly type?: QpType;
  readonly bytes?: number;
  /** Messages that wait at a time. */
  readonly depth?: number;
  readonly read?: boolean;
  readonly trafficClass?: number;
  readonly vlanId?: number;
  readonly sl?: number;
  readonly mtu?: 'IBV_MTU_1024' | 'IBV_MTU_4096';
  /** Local ACK timeout: 4.096 us times 2 to this. */
  readonly timeout?: number;
}

/** A stack that neither says nor hears anything. */
class NoStack implements Station {
  readonly ports = 1;
  readonly name = 'no stack';
  heard = 0;
  constructor(readonly pool: FramePool) {}
  receive(_now: Nanos, _port: number, slot: number): void {
    this.heard++;
    this.pool.release(slot);
  }
  takeReady(): number {
    return -1;
  }
  transmit(): number {
    return -1;
  }
  wakeAt(): Nanos {
    return NEVER;
  }
  expire(): void {}
}

export class FlowHost {
  readonly ledger = new Ledger();
  readonly memory = new MachineMemory({ nodes: [2 ** 24] });
  readonly space = new AddressSpace(this.memory);
  readonly keys = new KeyTable(this.memory);
  readonly device: RdmaDevice;
  readonly port: HostPort | null;
  readonly station: Station;
  readonly context;
  readonly pd;
  readonly addr: bigint;
  readonly mr;

  constructor(
    readonly place: HostPlace,
    places: readonly HostPlace[],
    sim: Simulation,
    options: FlowWorldOptions,
  ) {
    const { wire = 'RoCE v2', rate = 100e9, six = false } = options;
    const dma = new DmaEngine(new PcieLink(pcie), this.ledger, this.ledger.actor('nic'));
    const own = six ? place.ipv6 : place.ip;
    const port = options.ports?.[place.index] ?? options.port;
    this.device = new RdmaDevice({
      name: place.name,
      pool: sim.pool,
      memory: new MemoryPort(this.keys, dma),
      profile: { ...hcaProfile, ...options.profile },
      address: {
        mac: parseMac(place.mac),
        gids: [{ bytes: gidOf(own), type: wire }],
        lid: place.lid,
        native: wire === 'IB',
      },
      neighbours: (gid) => {
        const to = places.findIndex((p) =>
          gidOf(six ? p.ipv6 : p.ip).every((b, i) => b === gid[i]),
        );
        return to < 0 ? undefined : parseMac(place.macOf(to));
      },
      random: sim.random.fork(place.name),
      rate,
      ...(port && { port }),
      ...(options.timing && { timing: options.timing }),
    });
    this.port =
      wire === 'IB'
        ? null
        : new HostPort(
            place.name,
            this.device,
            new NoStack(sim.pool),
            port ? { ...port, pool: sim.pool, rate } : null,
          );
    this.station = this.port ?? this.device;
    this.context = openDevice(this.device, this.space, this.ledger.actor('core'));
    this.pd = allocPd(this.context);
    this.addr = this.space.allocate(REGION, { contiguous: true });
    this.mr = regMr(this.pd, this.addr, REGION, ALL);
  }

  counter(name: string): number {
    return this.device.counters.get(name);
  }
}

export class Flow {
  /** Messages completed, bytes of them, and whether one failed. */
  done = 0;
  bytes = 0;
  failed = '';
  stopped = false;
  #posted = 0;
  readonly #wc: Wc[] = [];

  constructor(
    readonly world: FlowWorld,
    readonly options: FlowOptions,
    readonly qp: QueuePair,
    readonly peer: QueuePair,
  ) {}

  /** Posts as many messages as may wait, and takes completions. */
  pump(): void {
    const { from, to, bytes = 65_536, depth = 4, read = false } = this.options;
    const source = this.world.hosts[from]!;
    const target = this.world.hosts[to]!;
    this.#wc.length = 0;
    pollCq(source.context, this.qp.sendCq, 100, this.#wc);
    for (const { status } of this.#wc) {
      if (status !== 'IBV_WC_SUCCESS') this.failed = status;
      else {
        this.done++;
        this.bytes += bytes;
      }
    }
    while (!this.stopped && this.failed === '' && this.#posted - this.done < depth) {
      postSend(source.context, this.qp, {
        opcode: read ? 'IBV_WR_RDMA_READ' : 'IBV_WR_RDMA_WRITE',
        sgList: [{ addr: source.addr, length: bytes, lkey: source.mr.lkey }],
        rdma: { remoteAddr: target.addr, rkey: target.mr.rkey },
        sendFlags: 2,
      });
      this.#posted++;
    }
  }
}

export class FlowWorld {
  readonly sim: Simulation;
  readonly hosts: FlowHost[] = [];
  readonly fabric: Fabric;
  readonly flows: Flow[] = [];

  constructor(readonly options: FlowWorldOptions) {
    this.sim = new Simulation({ seed: options.seed ?? 1 });
    const places: HostPlace[] = [];
    const { kind = 'switched' } = options;
    this.fabric = buildFabric(this.sim, options.topology, kind, (place) => {
      places.push(place);
      const host = new FlowHost(place, places, this.sim, options);
      this.hosts.push(host);
      return host.station;
    });
  }

  add(options: FlowOptions): Flow {
    const { from, to, type = 'IBV_QPT_RC' } = options;
    const make = (i: number) => {
      const { context, pd } = this.hosts[i]!;
      const cq = createCq(context, 256);
      return createQp(pd, { qpType: type, sendCq: cq, recvCq: cq });
    };
    const flow = new Flow(this, options, make(from), make(to));
    this.#ready(from, to, flow.qp, flow.peer, options);
    this.#ready(to, from, flow.peer, flow.qp, options);
    this.flows.push(flow);
    return flow;
  }

  /** Every host says something, so that switches need not flood any more. */
  introduce(): void {
    const { length } = this.hosts;
    for (let from = 0; from < length; from++)
      this.add({ from, to: (from + 1) % length, bytes: 64, depth: 1 });
    this.run(this.sim.now + 2000, 2000);
    this.finish(this.sim.now + 100_000);
    this.flows.length = 0;
  }

  #ready(own: number, other: number, qp: QueuePair, peer: QueuePair, options: FlowOptions): void {
    const { context, device } = this.hosts[own]!;
    const target = this.hosts[other]!.device.address;
    const { trafficClass = 0, vlanId, sl, mtu = 'IBV_MTU_4096', timeout = 10 } = options;
    const grh = { dgid: target.gids[0]!.bytes, trafficClass };
    const reliable = qp.type === 'IBV_QPT_RC';
    modifyQp(context, qp, { qpState: 'INIT', pkeyIndex: 0, portNum: 1, qpAccessFlags: ALL });
    modifyQp(context, qp, {
      qpState: 'RTR',
      ahAttr: {
        ...(device.address.native ? { dlid: target.lid } : { grh }),
        ...(vlanId !== undefined && { vlanId }),
        ...(sl !== undefined && { sl }),
      },
      pathMtu: mtu,
      destQpNum: peer.qpn,
      rqPsn: 0,
      ...(reliable && { maxDestRdAtomic: 16, minRnrTimer: 12 }),
    });
    modifyQp(context, qp, {
      qpState: 'RTS',
      sqPsn: 0,
      ...(reliable && { timeout, retryCnt: 7, rnrRetry: 7, maxRdAtomic: 16 }),
    });
  }

  /** Goes on until then; applications look every `every` nanoseconds. */
  run(end: number, every = 2000, look: (now: number) => void = () => {}): void {
    for (let t = this.sim.now + every; t <= end; t += every) {
      for (const flow of this.flows) flow.pump();
      this.fabric.hosts.forEach((station) => {
        this.sim.settle(station);
      });
      this.sim.run(t as Nanos);
      look(t);
    }
    for (const flow of this.flows) flow.pump();
  }

  /** No more messages; goes on until all that were posted are done. */
  finish(end: number): void {
    for (const flow of this.flows) flow.stopped = true;
    this.run(end, 50_000);
  }

  /** A capture of one host's link. */
  tap(host: number): () => Uint8Array {
    const parts: Uint8Array[] = [];
    const tap = new CaptureTap((bytes) => parts.push(bytes.slice()));
    const link = this.options.kind === 'infiniband' ? 247 : 1;
    this.sim.tap(this.fabric.hosts[host]!, 0, tap.port('h', link, ['in', 'out']));
    return () => {
      tap.flush();
      return new Uint8Array(Buffer.concat(parts));
    };
  }
}
