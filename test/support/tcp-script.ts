// Runs TCP scripts: segments in, segments out, calls and time, and what must be true between them. The stack runs on an IP
// that is a stub, so that nothing but TCP is seen.

import { IPv4, IPv6, TCP } from '../../protocols/index.js';
import { FramePool } from '../../src/frame/index.js';
import { IcmpError, type IcmpKind, parseIp } from '../../src/stack/index.js';
import {
  EVENT,
  type Listener,
  RingSink,
  RingSource,
  type TcpConnection,
  TcpStack,
} from '../../src/tcp/index.js';
import { type Nanos, Random, seconds } from '../../src/time/index.js';
import { assert } from './spec.js';
import { type Line, parseScripts, type Script } from './tcp-script-line.js';
import { OUR_PORT, Peer, patternAt, type Sent } from './tcp-script-peer.js';

/** Ethernet's header, which frames of the builder and of the stack have alike. */
const LINK_BYTES = 14;
const PROTOCOL_TCP = 6;
/** Options that are durations: scripts say seconds. */
const DURATIONS = [
  'delayedAck',
  'minRto',
  'maxRto',
  'initialRto',
  'userTimeout',
  'keepAlive',
  'keepAliveInterval',
  'timeWait',
  'finTimeout',
];

export class ScriptRun {
  now = 0 as Nanos;
  readonly peer = new Peer();
  readonly tcp: TcpStack;
  readonly pool = new FramePool(16_384);
  mtu = 1500;
  connection: TcpConnection | undefined;
  listener: Listener | undefined;
  readonly sent: Sent[] = [];
  verdicts: string[] = [];
  /** Scripts are easier to reckon with these. */
  #options: Record<string, unknown> = { quickAcks: 0, congestion: 'reno', tailLossProbe: false };
  #bytes = { send: 1 << 20, receive: 65_535 };

  constructor(readonly script: Script) {
    const self = this;
    const ours = () => parseIp(this.peer.addresses.ours);
    const ip = {
      pool: this.pool,
      get mtu() {
        return self.mtu;
      },
      isOwn: (address: Uint8Array) => address.every((byte, i) => byte === ours()[i]),
      sourceFor: () => ours(),
      wake() {},
    };
    this.tcp = new TcpStack(ip, { random: new Random(1, 'script') });
    const { secrets } = this.tcp;
    const of = secrets.of.bind(secrets);
    secrets.of = (ends, purpose, more) => (purpose === 'timestamp' ? 0 : of(ends, purpose, more));
    secrets.isn = () => this.iss;
  }

  iss = 0;

  run(): void {
    for (const line of this.script.lines) {
      try {
        this.#line(line);
      } catch (thrown) {
        if (!(thrown instanceof Error)) throw thrown;
        thrown.message = `line ${line.number}: ${line.text}\n    ${thrown.message}`;
        throw thrown;
      }
    }
    assert.equal(
      this.sent.map((s) => s.text),
      [],
      'sent, and the script does not know of it',
    );
  }

  #line(line: Line): void {
    const due = this.now + seconds(line.wait);
    if (line.command === '>') return this.#expect(line, due);
    this.#advance(due);
    const surprising = ['<', 'nothing', 'write', 'close', 'shutdown', 'read', 'abort', 'icmp'];
    if (surprising.includes(line.command)) {
      assert.equal(
        this.sent.map((s) => s.text),
        [],
        'sent, and the script does not know of it',
      );
    }
    if (line.command === '<') this.#inject(this.peer.make(line.segment!), line.segment!.ecn ?? 0);
    else this.#command(line);
    this.#collect();
  }

  /** Lets time go on; what goes out meanwhile is kept with its time. */
  #advance(until: number): void {
    while (this.tcp.wakeAt() <= until) {
      this.now = Math.max(this.now, this.tcp.wakeAt()) as Nanos;
      this.tcp.expire(this.now);
      this.#collect();
    }
    this.now = until as Nanos;
    this.#collect();
  }

  #collect(): void {
    for (let slot = this.tcp.transmit(this.now); slot >= 0; slot = this.tcp.transmit(this.now)) {
      const at = this.pool.at(slot);
      const frame = this.pool.bytes(slot).slice(at, at + this.pool.length(slot));
      this.pool.release(slot);
      this.sent.push(this.peer.read(frame, this.now));
    }
  }

  #inject(frame: Uint8Array, ecn: number): void {
    const { ours, peers } = this.peer.addresses;
    const at = LINK_BYTES + (this.peer.v6 ? IPv6.size : IPv4.size);
    const whole = {
      protocol: PROTOCOL_TCP,
      hopLimit: 64,
      ecn,
      bytes: frame,
      at,
      headerAt: LINK_BYTES,
    };
    const ends = { source: parseIp(peers), target: parseIp(ours), end: frame.length };
    this.tcp.receive(this.now, { ...whole, ...ends });
  }

  #expect(line: Line, due: number): void {
    const wanted = line.segment!;
    const late = due + seconds(line.tolerance);
    while (this.sent.length === 0 && this.tcp.wakeAt() <= late) this.#advance(this.tcp.wakeAt());
    const sent = this.sent.shift();
    assert.ok(sent, 'nothing was sent');
    const early = due - seconds(line.tolerance);
    assert.ok(
      sent.at >= early && sent.at <= late,
      `sent ${(sent.at - due) / 1e9} s off: ${sent.text}`,
    );
    if (this.now < due) this.now = due as Nanos;
    const actual = (name: string, value: unknown, want: unknown) =>
      want === undefined || assert.is(value, want, `${name} of: ${sent.text}`);
    actual('flags', [...sent.flags].sort().join(''), [...wanted.flags].sort().join(''));
    actual('sequence number', sent.seq, wanted.seq);
    actual('length', sent.length, wanted.length);
    actual('ack', sent.ack, wanted.ack);
    actual('window', sent.window, wanted.window);
    actual('urgent pointer', sent.urgent, wanted.urgent);
    actual('ecn', sent.ecn, wanted.ecn);
    actual('port', sent.port, wanted.port ?? this.peer.port);
    if (wanted.options)
      actual(
        'options',
        sent.options,
        wanted.options
          .join(',')
          .replaceAll(/sack (?=\d)/g, 'sack,')
          .replaceAll(/(\d+:\d+) (?=\d)/g, '$1,'),
      );
  }

  #command(line: Line): void {
    const [first = '', second = ''] = line.words;
    switch (line.command) {
      case 'option':
        for (const word of line.words) this.#option(word);
        return;
      case 'ipv6':
        this.peer.v6 = true;
        return;
      case 'connect':
        return this.#connect();
      case 'listen':
        return this.#listen(line.words);
      case 'configure': {
        const before = this.#options;
        this.#options = {};
        for (const word of line.words) this.#option(word);
        this.conn.configure(this.now, this.#options);
        this.#options = before;
        return;
      }
      case 'established':
        return this.#established(line.words);
      case 'unlisten':
        return this.tcp.unlisten(this.now, this.listener!);
      case 'accept':
        this.connection = this.listener!.accept();
        assert.ok(this.connection, 'nobody to accept');
        return;
      case 'use': // a connection that is not accepted yet
        this.connection = this.tcp.connections.all[Number(first || 0)];
        assert.ok(this.connection, 'no connection');
        return;
      case 'write':
        return this.#write(Number(first), second === 'urgent');
      case 'read':
        return this.#read(first);
      case 'urgent':
        this.conn.urgent(this.now);
        return;
      case 'shutdown':
        return this.conn.shutdown(this.now);
      case 'close':
        return this.conn.close(this.now);
      case 'abort':
        return this.conn.abort(this.now);
      case 'nothing':
        return;
      case 'icmp':
        return this.#icmp(line.words);
      case 'expect':
        return this.#check(first, second, line.words);
      default:
        throw new RangeError(`no command ${line.command}`);
    }
  }

  get conn(): TcpConnection {
    assert.ok(this.connection, 'no connection');
    return this.connection!;
  }

  #option(word: string): void {
    const [name, text] = word.split('=') as [string, string];
    if (name === 'mtu') this.mtu = Number(text);
    else if (name === 'iss') this.iss = Number(text);
    else if (name === 'peerisn') this.peer.isn = Number(text);
    else if (name === 'sendbuf') this.#bytes.send = Number(text);
    else if (name === 'rcvbuf') this.#bytes.receive = Number(text);
    else if (DURATIONS.includes(name)) this.#options[name] = seconds(Number(text));
    else if (text === 'true' || text === 'false') this.#options[name] = text === 'true';
    else this.#options[name] = Number.isNaN(Number(text)) ? text : Number(text);
  }

  #buffers = () => ({
    source: new RingSource(this.#bytes.send),
    sink: new RingSink(this.#bytes.receive),
  });

  #connect(): void {
    const remote = parseIp(this.peer.addresses.peers);
    this.peer.ourPort = 30_000;
    this.connection = this.tcp.connect(this.now, {
      remote,
      port: this.peer.port,
      localPort: this.peer.ourPort,
      ...this.#options,
      buffers: this.#buffers(),
      tracer: { verdict: (_now, what) => this.verdicts.push(what) },
    });
  }

  #listen(words: readonly string[]): void {
    const given = new Map(words.map((w) => w.split('=') as [string, string]));
    this.listener = this.tcp.listen({
      port: OUR_PORT,
      ...this.#options,
      receiveBytes: this.#bytes.receive,
      buffers: this.#buffers,
      tracer: { verdict: (_now, what) => this.verdicts.push(what) },
      ...(given.has('backlog') ? { backlog: Number(given.get('backlog')) } : {}),
      ...(given.get('cookies') === 'off' ? { synCookies: false } : {}),
    });
  }

  /** A listener's connection, opened in a tenth of a second: mss=N sack ts ws=N win=N. */
  #established(words: readonly string[]): void {
    const given = new Map(words.map((w) => w.split('=') as [string, string]));
    const options = [`mss ${given.get('mss') ?? 1000}`];
    if (given.has('sack')) options.push('sackOK');
    if (given.has('ts')) options.push('ts 1000 0');
    if (given.has('ws')) options.push(`nop,wscale ${given.get('ws')}`);
    const win = given.get('win') ?? '65535';
    const ts = given.has('ts') ? '<nop,nop,ts 1100 0>' : '';
    const { lines } = parseScripts(`== open
      listen
      < S 0:0(0) win ${win} <${options.join(',')}>
      > S. 0:0(0) ack 1
      +0.1 < . 1:1(0) ack 1 win ${win} ${ts}
      accept`)[0]!;
    for (const line of lines) this.#line(line);
  }

  #write(count: number, urgent: boolean): void {
    const source = this.conn.source as RingSource;
    const bytes = Uint8Array.from({ length: count }, (_, i) => patternAt(source.end + i));
    assert.is(source.write(bytes), count, 'room in the send buffer');
    const took = urgent ? this.conn.urgent(this.now) : this.conn.push(this.now);
    assert.ok(took, 'takes data');
  }

  #read(text: string): void {
    const sink = this.conn.sink as RingSink;
    const count = text === 'all' ? sink.ready : Number(text);
    const bytes = new Uint8Array(count);
    const from = sink.taken;
    assert.is(sink.read(bytes), count, 'bytes to read');
    for (const [i, byte] of bytes.entries()) {
      assert.is(byte, patternAt(from + i), `byte ${from + i} received`);
    }
    this.conn.consumed(this.now);
  }

  /** icmp KIND seq N [mtu N]; kinds with '-' for spaces. */
  #icmp(words: readonly string[]): void {
    const after = (name: string) => Number(words[words.indexOf(name) + 1]);
    const error = new IcmpError();
    const { ours, peers } = this.peer.addresses;
    error.kind = words[0]!.replaceAll('-', ' ') as IcmpKind;
    error.mtu = words.includes('mtu') ? after('mtu') : 0;
    error.source.set(parseIp(ours));
    error.target.set(parseIp(peers));
    error.protocol = PROTOCOL_TCP;
    error.bytes = new Uint8Array(TCP.size);
    error.end = TCP.size;
    TCP.set.srcPort(error.bytes, 0, this.peer.ourPort);
    TCP.set.dstPort(error.bytes, 0, this.peer.port);
    TCP.set.seq(error.bytes, 0, (this.peer.our(this.peer.port) + after('seq')) >>> 0);
    this.tcp.icmpError(this.now, error);
  }

  #check(what: string, value: string, words: readonly string[]): void {
    const { tcb } = this.connection ?? {};
    switch (what) {
      case 'state':
        return assert.is(this.conn.state, value);
      case 'error':
        return assert.is(this.conn.error ?? 'none', value);
      case 'softerror':
        return assert.is(tcb?.softError ?? 'none', value);
      case 'phase':
        return assert.is(tcb!.phase, value);
      case 'readable':
        return assert.is((this.conn.sink as RingSink).ready, Number(value));
      case 'event':
        assert.ok((tcb!.events & EVENT[value as keyof typeof EVENT]) !== 0, `no event ${value}`);
        return;
      case 'verdict':
        assert.ok(this.verdicts.includes(words.slice(1).join(' ')), this.verdicts.join(', '));
        return;
      case 'connections':
        return assert.is(this.tcp.connections.size, Number(value));
      case 'counter':
        return assert.is(this.tcp.counters[value as 'InSegs'], Number(words[2]), value);
      case 'below':
        assert.ok(this.#value(value) < Number(words[2]), `${value} is ${this.#value(value)}`);
        return;
      case 'above':
        assert.ok(this.#value(value) > Number(words[2]), `${value} is ${this.#value(value)}`);
        return;
      default:
        return assert.is(this.#value(what), Number(value), what);
    }
  }

  /** Numbers of the connection: durations in seconds. */
  #value(name: string): number {
    const value = this.conn.tcb[name as 'cwnd'];
    assert.type(value, 'number', `no value ${name}`);
    return ['rto', 'srtt', 'rttvar', 'minRtt'].includes(name) ? value / 1e9 : value;
  }
}
