// A connection as its owner sees it: the user calls of RFC 9293 3.10.1 to 3.10.6, and the machine's three questions (a
// segment arrived, time has come, what goes out next). After each call the stack that holds it is told.

import { type IpRoute, routeTo } from '../stack/index.js';
import { type Nanos, NEVER, soonestOf } from '../time/index.js';
import { agree, offer } from './agree.js';
import { arrive } from './arrive.js';
import type { ReceiveSink, SendSource } from './buffer.js';
import { congestionControl } from './congestion/index.js';
import { expire } from './expire.js';
import { abort, destroy } from './finish.js';
import type { FrameMaker } from './frame-maker.js';
import type { TcpOptions } from './options.js';
import type { Outgoing } from './outgoing.js';
import { nextSegment } from './output.js';
import type { Endpoints } from './secrets.js';
import type { Segment } from './segment.js';
import type { TcpState } from './states.js';
import type { Tcb, TcpError } from './tcb.js';
import { wantsUpdate } from './window.js';

/** Who must look after a connection that was called: its timers and its wishes may have changed. */
export interface ConnectionOwner {
  touched(connection: TcpConnection): void;
}

export class TcpConnection implements Endpoints {
  /** The owner's: place in its tables. */
  id = -1;
  queued = false;
  waits = false;
  maker: FrameMaker | undefined;
  readonly route: IpRoute;

  constructor(
    readonly owner: ConnectionOwner,
    readonly tcb: Tcb,
    readonly local: Uint8Array,
    readonly localPort: number,
    readonly remote: Uint8Array,
    readonly remotePort: number,
  ) {
    this.route = routeTo(remote);
  }

  get state(): TcpState {
    return this.tcb.state;
  }

  get error(): TcpError | undefined {
    return this.tcb.error;
  }

  get source(): SendSource {
    return this.tcb.source;
  }

  get sink(): ReceiveSink {
    return this.tcb.sink;
  }

  /** What happened since it was asked last: bits of EVENT. */
  takeEvents(): number {
    const { events } = this.tcb;
    this.tcb.events = 0;
    return events;
  }

  /** Active OPEN (RFC 9293 3.10.1). */
  open(now: Nanos, iss: number, tsOffset: number): void {
    const { tcb } = this;
    tcb.iss = iss;
    tcb.tsOffset = tsOffset;
    tcb.enter(now, 'active OPEN');
    tcb.counters.ActiveOpens++;
    offer(tcb);
    this.owner.touched(this);
  }

  /** A SYN for a listener: this is its child (RFC 9293 3.10.7.2). */
  openFrom(now: Nanos, syn: Segment, iss: number, tsOffset: number): void {
    const { tcb } = this;
    tcb.passive = true;
    tcb.iss = iss;
    tcb.tsOffset = tsOffset;
    offer(tcb);
    tcb.irs = syn.seq;
    tcb.rcvNxt = 1;
    tcb.lastReceived = now;
    tcb.enter(now, 'receive SYN');
    agree(tcb, syn, now);
    tcb.sndWnd = syn.window;
    tcb.maxSndWnd = syn.window;
    tcb.counters.PassiveOpens++;
    this.owner.touched(this);
  }

  /** The owner's source has more bytes (SEND, RFC 9293 3.10.2). False when the connection takes none any more. */
  push(now: Nanos): boolean {
    void now;
    const { tcb } = this;
    if (!tcb.facts.takesData || tcb.closing) return false;
    this.owner.touched(this);
    return true;
  }

  /** Everything in the source so far is urgent (RFC 9293 3.8.5). */
  urgent(now: Nanos): boolean {
    this.tcb.sndUp = this.tcb.sourceEnd;
    return this.push(now);
  }

  /** The owner took bytes from its sink (RECEIVE, RFC 9293 3.10.3): the window may open. */
  consumed(now: Nanos): void {
    void now;
    const { tcb } = this;
    if (!tcb.facts.receives || !wantsUpdate(tcb)) return;
    tcb.ackNow = true;
    this.owner.touched(this);
  }

  /** No more bytes from us; those of the peer are still welcome: half-close (CLOSE, RFC 9293 3.10.4). */
  shutdown(now: Nanos): void {
    const { tcb } = this;
    if (tcb.closing || tcb.state === 'CLOSED') return;
    if (tcb.state === 'SYN-SENT' || tcb.state === 'LISTEN') {
      destroy(tcb, now);
    } else {
      tcb.closing = true;
      // RFC 9293 3.10.4: in SYN-RECEIVED it waits until the connection is there.
      if (tcb.state !== 'SYN-RECEIVED') tcb.enter(now, 'CLOSE');
    }
    this.owner.touched(this);
  }

  /** Nothing more in either direction. Bytes that nobody read are lost, and the peer is told so (RFC 9293 3.6.1). */
  close(now: Nanos): void {
    const { tcb } = this;
    if (tcb.orphan || tcb.state === 'CLOSED') return;
    tcb.orphan = true;
    if (tcb.sink.taken < tcb.rcvNxt - 1 && tcb.finPlace < 0 && unread(tcb)) {
      tcb.counters.TCPAbortOnClose++;
      abort(tcb, now);
      return this.owner.touched(this);
    }
    this.shutdown(now);
    if (tcb.state === 'FIN-WAIT-2') tcb.waitAt = (now + tcb.options.finTimeout) as Nanos;
    this.owner.touched(this);
  }

  /** ABORT (RFC 9293 3.10.5). */
  abort(now: Nanos): void {
    abort(this.tcb, now, 'ECONNABORTED');
    this.owner.touched(this);
  }

  /** Changes options of a connection that is open (setsockopt); those that its SYN has settled change nothing any more. */
  configure(now: Nanos, options: Partial<TcpOptions>): void {
    const { tcb } = this;
    const { congestion } = tcb.options;
    tcb.options = { ...tcb.options, ...options };
    if (tcb.options.congestion !== congestion) {
      tcb.control = congestionControl(tcb.options.congestion, tcb.options.hystart);
    }
    if (tcb.facts.synchronized) this.armKeepAlive(now);
    this.owner.touched(this);
  }

  armKeepAlive(now: Nanos): void {
    const { keepAlive } = this.tcb.options;
    this.tcb.keepAt = keepAlive > 0 ? ((now + keepAlive) as Nanos) : NEVER;
  }

  arrive(segment: Segment, now: Nanos): void {
    const { tcb } = this;
    const before = tcb.facts;
    arrive(tcb, segment, now);
    if (tcb.facts !== before && tcb.facts.synchronized && !before.synchronized) {
      this.armKeepAlive(now);
    }
  }

  next(now: Nanos, out: Outgoing): boolean {
    return nextSegment(this.tcb, now, out);
  }

  wakeAt(): Nanos {
    return soonestOf(this.tcb);
  }

  expire(now: Nanos): void {
    expire(this.tcb, now);
  }
}

/** Bytes of the user that were not taken; FIN counts as none. */
const unread = (tcb: Tcb): boolean =>
  tcb.sink.taken < tcb.rcvNxt - 1 - ((tcb.facts.receives ? 0 : 1) as number);
