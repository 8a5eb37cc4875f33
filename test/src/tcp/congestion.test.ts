// The congestion controls by themselves, against the figures of their standards.

import { type CongestionState, Cubic, Dctcp, NewReno } from '../../../src/tcp/congestion/index.js';
import { type Nanos, seconds } from '../../../src/time/index.js';
import { assert, spec } from '../../support/spec.js';

const MSS = 1000;
const state = (cwnd: number, ssthresh: number): CongestionState => ({
  cwnd,
  ssthresh,
  sndMss: MSS,
  srtt: 100e6,
  outstanding: cwnd,
});

/** A whole window is acknowledged, segment by segment. */
function roundTrip(control: Cubic | NewReno | Dctcp, s: CongestionState, now: Nanos): void {
  const count = Math.floor(s.cwnd / MSS);
  for (let i = 0; i < count; i++) control.grow(s, now, MSS);
}

spec('congestion controls', (it) => {
  it('NewReno adds a segment a round trip (RFC 5681 3.1)', () => {
    const reno = new NewReno();
    const s = state(10 * MSS, 10 * MSS);
    for (let i = 1; i <= 5; i++) {
      roundTrip(reno, s, seconds(i));
      assert.is(s.cwnd, (10 + i) * MSS);
    }
  });

  it('slow start stops at the threshold (RFC 5681 3.1)', () => {
    const reno = new NewReno();
    const s = state(10 * MSS, 15 * MSS);
    roundTrip(reno, s, seconds(1));
    assert.ok(s.cwnd >= 15 * MSS && s.cwnd <= 16 * MSS, `${s.cwnd}`);
  });

  it('CUBIC is back at its old window after K seconds, flat there, and then probes (RFC 9438 4.2)', () => {
    const cubic = new Cubic();
    const s = state(1000 * MSS, 1000 * MSS);
    s.ssthresh = cubic.threshold(s, seconds(0), 'loss');
    s.cwnd = s.ssthresh;
    assert.is(s.cwnd, 700 * MSS);
    const k = Math.cbrt((1000 * 0.3) / 0.4); // 9.09 s
    const at: number[] = [];
    for (let t = 0; t <= 20; t += 0.1) {
      roundTrip(cubic, s, seconds(t));
      at.push(s.cwnd / MSS);
    }
    const window = (t: number) => at[Math.round(t * 10)]!;
    assert.ok(Math.abs(window(k) - 1000) < 5, `${window(k)} at K`);
    assert.ok(window(k + 1) - window(k - 1) < 5, 'flat around K');
    for (const t of [2, 4, 6, 12, 14, 16]) {
      const curve = 0.4 * (t - k) ** 3 + 1000;
      assert.ok(Math.abs(window(t) / curve - 1) < 0.03, `${window(t)} against ${curve} at ${t} s`);
    }
  });

  it('CUBIC is no slower than Reno where round trips are short (RFC 9438 4.3)', () => {
    const cubic = new Cubic();
    const s = { ...state(20 * MSS, 20 * MSS), srtt: 1e6 };
    s.ssthresh = cubic.threshold(s, seconds(0), 'loss');
    s.cwnd = s.ssthresh;
    for (let i = 1; i <= 100; i++) roundTrip(cubic, s, (i * 1e6) as Nanos);
    assert.ok(s.cwnd > 60 * MSS, `${s.cwnd / MSS} segments after 100 round trips`);
  });

  it("CUBIC's friendly estimate grows by 3(1 - β)/(1 + β) a round trip, by one once it is back (RFC 9438 4.3)", () => {
    const cubic = new Cubic();
    const s = { ...state(20 * MSS, 20 * MSS), srtt: 1e6 };
    s.ssthresh = cubic.threshold(s, seconds(0), 'loss');
    s.cwnd = s.ssthresh;
    const alpha = (3 * 0.3) / 1.7;
    for (let i = 1; i <= 8; i++) {
      roundTrip(cubic, s, (i * 1e6) as Nanos);
      assert.ok(Math.abs(s.cwnd / MSS - (14 + alpha * i)) < 0.3, `${s.cwnd} after ${i}`);
    }
    for (let i = 9; s.cwnd < 20 * MSS; i++) roundTrip(cubic, s, (i * 1e6) as Nanos);
    const back = s.cwnd;
    for (let i = 1; i <= 5; i++) roundTrip(cubic, s, ((20 + i) * 1e6) as Nanos);
    assert.ok(Math.abs((s.cwnd - back) / MSS - 5) < 0.3, `${s.cwnd} from ${back}`);
  });

  it('CUBIC knows no old window after a timeout: its curve begins where slow start ends (RFC 9438 4.8)', () => {
    const cubic = new Cubic();
    const s = state(1000 * MSS, 1000 * MSS);
    s.ssthresh = cubic.threshold(s, seconds(0), 'timeout');
    assert.is(s.ssthresh, 700 * MSS);
    s.cwnd = s.ssthresh;
    for (let t = 0; t <= 8; t += 0.1) roundTrip(cubic, s, seconds(t));
    // K is 0: the curve leaves 700 at once, upwards; towards 1000 it would have been flat by now.
    const curve = 0.4 * 8.1 ** 3 + 700;
    assert.ok(Math.abs(s.cwnd / MSS / curve - 1) < 0.03, `${s.cwnd / MSS} against ${curve}`);
  });

  it('CUBIC gives way when it loses below its last maximum (RFC 9438 4.7)', () => {
    const cubic = new Cubic();
    const s = state(100 * MSS, 100 * MSS);
    cubic.threshold(s, seconds(0), 'loss');
    const lower = { ...state(80 * MSS, 70 * MSS), srtt: 500e6 };
    lower.ssthresh = cubic.threshold(lower, seconds(1), 'loss');
    lower.cwnd = lower.ssthresh;
    for (let t = 1; t < 6; t += 0.5) roundTrip(cubic, lower, seconds(t));
    assert.ok(lower.cwnd < 75 * MSS, 'its new maximum is 68, not 80');
  });

  it('DCTCP follows the share of marked bytes with a weight of a sixteenth (RFC 8257 3.3)', () => {
    const dctcp = new Dctcp();
    const s = state(10 * MSS, 10 * MSS);
    assert.is(dctcp.alpha, 1);
    let una = 1;
    for (let i = 0; i < 100; i++) {
      for (let j = 0; j < 10; j++) {
        una += MSS;
        dctcp.observe(s, MSS, j === 0, una, una + 10 * MSS);
      }
    }
    assert.ok(Math.abs(dctcp.alpha - 0.1) < 0.02, `${dctcp.alpha}`);
    const threshold = dctcp.threshold(s, seconds(1), 'ecn');
    assert.is(threshold, Math.floor(10 * MSS * (1 - dctcp.alpha / 2)));
    assert.is(dctcp.threshold(s, seconds(1), 'loss'), 5 * MSS);
  });
});
