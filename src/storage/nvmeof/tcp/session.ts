// The target's end of one NVMe/TCP connection, which is one queue (TCP Transport 1.0): bytes come in, bytes go out, and
// whoever owns the connection (a socket, a TCP of ours) carries them. Commands that a host may have open are bounded by
// its queue, their data by a budget: what does not fit waits.

import { nvme } from '../../../../protocols/index.js';
import { SQE_SIZE } from '../../../../protocols/nvme/sqe-header.js';
import type { Nanos } from '../../../time/index.js';
import { START } from '../../../time/index.js';
import type { Port } from '../port.js';
import { type Carrier, Queue } from '../queue.js';
import type { Request } from '../request.js';
import { STATUS } from '../status.js';
import type { NvmeTarget } from '../target.js';
import {
  type Accepts,
  DIGEST_SIZE,
  type Fatal,
  FES,
  IC_SIZE,
  LARGEST_HEADER,
  newPdu,
  PDU,
  sealPdu,
  termination,
} from './pdu.js';
import { PduReader, type PduSink, type Place } from './pdu-reader.js';
import { mapSgl } from './sgl.js';
import { type Slot, Slots } from './slot.js';

const { TCP, ICReq, ICResp, H2CData, C2HData, R2T, CQE_SIZE } = nvme;

/** MAXH2CDATA, as Linux's target has it; a multiple of 4, and at least 4096 (3.6.2.3). */
export const MOST_H2C_DATA = 4 << 20;
/** Data of all commands of a connection at once; more wait their turn. */
const BUDGET = 32 << 20;
/** R2Ts of one command at once, where the host takes more than one (MAXR2T); each then asks for so much, and the next is
 * under way while the data of others comes. */
const MOST_R2TS = 8;
const R2T_BYTES = 128 << 10;
/** HPDA is 0 to 31, in dwords less one (3.6.2.2). */
const MOST_HPDA = 31;
const DWORD = 4;
const LARGEST_PDU = MOST_H2C_DATA + LARGEST_HEADER + 2 * DIGEST_SIZE + (MOST_HPDA + 1) * DWORD;

const FIRST: Accepts = {
  types: [PDU.icReq],
  untimely: [PDU.h2cTermReq, PDU.capsuleCmd, PDU.h2cData],
  data: [],
};
const LATER: Accepts = {
  types: [PDU.h2cTermReq, PDU.capsuleCmd, PDU.h2cData],
  untimely: [PDU.icReq],
  data: [PDU.capsuleCmd, PDU.h2cData],
};

export interface SessionOptions {
  readonly target: NvmeTarget;
  readonly port: Port;
  /** Called when there is something to send that no call of `receive` brought about. */
  readonly wake?: () => void;
}

export class TcpSession implements Carrier, PduSink {
  readonly port: Port;
  readonly queue: Queue;
  /** Why it ended; empty while it has not. */
  why = '';
  #now = START;
  #align = 1;
  /** R2Ts of one command that may be open. */
  #r2ts = 1;
  readonly #reader: PduReader;
  readonly #slots = new Slots();
  /** Whose data the PDU that is being read carries. */
  #slot: Slot | undefined;
  readonly #output: Uint8Array[] = [];
  /** Bytes of each in the budget. */
  readonly #budgeted: number[] = [];
  #held = 0;
  readonly #waiting: Slot[] = [];
  readonly #wake: () => void;

  constructor({ target, port, wake = () => {} }: SessionOptions) {
    this.port = port;
    this.#wake = wake;
    this.queue = new Queue(target, this);
    this.#reader = new PduReader(this, FIRST, LARGEST_PDU);
  }

  /** Bytes from the host. */
  receive(now: Nanos, b: Uint8Array, from = 0, to = b.length): void {
    if (this.ended) return;
    this.#now = now;
    const fatal = this.#reader.push(b, from, to);
    if (fatal && !this.ended) this.#terminate(fatal);
  }

  /** The next bytes for the host, to be sent as they are: they are its owner's now. */
  take(): Uint8Array | undefined {
    const bytes = this.#output.shift();
    if (bytes) this.#give(this.#budgeted.shift()!);
    return bytes;
  }

  get hasOutput(): boolean {
    return this.#output.length > 0;
  }

  /** The connection is to be closed when all output is sent. */
  get ended(): boolean {
    return this.why !== '';
  }

  /** The connection has gone. */
  lost(now: Nanos, why = 'the connection was lost'): void {
    if (this.ended) return;
    this.#end(why);
    this.queue.lost(now, why);
  }

  #end(why: string): void {
    this.why = why;
    this.#waiting.length = 0;
  }

  #terminate(fatal: Fatal): void {
    this.#send(termination(PDU.c2hTermReq, fatal, this.#reader.headerBytes));
    const names = Object.entries(FES).find(([, code]) => code === fatal.fes)!;
    this.lost(this.#now, `terminated: ${names[0]}, ${fatal.fei}`);
  }

  #send(bytes: Uint8Array, budgeted = 0): void {
    const wasEmpty = this.#output.length === 0;
    this.#output.push(bytes);
    this.#budgeted.push(budgeted);
    if (wasEmpty) this.#wake();
  }

  // PduSink

  header(b: Uint8Array, length: number): Place | Fatal | undefined {
    switch (TCP.get.type(b, 0)) {
      case PDU.capsuleCmd:
        return this.#command(b, length);
      case PDU.h2cData:
        return this.#dataHeader(b, length);
      default:
        return undefined;
    }
  }

  whole(b: Uint8Array, dataIsRight: boolean): Fatal | undefined {
    const slot = this.#slot;
    this.#slot = undefined;
    switch (TCP.get.type(b, 0)) {
      case PDU.icReq:
        return this.#initialize(b);
      case PDU.h2cTermReq:
        this.lost(this.#now, 'the host terminated it');
        return undefined;
      case PDU.capsuleCmd:
        if (!dataIsRight) slot!.request.fail(STATUS.transportError);
        this.#begin(slot!);
        return undefined;
      default:
        if (!dataIsRight) slot!.request.fail(STATUS.transportError);
        if (slot!.received === slot!.request.length) this.queue.execute(this.#now, slot!.request);
        return undefined;
    }
  }

  /** 3.6.2.2: what the host asks for is what it gets, if it can be had at all. */
  #initialize(b: Uint8Array): Fatal | undefined {
    const { pfv, hpda, hdgst, ddgst, maxr2t } = ICReq.get;
    const at = TCP.size;
    if (pfv(b, at) !== 0) return { fes: FES.unsupported, fei: at + ICReq.at.pfv };
    if (hpda(b, at) > MOST_HPDA) return { fes: FES.headerField, fei: at + ICReq.at.hpda };
    this.#align = (hpda(b, at) + 1) * DWORD;
    this.#r2ts = Math.min(maxr2t(b, at) + 1, MOST_R2TS);
    this.#reader.digests = { header: hdgst(b, at) === 1, data: ddgst(b, at) === 1 };
    this.#reader.accepts = LATER;
    const answer = new Uint8Array(IC_SIZE);
    TCP.encode({ type: PDU.icResp, hlen: IC_SIZE, plen: IC_SIZE }, answer);
    const agreed = { hdgst: hdgst(b, at), ddgst: ddgst(b, at), maxh2cdata: MOST_H2C_DATA };
    ICResp.encode(agreed, answer, at);
    this.#send(answer);
    return undefined;
  }

  #command(b: Uint8Array, length: number): Place | Fatal | undefined {
    // More commands than the queue has room for: the host does not heed its own queue.
    if (this.queue.open >= this.queue.size) return { fes: FES.sequence, fei: TCP.at.type };
    const slot = this.#slots.take();
    this.#slot = slot;
    const { request } = slot;
    request.sqe.set(b.subarray(TCP.size, TCP.size + SQE_SIZE));
    this.queue.accept(request);
    if (!request.failed) mapSgl(slot, this.port.transport, length);
    if (!request.failed) this.queue.checkLength(request, request.length);
    if (request.failed || !slot.inCapsule || request.length === 0) return undefined;
    request.data = new Uint8Array(length);
    return { bytes: request.data, at: 0 };
  }

  #dataHeader(b: Uint8Array, length: number): Place | Fatal {
    const { cid, ttag, offset, length: size } = H2CData.get;
    const at = TCP.size;
    const wrong = (fes: number, field: keyof typeof H2CData.at): Fatal => ({
      fes,
      fei: at + H2CData.at[field],
    });
    const tag = ttag(b, at);
    const slot = this.#slots.at(Math.floor(tag / this.#r2ts));
    const place = tag % this.#r2ts;
    const part = slot?.parts[place];
    if (!slot || !part) return wrong(FES.headerField, 'ttag');
    const { request } = slot;
    if (cid(b, at) !== request.cid) return wrong(FES.headerField, 'cid');
    if (size(b, at) !== length || length === 0) return wrong(FES.headerField, 'length');
    if (length > MOST_H2C_DATA) return wrong(FES.limit, 'length');
    // What one R2T asked for comes in order (3.6.2.8).
    const from = part.next;
    if (offset(b, at) !== from) return wrong(FES.outOfRange, 'offset');
    const end = from + length;
    if (end > part.end) return wrong(FES.outOfRange, 'length');
    const isLast = end === part.end;
    if ((TCP.get.last(b, 0) === 1) !== isLast) return { fes: FES.headerField, fei: TCP.at.last };
    part.next = end;
    slot.received += length;
    if (isLast) {
      slot.parts[place] = undefined;
      this.#ask(slot);
    }
    this.#slot = slot;
    return { bytes: request.data, at: from };
  }

  /** A command is there with what its capsule had: fetches the rest, or carries it out; or it waits for room. */
  #begin(slot: Slot): void {
    const { request } = slot;
    const needs = request.failed || slot.inCapsule ? 0 : request.length;
    if (needs > 0 && this.#held > 0 && this.#held + needs > BUDGET) {
      this.#waiting.push(slot);
      return;
    }
    slot.budgeted = needs;
    this.#held += needs;
    if (needs === 0 || request.direction === 'none') return this.queue.execute(this.#now, request);
    if (request.direction === 'to-host') {
      const { digests } = this.#reader;
      const { bytes, dataAt } = newPdu(PDU.c2hData, digests, request.length, this.#align);
      request.data = bytes;
      request.at = dataAt;
      return this.queue.execute(this.#now, request);
    }
    request.data = new Uint8Array(request.length);
    this.#ask(slot);
  }

  /** Asks for data that nobody has asked for yet, in as many R2Ts as the host takes. */
  #ask(slot: Slot): void {
    const { request, parts, tag } = slot;
    const most = this.#r2ts === 1 ? request.length : R2T_BYTES;
    for (let place = 0; place < this.#r2ts && slot.asked < request.length; place++) {
      if (parts[place]) continue;
      const r2to = slot.asked;
      const r2tl = Math.min(most, request.length - r2to);
      slot.asked += r2tl;
      parts[place] = { next: r2to, end: slot.asked };
      const { bytes } = newPdu(PDU.r2t, this.#reader.digests);
      const ttag = tag * this.#r2ts + place;
      R2T.encode({ cid: request.cid, ttag, r2to, r2tl }, bytes, TCP.size);
      sealPdu(bytes);
      this.#send(bytes);
    }
  }

  /** Bytes of the budget come back. */
  #give(bytes: number): void {
    if (bytes === 0) return;
    this.#held -= bytes;
    while (this.#waiting.length > 0) {
      const needs = this.#waiting[0]!.request.length;
      if (this.#held > 0 && this.#held + needs > BUDGET) return;
      this.#begin(this.#waiting.shift()!);
    }
  }

  // Carrier

  respond(now: Nanos, request: Request): void {
    this.#now = now;
    const slot = this.#slots.of(request);
    const { budgeted } = slot;
    if (this.ended) return this.#slots.release(slot);
    const { direction, failed, length, cid, result } = request;
    let isTold = false;
    if (direction === 'to-host' && !failed && length > 0) {
      // 3.3.2: without flow control, data may tell the success.
      isTold = !this.queue.flowControl && result.every((byte) => byte === 0);
      const pdu = request.data;
      C2HData.encode({ cid, length }, pdu, TCP.size);
      TCP.set.last(pdu, 0, 1);
      if (isTold) TCP.set.success(pdu, 0, 1);
      sealPdu(pdu);
      this.#send(pdu, budgeted);
    }
    if (!isTold) {
      const { bytes } = newPdu(PDU.capsuleResp, this.#reader.digests);
      this.queue.encodeCompletion(request, bytes, bytes.length - CQE_SIZE - this.#digestSize);
      sealPdu(bytes);
      this.#send(bytes);
    }
    const isSent = direction === 'to-host' && !failed;
    this.#slots.release(slot);
    if (!isSent) this.#give(budgeted);
  }

  get #digestSize(): number {
    return this.#reader.digests.header ? DIGEST_SIZE : 0;
  }

  close(why: string): void {
    if (this.ended) return;
    this.#end(why);
    this.#wake();
  }
}
