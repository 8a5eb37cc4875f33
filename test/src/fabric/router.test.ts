// Mirrors src/fabric/router.ts, router-message.ts, ip-forward.ts, flow-hash.ts, prefix-table.ts and ip-address.ts.

import {
  arp,
  bth,
  build,
  check,
  dissect,
  eth,
  formatMac,
  grh,
  icmp,
  icmpEcho,
  icmpv6,
  ipv4,
  ipv6,
  type LayerInput,
  ndNeighbourSolicitation,
  ndSourceLinkLayerAddress,
  udp,
} from '../../../protocols/index.js';
import { parsePrefix } from '../../../src/fabric/ip-address.js';
import { PrefixTable } from '../../../src/fabric/prefix-table.js';
import { Router } from '../../../src/fabric/router.js';
import type { RouterOptions } from '../../../src/fabric/router-options.js';
import { ns, Random } from '../../../src/time/index.js';
import { Simulation } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';
import { Probe } from './probe.js';

const RATE = 10e9;
const mac = (n: number) => `02:00:00:00:00:0${n}`;
const portMac = (n: number) => `02:00:00:00:01:0${n}`;

/** A router with a host on each port: 10.0.N.2 and fd00:N::2 behind port N. */
function routed(ports: number, options: Partial<RouterOptions> = {}, mtus: number[] = []) {
  const sim = new Simulation({ seed: 5 });
  const numbers = Array.from({ length: ports }, (_, n) => n);
  const router = new Router(
    'r',
    sim.pool,
    {
      rate: RATE,
      ports: numbers.map((n) => ({
        mac: portMac(n),
        addresses: [`10.0.${n}.1/24`, `fd00:${n}::1/64`],
        ...(mtus[n] ? { mtu: mtus[n] } : {}),
      })),
      neighbours: numbers.flatMap((n) => [
        { port: n, ip: `10.0.${n}.2`, mac: mac(n) },
        { port: n, ip: `fd00:${n}::2`, mac: mac(n) },
      ]),
      ...options,
    },
    sim.random.fork('r'),
  );
  sim.add(router);
  const hosts = numbers.map((n) => sim.add(new Probe(`h${n}`, sim.pool)));
  for (const [n, host] of hosts.entries()) sim.connect(host, 0, router, n, { rate: RATE });
  const send = (from: number, ...layers: LayerInput[]) => {
    hosts[from]!.send(build([eth({ src: mac(from), dst: portMac(from) }), ...layers]).bytes);
    sim.settle(hosts[from]!);
    sim.run();
  };
  const got = (n: number) => hosts[n]!.got.map((bytes) => dissect(bytes));
  /** Nothing is left over, and all that hosts got is right to the last bit. */
  const clean = () => {
    for (const { got: frames } of hosts)
      for (const bytes of frames) assert.equal(check(dissect(bytes)).findings, []);
    assert.is(sim.pool.inUse, 0);
  };
  return { sim, router, hosts, send, got, clean };
}

const to4 = (fields: object = {}) => ipv4({ src: '10.0.0.2', dst: '10.0.1.2', ...fields });
const to6 = (fields: object = {}) => ipv6({ src: 'fd00:0::2', dst: 'fd00:1::2', ...fields });
const toPort = (srcPort = 49152) => udp({ srcPort, dstPort: 4791 });

spec('router', (it) => {
  it('passes packets of both versions on with one hop less, its own address and right checksums', () => {
    const { send, got, clean, router } = routed(2);
    send(0, to4({ ttl: 9 }), udp({ srcPort: 1, dstPort: 2 }), new Uint8Array(100));
    send(0, to6({ hopLimit: 9 }), udp({ srcPort: 1, dstPort: 2 }), new Uint8Array(100));
    const [four, six] = got(1);
    assert.is(four!.layers[1]!.number('ttl'), 8);
    assert.is(six!.layers[1]!.number('hopLimit'), 8);
    assert.is(formatMac(four!.layers[0]!.get('src') as Uint8Array), portMac(1));
    assert.is(formatMac(four!.layers[0]!.get('dst') as Uint8Array), mac(1));
    assert.is(router.forwarded, 2);
    clean();
  });

  it('takes off what filled a short frame up', () => {
    const { send, got, clean } = routed(2);
    send(0, to4(), udp({ srcPort: 1, dstPort: 2 }), new Uint8Array(2), new Uint8Array(0));
    assert.is(got(1)[0]!.layers.at(-1)!.end, 14 + 20 + 8 + 2);
    clean();
  });

  it('says "time exceeded" to the sender of a packet without hops', () => {
    const { send, got, clean, router } = routed(2);
    send(0, to4({ ttl: 1 }), udp({ srcPort: 1, dstPort: 2 }), new Uint8Array(1000));
    send(0, to6({ hopLimit: 1 }), udp({ srcPort: 1, dstPort: 2 }), new Uint8Array(2000));
    const [four, six] = got(0);
    assert.is(four!.layers[2]!.number('type'), 11);
    assert.is(four!.layers[1]!.number('totalLength'), 576, 'quotes as much as RFC 1812 allows');
    assert.is(six!.layers[2]!.number('type'), 3);
    assert.is(six!.layers[1]!.number('payloadLength') + 40, 1280);
    assert.is(router.drops.get('time exceeded'), 2);
    assert.is(got(1).length, 0);
    clean();
  });

  it('says "unreachable" where no route leads', () => {
    const { send, got, clean, router } = routed(2);
    send(0, to4({ dst: '192.0.2.1' }), udp({ srcPort: 1, dstPort: 2 }));
    send(0, to6({ dst: '2001:db8::1' }), udp({ srcPort: 1, dstPort: 2 }));
    const [four, six] = got(0);
    assert.equal([four!.layers[2]!.number('type'), four!.layers[2]!.number('code')], [3, 0]);
    assert.equal([six!.layers[2]!.number('type'), six!.layers[2]!.number('code')], [1, 0]);
    assert.is(router.drops.get('no route'), 2);
    clean();
  });

  it('cuts IPv4 packets that are too long, so that the pieces make the whole', () => {
    const { send, got, clean, router } = routed(2, {}, [4200, 576]);
    const data = Uint8Array.from({ length: 1992 }, (_, i) => i);
    send(0, to4({ df: 0, identification: 77 }), udp({ srcPort: 1, dstPort: 2 }), data);
    const pieces = got(1).map((scene) => scene.layers[1]!);
    assert.equal(
      pieces.map((ip) => [ip.number('fragmentOffset') * 8, ip.number('mf'), ip.number('ttl')]),
      [0, 552, 1104, 1656].map((at) => [at, at < 1656 ? 1 : 0, 63]),
    );
    const whole = pieces.flatMap((ip) => [...ip.bytes.subarray(ip.end, ip.bodyEnd)]);
    assert.equal(whole.slice(8), [...data]);
    assert.is(router.fragmented, 1);
    clean();
  });

  it('says how long packets may be where it must not cut', () => {
    const { send, got, clean, router } = routed(2, {}, [4200, 1500]);
    send(0, to4({ df: 1 }), udp({ srcPort: 1, dstPort: 2 }), new Uint8Array(2000));
    send(0, to6(), udp({ srcPort: 1, dstPort: 2 }), new Uint8Array(2000));
    const [four, six] = got(0);
    assert.equal([four!.layers[2]!.number('type'), four!.layers[2]!.number('code')], [3, 4]);
    assert.is(four!.layers[3]!.number('nextHopMtu'), 1500);
    assert.is(six!.layers[2]!.number('type'), 2);
    assert.is(six!.layers[3]!.number('mtu'), 1500);
    assert.is(router.drops.get('too big'), 2);
    clean();
  });

  it('does not complain about errors, nor about fragments behind the first', () => {
    const { send, got, clean, router } = routed(2);
    send(0, to4({ ttl: 1, fragmentOffset: 10 }), new Uint8Array(64));
    send(0, to4({ ttl: 1 }), icmp({ type: 3 }), new Uint8Array(28));
    assert.is(got(0).length, 0);
    send(0, to4({ ttl: 1 }), icmp({ type: 8 }), icmpEcho({ identifier: 1 }));
    assert.is(got(0).length, 1, 'an echo request is no error');
    assert.is(router.drops.get('time exceeded'), 3);
    clean();
  });

  it('cannot route RoCE v1, and says so', () => {
    const { send, router, clean } = routed(2);
    send(0, grh(), bth({ opcode: 4, destQp: 2 }), new Uint8Array(16));
    assert.equal([...router.drops], [['not routable: RoCE v1', 1]]);
    clean();
  });

  it('drops what is damaged or not for it, each with its reason', () => {
    const { send, hosts, sim, router, clean } = routed(2);
    send(0, to4({ headerChecksum: 1 }), udp({ srcPort: 1, dstPort: 2 }));
    send(0, to4({ totalLength: 900 }), udp({ srcPort: 1, dstPort: 2 }));
    send(0, to4({ dst: '224.0.0.1' }), udp({ srcPort: 1, dstPort: 2 }));
    send(0, to6({ dst: 'fe80::9' }), udp({ srcPort: 1, dstPort: 2 }));
    send(0, to4({ dst: '10.0.1.1' }), udp({ srcPort: 1, dstPort: 2 }));
    hosts[0]!.send(build([eth({ src: mac(0), dst: mac(9) }), to4()]).bytes);
    hosts[0]!.send(new Uint8Array(9));
    sim.settle(hosts[0]!);
    sim.run();
    assert.equal(Object.fromEntries(router.drops), {
      'bad checksum': 1,
      'too short': 2,
      'not routable: link local or group': 2,
      'for the router itself': 1,
      'other host': 1,
    });
    clean();
  });

  it('answers ARP and neighbour solicitations for its addresses and learns who asked', () => {
    const { sim, hosts, send, got, clean } = routed(2, { neighbours: [] });
    // While what was learned still holds: the host answers no probes.
    sim.at(ns(1_000_000_000), () => {
      for (const ip of [to4(), to6()])
        hosts[0]!.send(
          build([eth({ src: mac(0), dst: portMac(0) }), ip, udp({ srcPort: 1, dstPort: 2 })]).bytes,
        );
      sim.settle(hosts[0]!);
    });
    sim.at(ns(1_000_000), () => {
      const solicitation = [
        ipv6({ src: 'fd00:1::2', dst: 'fd00:1::1', hopLimit: 255 }),
        icmpv6(),
        ndNeighbourSolicitation({ target: 'fd00:1::1' }),
        ndSourceLinkLayerAddress({ address: mac(1) }),
      ];
      hosts[1]!.send(build([eth({ src: mac(1), dst: portMac(1) }), ...solicitation]).bytes);
      sim.settle(hosts[1]!);
    });
    send(
      1,
      arp({ senderMac: mac(1), senderIp: '10.0.1.2', targetMac: mac(0), targetIp: '10.0.1.1' }),
    );
    const [reply, advertisement] = got(1);
    assert.is(formatMac(reply!.layers[1]!.get('senderMac') as Uint8Array), portMac(1));
    assert.is(advertisement!.layers[2]!.number('type'), 136);
    assert.is(got(1).filter(({ layers }) => layers[2]?.key === 'udp').length, 2);
    clean();
  });

  const answer = (ip: string) =>
    arp({
      opcode: 2,
      senderMac: mac(1),
      senderIp: ip,
      targetMac: portMac(1),
      targetIp: '10.0.1.1',
    });

  it('asks three times for hosts that it does not know, and says when they do not answer', () => {
    const { send, sim, got, hosts, clean, router } = routed(2);
    const packet = () => send(0, to4({ dst: '10.0.1.9' }), udp({ srcPort: 1, dstPort: 2 }));
    packet();
    assert.equal(
      got(1).map(({ layers }) => layers[1]!.key),
      ['arp', 'arp', 'arp'],
    );
    const times = hosts[1]!.at.map((at) => Math.round(at / 1e9));
    assert.equal(times, [0, 1, 2], 'RFC 4861 10: a second between them');
    assert.equal([got(0)[0]!.layers[2]!.number('code'), got(0).length], [1, 1]);
    assert.is(router.drops.get('host unreachable'), 1);
    assert.ok(sim.now >= 3e9);
    send(1, answer('10.0.1.9'));
    packet();
    const last = got(1).filter(({ layers }) => layers[2]?.key === 'udp');
    assert.is(last.length, 1);
    clean();
  });

  it('keeps packets while it asks, and sends them when the answer is there', () => {
    const { send, sim, hosts, got, clean, router } = routed(2);
    sim.at(ns(500_000_000), () => {
      const reply = build([eth({ src: mac(1), dst: portMac(1) }), answer('10.0.1.9')]);
      hosts[1]!.send(reply.bytes);
      sim.settle(hosts[1]!);
    });
    for (let i = 1; i <= 4; i++)
      hosts[0]!.send(
        build([
          eth({ src: mac(0), dst: portMac(0) }),
          to4({ dst: '10.0.1.9' }),
          udp({ srcPort: i, dstPort: 2 }),
        ]).bytes,
      );
    send(0, to6(), udp({ srcPort: 9, dstPort: 2 }));
    const ports = got(1).flatMap(({ layers }) =>
      layers[1]!.key === 'ipv4' ? [layers[2]!.number('srcPort')] : [],
    );
    assert.equal(ports, [2, 3, 4], 'in their order; the oldest of four had no room');
    assert.is(router.drops.get('neighbour asked for'), 1);
    clean();
  });

  it('spreads flows over equal paths by the source port and keeps each flow on its path', () => {
    const routes = [
      {
        to: '10.9.0.0/16',
        via: [1, 2, 3, 4].map((port) => ({ port, gateway: `10.0.${port}.2` })),
      },
      { to: 'fd09::/16', via: [1, 2, 3, 4].map((port) => ({ port, gateway: `fd00:${port}::2` })) },
    ];
    const { send, hosts, clean } = routed(5, { routes });
    for (let flow = 0; flow < 128; flow++) {
      for (let i = 0; i < 2; i++) {
        send(0, to4({ dst: '10.9.0.1' }), toPort(49152 + flow), bth({ opcode: 4 }));
        send(0, to6({ dst: 'fd09::1' }), toPort(49152 + flow), bth({ opcode: 4 }));
      }
    }
    const flows = hosts.slice(1).map(({ got }) => {
      const seen = new Map<string, number>();
      for (const bytes of got) {
        const { layers } = dissect(bytes);
        const key = `${layers[1]!.key} ${layers[2]!.number('srcPort')}`;
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
      return seen;
    });
    for (const seen of flows) {
      assert.ok(seen.size > 40 && seen.size < 90, `${seen.size} of 256 flows on one of four paths`);
      assert.ok(
        [...seen.values()].every((count) => count === 2),
        'a flow keeps its path',
      );
    }
    clean();
  });

  it('prefers the longest prefix', () => {
    const routes = [
      { to: '0.0.0.0/0', via: [{ port: 1, gateway: '10.0.1.2' }] },
      { to: '10.9.8.0/22', via: [{ port: 2, gateway: '10.0.2.2' }] },
      { to: '10.9.0.0/16', via: [{ port: 1, gateway: '10.0.1.2' }] },
    ];
    const { send, got } = routed(3, { routes });
    for (const dst of ['10.9.11.255', '10.9.12.0', '8.8.8.8'])
      send(0, to4({ dst }), udp({ srcPort: 1, dstPort: 2 }));
    assert.is(got(2).length, 1);
    assert.is(got(1).length, 2);
  });

  it('survives any bytes', () => {
    const { hosts, sim } = routed(2);
    const random = new Random(11);
    const frame = build([
      eth({ src: mac(0), dst: portMac(0) }),
      to4(),
      toPort(),
      new Uint8Array(64),
    ]);
    for (let run = 0; run < 2000; run++) {
      const bytes = frame.bytes.slice(0, random.below(frame.bytes.length) + 1);
      for (let i = 0; i < 4; i++) {
        const at = 12 + random.below(60);
        if (at < bytes.length) bytes[at] = random.bits();
      }
      hosts[0]!.send(bytes);
    }
    sim.settle(hosts[0]!);
    sim.run();
    assert.is(sim.pool.inUse, 0);
  });

  it('says which option is wrong', () => {
    const bad = (options: Partial<RouterOptions>) => () => routed(2, options);
    assert.throws(bad({ routes: [{ to: '10.0.0.0', via: [] }] }), /'10.0.0.0' is no prefix/);
    assert.throws(bad({ routes: [{ to: '10.0.0.0/33', via: [] }] }), /at most 32 bits/);
    assert.throws(bad({ routes: [{ to: '10.0.0.0/8', via: [] }] }), /leads nowhere/);
    assert.throws(
      bad({ routes: [{ to: '::/0', via: [{ port: 7, gateway: '::1' }] }] }),
      /ports 0 to 1, no port 7/,
    );
  });
});

spec('prefix table', (it) => {
  it('finds what a search of the whole list finds', () => {
    const random = new Random(3);
    for (let run = 0; run < 50; run++) {
      const table = new PrefixTable();
      const list = Array.from({ length: 40 }, () => {
        const ip = Uint8Array.of(10, random.below(4), random.below(256), random.below(256));
        return { ip, bits: random.below(33) };
      });
      const within = (ip: Uint8Array, p: { ip: Uint8Array; bits: number }) => {
        const bits = (b: Uint8Array) => [...b].map((v) => v.toString(2).padStart(8, '0')).join('');
        return bits(ip).slice(0, p.bits) === bits(p.ip).slice(0, p.bits);
      };
      for (const [i, p] of list.entries()) table.set(p.ip, p.bits, i);
      for (let look = 0; look < 50; look++) {
        const ip = Uint8Array.of(10, random.below(5), random.below(256), random.below(256));
        let best = -1;
        list.forEach((p, i) => {
          if (within(ip, p) && (best < 0 || p.bits >= list[best]!.bits)) best = i;
        });
        const found = table.find(ip, 0, 4);
        assert.is(list[found]?.bits ?? -1, list[best]?.bits ?? -1);
      }
    }
  });

  it('reads prefixes', () => {
    assert.equal(parsePrefix('10.1.2.0/24'), { ip: Uint8Array.of(10, 1, 2, 0), bits: 24 });
    assert.throws(() => parsePrefix('10.1/24'), /not an IPv4 address/);
  });
});
