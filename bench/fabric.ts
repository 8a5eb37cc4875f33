// Packet-hops a second through a star and a 16-host fat tree, with hosts that only send and forget: what links,
// switches and routers cost. `npm run build && node dist/bench/fabric.js`.

import { build, eth, ipv4, udp } from '../protocols/index.js';
import { fatTree, star, type Topology } from '../src/fabric/index.js';
import type { FramePool, Station } from '../src/frame/index.js';
import { type Nanos, NEVER } from '../src/time/index.js';
import { buildFabric, type FabricKind, type HostPlace } from '../src/world/fabric.js';
import { Simulation } from '../src/world/sim.js';

const FRAMES_EACH = 20_000;
const FRAME_BYTES = 1024;

/** Sends one frame again and again, and releases what it gets. */
class Sender implements Station {
  readonly ports = 1;
  frame: Uint8Array = new Uint8Array(0);
  left = FRAMES_EACH;
  #told = false;
  constructor(
    readonly name: string,
    readonly pool: FramePool,
  ) {}
  receive(_now: Nanos, _port: number, slot: number): void {
    this.pool.release(slot);
  }
  takeReady(): number {
    if (this.#told) return -1;
    this.#told = true;
    return 0;
  }
  transmit(): number {
    if (this.left === 0 || this.frame.length === 0) return -1;
    const slot = this.pool.take();
    if (slot < 0) return -1;
    this.left--;
    this.pool.bytes(slot).set(this.frame, this.pool.at(slot));
    this.pool.setLength(slot, this.frame.length);
    return slot;
  }
  start(): void {
    this.#told = false;
  }
  wakeAt(): Nanos {
    return NEVER;
  }
  expire(): void {}
}

const frameTo = (from: HostPlace, to: HostPlace): Uint8Array => {
  const link = eth({ src: from.mac, dst: from.macOf(to.index) });
  const head = [link, ipv4({ src: from.ip, dst: to.ip }), udp({ srcPort: 49152, dstPort: 9 })];
  const size = FRAME_BYTES - build(head).bytes.length;
  return build([...head, new Uint8Array(size)]).bytes;
};

/** Hosts on slower links than switches have among themselves: no queue grows, whatever paths flows take. */
const relaxed = (topology: Topology): Topology => ({
  ...topology,
  links: topology.links.map((link) =>
    topology.hosts.includes(link.a) ? { ...link, rate: 25e9 } : link,
  ),
});

function measure(shape: Topology, kind: FabricKind): void {
  const topology = relaxed(shape);
  const sim = new Simulation({ seed: 1 });
  const senders: Sender[] = [];
  const makeHost = ({ name }: HostPlace) => {
    const sender = new Sender(name, sim.pool);
    senders.push(sender);
    return sender;
  };
  const { places, hosts } = buildFabric(sim, topology, kind, makeHost, { subnet: 'static' });
  // Half of the hosts away, so that every flow crosses the middle.
  for (const [i, from] of places.entries()) {
    const to = places[(i + places.length / 2) % places.length]!;
    senders[i]!.frame = frameTo(from, to);
    senders[i]!.start();
  }
  const from = performance.now();
  for (const host of hosts) sim.settle(host);
  sim.run();
  const seconds = (performance.now() - from) / 1e3;
  const hops = (sim.hops / seconds / 1e6).toFixed(2);
  const events = (sim.events / seconds / 1e6).toFixed(2);
  console.log(
    `${topology.name}, ${places.length} hosts, ${kind}: ${hops} M packet-hops/s, ${events} M events/s`,
  );
}

for (let run = 0; run < 2; run++) {
  measure(star(16), 'switched');
  measure(fatTree(4), 'routed');
}
