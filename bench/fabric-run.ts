// One workload on any topology: every host sends RoCE v2 WRITEs to the host half of all away, at its link's rate. ICRCs
// are made at one end and verified at the other; there is no transport state, so that links, switches and routers
// are what is measured. `npm run bench:peers` runs the same on ns-3.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { byteSwap32 } from '../protocols/core/byte-order.js';
import { sharedPacketMemory } from '../protocols/core/checksum/index.js';
import {
  bth,
  build,
  Ethernet,
  eth,
  FrameTemplate,
  ipv4,
  parseMac,
  reth,
  udp,
} from '../protocols/index.js';
import { icrcInPlace, roceV2Cover } from '../protocols/infiniband/icrc.js';
import { ICRC } from '../protocols/infiniband/index.js';
import type { Topology } from '../src/fabric/index.js';
import type { FramePool, Station } from '../src/frame/index.js';
import { type Nanos, NEVER, timeFor } from '../src/time/index.js';
import { buildFabric, type FabricKind, type HostPlace } from '../src/world/fabric.js';
import { Simulation } from '../src/world/sim.js';

/** Rates of links to hosts and between switches: no queue grows, whatever paths flows take. */
const HOST_RATE = 25e9;
const FABRIC_RATE = 400e9;

/** Bytes that a frame of `payload` bytes has behind its UDP header: what ns-3 is asked to send. */
export const datagramBytes = (payload: number): number =>
  bth.header.size + reth.header.size + payload + ICRC.size;

const PAYLOAD_PERIOD = 251;
const PSNS = 2 ** 24;
/** The first of so many parts is not measured. */
const WARM_UP = 10;

/** What every frame carries, in memory that DMA reaches: as that of our hosts. */
interface Payload {
  readonly memory: Uint8Array;
  readonly from: number;
  readonly to: number;
}

function payloadOf(bytes: number): Payload {
  const { whole, at } = sharedPacketMemory(bytes);
  for (let i = 0; i < bytes; i++) whole[at + i] = i % PAYLOAD_PERIOD;
  return { memory: whole, from: at, to: at + bytes };
}

/** Sends frames to one other host as fast as its link takes them, and verifies the ICRC of each that comes. */
class Host implements Station {
  readonly ports = 1;
  template: FrameTemplate | undefined;
  left = 0;
  received = 0;
  wrong = 0;
  #psn = 0;
  #told = true;
  readonly #ipAt = Ethernet.size;
  readonly #bthAt: number;
  constructor(
    readonly name: string,
    readonly mac: Uint8Array,
    readonly pool: FramePool,
    /** Bytes of `memory` from `from` to `to`. */
    readonly payload: Payload,
  ) {
    this.#bthAt = this.#ipAt + ipv4.header.size + udp.header.size;
  }

  start(template: FrameTemplate, frames: number): void {
    this.template = template;
    this.left = frames;
    this.#told = false;
  }

  // hot
  receive(_now: Nanos, _port: number, slot: number): void {
    const { pool } = this;
    const at = pool.at(slot);
    const end = at + pool.length(slot) - ICRC.size;
    const b = pool.bytes(slot);
    // Switches flood until they have learned where a host is.
    for (let i = 0; i < this.mac.length; i++) {
      if (b[at + i] !== this.mac[i]) return pool.release(slot);
    }
    this.received++;
    const ipAt = at + this.#ipAt;
    const crc = icrcInPlace(roceV2Cover(b, ipAt, at + this.#bthAt), b, ipAt, end);
    if (byteSwap32(crc) !== ICRC.get.icrc(b, end)) this.wrong++;
    pool.release(slot);
  }

  get frameBytes(): number {
    return this.template!.frameSize(this.payload.to - this.payload.from);
  }

  takeReady(): number {
    if (this.#told) return -1;
    this.#told = true;
    return 0;
  }

  // hot
  transmit(): number {
    if (this.left === 0) return -1;
    const { pool, payload } = this;
    const slot = pool.take();
    if (slot < 0) throw new Error('the pool has no slot left');
    this.left--;
    this.#psn = (this.#psn + 1) % PSNS;
    const at = pool.at(slot);
    const end = this.template!.encode(
      pool.bytes(slot),
      at,
      this.#psn,
      0,
      payload.memory,
      payload.from,
      payload.to,
    );
    pool.setLength(slot, end - at);
    return slot;
  }

  wakeAt(): Nanos {
    return NEVER;
  }

  expire(): void {}
}

const templateTo = (from: HostPlace, to: HostPlace): FrameTemplate =>
  new FrameTemplate(
    build([
      eth({ src: from.mac, dst: from.macOf(to.index) }),
      ipv4({ src: from.ip, dst: to.ip, ttl: 64, df: 1 }),
      udp({ srcPort: 0xc000 + from.index, checksum: 0 }),
      bth({ opcode: 'RC_RDMA_WRITE_ONLY', destQp: 0x11 }),
      reth({ rkey: 0x1ee }),
    ]),
  );

const rated = (topology: Topology): Topology => ({
  ...topology,
  links: topology.links.map((link) => {
    const toHost = topology.hosts.includes(link.a) || topology.hosts.includes(link.b);
    return { ...link, rate: toHost ? HOST_RATE : FABRIC_RATE };
  }),
});

setFlagsFromString('--expose-gc');
/** What setting up leaves behind would otherwise be collected meanwhile, by other threads of the process. */
const collectGarbage = runInNewContext('gc') as () => void;

/** What a run did, without its beginning. */
export interface FabricRun {
  /** Frames that reached a port. */
  readonly hops: number;
  readonly events: number;
  /** Of the process in the event loop, collecting garbage included: what else the machine does counts for little. */
  readonly cpuSeconds: number;
}

/**
 * Runs it.
 * @throws Error when a frame was lost or came with a wrong ICRC
 */
export function runFabric(
  shape: Topology,
  kind: FabricKind,
  frames: number,
  payloadBytes: number,
): FabricRun {
  // Slots as long as the frames: otherwise each lies on a page of its own, more than an address cache holds.
  const slotBytes =
    Ethernet.size + ipv4.header.size + udp.header.size + datagramBytes(payloadBytes);
  const sim = new Simulation({ seed: 1, slotBytes });
  const payload = payloadOf(payloadBytes);
  const senders: Host[] = [];
  const { places, hosts } = buildFabric(sim, rated(shape), kind, ({ name, mac }) => {
    const host = new Host(name, parseMac(mac), sim.pool, payload);
    senders.push(host);
    return host;
  });
  for (const [i, from] of places.entries()) {
    const to = places[(i + places.length / 2) % places.length]!;
    senders[i]!.start(templateTo(from, to), frames);
  }
  for (const host of hosts) sim.settle(host);
  // The first tenth is not measured: memory is touched for the first time, and the compiler is still at work.
  const frameNs = timeFor(senders[0]!.frameBytes, HOST_RATE);
  sim.run(Math.round((frames / WARM_UP) * frameNs) as Nanos);
  collectGarbage();
  const [hopsBefore, eventsBefore] = [sim.hops, sim.events];
  const before = process.cpuUsage();
  sim.run();
  const { user, system } = process.cpuUsage(before);
  const good = senders.reduce((sum, { received, wrong }) => sum + received - wrong, 0);
  const expected = frames * senders.length;
  if (good !== expected) throw new Error(`${good} of ${expected} frames arrived whole`);
  return {
    hops: sim.hops - hopsBefore,
    events: sim.events - eventsBefore,
    cpuSeconds: (user + system) / 1e6,
  };
}
