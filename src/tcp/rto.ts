// The retransmission timer (RFC 6298) with its estimate of the round trip, bounded as Linux bounds it.

import { after, type Nanos, NEVER, seconds } from '../time/index.js';
import type { Tcb } from './tcb.js';

const ALPHA = 1 / 8;
const BETA = 1 / 4;
const K = 4;
/** Clock granularity G: our clock counts nanoseconds, so that a variance of zero is the only case. */
const GRANULARITY = 1;
/** A path that has become longer is believed after so long (RFC 8985 6.2, step 1; Linux: tcp_min_rtt_wlen). */
const MIN_RTT_LIFE = seconds(300);
const AFTER_LOST_SYN = seconds(3);

/** One measurement `r` of the round trip (RFC 6298 2); `bytes` in flight thin the weights out (RFC 7323 appendix G). */
// hot
export function measured(tcb: Tcb, r: number, now: Nanos): void {
  if (r <= tcb.minRtt || now - tcb.minRttAt > MIN_RTT_LIFE) {
    tcb.minRtt = r;
    tcb.minRttAt = now;
  }
  if (tcb.srtt === 0) {
    tcb.srtt = r;
    tcb.rttvar = r / 2;
  } else {
    const samples = Math.max(1, Math.ceil(tcb.flight / (tcb.sndMss * 2)));
    tcb.rttvar += (BETA / samples) * (Math.abs(tcb.srtt - r) - tcb.rttvar);
    tcb.srtt += (ALPHA / samples) * (r - tcb.srtt);
  }
  tcb.rto = rtoOf(tcb);
}

/** Linux bounds the variance from below, not the sum, so that long paths have room as well. */
export function rtoOf(tcb: Tcb): Nanos {
  const { minRto, maxRto, initialRto } = tcb.options;
  // RFC 6298 5.7: whose SYN was lost begins cautiously.
  if (tcb.srtt === 0)
    return tcb.synLost ? (Math.max(initialRto, AFTER_LOST_SYN) as Nanos) : initialRto;
  const spread = Math.max(minRto, GRANULARITY, K * tcb.rttvar);
  return Math.min(Math.round(tcb.srtt + spread), maxRto) as Nanos;
}

/** The timeout with what earlier ones added (RFC 6298 5.5). */
export function backedOff(tcb: Tcb): Nanos {
  return Math.min(tcb.rto * 2 ** tcb.backoff, tcb.options.maxRto) as Nanos;
}

/** RFC 6298 5.1 to 5.3: runs while anything is outstanding. */
// hot
export function armRto(tcb: Tcb, now: Nanos): void {
  if (tcb.outstanding === 0) {
    tcb.rtoAt = NEVER;
    tcb.stalledAt = NEVER;
    return;
  }
  if (tcb.stalledAt === NEVER) tcb.stalledAt = now;
  tcb.rtoAt = after(now, backedOff(tcb));
  const { userTimeout } = tcb.options;
  if (userTimeout > 0 && tcb.stalledAt + userTimeout < tcb.rtoAt) {
    tcb.rtoAt = Math.max(now, tcb.stalledAt + userTimeout) as Nanos;
  }
}

/** Whether it has been tried often enough, or for long enough (RFC 9293 3.8.3's R2, RFC 5482). */
export function exhausted(tcb: Tcb, now: Nanos, tried: number, most: number): boolean {
  const { userTimeout } = tcb.options;
  if (userTimeout > 0 && tcb.stalledAt !== NEVER) return now - tcb.stalledAt >= userTimeout;
  return tried >= most;
}
