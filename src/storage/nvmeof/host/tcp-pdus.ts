// A host's end of one NVMe/TCP connection as PDUs: what each that comes means to the commands that are open, and what goes
// out for it. Bytes are carried by tcp-queue.ts; data lies in the memory that commands name.

import { crc32c } from '../../../../protocols/core/checksum/index.js';
import { nvme } from '../../../../protocols/index.js';
import { gather, type Segment } from '../../../block/index.js';
import type { PhysicalMemory } from '../../../memory/index.js';
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
} from '../tcp/pdu.js';
import { PduReader, type PduSink, type Place } from '../tcp/pdu-reader.js';
import { SGL_AT } from '../tcp/sgl.js';
import type { Command } from './command.js';

const { TCP, ICReq, ICResp, C2HData, H2CData, R2T, CQE, CQEResult, CQE_SIZE, HDGST, DDGST } = nvme;
const { SGLDataBlock, SGLTransport } = nvme;

const OFFSET = 1;
const TRANSPORT_BLOCK = 5;
const TRANSPORT = 10;
/** In-capsule data of admin and Fabrics commands (TCP Transport 1.0 3.4). */
const ADMIN_INLINE = 8192;
/** MAXH2CDATA is at least that, and a multiple of 4 (3.6.2.3). */
const LEAST_H2C_DATA = 4096;
/** Data of one command, and so of a PDU of the target. */
const MOST_DATA = 8 << 20;
const LARGEST_PDU = MOST_DATA + LARGEST_HEADER + 2 * DIGEST_SIZE;
const NOTHING = new Uint8Array(0);
const NO_RUNS: readonly Segment[] = [];

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

/** A PDU to be sent: header and digest, data as it lies, its digest. */
export interface Outgoing {
  readonly head: Uint8Array;
  readonly runs: readonly Segment[];
  readonly tail: Uint8Array;
}

/** A command that is open, and how much of its data has come, or was asked for. */
interface Open {
  readonly command: Command;
  moved: number;
  /** Its data did not have the digest that it came with. */
  spoiled: boolean;
}

export interface PduOwner {
  readonly memory: PhysicalMemory;
  /** Data of I/O commands that goes in capsules; of admin queues it is what the standard says. */
  readonly inlineBytes: number;
  readonly isAdmin: boolean;
  /** There is one more PDU to send. */
  send(pdu: Outgoing): void;
  /** A command is over. */
  over(command: Command): void;
  /** The target ended the connection. */
  ended(why: string): void;
}

/** Part of the segments of a command. */
export function runsOf({ segments }: Command, offset: number, length: number): Segment[] {
  const runs: Segment[] = [];
  let skip = offset;
  let left = length;
  for (const { address, length: size } of segments) {
    if (left === 0) break;
    if (skip >= size) {
      skip -= size;
      continue;
    }
    const taken = Math.min(size - skip, left);
    runs.push({ address: address + skip, length: taken });
    left -= taken;
    skip = 0;
  }
  return runs;
}

export class TcpHostPdus implements PduSink {
  readonly reader: PduReader;
  /** ICResp has come: commands may be sent. */
  ready = false;
  /** Where the data that is being read goes: byte `at` of a command's. */
  readonly target = { command: undefined as Command | undefined, at: 0 };
  readonly #owner: PduOwner;
  readonly #digests: Digests;
  readonly #open = new Map<number, Open>();
  #largest = LEAST_H2C_DATA;
  #reading: Open | undefined;

  constructor(
    owner: PduOwner,
    digests: Digests,
    /** R2Ts of one command that the target may have open. */
    readonly r2ts = 1,
  ) {
    this.#owner = owner;
    this.#digests = digests;
    this.reader = new PduReader(this, FIRST, LARGEST_PDU);
  }

  get open(): Iterable<Command> {
    return [...this.#open.values()].map(({ command }) => command);
  }

  /** The first PDU of a connection. */
  greet(): void {
    const head = new Uint8Array(IC_SIZE);
    TCP.encode({ type: PDU.icReq, hlen: IC_SIZE, plen: IC_SIZE }, head);
    const { header, data } = this.#digests;
    const maxr2t = this.r2ts - 1;
    ICReq.encode({ maxr2t, hdgst: header ? 1 : 0, ddgst: data ? 1 : 0 }, head, TCP.size);
    this.#owner.send({ head, runs: NO_RUNS, tail: NOTHING });
  }

  /** Sends a command; its data pointer is filled in here. */
  // hot
  submit(command: Command): void {
    const { length, direction, cid, sqe } = command;
    const { isAdmin, inlineBytes } = this.#owner;
    command.ending = 'open';
    this.#open.set(cid, { command, moved: 0, spoiled: false });
    const most = isAdmin || isFabrics(command) ? ADMIN_INLINE : inlineBytes;
    const isInline = direction === 'from-host' && length > 0 && length <= most;
    sqe.fill(0, SGL_AT, SGL_AT + SGLDataBlock.size);
    if (isInline) {
      SGLDataBlock.set.length(sqe, SGL_AT, length);
      SGLDataBlock.set.subtype(sqe, SGL_AT, OFFSET);
    } else {
      SGLTransport.set.length(sqe, SGL_AT, length);
      SGLTransport.set.type(sqe, SGL_AT, TRANSPORT_BLOCK);
      SGLTransport.set.subtype(sqe, SGL_AT, TRANSPORT);
    }
    const carried = isInline ? length : 0;
    this.#send(PDU.capsuleCmd, carried, isInline ? command.segments : NO_RUNS, false, (head) =>
      head.set(sqe, TCP.size),
    );
  }

  /** A PDU whose header `fill` completes, with its digests. */
  #send(
    type: number,
    length: number,
    runs: readonly Segment[],
    isLast: boolean,
    fill: (head: Uint8Array) => void,
  ): void {
    const { header, data } = this.#digests;
    const { head, end } = headOf(type, this.#digests, length);
    TCP.set.plen(head, 0, end);
    if (isLast) TCP.set.last(head, 0, 1);
    fill(head);
    if (header) {
      const hlen = TCP.get.hlen(head, 0);
      HDGST.set.digest(head, hlen, crc32c(head, 0, hlen));
    }
    let tail = NOTHING;
    if (data && length > 0) {
      tail = new Uint8Array(DIGEST_SIZE);
      DDGST.set.digest(tail, 0, this.#crcOf(runs, length));
    }
    this.#owner.send({ head, runs, tail });
  }

  #crcOf(runs: readonly Segment[], length: number): number {
    const bytes = new Uint8Array(length);
    gather(this.#owner.memory, runs, bytes);
    return crc32c(bytes, 0, length);
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
    const { command, moved } = open;
    this.target.command = command;
    this.target.at = moved;
    open.moved += length;
    this.#reading = open;
    const elsewhere = (all: number) => this.#crcOf(runsOf(command, moved, all), all);
    return { bytes: NOTHING, at: 0, elsewhere };
  }

  whole(b: Uint8Array, dataIsRight: boolean): Fatal | undefined {
    switch (TCP.get.type(b, 0)) {
      case PDU.icResp:
        return this.#agree(b);
      case PDU.c2hTermReq:
        this.#owner.ended('the target terminated it');
        return undefined;
      case PDU.c2hData: {
        const open = this.#reading!;
        if (!dataIsRight) open.spoiled = true;
        return TCP.get.success(b, 0) === 1 ? this.#done(open, undefined) : undefined;
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
    this.reader.digests = this.#digests;
    this.reader.accepts = LATER;
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
    const end = r2to + r2tl;
    for (let offset = r2to; offset < end; offset += this.#largest) {
      const length = Math.min(this.#largest, end - offset);
      const runs = runsOf(open.command, offset, length);
      this.#send(PDU.h2cData, length, runs, offset + length === end, (head) =>
        H2CData.encode({ cid, ttag, offset, length }, head, TCP.size),
      );
    }
    open.moved = end;
    return undefined;
  }

  /** A completion came, or data that stands for one. Data that is short is no success, and spoiled data is read again. */
  #done(open: Open, b: Uint8Array | undefined): Fatal | undefined {
    const { command } = open;
    if (b) command.complete(b, TCP.size);
    else command.succeed();
    const isShort =
      command.succeeded && command.direction === 'to-host' && open.moved < command.length;
    if (isShort) return { fes: FES.outOfRange, fei: TCP.size };
    if (open.spoiled && command.succeeded) command.spoil();
    this.#open.delete(command.cid);
    this.#owner.over(command);
    return undefined;
  }
}

const isFabrics = ({ sqe }: Command): boolean => nvme.SQE.get.opcode(sqe, 0) === FABRICS;
const FABRICS = 0x7f;

/** A header with room for its digest, and the bytes of the PDU in all. */
function headOf(
  type: number,
  digests: Digests,
  length: number,
): { readonly head: Uint8Array; readonly end: number } {
  const { bytes: head } = newPdu(type, digests);
  if (length === 0) return { head, end: head.length };
  TCP.set.pdo(head, 0, head.length);
  if (digests.data) TCP.set.ddgst(head, 0, 1);
  return { head, end: head.length + length + (digests.data ? DIGEST_SIZE : 0) };
}
