// The transmission control block (RFC 9293 3.3.1): everything that a connection knows. A plain record; what happens to
// it is in the files named after what happens. Sequence numbers are kept as places in the two streams, which do not go
// round: our SYN is at place 0, the first byte at 1. Only segments hold 32-bit numbers (`placeOf`, `seqAdd`).

import { seqAdd, seqDiff } from '../../protocols/core/serial.js';
import { type Alarm, type Nanos, NEVER } from '../time/index.js';
import type { ReceiveSink, SendSource } from './buffer.js';
import {
  type CongestionControl,
  type CongestionState,
  congestionControl,
} from './congestion/index.js';
import { newCounters, type TcpCounters } from './counters.js';
import { type TcpOptions, TICK } from './options.js';
import { Ranges } from './ranges.js';
import { Scoreboard } from './scoreboard.js';
import {
  type StateFacts,
  stateFacts,
  type TcpEvent,
  type TcpState,
  transitions,
} from './states.js';

/** Why a connection ended before its time, by the names of the errors that a user sees. */
export type TcpError =
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'ETIMEDOUT'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'EPROTO'
  | 'EPIPE'
  | 'ECONNABORTED';

/** What the owner is told by `takeEvents`; bits. */
export const EVENT = {
  connected: 1,
  readable: 2,
  writable: 4,
  /** The peer has sent its FIN: no more bytes after those that are there. */
  ended: 8,
  urgent: 16,
  /** The connection is no more; `error` says why, if it was not both sides' wish. */
  closed: 32,
} as const;

/** Sees what a connection decides. */
export interface TcpTracer {
  transition?(now: Nanos, from: TcpState, event: TcpEvent, to: TcpState): void;
  /** A check or a rule that did not just pass, by its name. */
  verdict?(now: Nanos, what: string): void;
}

/** How losses are dealt with at the moment. */
export type Phase = 'open' | 'recovery' | 'loss';

const noSource: SendSource = { end: 0, copy() {}, release() {} };
const noSink: ReceiveSink = { capacity: 0, taken: 0, place() {}, deliver() {} };

export class Tcb implements CongestionState {
  state: TcpState = 'CLOSED';
  facts: StateFacts = stateFacts.CLOSED;
  error: TcpError | undefined;
  /** What went wrong without ending the connection: ICMP's soft errors (RFC 9293 3.9.2.2). */
  softError: TcpError | undefined;
  events = 0;
  source: SendSource = noSource;
  sink: ReceiveSink;
  /** Opened by a listener: what ends it in SYN-RECEIVED is nobody's error. */
  passive = false;
  /** Both directions are closed for the user: what still comes has no reader. */
  orphan = false;

  // Send sequence variables (RFC 9293 3.3.1, table 2).
  iss = 0;
  sndUna = 0;
  sndNxt = 0;
  sndWnd = 0;
  sndUp = -1;
  /** Places in the peer's and in our stream. */
  sndWl1 = 0;
  sndWl2 = 0;
  maxSndWnd = 0;
  sndShift = 0;
  /** 2 to the power of the shift: what the peer's windows count in. */
  sndUnit = 1;
  /** The user has closed: our FIN stands behind the last byte of the source. */
  closing = false;
  /** The last byte that went out in a segment below the full size (Nagle, as Minshall has it). */
  smallEnd = 0;

  // Receive sequence variables (RFC 9293 3.3.1, table 3).
  irs = 0;
  rcvNxt = 0;
  /** Right edge of the window that was promised: RCV.NXT + RCV.WND. */
  rcvAdv = 0;
  /** The field of the last segment; -1 before the first. */
  toldWindow = -1;
  rcvUp = -1;
  rcvShift = 0;
  rcvUnit = 1;
  /** Where the peer's FIN stands; -1 while it is not known. */
  finPlace = -1;
  readonly beyond = new Ranges();
  /** A segment that came twice (RFC 2883), to be told once; -1 when none did. */
  dsackFrom = -1;
  dsackTo = -1;

  /** The copy that the peer reported last (RFC 2883). */
  dsackSeenFrom = -1;
  dsackSeenTo = -1;

  // Options that both sides agreed on.
  timestamps: boolean;
  sack: boolean;
  scaling: boolean;
  ecn: boolean;
  tsRecent = 0;
  tsRecentAt: Nanos = NEVER;
  tsOffset = 0;
  lastAckSent = 0;

  // Sizes.
  /** The peer's MSS option, or its default. */
  peerMss = 536;
  /** IP packet that the path takes. */
  pathMtu: number;
  /** When a larger path MTU may be tried again. */
  pathMtuAt: Nanos = NEVER;
  sndMss = 536;
  /** Largest segment seen from the peer: what "every second full-sized segment" counts in. */
  rcvMss = 536;

  // Acknowledgments that we owe.
  ackNow = false;
  quickAcks = 0;
  /** Text that came since the last acknowledgment, in bytes. */
  unacked = 0;
  /** DCTCP owes an acknowledgment of what came before the marks changed (RFC 8257 3.2); -1 when it does not. */
  earlyAck = -1;
  /** Last answer to a segment that could not be accepted. */
  invalidAt: Nanos = -NEVER as Nanos;

  // ECN (RFC 3168 6.1): we echo until CWR; the peer's echo counts once a window.
  echoEce = false;
  sendCwr = false;
  ecnUntil = 0;

  // Round trip and retransmission (RFC 6298).
  srtt = 0;
  rttvar = 0;
  rto: Nanos;
  minRtt = Number.POSITIVE_INFINITY;
  minRttAt: Nanos = 0 as Nanos;
  backoff = 0;
  /** Timeouts since something was acknowledged. */
  tries = 0;
  synLost = false;
  /** Since when nothing was acknowledged although something was sent. */
  stalledAt: Nanos = NEVER;

  // Congestion and loss.
  readonly board = new Scoreboard();
  control: CongestionControl;
  cwnd = 0;
  ssthresh = Number.POSITIVE_INFINITY;
  phase: Phase = 'open';
  /** Recovery is over when everything below is acknowledged. */
  recover = 0;
  dupAcks = 0;
  /** One retransmission goes out whatever the window says. */
  force = false;
  cwndLimited = false;
  // Proportional rate reduction (RFC 6937).
  prrDelivered = 0;
  prrOut = 0;
  prrFlight = 0;
  // RACK (RFC 8985 5.2).
  rackSentAt = 0;
  rackEnd = 0;
  rackRtt = 0;
  rackFack = 0;
  reorderingSeen = false;
  reoMult = 1;
  reoPersist = 16;
  dsackRound = -1;
  // TLP (RFC 8985 7).
  tlpEnd = -1;
  tlpRetransmitted = false;

  // Timers; NEVER when they do not run.
  rtoAt: Nanos = NEVER;
  probeTimeoutAt: Nanos = NEVER;
  reorderAt: Nanos = NEVER;
  persistAt: Nanos = NEVER;
  ackAt: Nanos = NEVER;
  keepAt: Nanos = NEVER;
  waitAt: Nanos = NEVER;
  paceAt: Nanos = NEVER;

  // What is to go out beside data.
  probe: '' | 'keep-alive' | 'tail' | 'window' = '';
  keepProbes = 0;
  /** Probes of a zero window that were not answered. */
  windowProbes = 0;
  /** Pacing: not before. */
  paceUntil: Nanos = 0 as Nanos;
  sendReset = false;
  /** A RST with this sequence number for a segment that acknowledges nothing of ours; -1 when none is due. */
  refused = -1;
  lastReceived: Nanos = 0 as Nanos;
  lastSent: Nanos = 0 as Nanos;

  tracer: TcpTracer | undefined;
  /** A listener's child gets its buffers when it is open. */
  makeBuffers: (() => { readonly source: SendSource; readonly sink: ReceiveSink }) | undefined;

  constructor(
    public options: TcpOptions,
    sink: ReceiveSink,
    readonly version: 4 | 6,
    /** MTU of the link. */
    readonly mtu: number,
    readonly counters: TcpCounters = newCounters(),
  ) {
    this.sink = sink;
    this.pathMtu = mtu;
    this.timestamps = options.timestamps;
    this.sack = options.sack;
    this.scaling = options.windowScale;
    this.rto = options.initialRto;
    this.quickAcks = options.quickAcks;
    this.control = congestionControl(options.congestion, options.hystart);
    this.ecn = this.wantsEcn;
  }

  /** DCTCP is nothing without marks, and asks for them whatever is set (RFC 8257 3.1; Linux: tcp_ca_needs_ecn). */
  get wantsEcn(): boolean {
    return this.options.ecn === 'on' || this.control.marksAll;
  }

  /** Bytes on their way (RFC 6675's pipe). */
  get flight(): number {
    const { board } = this;
    const reported = this.sack ? 0 : Math.min(this.dupAcks * this.sndMss, this.outstanding);
    return Math.max(0, this.sndNxt - this.sndUna - board.sacked - board.missing - reported);
  }

  get outstanding(): number {
    return this.sndNxt - this.sndUna;
  }

  /** Behind the last byte that the user handed over; our FIN, if there is one, stands here. */
  get sourceEnd(): number {
    return 1 + this.source.end;
  }

  get finSent(): boolean {
    return this.closing && this.sndNxt > this.sourceEnd;
  }

  /** RCV.WND. */
  get rcvWnd(): number {
    return this.rcvAdv - this.rcvNxt;
  }

  /** Moves along the table of states, and says where to. */
  enter(now: Nanos, event: TcpEvent): TcpState {
    const to = transitions[this.state][event];
    if (to === undefined) throw new Error(`${event} in ${this.state}`);
    this.tracer?.transition?.(now, this.state, event, to);
    if (stateCounts[to] !== stateCounts[this.state]) {
      this.counters.CurrEstab += stateCounts[to] - stateCounts[this.state];
    }
    this.state = to;
    this.facts = stateFacts[to];
    return to;
  }

  verdict(now: Nanos, what: string): void {
    this.tracer?.verdict?.(now, what);
  }

  /** Place in our stream of a sequence number of ours: the one nearest to SND.UNA. */
  // hot
  ownPlace(seq: number): number {
    return this.sndUna + seqDiff(seq, seqAdd(this.iss, this.sndUna));
  }

  /** Place in the peer's stream of a sequence number of it. */
  // hot
  peerPlace(seq: number): number {
    return this.rcvNxt + seqDiff(seq, seqAdd(this.irs, this.rcvNxt));
  }

  /** Our timestamp clock (RFC 7323 5.4). */
  // hot
  tsNow(now: number): number {
    return seqAdd(this.tsOffset, Math.floor(now / TICK));
  }

  // hot
  soonest(alarm: Alarm): void {
    let { at } = alarm;
    if (this.rtoAt < at) at = this.rtoAt;
    if (this.probeTimeoutAt < at) at = this.probeTimeoutAt;
    if (this.reorderAt < at) at = this.reorderAt;
    if (this.persistAt < at) at = this.persistAt;
    if (this.ackAt < at) at = this.ackAt;
    if (this.keepAt < at) at = this.keepAt;
    if (this.waitAt < at) at = this.waitAt;
    if (this.paceAt < at) at = this.paceAt;
    alarm.at = at;
  }

  /** What nobody needs any more: of TIME-WAIT there may be many. */
  dropBuffers(): void {
    this.source = noSource;
    if (this.orphan) this.sink = noSink;
  }

  stopTimers(): void {
    this.rtoAt = NEVER;
    this.probeTimeoutAt = NEVER;
    this.reorderAt = NEVER;
    this.persistAt = NEVER;
    this.ackAt = NEVER;
    this.keepAt = NEVER;
    this.waitAt = NEVER;
    this.paceAt = NEVER;
  }
}

/** CurrEstab counts connections in ESTABLISHED and CLOSE-WAIT (RFC 4022). */
const stateCounts: Readonly<Record<TcpState, number>> = {
  CLOSED: 0,
  LISTEN: 0,
  'SYN-SENT': 0,
  'SYN-RECEIVED': 0,
  ESTABLISHED: 1,
  'FIN-WAIT-1': 0,
  'FIN-WAIT-2': 0,
  'CLOSE-WAIT': 1,
  CLOSING: 0,
  'LAST-ACK': 0,
  'TIME-WAIT': 0,
};
