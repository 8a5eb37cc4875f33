// Mirrors src/fabric/ethernet-switch.ts, egress.ts, mac-table.ts and classify.ts.

import {
  build,
  check,
  dissect,
  eth,
  ipv4,
  type LayerInput,
  macControl,
  pfc,
  udp,
  vlan,
} from '../../../protocols/index.js';
import { EthernetSwitch, type SwitchOptions } from '../../../src/fabric/ethernet-switch.js';
import type { FramePool, Station } from '../../../src/frame/index.js';
import { type Nanos, NEVER, ns } from '../../../src/time/index.js';
import { Simulation } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';

const RATE = 10e9;

/** Sends the frames that it is given, one after the other, and keeps what it gets. */
class Host implements Station {
  readonly ports = 1;
  readonly got: { at: Nanos; bytes: Uint8Array }[] = [];
  readonly #toSend: Uint8Array[] = [];
  /** Priorities that the switch has paused now. */
  paused = new Set<number>();
  #told = false;
  constructor(
    readonly name: string,
    readonly pool: FramePool,
  ) {}
  send(...layers: LayerInput[]): void {
    this.#toSend.push(build(layers).bytes);
    this.#told = false;
  }
  receive(now: Nanos, _port: number, slot: number): void {
    const at = this.pool.at(slot);
    const bytes = this.pool.bytes(slot).slice(at, at + this.pool.length(slot));
    this.pool.release(slot);
    this.got.push({ at: now, bytes });
    const control = dissect(bytes).layers.find((l) => l.key === 'pfc');
    if (control) {
      if (control.number('time3') > 0) this.paused.add(3);
      else this.paused.delete(3);
      this.#told = false;
    }
  }
  takeReady(): number {
    if (this.#told) return -1;
    this.#told = true;
    return 0;
  }
  transmit(): number {
    if (this.paused.has(3)) return -1;
    const bytes = this.#toSend.shift();
    if (!bytes) return -1;
    const slot = this.pool.take();
    this.pool.bytes(slot).set(bytes, this.pool.at(slot));
    this.pool.setLength(slot, bytes.length);
    return slot;
  }
  wakeAt(): Nanos {
    return NEVER;
  }
  expire(): void {}
  get data(): Uint8Array[] {
    return this.got
      .map((g) => g.bytes)
      .filter((b) => !dissect(b).layers.some((l) => l.key === 'pfc'));
  }
}

const mac = (n: number) => `02:00:00:00:00:0${n}`;

function star(count: number, options: Partial<SwitchOptions> = {}, rates: number[] = []) {
  const sim = new Simulation({ seed: 3 });
  const sw = sim.add(
    new EthernetSwitch(
      'sw',
      sim.pool,
      { ports: count, rate: RATE, ...options },
      sim.random.fork('sw'),
    ),
  );
  const hosts = Array.from({ length: count }, (_, i) => {
    const host = sim.add(new Host(`h${i}`, sim.pool));
    sim.connect(host, 0, sw, i, { rate: rates[i] ?? RATE });
    return host;
  });
  const send = (from: number, to: number | string, size = 1000, dscp = 0, ecn = 0) => {
    const dst = typeof to === 'number' ? mac(to) : to;
    hosts[from]!.send(
      eth({ src: mac(from), dst }),
      ipv4({ src: '10.0.0.1', dst: '10.0.0.2', dscp, ecn }),
      udp({ srcPort: 1, dstPort: 2 }),
      new Uint8Array(size),
    );
  };
  const go = () => {
    for (const host of hosts) {
      sim.settle(host);
    }
    sim.run();
  };
  return { sim, sw, hosts, send, go };
}

spec('Ethernet switch', (it) => {
  it('floods what it does not know, then sends to the port where it saw the address', () => {
    const { hosts, send, sim, go } = star(3);
    send(0, 1);
    go();
    assert.equal(
      hosts.map((h) => h.data.length),
      [0, 1, 1],
    );
    send(1, 0);
    go();
    send(0, 1);
    go();
    assert.equal(
      hosts.map((h) => h.data.length),
      [1, 2, 1],
    );
    assert.is(sim.pool.inUse, 0);
  });
  it('shares a full port between traffic classes as told (802.1Q 37), and the rest is strict', () => {
    const ets = [
      { priorities: [1], share: 20 },
      { priorities: [3], share: 80 },
    ];
    // Three hosts at full rate towards a fourth: DSCP 8, 24 and 48 are priorities 1, 3 and 6.
    const { hosts, send, sim } = star(4, { ets, bufferBytes: 1e9 });
    send(3, 0);
    sim.settle(hosts[3]!);
    sim.run();
    for (let i = 0; i < 100; i++) for (const from of [0, 1]) send(from, 3, 1000, [8, 24][from]!);
    for (let i = 0; i < 5; i++) send(2, 3, 1000, 48);
    for (const host of hosts) sim.settle(host);
    sim.run();
    const order = hosts[3]!.data.map((b) =>
      dissect(b)
        .layers.find((l) => l.key === 'ipv4')!
        .number('dscp'),
    );
    const among = order.slice(20, 120);
    assert.equal(
      [8, 24].map((dscp) => among.filter((d) => d === dscp).length),
      [20, 80],
    );
    assert.ok(order.lastIndexOf(48) < 20, 'what is strict waits for a frame at most');
    assert.is(order.length, 205);
  });
  it('sends groups to all and keeps VLANs apart', () => {
    const { hosts, send, go, sw } = star(4, {
      portVlan: [1, 1, 2, 2],
      members: [[1], [1], [2], [2]],
    });
    send(0, 'ff:ff:ff:ff:ff:ff');
    go();
    assert.equal(
      hosts.map((h) => h.data.length),
      [0, 1, 0, 0],
    );
    hosts[0]!.send(eth({ src: mac(0), dst: mac(2) }), vlan({ vid: 2 }), 'from another VLAN');
    go();
    assert.is(sw.drops.get('not a member'), 1);
    assert.is(hosts[2]!.data.length, 0);
  });
  it('drops what does not fit its buffer, and says why', () => {
    const { sw, hosts, send, go, sim } = star(3, { bufferBytes: 20_000 }, [RATE, RATE, 1e9]);
    hosts[2]!.send(eth({ src: mac(2), dst: mac(1) }), 'hello'); // so that its port is known
    go();
    for (let i = 0; i < 40; i++) {
      send(0, 2);
      send(1, 2);
    }
    go();
    assert.ok((sw.drops.get('buffer full') ?? 0) > 20);
    assert.is(hosts[2]!.data.length + sw.drops.get('buffer full')!, 80);
    assert.is(sw.buffered, 0);
    assert.is(sim.pool.inUse, 0);
  });
  it('lossless priorities lose nothing under the same load: senders are paused instead', () => {
    const lossless = { 3: { xoff: 8_000, xon: 4_000, headroom: 20_000 } };
    const { sw, hosts, send, go, sim } = star(3, { bufferBytes: 20_000, pfc: lossless }, [
      RATE,
      RATE,
      1e9,
    ]);
    hosts[2]!.send(eth({ src: mac(2), dst: mac(1) }), 'hello');
    go();
    for (let i = 0; i < 40; i++) {
      send(0, 2, 1000, 26);
      send(1, 2, 1000, 26);
    }
    go();
    assert.is(hosts[2]!.data.length, 80);
    assert.is(sw.drops.size, 0);
    assert.ok(sw.pausesSent > 0);
    assert.is(sim.pool.inUse, 0);
  });
  it('a paused port sends nothing of that priority until the pause is over, and others all the while', () => {
    const { hosts, send, go } = star(2);
    hosts[1]!.send(eth({ src: mac(1), dst: mac(0) }), 'hello');
    go();
    hosts[1]!.send(
      eth({ dst: '01:80:c2:00:00:01', src: mac(1) }),
      macControl(),
      pfc({ e3: 1, time3: 1000 }),
    );
    go();
    const before = hosts[1]!.got.length;
    send(0, 1, 100, 26);
    send(0, 1, 100, 0);
    go();
    const [first, second] = hosts[1]!.got.slice(before);
    assert.is(dissect(first!.bytes).layers[1]!.number('dscp'), 0);
    assert.is(dissect(second!.bytes).layers[1]!.number('dscp'), 26);
    assert.ok(second!.at - first!.at > 40_000); // 1000 quanta of 51.2 ns, less what had passed
  });
  it('marks congestion where it may, with a right checksum, and only beyond the threshold', () => {
    const ecn = { 3: { kmin: 4_000, kmax: 8_000, most: 0.1 } };
    const { sw, hosts, send, go } = star(3, { ecn }, [RATE, RATE, 1e9]);
    hosts[2]!.send(eth({ src: mac(2), dst: mac(1) }), 'hello');
    go();
    for (let i = 0; i < 40; i++) {
      send(0, 2, 1000, 26, 2);
      send(1, 2, 1000, 26, 0);
    }
    go();
    const frames = hosts[2]!.data.map((b) => dissect(b));
    const marked = frames.filter((f) => f.layers[1]!.number('ecn') === 3);
    assert.is(marked.length, sw.marked);
    assert.ok(marked.length > 10 && marked.length <= 40);
    for (const frame of frames) assert.equal(check(frame).findings, []);
  });
  it('forgets addresses with age, and makes room for new ones', () => {
    const { sw } = star(2);
    sw.table.learn(ns(0), 1, 0, 42, 1);
    assert.is(sw.table.port(ns(1e9), 1, 0, 42), 1);
    assert.is(sw.table.port(ns(301e9), 1, 0, 42), -1);
    assert.is(sw.table.port(ns(1), 2, 0, 42), -1);
    sw.table.forget(1);
    assert.is(sw.table.size, 0);
  });
});
