// One stream: a TCP connection of the NIC with what MPA, DDP and RDMAP know of it, and the queue pair that it carries. A
// record with the making of FPDUs; requester.ts and responder.ts act on it, connector.ts opens and closes it.

import { seqDiff } from '../../protocols/core/serial.js';
import type { QueuePair, RdmaDevice } from '../rdma/index.js';
import type { TcpConnection } from '../tcp/index.js';
import { type Nanos, NEVER } from '../time/index.js';
import { FpduSink } from './fpdu-sink.js';
import { FpduSource, UNIT } from './fpdu-source.js';
import type { IwarpOptions, Rtr } from './options.js';
import type { StreamError } from './terminate-error.js';
import {
  crc32c,
  DDPTagged,
  DDPUntagged,
  Halves,
  MARKER_INTERVAL,
  MARKER_SIZE,
  MPA,
  MPACrc,
  markedSize,
  padOf,
  withMarkers,
} from './wire.js';

/** `startup`: MPA's frames; `ready`: they are exchanged; `rts`: FPDUs; `ended`: nothing more is taken or made. */
export type Phase = 'startup' | 'ready' | 'rts' | 'ended';

/** A Read or Atomic Request of the peer that is to be answered. */
export class Answer {
  kind: 'read' | 'atomic' = 'read';
  sinkStag = 0;
  sinkHigh = 0;
  sinkLow = 0;
  sourceStag = 0;
  sourceHigh = 0;
  sourceLow = 0;
  length = 0;
  sent = 0;
  /** Of an atomic: its identifier and what was there. */
  identifier = 0;
  high = 0;
  low = 0;
  /** When it is known, where the device takes time. */
  readyAt = 0;
}

/** Where a DDP segment of the peer lies. */
export class Segment {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  length = 0;
}

/** What must be told to whoever opened the stream. */
export interface StreamOwner {
  /** Of this stream bytes went into a frame. */
  sending: Stream | null;
  /** Bytes of start-up frames; says how many were taken. */
  startup(s: Stream, bytes: Uint8Array, at: number, end: number, place: number): number;
  /** The stream is over, or its TCP connection has changed its state. */
  changed(s: Stream): void;
}

/** Words are four bytes: what an EMSS has beyond whole ones is of no use (RFC 5044 5.1). */
const WORD = 4;
const MOST_ULPDU = 0xffff;

export class Stream {
  tcp: TcpConnection | undefined;
  qp: QueuePair | null = null;
  phase: Phase = 'startup';
  readonly source: FpduSource;
  readonly sink: FpduSink;
  crc = false;
  /** Markers in what we send, and in what we receive. */
  marksOut = false;
  marksIn = false;
  /** Where the first FPDU begins, in each direction. */
  outBase = 0;
  inBase = 0;
  /** The passive side sends when the active side's first FPDU has come (RFC 5044 7.1.4). */
  maySend = false;
  rtr: Rtr = 'none';
  /** A zero-length READ of ours opens the stream, and is not answered yet. */
  rtrRead = false;
  /** FIN is to follow what is framed. */
  closing = false;
  /** Why it ended, if it was not both sides' wish. */
  error: StreamError | '' = '';
  closeAt: Nanos = NEVER;
  /** The application wished the queue pair in error: the peer is not told of one. */
  wished = false;
  /** The passive side takes no FPDU before its reply is out. */
  held = false;

  // Requester: message sequence numbers of the queues that we send to (RFC 5041 5.1), and what is being sent.
  sendMsn = 1;
  readMsn = 1;
  answerMsn = 1;
  sending: 'nothing' | 'request' | 'answer' = 'nothing';
  offset = 0;
  /** Requests have their turn after an answer that more follow. */
  requestsFirst = false;
  /** Requests up to here were reported as sent. */
  reported = 0;
  /** READs and atomics under way: their work requests' running numbers. */
  asked = new Float64Array(0);
  askedFirst = 0;
  askedCount = 0;

  // Responder.
  readonly segment = new Segment();
  receiveMsn = 1;
  requestMsn = 1;
  responseMsn = 1;
  /** Bytes of the Send and of the Write that are coming in, and of the Write that was whole last. */
  received = 0;
  written = 0;
  lastWrite = 0;
  inSend = false;
  answers: Answer[] = [];
  answersFirst = 0;
  answersCount = 0;

  constructor(
    readonly id: number,
    readonly device: RdmaDevice,
    readonly options: IwarpOptions,
    readonly owner: StreamOwner,
    take: (s: Stream, b: Uint8Array, at: number, end: number, place: number) => number,
  ) {
    this.source = new FpduSource(options.sendBytes, (copied) => this.#moved(copied));
    this.sink = new FpduSink(options.receiveBytes, (b, at, end, place) =>
      take(this, b, at, end, place),
    );
  }

  #moved(copied: boolean): void {
    if (copied) this.owner.sending = this;
    if (this.qp !== null && this.phase === 'rts') this.device.activate(this.qp);
  }

  /** Carries the queue pair from now on. */
  attach(qp: QueuePair): void {
    this.qp = qp;
    this.phase = 'rts';
    this.asked = new Float64Array(Math.max(1, qp.maxRdAtomic));
    const most = qp.maxDestRdAtomic + (this.rtr === 'read' ? 1 : 0);
    this.answers = Array.from({ length: most }, () => new Answer());
  }

  /** The longest ULPDU whose FPDU fits into a segment wherever markers stand (RFC 5044 5.1: MULPDU). */
  // hot
  get mulpdu(): number {
    const emss = this.tcp!.tcb.sndMss;
    const marks = this.marksOut ? MARKER_SIZE * Math.ceil(emss / MARKER_INTERVAL) : 0;
    const most = emss - (emss % WORD) - MPA.size - MPACrc.size - marks;
    return most < MOST_ULPDU ? most : MOST_ULPDU;
  }

  /** Bytes that are framed and not sent. */
  // hot
  get ahead(): number {
    return this.source.end - Math.max(0, this.tcp!.tcb.sndNxt - 1);
  }

  /** Is there room for the longest FPDU? */
  // hot
  get hasRoom(): boolean {
    return this.source.hasRoom(this.tcp!.tcb.sndMss + MARKER_SIZE);
  }

  /** Where the DDP header of the next FPDU is to be made, in `source.bytes`. */
  // hot
  get headerAt(): number {
    return this.source.at + MPA.size;
  }

  // hot
  tagged(opcode: number, last: boolean, stag: number, high: number, low: number): number {
    const b = this.source.bytes;
    const at = this.headerAt;
    b.fill(0, at, at + DDPTagged.size);
    const { set } = DDPTagged;
    set.tagged(b, at, 1);
    set.last(b, at, last ? 1 : 0);
    set.dv(b, at, 1);
    set.rv(b, at, 1);
    set.opcode(b, at, opcode);
    set.stag(b, at, stag);
    Halves.set.high(b, at + DDPTagged.at.to, high);
    Halves.set.low(b, at + DDPTagged.at.to, low);
    return at + DDPTagged.size;
  }

  // hot
  untagged(
    opcode: number,
    last: boolean,
    stag: number,
    qn: number,
    msn: number,
    mo: number,
  ): number {
    const b = this.source.bytes;
    const at = this.headerAt;
    b.fill(0, at, at + DDPUntagged.size);
    const { set } = DDPUntagged;
    set.last(b, at, last ? 1 : 0);
    set.dv(b, at, 1);
    set.rv(b, at, 1);
    set.opcode(b, at, opcode);
    set.invalidateStag(b, at, stag);
    set.qn(b, at, qn);
    set.msn(b, at, msn);
    set.mo(b, at, mo);
    return at + DDPUntagged.size;
  }

  /** The FPDU whose ULPDU ends at `end` is whole: length, pad, CRC, markers; it may go out when `source.nextReady` has come. */
  // hot
  commit(end: number, job: number, what: number): void {
    const { source } = this;
    const b = source.bytes;
    const { at } = source;
    const length = end - at - MPA.size;
    MPA.set.length(b, at, length);
    const pad = padOf(length);
    for (let i = 0; i < pad; i++) b[end + i] = 0;
    const crcAt = end + pad;
    let size = crcAt + MPACrc.size - at;
    if (this.marksOut) size = this.#mark(at, size);
    else MPACrc.set.crc(b, crcAt, this.crc ? crc32c(b, at, crcAt) : 0);
    source.commit(size, job, what);
    this.tcp!.push(this.device.now);
  }

  #mark(at: number, size: number): number {
    const b = this.source.bytes;
    const position = this.source.end - this.outBase;
    const marked = withMarkers(b.slice(at, at + size), position, this.crc);
    b.set(marked, at);
    return markedSize(position, size);
  }

  /** A start-up frame of `size` bytes stands where FPDUs are made. */
  commitStartup(size: number): void {
    this.source.commit(size, -1, 0);
    this.outBase = this.source.end;
    this.tcp!.push(this.device.now);
  }

  /** An FPDU without a ULPDU: the RTR message that is no message (RFC 6581 9.2). */
  commitEmpty(): void {
    this.commit(this.headerAt, -1, UNIT.entry);
  }

  // hot
  addAnswer(): Answer | null {
    if (this.answersCount === this.answers.length) return null;
    const at = (this.answersFirst + this.answersCount++) % this.answers.length;
    const answer = this.answers[at]!;
    answer.sent = 0;
    answer.readyAt = 0;
    return answer;
  }

  // hot
  dropAnswer(): void {
    this.answersFirst = (this.answersFirst + 1) % this.answers.length;
    this.answersCount--;
  }

  // hot
  ask(job: number): void {
    this.asked[(this.askedFirst + this.askedCount++) % this.asked.length] = job;
  }

  /** The running number of the oldest READ or atomic under way; -1 when there is none. */
  // hot
  get oldestAsked(): number {
    return this.askedCount === 0 ? -1 : this.asked[this.askedFirst]!;
  }

  /** The running number of the one under way that was asked with this message sequence number; -1 when none was. */
  askedBy(msn: number): number {
    const ahead = seqDiff(this.readMsn, msn); // the last one asked is 1 ahead
    if (ahead < 1 || ahead > this.askedCount) return -1;
    return this.asked[(this.askedFirst + this.askedCount - ahead) % this.asked.length]!;
  }

  // hot
  dropAsked(): void {
    this.askedFirst = (this.askedFirst + 1) % this.asked.length;
    this.askedCount--;
  }
}
