// A host's end of one NVMe/TCP queue: commands go in, bytes come out, and the other way round. Whoever owns the connection
// carries the bytes.

import { nvme } from '../../../protocols/index.js';
import { SQE_SIZE } from '../../../protocols/nvme/sqe-header.js';
import {
  type Accepts,
  DIGEST_SIZE,
  type Digests,
  type Fatal,
  FES,
  IC_SIZE,
  LARGEST_HEADER,
  newPdu,
  PDU,
  sealPdu,
  termination,
} from '../../../src/storage/nvmeof/tcp/pdu.js';
import { PduReader, type PduSink, type Place } from '../../../src/storage/nvmeof/tcp/pdu-reader.js';
import { SGL_AT } from '../../../src/storage/nvmeof/tcp/sgl.js';
import type { Command } from './command.js';

const { TCP, ICReq, ICResp, C2HData, H2CData, R2T, CQE, CQEResult, CQE_SIZE } = nvme;
const { SGLDataBlock, SGLTransport } = nvme;

const OFFSET = 1;
const TRANSPORT_BLOCK = 5;
const TRANSPORT = 10;
/** In-capsule data of admin queues (TCP Transport 1.0 3.4). */
const ADMIN_INLINE = 8192;
/** MAXH2CDATA is at least that, and a multiple of 4 (3.6.2.3). */
const LEAST_H2C_DATA = 4096;
/** Data of one command, and so of a PDU of the target. */
const MOST_DATA = 8 << 20;
const LARGEST_PDU = MOST_DATA + LARGEST_HEADER + 2 * DIGEST_SIZE;

const FIRST: Accepts = {
  types: [PDU.icResp],
  untimely: [PDU.c2hTermReq, PDU.capsuleResp, PDU.c2hData, PDU.r2t],
  data: [],
};
const LATER: Accepts = {
  types: [PDU.c2hTermReq, PDU.capsuleResp, PDU.c2hData, PDU.r2t],
  untimely: [PDU.icResp],
  data: [PDU.c2hData],
};

export interface TcpQueueOptions {
  readonly qid: number;
  /** Entries of the queue; a queue holds one command less. */
  readonly entries: number;
  readonly digests?: Digests;
  /** Data that commands of I/O queues may carry (IOCCSZ). */
  readonly inlineBytes?: number;
}

/** A command that is open, and how much of its data has come, or was asked for. */
interface Open {
  readonly command: Command;
  moved: number;
  /** Its data did not have the digest that it came with. */
  spoiled: boolean;
}

export class TcpHostQueue implements PduSink {
  /** Why it can be used no more. */
  why = '';
  /** ICResp has come: commands may be sent. */
  ready = false;
  readonly #options: TcpQueueOptions;
  readonly #digests: Digests;
  readonly #reader: PduReader;
  readonly #open = new Map<number, Open>();
  readonly #output: Uint8Array[] = [];
  #largest = LEAST_H2C_DATA;
  #reading: Open | undefined;

  constructor(options: TcpQueueOptions) {
    this.#options = options;
    this.#digests = options.digests ?? { header: false, data: false };
    this.#reader = new PduReader(this, FIRST, LARGEST_PDU);
    const request = new Uint8Array(IC_SIZE);
    TCP.encode({ type: PDU.icReq, hlen: IC_SIZE, plen: IC_SIZE }, request);
    const { header, data } = this.#digests;
    ICReq.encode({ hdgst: header ? 1 : 0, ddgst: data ? 1 : 0 }, request, TCP.size);
    this.#output.push(request);
  }

  get open(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.#open.size >= this.#options.entries - 1;
  }

  /** The next bytes for the target. */
  take(): Uint8Array | undefined {
    return this.#output.shift();
  }

  receive(b: Uint8Array, from = 0, to = b.length): void {
    if (this.why !== '') return;
    const fatal = this.#reader.push(b, from, to);
    if (!fatal) return;
    this.#output.push(termination(PDU.h2cTermReq, fatal, this.#reader.headerBytes));
    this.lost(`terminated: ${fatal.fes}, ${fatal.fei}`);
  }

  /** The connection has gone: nobody knows whether commands that are open were done. */
  lost(why: string): void {
    this.why ||= why;
    for (const { command } of this.#open.values()) command.ending = 'lost';
    this.#open.clear();
  }

  /** Sends a command; its data pointer is filled in here. There must be room. */
  submit(command: Command): void {
    const { length, direction, cid, data, at } = command;
    command.ending = 'open';
    this.#open.set(cid, { command, moved: 0, spoiled: false });
    const most = this.#options.qid === 0 ? ADMIN_INLINE : (this.#options.inlineBytes ?? 0);
    const isInline = direction === 'from-host' && length > 0 && length <= most;
    const pdu = newPdu(PDU.capsuleCmd, this.#digests, isInline ? length : 0);
    const { bytes } = pdu;
    bytes.set(command.sqe, TCP.size);
    const sglAt = TCP.size + SGL_AT;
    if (isInline) {
      SGLDataBlock.encode({ length, subtype: OFFSET }, bytes, sglAt);
      bytes.set(data.subarray(at, at + length), pdu.dataAt);
    } else SGLTransport.encode({ length, type: TRANSPORT_BLOCK, subtype: TRANSPORT }, bytes, sglAt);
    command.sqe.set(bytes.subarray(TCP.size, TCP.size + SQE_SIZE));
    sealPdu(bytes);
    this.#output.push(bytes);
  }

  // PduSink

  header(b: Uint8Array, length: number): Place | Fatal | undefined {
    if (TCP.get.type(b, 0) !== PDU.c2hData) return undefined;
    const { cid, offset, length: size } = C2HData.get;
    const wrong = (fes: number, field: keyof typeof C2HData.at): Fatal => ({
      fes,
      fei: TCP.size + C2HData.at[field],
    });
    const open = this.#open.get(cid(b, TCP.size));
    if (open?.command.direction !== 'to-host') return wrong(FES.headerField, 'cid');
    // Data comes in order (3.6.2.9); Linux believes that without looking.
    if (offset(b, TCP.size) !== open.moved) return wrong(FES.outOfRange, 'offset');
    if (size(b, TCP.size) !== length) return wrong(FES.headerField, 'length');
    if (open.moved + length > open.command.length) return wrong(FES.outOfRange, 'length');
    const { success, last } = TCP.get;
    if (success(b, 0) === 1 && last(b, 0) === 0)
      return { fes: FES.headerField, fei: TCP.at.success };
    const place = { bytes: open.command.data, at: open.command.at + open.moved };
    open.moved += length;
    this.#reading = open;
    return place;
  }

  whole(b: Uint8Array, dataIsRight: boolean): Fatal | undefined {
    switch (TCP.get.type(b, 0)) {
      case PDU.icResp:
        return this.#agree(b);
      case PDU.c2hTermReq:
        this.lost('the target terminated it');
        return undefined;
      case PDU.c2hData: {
        const open = this.#reading!;
        if (!dataIsRight) open.spoiled = true;
        if (TCP.get.success(b, 0) === 1) return this.#done(open, undefined);
        return undefined;
      }
      case PDU.r2t:
        return this.#transfer(b);
      default: {
        const open = this.#open.get(CQE.get.cid(b, TCP.size + CQEResult.size));
        return open
          ? this.#done(open, b)
          : { fes: FES.headerField, fei: TCP.size + CQE_SIZE - CQE.size };
      }
    }
  }

  #agree(b: Uint8Array): Fatal | undefined {
    const { pfv, hdgst, ddgst, maxh2cdata } = ICResp.get;
    const at = TCP.size;
    const { header, data } = this.#digests;
    const isSame = (hdgst(b, at) === 1) === header && (ddgst(b, at) === 1) === data;
    if (pfv(b, at) !== 0 || !isSame) return { fes: FES.unsupported, fei: at + ICResp.at.pfv };
    this.#largest = maxh2cdata(b, at);
    if (this.#largest < LEAST_H2C_DATA || this.#largest % 4 !== 0)
      return { fes: FES.headerField, fei: at + ICResp.at.maxh2cdata };
    this.#reader.digests = this.#digests;
    this.#reader.accepts = LATER;
    this.ready = true;
    return undefined;
  }

  /** 3.6.2.10: the target asks for data of a command. */
  #transfer(b: Uint8Array): Fatal | undefined {
    const { cid, ttag, r2to, r2tl } = R2T.decode(b, TCP.size);
    const open = this.#open.get(cid);
    const wrong = (fes: number, field: keyof typeof R2T.at): Fatal => ({
      fes,
      fei: TCP.size + R2T.at[field],
    });
    if (open?.command.direction !== 'from-host') return wrong(FES.headerField, 'cid');
    if (r2to !== open.moved) return wrong(FES.outOfRange, 'r2to');
    if (r2tl === 0 || r2to + r2tl > open.command.length) return wrong(FES.outOfRange, 'r2tl');
    const { data, at } = open.command;
    const end = r2to + r2tl;
    for (let offset = r2to; offset < end; offset += this.#largest) {
      const length = Math.min(this.#largest, end - offset);
      const { bytes, dataAt } = newPdu(PDU.h2cData, this.#digests, length);
      H2CData.encode({ cid, ttag, offset, length }, bytes, TCP.size);
      if (offset + length === end) TCP.set.last(bytes, 0, 1);
      bytes.set(data.subarray(at + offset, at + offset + length), dataAt);
      sealPdu(bytes);
      this.#output.push(bytes);
    }
    open.moved = end;
    return undefined;
  }

  /** A completion came, or data that stands for one. Data that is short or spoiled is no success. */
  #done(open: Open, b: Uint8Array | undefined): Fatal | undefined {
    const { command } = open;
    if (b) command.complete(b, TCP.size);
    else command.succeed();
    const isShort =
      command.succeeded && command.direction === 'to-host' && open.moved < command.length;
    if (isShort) return { fes: FES.outOfRange, fei: TCP.size };
    if (open.spoiled && command.succeeded) command.ending = 'lost';
    this.#open.delete(command.cid);
    return undefined;
  }
}
