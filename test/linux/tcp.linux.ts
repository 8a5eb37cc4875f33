// Bulk TCP between a stock Linux and our stack, both ways, both roles, over IPv4 and IPv6, on a good wire and on a bad one;
// and what Linux sees of closed ports and resets.

import { createHash, randomBytes } from 'node:crypto';
import { chances, type Impairment } from '../../src/fabric/index.js';
import { EVENT, RingSink, RingSource, type TcpConnection, TcpStack } from '../../src/tcp/index.js';
import { type Nanos, Random } from '../../src/time/index.js';
import { assert, spec } from '../support/spec.js';
import { guestOn, judgeCapture, type LiveHost, liveHost } from './host.js';

const RING = 1 << 20;
/** Takes bytes and answers with their hash; sends ours; resets; asks us to connect back. */
const PORT = { take: 7, give: 8, reset: 9, back: 10 } as const;
/** Where the guest listens for us; no protocol that tshark would look for. */
const GUEST_PORT = 50_007;

const setup = (megabytes: number) => `
ip link set eth0 up mtu 1500
ip addr add 10.0.0.2/24 dev eth0
ip -6 addr add fd00::2/64 dev eth0 nodad
sleep 2
head -c ${megabytes}M /dev/urandom > /tmp/sent
sum=$(sha256sum < /tmp/sent | cut -d' ' -f1)
up() { test "$(nc $1 ${PORT.take} < /tmp/sent)" = $sum && echo UP $1; }
down() { nc $1 ${PORT.give} < /dev/null | sha256sum | sed "s/ .*/ DOWN $1/"; }
`;

/** What one connection of ours does: sends `text`, hashes what comes, says so at the end if it is asked to. */
class Task {
  readonly hash = createHash('sha256');
  received = 0;
  done = false;
  #written = 0;
  readonly #bytes = new Uint8Array(RING);

  constructor(
    readonly connection: TcpConnection,
    readonly text: Uint8Array,
    readonly answers: boolean,
  ) {}

  turn(now: Nanos): boolean {
    const { connection } = this;
    const { tcb } = connection;
    if (tcb.makeBuffers !== undefined) return false;
    const sink = connection.sink as RingSink;
    const count = sink.read(this.#bytes);
    if (count > 0) {
      this.hash.update(this.#bytes.subarray(0, count));
      this.received += count;
      connection.consumed(now);
    }
    const ended = (tcb.events & EVENT.ended) !== 0;
    if (!tcb.facts.takesData || tcb.closing || (this.answers && !ended)) return count > 0;
    const text = this.answers ? this.#answer() : this.text;
    const wrote = (connection.source as RingSource).write(text, this.#written);
    this.#written += wrote;
    if (wrote > 0) connection.push(now);
    if (this.#written === text.length) connection.shutdown(now);
    return count > 0 || wrote > 0;
  }

  #answered: Uint8Array | undefined;
  #answer(): Uint8Array {
    this.#answered ??= new TextEncoder().encode(this.hash.digest('hex'));
    return this.#answered;
  }
}

/** Our services on a host's stack. */
function serve(host: LiveHost, text: Uint8Array): { tcp: TcpStack; tasks: Task[] } {
  const tcp = new TcpStack(host.stack, { random: new Random(5) });
  host.stack.attach(tcp);
  const buffers = () => ({ source: new RingSource(RING), sink: new RingSink(RING) });
  const listeners = Object.entries(PORT).map(([name, port]) => ({
    name,
    listener: tcp.listen({ port, receiveBytes: RING, buffers }),
  }));
  const tasks: Task[] = [];
  const accept = (now: Nanos): boolean => {
    let some = false;
    for (const { name, listener } of listeners) {
      const connection = listener.accept();
      if (!connection) continue;
      some = true;
      if (name === 'reset') connection.abort(now);
      else if (name === 'back') {
        connection.close(now);
        const remote = connection.remote;
        const back = tcp.connect(now, { remote, port: GUEST_PORT, buffers: buffers() });
        tasks.push(new Task(back, text, false));
      } else tasks.push(new Task(connection, text, name === 'take'));
    }
    return some;
  };
  let turning = false;
  host.world.onSettled = (now) => {
    if (turning) return;
    let moved = accept(now);
    for (const task of tasks) if (task.turn(now)) moved = true;
    if (!moved && !tcp.hasWork()) return;
    turning = true;
    setImmediate(() => {
      turning = false;
      host.world.settle();
    });
  };
  return { tcp, tasks };
}

async function exchange(script: string, text: Uint8Array, impairments: Impairment[] = []) {
  const host = await liveHost(['10.0.0.1/24', 'fd00::1/64'], impairments);
  const served = serve(host, text);
  const { console } = await guestOn(host, script, 300);
  await host.close();
  judgeCapture(host.capture);
  host.discard();
  return { console, ...served };
}

const hex = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

spec('linux: TCP', (it) => {
  it('carries bytes both ways, both roles, over IPv4 and IPv6, and refuses and resets as Linux expects', async () => {
    const text = randomBytes(8 << 20);
    const { console, tcp, tasks } = await exchange(
      `${setup(8)} set -e
up 10.0.0.1; up fd00::1; down 10.0.0.1; down fd00::1
for ip in 10.0.0.1 fd00::1; do
  nc -l -p ${GUEST_PORT} < /tmp/sent > /tmp/back & listener=$!
  sleep 0.5
  nc $ip ${PORT.back} < /dev/null
  wait $listener
  sha256sum < /tmp/back | sed "s/ .*/ BACK $ip/"
done
echo SUM $sum
nc 10.0.0.1 99 < /dev/null 2>&1 | sed 's/^/CLOSED /' || true
nc 10.0.0.1 ${PORT.reset} 2>&1 < /tmp/sent | sed 's/^/RESET /' || true
cat /proc/net/netstat /proc/net/snmp | grep -i tcp
`,
      text,
    );
    assert.match(console, /UP 10\.0\.0\.1\n/, console);
    assert.match(console, /UP fd00::1\n/);
    for (const what of ['DOWN', 'BACK']) {
      for (const ip of ['10.0.0.1', 'fd00::1']) assert.match(console, `${hex(text)} ${what} ${ip}`);
    }
    const sum = /SUM (\w+)/.exec(console)![1]!;
    const back = tasks.filter(({ connection }) => connection.remotePort === GUEST_PORT);
    for (const { hash } of back) assert.is(hash.digest('hex'), sum, 'what the guest sent us');
    assert.match(console, /CLOSED .*refused/i);
    assert.is(tcp.counters.InErrs, 0);
    // A machine that is busy elsewhere answers late, which costs a probe or a timeout now and then.
    const { RetransSegs, TCPOrigDataSent } = tcp.counters;
    assert.ok(RetransSegs < TCPOrigDataSent / 100, `${RetransSegs} sent again`);
  });

  it('carries them through loss, copies and reordering', async () => {
    const text = randomBytes(2 << 20);
    const spoiled = chances(
      { loss: 0.02, duplicate: 0.02, reorder: 0.05, reorderNs: 5_000_000 },
      new Random(3),
    );
    const { console, tcp } = await exchange(
      `${setup(2)} set -e
up 10.0.0.1; up fd00::1; down 10.0.0.1; down fd00::1
`,
      text,
      [spoiled],
    );
    for (const ip of ['10.0.0.1', 'fd00::1']) {
      assert.match(console, `UP ${ip}`, console);
      assert.match(console, `${hex(text)} DOWN ${ip}`);
    }
    assert.ok(tcp.counters.RetransSegs > 0);
  });
});
