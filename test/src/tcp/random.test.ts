// Random streams under random faults, both ends with different options: a stream arrives whole, or the connection ends
// with an error on both sides; it is never silently short. A failing run says its seed: WIREVERBS_TCP_SEED=n repeats it
// alone, WIREVERBS_TCP_SEEDS=n runs so many.

import { dissect, summarize } from '../../../protocols/index.js';
import { type CongestionName, RingSink, RingSource } from '../../../src/tcp/index.js';
import { type Nanos, Random, seconds } from '../../../src/time/index.js';
import type { Tap } from '../../../src/world/sim.js';
import { assert, spec } from '../../support/spec.js';
import { type Appetite, End, TcpPair } from '../../support/tcp-pair.js';

const SEEDS = Number(process.env.WIREVERBS_TCP_SEEDS ?? 300);
const ONLY = process.env.WIREVERBS_TCP_SEED;
const TRACE = process.env.WIREVERBS_TCP_TRACE !== undefined;
/** Long past the last retry of either side. */
const LONG: Nanos = seconds(100_000);

function stream(random: Random, most: number): Uint8Array {
  const bytes = new Uint8Array(random.chance(0.1) ? 0 : random.below(most));
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.bits() % 256;
  return bytes;
}

const pick = <T>(random: Random, ...of: readonly T[]): T => of[random.below(of.length)]!;

function anyOptions(random: Random) {
  return {
    timestamps: random.chance(0.7),
    sack: random.chance(0.7),
    windowScale: random.chance(0.7),
    ecn: pick(random, 'off', 'accept', 'on') as 'off' | 'accept' | 'on',
    congestion: pick<CongestionName>(random, 'reno', 'cubic', 'dctcp'),
    nagle: random.chance(0.5),
    pacing: random.chance(0.2),
    quickAcks: pick(random, 0, 16),
    tailLossProbe: random.chance(0.8),
    mss: pick(random, 0, 0, 100, 536, 1000),
    tso: pick(random, 0, 0, 4000),
    checksum: 'computed' as const,
  };
}

function anyAppetite(random: Random): Appetite {
  const slow = random.chance(0.3);
  const sip = random.chance(0.3) ? 50 : 100_000;
  return {
    most: () => (slow ? 1 + random.below(sip) : Number.POSITIVE_INFINITY),
    pause: () => (slow && random.chance(0.1) ? random.below(pick(random, 1e6, 1e9)) : 0),
  };
}

/** Small receive rings make zero windows. */
function run(seed: number): void {
  const random = new Random(seed, 'tcp run');
  const buffers = () => ({
    source: new RingSource(pick(random, 1000, 20_000, 300_000)),
    sink: new RingSink(pick(random, 300, 5_000, 60_000, 300_000)),
  });
  const harsh = random.chance(0.3);
  const rate = () => (random.chance(0.5) ? 0 : random.unit() * (harsh ? 0.2 : 0.03));
  const receiveBytes = pick(random, 300, 60_000, 300_000);
  const isn = random.chance(0.5) ? 0xffffffff - random.below(100_000) : undefined;
  const pair = new TcpPair({
    seed,
    v6: random.chance(0.5),
    bitsPerSecond: pick(random, 1e6, 1e8, 1e9),
    delay: pick(random, 1_000, 100_000, 20_000_000),
    mtus: [pick(random, 1500, 1280, 4000), pick(random, 1500, 1280, 4000)],
    chances: {
      loss: rate(),
      duplicate: rate(),
      reorder: rate(),
      reorderNs: pick(random, 10_000, 10_000_000),
      jitterNs: pick(random, 0, 0, 100_000),
      bitErrorRate: random.chance(0.3) ? 1e-6 : 0,
      fcs: false,
      truncate: random.chance(0.2) ? rate() / 3 : 0,
    },
    client: { ...anyOptions(random), buffers: buffers() },
    server: {
      ...anyOptions(random),
      receiveBytes,
      buffers: () => ({ ...buffers(), sink: new RingSink(receiveBytes) }),
    },
  });
  const { sim, hosts } = pair;
  if (TRACE) for (const { stack } of hosts) sim.tap(stack, 0, printer(stack.name));
  if (isn !== undefined) for (const { tcp } of hosts) tcp.secrets.isn = () => isn;
  const { client, accept } = pair.open();
  const a = new End(hosts[0], client, stream(random, 200_000), anyAppetite(random));
  let b: End | undefined;
  let steps = 0;
  while (sim.now < LONG && sim.step()) {
    if (++steps > 3_000_000) throw new Error('too many events');
    a.turn(sim.now);
    const accepted = b ? undefined : accept();
    if (accepted) b = new End(hosts[1], accepted, stream(random, 200_000), anyAppetite(random));
    b?.turn(sim.now);
  }
  judge(a, b);
  if (b) judge(b, a);
  assert.ok(a.closed && (b?.closed ?? true), 'both ends are done');
}

const printer = (name: string): Tap => ({
  frame(now, direction, pool, slot, why) {
    if (direction === 'in') return;
    const at = pool.at(slot);
    const frame = dissect(pool.bytes(slot).slice(at, at + pool.length(slot)));
    console.log(`${(now / 1e6).toFixed(3)} ${name} ${why} ${summarize(frame).info}`);
  },
});

/** What `to` has of the stream of `from`. */
function judge(from: End, to: End | undefined): void {
  if (!to)
    return assert.ok(from.connection.error !== undefined, 'never opened, and nobody says so');
  const { stream: sent } = from;
  const got = to.bytes;
  assert.ok(got.every((byte, i) => byte === sent[i]) && got.length <= sent.length, 'other bytes');
  if (got.length === sent.length) return;
  assert.not.ok(to.ended, `silently short: ${got.length} of ${sent.length} and an end`);
  assert.ok(to.connection.error !== undefined, 'short, and the receiver does not know');
  assert.ok(from.connection.error !== undefined, 'short, and the sender does not know');
}

spec('TCP under random faults', (it) => {
  it(`carries every stream whole or says that it could not (${SEEDS} seeds)`, () => {
    const seeds =
      ONLY === undefined ? Array.from({ length: SEEDS }, (_, i) => i + 1) : [Number(ONLY)];
    for (const seed of seeds) {
      try {
        run(seed);
      } catch (thrown) {
        const why = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
        throw new Error(`repeat with WIREVERBS_TCP_SEED=${seed}: ${why}`);
      }
    }
  });
});
