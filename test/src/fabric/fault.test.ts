// Mirrors src/fabric/chance.ts, rule.ts and tap.ts.

import {
  bth,
  build,
  check,
  dissect,
  ExpressionError,
  eth,
  ipv4,
  type Layer,
  udp,
} from '../../../protocols/index.js';
import { CaptureReader } from '../../../protocols/pcap/index.js';
import {
  CaptureTap,
  chances,
  Fate,
  type Impairment,
  parseRule,
} from '../../../src/fabric/index.js';
import { FramePool } from '../../../src/frame/index.js';
import { ns, Random } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const pool = new FramePool();

function frame(psn: number, opcode = 'RC_SEND_ONLY'): number {
  const built = build([
    eth(),
    ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }),
    udp({ srcPort: 9 }),
    bth({ opcode, psn, destQp: 5 }),
    'payload!',
  ]);
  const slot = pool.take();
  pool.bytes(slot).set(built.bytes, pool.at(slot));
  pool.setLength(slot, built.bytes.length);
  return slot;
}

const seen = (slot: number) =>
  dissect(pool.bytes(slot), { start: pool.at(slot), end: pool.at(slot) + pool.length(slot) });
const bthOf = (slot: number): Layer => seen(slot).layers.find((l) => l.key === 'bth')!;

function run(impairment: Impairment, slot: number): Fate {
  const fate = new Fate();
  impairment.apply(ns(0), 0, pool, slot, fate);
  return fate;
}

spec('faults by rule', (it) => {
  it('drops the n-th frame that fits and no other', () => {
    const rule = parseRule('drop the 3rd frame with bth.psn > 10 from b');
    assert.is(rule.from, 'b');
    const lost = [5, 11, 12, 13, 14].map((psn) => run(rule, frame(psn)).lost !== '');
    assert.equal(lost, [false, false, false, true, false]);
    assert.is(rule.hits, 1);
  });
  it('delays, duplicates and truncates every n-th', () => {
    const delay = parseRule('delay every 2nd frame by 50us');
    assert.equal(
      [1, 2, 3, 4].map((n) => run(delay, frame(n)).delay),
      [0, 50_000, 0, 50_000],
    );
    assert.is(run(parseRule('duplicate frames'), frame(1)).copies, 1);
    const slot = frame(1);
    run(parseRule('truncate to 60 bytes'), slot);
    assert.is(pool.length(slot), 60);
  });
  it('takes the amount at the end as well', () => {
    const delay = parseRule('delay the 1st frame with bth.psn == 1 from b by 50us');
    assert.equal([delay.from, run(delay, frame(1)).delay], ['b', 50_000]);
    const slot = frame(1);
    run(parseRule('truncate the 1st frame with bth to 60 bytes'), slot);
    assert.is(pool.length(slot), 60);
  });
  it('takes the parts of a rule in any order, and words in quotes as no parts', () => {
    for (const text of [
      'delay the 1st frame with bth.psn == 1 from b by 50us',
      'delay by 50us from b the 1st frame with bth.psn == 1',
      'delay 50us from b with bth.psn == 1 in the 1st frame',
    ]) {
      const rule = parseRule(text);
      const delays = [2, 1, 1].map((psn) => run(rule, frame(psn)).delay);
      assert.equal([rule.from, ...delays], ['b', 0, 50_000, 0], text);
    }
    const quoted = parseRule('drop frames with bth and payload.data != " from b to c " from d');
    assert.is(quoted.from, 'd');
  });
  it('sets fields, and repairs the checksums around them only when told to', () => {
    const spoilt = frame(1);
    run(parseRule('set bth.psn=77 in frames with bth.opcode == RC_SEND_ONLY'), spoilt);
    assert.is(bthOf(spoilt).number('psn'), 77);
    assert.equal(
      check(seen(spoilt)).findings.map((f) => f.layer),
      ['icrc'],
    );
    const repaired = frame(1);
    run(parseRule('set bth.psn=77 in frames with bth and repair'), repaired);
    assert.is(bthOf(repaired).number('psn'), 77);
    assert.equal(check(seen(repaired)).findings, []);
  });
  it('flips bits so that a check finds it', () => {
    const slot = frame(1);
    run(parseRule('flip 2 bits in frames'), slot);
    assert.ok(check(seen(slot)).findings.length > 0);
  });
  it('says what it expected', () => {
    for (const text of [
      'explode',
      'delay frames',
      'set psn=1 in frames',
      'drop the 0th frame',
      'drop frames with bth.psm == 1',
      'drop 3 frames',
      'drop frames by 5us',
      'drop the 2nd frame the 3rd frame',
      'drop frames from',
      'drop the 2nd frame of b',
      'truncate frames',
      'truncate frames to few bytes',
      'delay frames by 5us and repair',
    ]) {
      assert.throws(
        () => parseRule(text),
        (error: Error) => error instanceof ExpressionError,
      );
    }
  });
});

spec('faults by probability', (it) => {
  it('happen as often as they should, the same ones for the same seed', () => {
    const slot = frame(1);
    const draw = () => {
      const impairment = chances({ loss: 0.1, duplicate: 0.05 }, new Random(5));
      return Array.from({ length: 10_000 }, () => {
        const fate = run(impairment, slot);
        return fate.lost !== '' ? 'L' : fate.copies > 0 ? 'D' : '.';
      }).join('');
    };
    const once = draw();
    assert.is(once, draw());
    assert.ok(Math.abs(once.split('L').length - 1000) < 120);
    assert.ok(Math.abs(once.split('D').length - 450) < 90);
  });
  it('switching one on leaves what the others do as it was', () => {
    const slot = frame(1);
    const losses = (options: object) => {
      const impairment = chances({ loss: 0.1, ...options }, new Random(5));
      return Array.from({ length: 500 }, () =>
        run(impairment, slot).lost === 'loss' ? 1 : 0,
      ).join('');
    };
    assert.is(losses({}), losses({ duplicate: 0.5, jitterNs: 100 }));
  });
  it('bit errors come at their rate and are found by the FCS', () => {
    const impairment = chances({ bitErrorRate: 1e-4 }, new Random(2));
    const slot = frame(1);
    const bits = pool.length(slot) * 8;
    let lost = 0;
    for (let i = 0; i < 4000; i++) if (run(impairment, slot).lost === 'bad FCS') lost++;
    const expected = 4000 * (1 - (1 - 1e-4) ** bits);
    assert.ok(Math.abs(lost - expected) < 5 * Math.sqrt(expected), `${lost} of ${expected}`);
  });
  it('refuses what is no probability', () => {
    assert.throws(() => chances({ loss: 2 }, new Random(1)), /loss is a probability/);
  });
});

spec('taps', (it) => {
  it('write pcapng with nanoseconds, interface names and the reason of a loss', () => {
    const pieces: Uint8Array[] = [];
    const tap = new CaptureTap((bytes) => pieces.push(bytes.slice()));
    const port = tap.port('host-a.0');
    port.frame(ns(1_000_000_007), 'out', pool, frame(1), '');
    port.frame(ns(1_000_000_009), 'lost', pool, frame(2), 'rule: x');
    tap.flush();
    const reader = new CaptureReader();
    reader.push(Buffer.concat(pieces));
    assert.ok(reader.next());
    assert.equal([reader.record.seconds, reader.record.nanoseconds], [1, 7]);
    assert.is(reader.file?.interfaces[0]?.name, 'host-a.0');
    assert.ok(reader.next());
    assert.equal(reader.record.comments, ['lost: rule: x']);
    assert.is(reader.finish(), null);
  });
});
