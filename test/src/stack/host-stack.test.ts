// Mirrors src/stack: a host answers as Linux does in the captures, and what it sends is right by every check.

import {
  arp,
  build,
  dissect,
  eth,
  formatHex,
  icmp,
  icmpEcho,
  icmpv6,
  icmpv6Echo,
  ipv4,
  ipv6,
  type LayerInput,
  ndNeighbourAdvertisement,
  ndNeighbourSolicitation,
  ndSourceLinkLayerAddress,
  ndTargetLinkLayerAddress,
  parseMac,
  udp,
} from '../../../protocols/index.js';
import { FramePool } from '../../../src/frame/index.js';
import { HostStack, parseIp } from '../../../src/stack/index.js';
import { type Nanos, seconds } from '../../../src/time/index.js';
import { capturedFrames } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';
import {
  ALL,
  Bench,
  IP,
  IP6,
  OUR_LINK,
  PEER,
  PEER_IP,
  PEER_IP6,
  US,
} from '../../support/stack-bench.js';

const layersOf = (frame: Uint8Array) => dissect(frame).layers.map(({ key }) => key);
const field = (frame: Uint8Array, key: string, name: string) =>
  dissect(frame)
    .layers.find((l) => l.key === key)!
    .get(name);
const v4 = (src = PEER_IP, dst = IP) => ipv4({ src, dst });
const echo = (size: number) => [
  icmp({ type: 8 }),
  icmpEcho({ identifier: 7 }),
  new Uint8Array(size),
];
const fromPeer = eth({ dst: US, src: PEER });
const solicit = (target: string, src: string, dst: string, ...options: LayerInput[]) => [
  eth({ dst: '33:33:ff:00:00:01', src: PEER }),
  ipv6({ src, dst }),
  icmpv6(),
  ndNeighbourSolicitation({ target: parseIp(target) }),
  ...options,
];

spec('host stack: neighbours', (it) => {
  it('answers an ARP request as Linux does, byte for byte (rxe-v4 frames 17 and 18; rule 5.5.3, trap 31)', () => {
    const frames = capturedFrames('rxe-v4.pcap');
    const bench = new Bench();
    const answers = bench.give(frames[16]!.bytes);
    assert.equal(
      answers.map((f) => formatHex(f)),
      [formatHex(frames[17]!.bytes)],
    );
    assert.is(bench.state(PEER_IP), 'STALE');
  });
  it('asks as Linux does, byte for byte, and learns from the answer', () => {
    const frames = capturedFrames('rxe-v4.pcap');
    const pool = new FramePool();
    const stack = new HostStack('b', pool, { mac: parseMac(PEER), addresses: [`${PEER_IP}/24`] });
    assert.is(stack.lookup(0 as Nanos, parseIp(IP)), undefined);
    const slot = stack.transmit(0 as Nanos, 0);
    const at = pool.at(slot);
    assert.is(
      formatHex(pool.bytes(slot).subarray(at, at + pool.length(slot))),
      formatHex(frames[16]!.bytes),
    );
    pool.bytes(slot).set(frames[17]!.bytes, at);
    stack.receive(0 as Nanos, 0, slot);
    assert.is(formatHex(stack.lookup(0 as Nanos, parseIp(IP))!, ':'), US);
    assert.is(stack.neighbours.get(parseIp(IP))?.state, 'REACHABLE');
  });
  it('asks three times, a second apart, gives up, and drops what waited', () => {
    const bench = new Bench();
    bench.stack.ping(bench.now, parseIp(PEER_IP), 1, 1);
    assert.is(bench.sent().length, 1);
    assert.is(bench.wait(seconds(10)).length, 2);
    assert.is(bench.state(PEER_IP), 'FAILED');
    assert.equal(bench.drops(), { 'neighbour failed': 1 });
    assert.is(bench.pool.inUse, 0);
  });
  it('a neighbour grows stale, is used for 5 s on trust, then asked, and is alive when it answers', () => {
    const bench = new Bench();
    bench.stack.lookup(bench.now, parseIp(PEER_IP));
    bench.sent();
    const reply = arp({
      opcode: 2,
      senderMac: PEER,
      senderIp: PEER_IP,
      targetMac: US,
      targetIp: IP,
    });
    bench.built(fromPeer, reply);
    assert.is(bench.state(PEER_IP), 'REACHABLE');
    bench.wait(seconds(46));
    assert.is(bench.state(PEER_IP), 'STALE');
    assert.ok(bench.stack.lookup(bench.now, parseIp(PEER_IP)));
    assert.is(bench.state(PEER_IP), 'DELAY');
    const [probe] = bench.wait(seconds(5));
    assert.is(bench.state(PEER_IP), 'PROBE');
    assert.is(formatHex(field(probe!, 'eth', 'dst') as Uint8Array, ':'), PEER);
    bench.built(fromPeer, reply);
    assert.is(bench.state(PEER_IP), 'REACHABLE');
  });
  it('probes for our address are answered, its use by others is counted and not believed', () => {
    const bench = new Bench();
    const cast = eth({ dst: ALL, src: PEER });
    const probe = arp({ senderMac: PEER, senderIp: '0.0.0.0', targetIp: IP });
    assert.is(bench.built(cast, probe).length, 1);
    const theft = arp({ senderMac: PEER, senderIp: IP, targetIp: IP });
    assert.is(bench.built(cast, theft).length, 0);
    assert.equal(bench.drops(), { 'address conflict': 1 });
  });
  it("Linux's duplicate address detection for our link-local address is answered to all (rxe-v4 frame 4)", () => {
    const bench = new Bench();
    const [answer] = bench.give(capturedFrames('rxe-v4.pcap')[3]!.bytes);
    assert.equal(layersOf(answer!), ['eth', 'ipv6', 'icmpv6', 'nd-na', 'nd-tlla']);
    assert.equal(field(answer!, 'ipv6', 'dst'), parseIp('ff02::1'));
    assert.equal(field(answer!, 'nd-na', 'target'), parseIp(OUR_LINK));
    assert.equal(
      ['s', 'o'].map((f) => field(answer!, 'nd-na', f)),
      [0, 1],
    );
  });
  it('solicitations are answered to their sender, who is known from then on', () => {
    const bench = new Bench();
    const [answer] = bench.built(
      ...solicit(IP6, PEER_IP6, 'ff02::1:ff00:1', ndSourceLinkLayerAddress({ address: PEER })),
    );
    assert.equal(field(answer!, 'ipv6', 'dst'), parseIp(PEER_IP6));
    assert.equal(
      ['s', 'o'].map((f) => field(answer!, 'nd-na', f)),
      [1, 1],
    );
    assert.is(formatHex(field(answer!, 'eth', 'dst') as Uint8Array, ':'), PEER);
    assert.is(bench.state(PEER_IP6), 'DELAY');
  });
  it('solicits a neighbour, and what waited for it goes out when it answers', () => {
    const bench = new Bench();
    bench.stack.ping(bench.now, parseIp(PEER_IP6), 1, 1);
    const [asked] = bench.sent();
    assert.equal(layersOf(asked!), ['eth', 'ipv6', 'icmpv6', 'nd-ns', 'nd-slla']);
    assert.equal(field(asked!, 'ipv6', 'dst'), parseIp('ff02::1:ff00:2'));
    const [ping] = bench.built(
      fromPeer,
      ipv6({ src: PEER_IP6, dst: IP6 }),
      icmpv6(),
      ndNeighbourAdvertisement({ s: 1, o: 1, target: parseIp(PEER_IP6) }),
      ndTargetLinkLayerAddress({ address: PEER }),
    );
    assert.equal(layersOf(ping!), ['eth', 'ipv6', 'icmpv6', 'icmpv6-echo', 'payload']);
    assert.is(bench.state(PEER_IP6), 'REACHABLE');
  });
  it('neighbour messages that were routed are refused (RFC 4861 7.1)', () => {
    const bench = new Bench();
    bench.built(
      fromPeer,
      ipv6({ src: PEER_IP6, dst: IP6, hopLimit: 254 }),
      icmpv6(),
      ndNeighbourSolicitation({ target: parseIp(IP6) }),
    );
    assert.equal(bench.drops(), { 'neighbour rule': 1 });
  });
  it('a flood of strangers stays within the bound', () => {
    const bench = new Bench(['10.0.0.1/8']);
    for (let i = 0; i < 3000; i++) {
      const senderIp = `10.1.${Math.floor(i / 250)}.${i % 250}`;
      bench.built(eth({ dst: ALL, src: PEER }), arp({ senderMac: PEER, senderIp, targetIp: IP }));
    }
    assert.is(bench.stack.neighbours.size, 1024);
    assert.is(bench.pool.inUse, 0);
  });
});

spec('host stack: ways', (it) => {
  it('leads to neighbours themselves, to other subnets by the gateway of their version, else nowhere', () => {
    const bench = new Bench();
    const gateways = ['10.0.0.254'];
    const options = { mac: parseMac(US), addresses: [`${IP}/24`, `${IP6}/64`], gateways };
    const stack = new HostStack('a', bench.pool, options);
    const routed = Object.assign(bench, { stack });
    const asked = (ip: string) => {
      assert.is(stack.way(bench.now, parseIp(ip)), 'pending');
      const [frame] = routed.sent();
      return frame && field(frame, 'arp', 'targetIp');
    };
    const gateway = 0x0a0000fe;
    assert.is(asked(PEER_IP), 0x0a000002);
    assert.is(asked('192.0.2.7'), gateway);
    assert.is(asked('198.51.100.1'), undefined, 'it is being asked for already');
    assert.is(stack.way(bench.now, parseIp('2001:db8::1')), undefined);
    stack.neighbours.tell(bench.now, parseIp('10.0.0.254'), parseMac(PEER), 'answer', false);
    assert.equal(stack.way(bench.now, parseIp('192.0.2.7')), parseMac(PEER));
  });
  it('refuses addresses and sizes that no host can have', () => {
    const pool = new FramePool();
    const mac = parseMac(US);
    const host = (address: string, mtu = 1500) =>
      new HostStack('a', pool, { mac, addresses: [address], mtu });
    assert.throws(() => host('10.0.0.1'), /no address with a prefix/);
    assert.throws(() => host('10.0.0.1/33'), /at most 32 bits/);
    assert.throws(() => host('224.0.0.1/24'), /no address that a host can have/);
    assert.throws(() => host('fd00::1/64', 9000), /mtu: expected at most 4594, found 9000/);
  });
});

spec('host stack: echo', (it) => {
  it('answers an echo as Linux does, byte for byte, IP ID and checksum aside (nvme-rdma-connect)', () => {
    const [request, reply] = capturedFrames('nvme-rdma-connect.pcap').map((f) => f.bytes);
    const bench = new Bench(['10.99.0.1/24']);
    const mac = request!.slice(0, 6);
    const stack = new HostStack('a', bench.pool, { mac, addresses: ['10.99.0.1/24'] });
    const own = Object.assign(bench, { stack });
    const peer = request!.slice(6, 12);
    stack.neighbours.tell(own.now, parseIp('10.99.0.2'), peer, 'unasked', true);
    const [answer] = own.give(request!);
    // identification, flags and checksum of the IP header: ours count from one
    const masked = (b: Uint8Array) => formatHex(b.slice().fill(0, 18, 22).fill(0, 24, 26));
    assert.is(masked(answer!), masked(reply!));
  });
  it('asks for the peer first where it is not known, then answers', () => {
    const bench = new Bench();
    const [asked] = bench.built(fromPeer, v4(), ...echo(56));
    assert.equal(layersOf(asked!), ['eth', 'arp']);
    const [answer] = bench.built(
      fromPeer,
      arp({ opcode: 2, senderMac: PEER, senderIp: PEER_IP, targetMac: US, targetIp: IP }),
    );
    assert.is(field(answer!, 'icmp', 'type'), 0);
    assert.is(bench.stack.icmp.answered, 1);
  });
  it('a ping above the MTU is put together and answered in fragments, over both versions', () => {
    const bench = new Bench();
    const other = new Bench();
    const peer = new HostStack('b', other.pool, {
      mac: parseMac(PEER),
      addresses: [`${PEER_IP}/24`, `${PEER_IP6}/64`],
    });
    const far = Object.assign(other, { stack: peer });
    for (const [target, size] of [
      [IP, 20_000],
      [IP6, 20_000],
      [IP, 1472],
      [IP6, 1453],
    ] as const) {
      peer.ping(far.now, parseIp(target), 9, size, size);
      for (let frames = far.sent(); frames.length > 0; ) {
        const back = frames.reverse().flatMap((f) => bench.give(f)); // the order is no matter
        frames = back.flatMap((f) => far.give(f));
      }
      assert.is(peer.takeEchoReply()?.size, size);
    }
    assert.equal(far.drops(), {});
    assert.is(far.pool.inUse + bench.pool.inUse, 0);
  });
  it('fragments that overlap end their packet; those that stay alone are given up', () => {
    const bench = new Bench();
    const part = (fragmentOffset: number, mf: number, size: number) =>
      bench.built(
        fromPeer,
        ipv4({ src: PEER_IP, dst: IP, identification: 5, mf, fragmentOffset, protocol: 1 }),
        new Uint8Array(size),
      );
    part(0, 1, 16);
    part(0, 1, 16); // a copy
    part(1, 1, 16);
    part(4, 1, 16);
    bench.wait(seconds(31));
    assert.equal(bench.drops(), { 'fragment overlap': 1, 'fragments too late': 1 });
  });
  it('a flood of first fragments holds sixteen packets, the rest is counted, and all are given up', () => {
    const bench = new Bench();
    for (let i = 0; i < 1000; i++)
      bench.built(
        fromPeer,
        ipv4({ src: PEER_IP, dst: IP, identification: i, mf: 1, protocol: 6 }),
        new Uint8Array(64),
      );
    assert.equal(bench.drops(), { 'fragments too many': 984 });
    bench.wait(seconds(31));
    assert.equal(bench.drops(), { 'fragments too many': 984, 'fragments too late': 16 });
    assert.is(bench.pool.inUse, 0);
  });

  it('UDP that nobody wants is told so, with the datagram quoted, and not without end', () => {
    const bench = new Bench();
    for (const ip of [PEER_IP, PEER_IP6]) {
      bench.stack.neighbours.tell(bench.now, parseIp(ip), parseMac(PEER), 'unasked', true);
    }
    const [told] = bench.built(fromPeer, v4(), udp({ srcPort: 1, dstPort: 9 }), 'hello');
    assert.equal(layersOf(told!), [
      'eth',
      'ipv4',
      'icmp',
      'icmp-unreachable',
      'ipv4',
      'udp',
      'payload',
    ]);
    const [told6] = bench.built(
      fromPeer,
      ipv6({ src: PEER_IP6, dst: IP6 }),
      udp({ srcPort: 1, dstPort: 9 }),
      new Uint8Array(1400),
    );
    assert.is(told6!.length, 14 + 1280);
    for (let i = 0; i < 100; i++) bench.built(fromPeer, v4(), udp({ dstPort: 9 }), 'x');
    assert.is(bench.stack.drops.count('rate limit'), 52);
  });
  it('drops what is not for it, and what is wrong, each for its reason', () => {
    const bench = new Bench();
    bench.built(eth({ dst: '52:54:00:00:00:09', src: PEER }), v4(), ...echo(8));
    bench.built(fromPeer, v4(PEER_IP, '10.0.0.9'), ...echo(8));
    bench.built(fromPeer, v4(PEER_IP, '127.0.0.1'), ...echo(8));
    bench.built(fromPeer, v4(IP), ...echo(8));
    bench.built(fromPeer, v4('127.0.0.1'), ...echo(8));
    bench.built(fromPeer, v4(), icmp({ type: 8, checksum: 1 }), icmpEcho(), 'x');
    bench.built(fromPeer, v4(), icmp({ type: 13 }), new Uint8Array(16));
    bench.built(fromPeer, ipv6({ src: PEER_IP6, dst: IP6 }), icmpv6(), icmpv6Echo(), 'x');
    bench.give(new Uint8Array(10));
    assert.equal(bench.drops(), {
      'too short': 1,
      'other host': 1,
      'bad checksum': 1,
      'not my address': 2,
      'bad source': 2,
      'ignored message': 1,
    });
  });
  it('answers itself without a frame', () => {
    const bench = new Bench();
    for (const target of ['127.0.0.1', IP, '::1', IP6]) {
      bench.stack.ping(1000 as Nanos, parseIp(target), 7, 1);
      assert.is(bench.stack.transmit(1000 as Nanos, 0), -1);
      assert.is(bench.stack.takeEchoReply()?.sequence, 1, target);
    }
  });
  it('every prefix and every changed byte of its traffic is taken without harm', () => {
    const bench = new Bench();
    const frames = [
      build([fromPeer, v4(), ...echo(30)]).bytes,
      build(solicit(IP6, PEER_IP6, 'ff02::1:ff00:1', ndSourceLinkLayerAddress({ address: PEER })))
        .bytes,
      build([
        eth({ dst: ALL, src: PEER }),
        arp({ senderMac: PEER, senderIp: PEER_IP, targetIp: IP }),
      ]).bytes,
    ];
    for (const frame of frames) {
      for (let n = 0; n < frame.length; n++) {
        bench.give(frame.slice(0, n));
        for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
          const changed = frame.slice();
          changed[n] = value;
          bench.give(changed);
        }
      }
    }
    bench.wait(seconds(60));
    assert.is(bench.pool.inUse, 0);
  });
});
