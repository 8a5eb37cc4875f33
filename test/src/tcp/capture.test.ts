// Linux's TCP as captured: our stack stands in for one side of each connection, gets every segment of the other at its
// time, accepts all of them, and acknowledges and sends the same bytes.

import { Ethernet, IPv4, seqAdd, seqDiff } from '../../../protocols/index.js';
import { FramePool } from '../../../src/frame/index.js';
import { parseIp } from '../../../src/stack/index.js';
import { RingSink, RingSource, Segment, TcpStack } from '../../../src/tcp/index.js';
import { type Nanos, ns } from '../../../src/time/index.js';
import { capturedFrames } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';

const ETHERTYPE_IPV4 = 0x0800;
const TCP_NUMBER = 6;
const RING = 1 << 21;
/** Nanoseconds of a tick of Linux's timestamps. */
const TICK = 1e6;

interface Captured {
  readonly now: Nanos;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly ecn: number;
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  readonly segment: Segment;
}

/** The segments of a capture by connection, named by the client's port; Linux's TCP over IPv4. */
function connections(name: string): Map<string, Captured[]> {
  const found = new Map<string, Captured[]>();
  let first: bigint | undefined;
  for (const { bytes, timestamp } of capturedFrames(name)) {
    const at = Ethernet.size;
    if (Ethernet.get.type(bytes, 0) !== ETHERTYPE_IPV4) continue;
    if (IPv4.get.protocol(bytes, at) !== TCP_NUMBER) continue;
    first ??= timestamp;
    const segment = new Segment();
    const tcpAt = at + IPv4.get.ihl(bytes, at) * 4;
    const end = at + IPv4.get.totalLength(bytes, at);
    assert.ok(segment.read(bytes, tcpAt, end, 0), 'a segment');
    const ip = (n: number) =>
      parseIp([24, 16, 8, 0].map((s) => Math.floor(n / 2 ** s) % 256).join('.'));
    const one: Captured = {
      now: ns(Number(timestamp - first)),
      bytes,
      at: tcpAt,
      end,
      ecn: 0,
      source: ip(IPv4.get.src(bytes, at) as unknown as number),
      target: ip(IPv4.get.dst(bytes, at) as unknown as number),
      segment,
    };
    const key = String(Math.max(segment.sourcePort, segment.targetPort));
    const list = found.get(key);
    if (list) list.push(one);
    else found.set(key, [one]);
  }
  return found;
}

/** Plays one side: 'client' sent the first SYN. */
function replay(list: readonly Captured[], role: 'client' | 'server'): void {
  const [syn] = list;
  const ours = role === 'client' ? syn!.segment.sourcePort : syn!.segment.targetPort;
  const own = list.filter(({ segment }) => segment.sourcePort === ours);
  const isn = own[0]!.segment.seq;
  const pool = new FramePool(2048);
  const stack = new TcpStack({
    pool,
    mtu: 1500,
    isOwn: () => true,
    sourceFor: () => undefined,
    wake() {},
  });
  stack.secrets.isn = () => isn;
  // Our clock of timestamps is Linux's: the peer echoes what Linux said.
  const ticks = Math.floor(syn!.now / TICK);
  stack.secrets.of = () => seqAdd(own[0]!.segment.tsVal, -ticks);
  const source = new RingSource(RING);
  const sink = new RingSink(RING);
  const verdicts: string[] = [];
  const tracer = { verdict: (_now: Nanos, what: string) => verdicts.push(what) };
  // Linux's congestion window is not in the capture: ours shall hold nothing back.
  const ample = { initialWindow: 1000, slowStartAfterIdle: false, tailLossProbe: false };
  const options = { ...ample, buffers: { source, sink }, nagle: false, tracer };
  const start = syn!.now;
  const wire: Uint8Array[] = [];
  if (role === 'server') {
    stack.listen({ ...options, port: ours, receiveBytes: RING, buffers: () => options.buffers });
  } else {
    const { segment, source: local, target: remote } = syn!;
    const ports = { localPort: ours, port: segment.targetPort };
    stack.connect(start, { ...options, ...ports, local, remote });
  }
  const drain = (now: Nanos) => {
    for (let slot = stack.transmit(now); slot >= 0; slot = stack.transmit(now)) {
      const at = pool.at(slot);
      wire.push(pool.bytes(slot).slice(at, at + pool.length(slot)));
      pool.release(slot);
    }
  };
  for (const one of list) {
    while (stack.wakeAt() < one.now) {
      const now = stack.wakeAt();
      stack.expire(now);
      drain(now);
    }
    const { segment, now } = one;
    const connection = stack.connections.all[0];
    if (segment.sourcePort !== ours) {
      stack.receive(now, { ...one, protocol: TCP_NUMBER, hopLimit: 64, headerAt: Ethernet.size });
    } else if (connection && (segment.length > 0 || segment.fin)) {
      // What was sent again in the capture is in the source already.
      const place = seqDiff(segment.seq, seqAdd(isn, 1));
      const from = segment.dataAt + Math.max(0, source.end - place);
      if (from < segment.dataAt + segment.length) {
        source.write(segment.bytes, from, segment.dataAt + segment.length);
      }
      connection.push(now);
      if (segment.fin) connection.shutdown(now);
    }
    drain(now);
    sink.taken = sink.delivered;
    const { acks, sends } = reach(own, now, isn);
    const tcb = stack.connections.all[0]?.tcb;
    if (!tcb) continue;
    assert.ok(
      seqDiff(seqAdd(tcb.irs, tcb.rcvNxt), acks) >= 0 || acks === 0,
      'acknowledges as much',
    );
    assert.ok(tcb.sndNxt >= sends, `has sent ${tcb.sndNxt} of ${sends} when Linux had`);
  }
  const { counters } = stack;
  assert.is(counters.InSegs, list.length - own.length, 'every segment came');
  assert.is(counters.InErrs, 0, 'none is wrong');
  assert.is(counters.RetransSegs, 0, 'none went twice');
  assert.equal(
    verdicts.filter((v) => v !== 'reset'),
    [],
    'every segment was accepted',
  );
  const peer = list.filter(({ segment }) => segment.sourcePort !== ours);
  assert.is(sink.delivered, bytesOf(peer), 'all bytes came');
  assert.is(source.end, bytesOf(own));
  // Whoever resets does not acknowledge what came last; a FIN counts as none of the bytes.
  const acked = peer.reduce(
    (most, { segment: s }) => (s.rst || !s.hasAck ? most : Math.max(most, seqDiff(s.ack, isn) - 1)),
    0,
  );
  assert.is(source.released, Math.min(acked, bytesOf(own)), 'all was acknowledged that Linux did');
}

/** How far Linux had acknowledged and sent at that time. */
function reach(own: readonly Captured[], now: Nanos, isn: number): { acks: number; sends: number } {
  let acks = 0;
  let sends = 0;
  for (const { segment, now: at } of own) {
    if (at > now) break;
    if (segment.rst) continue;
    if (segment.hasAck) acks = segment.ack;
    const size = segment.length + (segment.syn ? 1 : 0) + (segment.fin ? 1 : 0);
    sends = Math.max(sends, seqDiff(segment.seq, isn) + size);
  }
  return { acks, sends };
}

/** Length of the stream, with what was sent twice counted once. */
function bytesOf(list: readonly Captured[]): number {
  const first = seqAdd(list[0]!.segment.seq, 1);
  return list.reduce(
    (end, { segment: s }) =>
      s.length === 0 ? end : Math.max(end, seqDiff(s.seq, first) + s.length),
    0,
  );
}

spec('TCP in the place of Linux', (it) => {
  for (const name of ['nvme-tcp.pcap.gz', 'nvme-tcp-connect.pcap', 'siw.pcap']) {
    for (const [port, list] of connections(name)) {
      for (const role of ['client', 'server'] as const) {
        it(`takes every segment of ${name}, port ${port}, as the ${role}`, () =>
          replay(list, role));
      }
    }
  }
});
