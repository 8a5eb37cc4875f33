// How connections end between a stock Linux and our stack: closed ports, resets of either side, ends that have forgotten the
// connection or cannot be reached any more, half-close, TIME-WAIT. tcp-ends.py is the guest's half.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Impairment } from '../../src/fabric/index.js';
import type { RingSource, TcpConnection } from '../../src/tcp/index.js';
import { type Nanos, START } from '../../src/time/index.js';
import { assert, spec } from '../support/spec.js';
import { guestOn, judgeCapture, liveHost } from './host.js';
import { buffers, type Service, serve, Task } from './tcp-service.js';

const program = fileURLToPath(new URL('../../../test/linux/tcp-ends.py', import.meta.url));
const CLOSED_PORT = 99;
/** For as long as a guest's keep-alive takes to give up. */
const CUT_NS = 20e9;
/** Until the guest waits for text, and its own is here. */
const SOON_MS = 300;
const text = (words: string) => new TextEncoder().encode(words);

const script = `set -e
ip link set eth0 up mtu 1500
ip addr add 10.0.0.2/24 dev eth0
ip -6 addr add fd00::2/64 dev eth0 nodad
sleep 2
cat > /tmp/ends.py <<'END'
${readFileSync(program, 'utf8')}
END
python3 /tmp/ends.py
grep ^Tcp: /proc/net/snmp
`;

/** What a program on Linux gets; each is what Linux gives with Linux at the other end. */
const expected = {
  'closed-v4': 'ECONNREFUSED',
  'closed-v6': 'ECONNREFUSED',
  reset: 'ECONNRESET',
  'write-after-reset': 'EPIPE',
  forgotten: 'ECONNRESET',
  'keep-alive-forgotten': 'ECONNRESET',
  unread: 'ECONNRESET',
  'half-close': 'answer',
  'same-ports': 'nothing',
  urgent: 'heard',
  'keep-alive-cut': 'ETIMEDOUT',
} as const;

spec('linux: ends of TCP connections', (it) => {
  it('closed ports, resets, half-open peers and half-close are for Linux, and for us, what they are between Linuxes', async () => {
    let cutUntil: Nanos = START;
    const cable: Impairment = {
      name: 'cut',
      apply: (now, _from, _pool, _slot, fate) => {
        if (now < cutUntil) fate.lost = 'cut';
      },
    };
    const host = await liveHost(['10.0.0.1/24', 'fd00::1/64'], [cable]);
    const named = new Map<string, Task>();
    const keep =
      (name: string, words = '', late = false): Service =>
      (_now, connection) => {
        const task = new Task(connection, text(words), late);
        named.set(name, task);
        return task;
      };
    const soon =
      (what: (connection: TcpConnection) => void): Service =>
      (_now, connection) => {
        setTimeout(() => {
          what(connection);
          host.world.settle();
        }, SOON_MS);
        return undefined;
      };
    const { tcp } = serve(host, {
      9: soon((connection) => connection.abort(host.world.now)),
      12: (_now, connection, stack) => void stack.forget(connection),
      13: (now) => {
        cutUntil = (now + CUT_NS) as Nanos;
        return undefined;
      },
      14: soon((connection) => connection.close(host.world.now)),
      15: keep('half-close', 'answer', true),
      16: keep('lingers'),
      17: keep('closes unread', 'never read'),
      18: keep('vanishes'),
      19: (now, connection) => {
        connection.close(now);
        const { connection: victim } = named.get('vanishes')!;
        (victim.source as RingSource).write(text('are you there?'));
        victim.push(now);
        return undefined;
      },
      20: (now, connection) => void connection.close(now),
      21: keep('urgent', 'heard'),
      22: (now, connection, stack) => {
        connection.close(now);
        const { remote } = connection;
        const task = new Task(
          stack.connect(now, { remote, port: CLOSED_PORT, buffers: buffers() }),
        );
        named.set('asks back', task);
        return task;
      },
    });
    const { console } = await guestOn(host, script);
    await host.close();
    judgeCapture(host.capture);
    host.discard();

    for (const [name, what] of Object.entries(expected)) {
      assert.match(console, new RegExp(`^${name} ${what}$`, 'm'), console);
    }
    const error = (name: string) => named.get(name)?.error;
    assert.is(error('lingers'), 'ECONNRESET');
    assert.is(error('closes unread'), 'ECONNRESET');
    assert.is(error('vanishes'), 'ECONNRESET', 'Linux answers for a socket that is gone');
    assert.is(error('asks back'), 'ECONNREFUSED');
    assert.ok(named.get('urgent')!.urgent);
    assert.is(named.get('urgent')!.received, 'first!'.length);
    assert.is(named.get('half-close')!.received, 'question'.length);
    assert.is(tcp.counters.TWRecycled, 2, 'the same two ports again, out of TIME-WAIT');
    assert.is(tcp.counters.InErrs, 0);
  });
});
