// TCP under attack: what an attacker makes us keep is bounded and counted, what it makes us believe is nothing, and what
// is not TCP neither throws nor hangs.

import * as fc from 'fast-check';
import {
  build,
  eth,
  ipv4,
  type LayerInput,
  seqAdd,
  tcp,
  tcpMss,
  tcpOption,
} from '../../../protocols/index.js';
import { FramePool } from '../../../src/frame/index.js';
import { parseIp } from '../../../src/stack/index.js';
import { type RingSink, TcpStack } from '../../../src/tcp/index.js';
import { type Nanos, Random, seconds } from '../../../src/time/index.js';
import { fuzzed } from '../../support/hostile-tcp.js';
import { assert, spec } from '../../support/spec.js';

const [US, PEER] = ['10.0.0.1', '10.0.0.2'];
const PORT = 80;

class Target {
  now = 0 as Nanos;
  readonly pool = new FramePool(2048);
  readonly tcp: TcpStack;
  constructor() {
    const ip = {
      pool: this.pool,
      mtu: 1500,
      isOwn: () => true,
      sourceFor: () => parseIp(US),
      wake() {},
    };
    this.tcp = new TcpStack(ip, { random: new Random(3) });
    this.tcp.secrets.isn = () => 0;
  }
  give(...layers: LayerInput[]): number {
    return this.raw(build([eth(), ipv4({ src: PEER, dst: US }), ...layers]).bytes, PEER);
  }
  raw(frame: Uint8Array, from: string): number {
    const whole = {
      protocol: 6,
      hopLimit: 64,
      ecn: 0,
      bytes: frame,
      at: 34,
      end: frame.length,
      headerAt: 14,
    };
    this.tcp.receive(this.now, { ...whole, source: parseIp(from), target: parseIp(US) });
    return this.drain();
  }
  drain(): number {
    let count = 0;
    for (let slot = this.tcp.transmit(this.now); slot >= 0; slot = this.tcp.transmit(this.now)) {
      this.pool.release(slot);
      count++;
      if (count > 10_000) throw new Error('it never ends');
    }
    return count;
  }
  wait(time: Nanos): void {
    const until = this.now + time;
    while (this.tcp.wakeAt() <= until) {
      this.now = this.tcp.wakeAt();
      this.tcp.expire(this.now);
      this.drain();
    }
    this.now = until as Nanos;
  }
  /** A listener's connection from port 4000; both sides' numbers begin at 0. */
  open(receiveBytes = 65_535) {
    const listener = this.tcp.listen({ port: PORT, receiveBytes });
    this.give(
      tcp({ srcPort: 4000, dstPort: PORT, seq: 0, syn: 1, window: 65_535 }),
      tcpMss({ mss: 1000 }),
    );
    this.give(this.segment(1, 1));
    return listener.accept()!;
  }
  segment(seq: number, ack: number, more: Parameters<typeof tcp>[0] = {}): LayerInput {
    return tcp({ srcPort: 4000, dstPort: PORT, seq, ack, ackFlag: 1, window: 65_535, ...more });
  }
}

spec('TCP under attack', (it) => {
  it('keeps no more of a SYN flood than its backlog, answers the rest by cookies, and serves honest peers', () => {
    const target = new Target();
    const listener = target.tcp.listen({ port: PORT, backlog: 16 });
    for (let i = 0; i < 5000; i++) {
      const source = `10.1.${i % 250}.${1 + (i % 200)}`;
      const syn = tcp({ srcPort: 1024 + i, dstPort: PORT, seq: i * 77, syn: 1 });
      target.raw(build([eth(), ipv4({ src: source, dst: US }), syn]).bytes, source);
    }
    const { counters, connections } = target.tcp;
    assert.is(connections.size, 16);
    assert.is(counters.SyncookiesSent, 5000 - 16);
    assert.is(target.pool.inUse, 0);
    assert.is(listener.accept(), undefined);
    target.wait(seconds(120));
    assert.is(connections.size, 0, 'half-open ones die out');
  });

  it('loses no place to half-open connections that are reset', () => {
    const target = new Target();
    const listener = target.tcp.listen({ port: PORT, backlog: 4 });
    for (let i = 0; i < 100; i++) {
      target.give(tcp({ srcPort: 1024 + i, dstPort: PORT, seq: 5, syn: 1 }));
      target.give(tcp({ srcPort: 1024 + i, dstPort: PORT, seq: 6, rst: 1 }));
    }
    assert.is(listener.halfOpen, 0);
    assert.is(target.tcp.connections.size, 0);
    assert.is(target.tcp.counters.SyncookiesSent, 0);
  });

  it('is reset by one sequence number of 2^32 only, and says little to those who guess (RFC 5961 3)', () => {
    const target = new Target();
    const connection = target.open();
    const random = new Random(9);
    let answers = 0;
    for (let i = 0; i < 2000; i++) {
      const seq = 2 + random.below(0xfffffff0);
      answers += target.give(tcp({ srcPort: 4000, dstPort: PORT, seq, rst: 1 }));
    }
    assert.is(connection.state, 'ESTABLISHED');
    assert.ok(answers <= 1, `${answers} challenges at once`);
    target.give(tcp({ srcPort: 4000, dstPort: PORT, seq: 1, rst: 1 }));
    assert.is(connection.state, 'CLOSED');
  });

  it('takes no text whose ACK is not plausible (RFC 5961 5)', () => {
    const target = new Target();
    const connection = target.open();
    const random = new Random(9);
    for (let i = 0; i < 2000; i++) {
      const ack = 2 + random.below(0xfffffff0 - 70_000);
      target.give(target.segment(1, ack, { psh: 1 }), new Uint8Array(100));
    }
    assert.is((connection.sink as RingSink).delivered, 0);
  });

  it('is not moved by SYNs into a connection (RFC 5961 4)', () => {
    const target = new Target();
    const connection = target.open();
    let answers = 0;
    for (let i = 0; i < 1000; i++) {
      answers += target.give(tcp({ srcPort: 4000, dstPort: PORT, seq: i * 1000, syn: 1 }));
    }
    assert.is(connection.state, 'ESTABLISHED');
    assert.ok(answers <= 1);
  });

  it('keeps a bounded number of islands behind gaps, whatever comes', () => {
    const target = new Target();
    const connection = target.open();
    for (let i = 0; i < 2000; i++) {
      target.give(target.segment(100 + i * 20, 1), new Uint8Array(1 + (i % 3)));
    }
    assert.is(connection.tcb.beyond.count, 64);
    assert.ok(target.tcp.counters.TCPOFODrop > 1000);
    assert.is(connection.state, 'ESTABLISHED');
    assert.is((connection.sink as RingSink).delivered, 0);
  });

  it('stays whole when segments behind a gap overlap in every way', () => {
    const random = new Random(4);
    const target = new Target();
    const connection = target.open();
    const text = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7) % 251);
    for (let i = 0; i < 3000; i++) {
      const from = random.below(text.length);
      const to = Math.min(text.length, from + 1 + random.below(900));
      target.give(target.segment(1 + from, 1), text.slice(from, to));
    }
    for (let at = 0; at < text.length; at += 500) {
      target.give(target.segment(1 + at, 1), text.slice(at, at + 500));
    }
    const sink = connection.sink as RingSink;
    const got = new Uint8Array(text.length);
    assert.is(sink.read(got), text.length);
    assert.equal(got, text);
  });

  it('writes nothing beyond its buffer, however far segments reach', () => {
    const target = new Target();
    const connection = target.open(1000);
    for (let i = 0; i < 500; i++) {
      const seq = seqAdd(1, i * 37 - 2000);
      target.give(target.segment(seq, 1), new Uint8Array(1400).fill(7));
    }
    const sink = connection.sink as RingSink;
    assert.is(sink.delivered, 1000);
    assert.is(connection.tcb.rcvNxt, 1001);
  });

  it('sends no silly segments into tiny windows, nor many', () => {
    const target = new Target();
    const connection = target.open();
    const source = connection.source as unknown as { write(bytes: Uint8Array): number };
    source.write(new Uint8Array(50_000));
    connection.push(target.now);
    target.drain();
    const sent = target.tcp.counters.OutSegs;
    for (let i = 0; i < 1000; i++) {
      const { sndNxt } = connection.tcb;
      target.give(target.segment(1, sndNxt % 2 ** 32, { window: i % 4 }));
    }
    assert.ok(target.tcp.counters.OutSegs - sent < 30, `${target.tcp.counters.OutSegs - sent}`);
    assert.is(connection.state, 'ESTABLISHED');
  });

  it('believes no SACK of what it has not sent, and no endless list of options', () => {
    const target = new Target();
    const connection = target.open();
    for (let kind = 0; kind < 256; kind++) {
      for (const length of [0, 1, 2, 3, 10, 38, 200]) {
        const data = new Uint8Array(Math.max(0, Math.min(length, 38) - 2));
        target.give(target.segment(1, 1), tcpOption({ kind, length, data }));
      }
    }
    assert.is(connection.state, 'ESTABLISHED');
    assert.is(connection.tcb.board.sacked, 0);
  });

  it('answers text that grinds through closed ports with one RST each, and never a RST with a RST', () => {
    const target = new Target();
    let answers = 0;
    for (let port = 1; port <= 500; port++) {
      answers += target.give(tcp({ srcPort: 9, dstPort: port, seq: 1, ack: 1, ackFlag: 1 }));
      answers += target.give(tcp({ srcPort: 9, dstPort: port, seq: 1, rst: 1 }));
    }
    assert.is(answers, 500);
    assert.is(target.tcp.counters.OutRsts, 500);
  });

  it('neither throws nor hangs on any bytes, and holds no slot', () => {
    fc.assert(
      fc.property(fuzzed, (segments) => {
        const target = new Target();
        const connection = target.open(5000);
        const source = connection.source as unknown as { write(bytes: Uint8Array): number };
        source.write(new Uint8Array(9000));
        connection.push(target.now);
        target.drain();
        for (const layers of segments) {
          target.give(...layers);
          const { tcb } = connection;
          assert.ok(tcb.sndUna <= tcb.sndNxt && tcb.rcvNxt <= tcb.rcvAdv);
          assert.ok(tcb.board.sacked >= 0 && tcb.board.missing >= 0);
          assert.ok(
            tcb.board.sacked + tcb.board.missing <= tcb.outstanding || tcb.state === 'CLOSED',
          );
        }
        target.wait(seconds(5000));
        assert.is(target.pool.inUse, 0);
      }),
      { numRuns: 150 },
    );
  });
});
