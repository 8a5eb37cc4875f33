// What ICMP says of a connection's packets: the path takes less (RFC 1191, RFC 8201), or does not lead there (RFC 9293
// 3.9.2.2, RFC 5461). Only errors that quote what is in flight are believed (RFC 5927 4.1).

import type { IcmpKind } from '../stack/index.js';
import { after, type Nanos, NEVER, seconds } from '../time/index.js';
import { sizeSegments } from './agree.js';
import { destroy } from './finish.js';
import { beginRecovery } from './recovery.js';
import type { Tcb, TcpError } from './tcb.js';

/** Below these nobody is believed: Linux's min_pmtu, and IPv6's least link (RFC 8201 4). */
const LEAST_MTU4 = 552;
const LEAST_MTU6 = 1280;
/** RFC 1191 6.3, RFC 8201 4: a larger one may be tried after ten minutes. */
const RETRY = seconds(600);
/** RFC 1191 7.1: for routers that do not say how much fits. */
const PLATEAUS = [65_535, 32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 552] as const;

const errors: Readonly<Record<IcmpKind, TcpError | undefined>> = {
  'too big': undefined,
  'net unreachable': 'ENETUNREACH',
  'host unreachable': 'EHOSTUNREACH',
  'port unreachable': 'ECONNREFUSED',
  'protocol unreachable': 'ECONNREFUSED',
  prohibited: 'EHOSTUNREACH',
  'time exceeded': 'EHOSTUNREACH',
  'parameter problem': 'EPROTO',
  'source quench': undefined, // RFC 9293 3.9.2.2: ignored
};

/** An ICMP error that quotes a segment with sequence number `seq` of this connection. */
export function icmpError(tcb: Tcb, now: Nanos, kind: IcmpKind, seq: number, mtu: number): void {
  const place = tcb.ownPlace(seq);
  if (tcb.state === 'TIME-WAIT' || tcb.state === 'CLOSED') return;
  if (place < tcb.sndUna || place >= tcb.sndNxt) {
    tcb.counters.OutOfWindowIcmps++;
    return;
  }
  if (kind === 'too big') return shrink(tcb, now, mtu);
  const error = errors[kind];
  if (!error) return;
  // While connecting there is nothing to lose by believing it; later it is a hint (RFC 5461 4.1, RFC 5927 5.2).
  if (tcb.facts.synchronized) tcb.softError = error;
  else destroy(tcb, now, error);
}

/** The path takes packets of `told` bytes only. What was larger is sent again, and no window shrinks (RFC 1191 6.5). */
function shrink(tcb: Tcb, now: Nanos, told: number): void {
  // RFC 8201 4: a size that every link of IPv6 takes is no news, and must be discarded.
  if (tcb.version === 6 && told < LEAST_MTU6) return;
  const least = tcb.version === 4 ? LEAST_MTU4 : LEAST_MTU6;
  const next = PLATEAUS.find((plateau) => plateau < tcb.pathMtu) ?? least;
  const mtu = Math.max(least, told > 0 ? told : next);
  if (mtu >= tcb.pathMtu) return;
  tcb.pathMtu = mtu;
  tcb.pathMtuAt = after(now, RETRY);
  tcb.counters.TCPMTUPFail++;
  const before = tcb.sndMss;
  sizeSegments(tcb);
  tcb.verdict(now, 'path MTU');
  if (tcb.sndMss >= before) return;
  const { board } = tcb;
  for (let i = 0; i < board.count; i++) {
    const at = board.index(i);
    if (board.size(at) > tcb.sndMss) board.markLost(at);
  }
  if (board.missing === 0 || tcb.phase !== 'open') return;
  // Recovery without a loss: what is missing goes out as the window allows.
  beginRecovery(tcb, Math.max(tcb.cwnd, 2 * tcb.sndMss));
}

/** Ten minutes later the path may have changed. */
export function retryPathMtu(tcb: Tcb, now: Nanos): void {
  if (tcb.pathMtuAt > now) return;
  tcb.pathMtuAt = NEVER;
  tcb.pathMtu = tcb.mtu;
  sizeSegments(tcb);
}
