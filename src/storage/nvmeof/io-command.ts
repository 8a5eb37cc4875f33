// I/O commands of the NVM command set (1.0 3.2) on the volumes of namespaces.

import { nvme } from '../../../protocols/index.js';
import { CDW_AT, SQE, SQENamespace } from '../../../protocols/nvme/sqe-header.js';
import type { Nanos } from '../../time/index.js';
import { type IoError, OK, type Volume } from '../volume.js';
import type { Handler } from './handler.js';
import { largestTransfer } from './port.js';
import type { Queue } from './queue.js';
import type { Request } from './request.js';
import { STATUS, type Status, statusOf } from './status.js';

const { Read, Write, WriteZeroes, DatasetManagement, DSMRange } = nvme;
/** All commands on blocks begin alike: SLBA and NLB. */
const { slba, nlb } = Read.get;
const NSID_AT = SQE.size + SQENamespace.at.nsid;
/** Verify and Compare read into a buffer of at most so many bytes at a time. */
const SCRATCH = 1 << 17;
/** Ranges of one Dataset Management, and the bytes that Linux sends for any number of them. */
const MOST_RANGES = 256;

const countOf = ({ sqe }: Request): number => nlb(sqe, CDW_AT) + 1;
const bytesOf = (request: Request): number =>
  request.namespace ? countOf(request) * request.namespace.blockSize : 0;

/** The namespace must be there, and MDTS is kept. */
function findNamespace(request: Request, queue: Queue): void {
  request.namespace = queue.controller!.subsystem.namespace(request.nsid);
  if (!request.namespace) request.fail(STATUS.invalidNamespace, NSID_AT);
}

function findBlocks(request: Request, queue: Queue): void {
  findNamespace(request, queue);
  request.expected = bytesOf(request);
  if (request.expected > largestTransfer(queue.carrier.port.transport))
    request.fail(STATUS.invalidField, CDW_AT + Read.at.nlb);
}

const finish = (now: Nanos, request: Request, queue: Queue, status: Status): void => {
  request.fail(status);
  queue.complete(now, request);
};

/** Puts the blocks of the command into its volume operation; false, and complete, where they are beyond the end. */
function inRange(now: Nanos, request: Request, queue: Queue): boolean {
  const { sqe, io } = request;
  const namespace = request.namespace!;
  const first = slba(sqe, CDW_AT);
  const count = countOf(request);
  if (first + BigInt(count) > BigInt(namespace.blocks)) {
    request.fail(STATUS.lbaOutOfRange, CDW_AT + Read.at.slba);
    queue.complete(now, request);
    return false;
  }
  io.offset = Number(first) * namespace.blockSize;
  io.length = count * namespace.blockSize;
  io.bytes = request.data;
  io.at = request.at;
  return true;
}

type Operation = 'read' | 'write' | 'zero' | 'flush' | 'trim';

/** Does one operation on the volume, then goes on. */
function does(
  request: Request,
  volume: Volume,
  operation: Operation,
  next: (error: IoError) => void,
): void {
  request.io.next = next;
  volume[operation](request.io);
}

/** Does one operation, and completes the command as it ends. */
function completing(
  now: Nanos,
  request: Request,
  queue: Queue,
  operation: Operation,
  isWrite: boolean,
): void {
  does(request, request.namespace!.volume, operation, (error) =>
    finish(now, request, queue, statusOf(error, isWrite)),
  );
}

function read(now: Nanos, request: Request, queue: Queue): void {
  if (!inRange(now, request, queue)) return;
  const { controller } = queue;
  if (controller) {
    controller.tally.reads++;
    controller.tally.bytesRead += request.length;
  }
  if (Read.get.fua(request.sqe, CDW_AT) === 0)
    return completing(now, request, queue, 'read', false);
  // What is returned is on the medium then (3.2.4).
  does(request, request.namespace!.volume, 'flush', (error) => {
    if (error !== OK) return finish(now, request, queue, statusOf(error, true));
    completing(now, request, queue, 'read', false);
  });
}

function write(now: Nanos, request: Request, queue: Queue): void {
  if (!inRange(now, request, queue)) return;
  const { controller } = queue;
  if (controller) {
    controller.tally.writes++;
    controller.tally.bytesWritten += request.length;
  }
  request.io.fua = Write.get.fua(request.sqe, CDW_AT) === 1 || controller?.writeCache === false;
  completing(now, request, queue, 'write', true);
}

function writeZeroes(now: Nanos, request: Request, queue: Queue): void {
  if (!inRange(now, request, queue)) return;
  const { fua, deac } = WriteZeroes.get;
  request.io.fua = fua(request.sqe, CDW_AT) === 1 || queue.controller?.writeCache === false;
  request.io.noHole = deac(request.sqe, CDW_AT) === 0;
  completing(now, request, queue, 'zero', true);
}

function flush(now: Nanos, request: Request, queue: Queue): void {
  completing(now, request, queue, 'flush', true);
}

const stopped = ({ aborts }: Request): boolean => aborts.length > 0;

/** Reads the blocks piece by piece; `look` may stop with a status. */
function reading(
  now: Nanos,
  request: Request,
  queue: Queue,
  look: (piece: Uint8Array, done: number) => Status,
): void {
  if (!inRange(now, request, queue)) return;
  const { io } = request;
  const { volume } = request.namespace!;
  const start = io.offset;
  const total = io.length;
  const scratch = new Uint8Array(Math.min(total, SCRATCH));
  io.bytes = scratch;
  io.at = 0;
  let done = 0;
  const next = (): void => {
    io.offset = start + done;
    io.length = Math.min(SCRATCH, total - done);
    does(request, volume, 'read', (error) => {
      const status = stopped(request)
        ? STATUS.abortRequested
        : error === OK
          ? look(scratch.subarray(0, io.length), done)
          : statusOf(error, false);
      done += io.length;
      if (status !== STATUS.success || done === total) finish(now, request, queue, status);
      else next();
    });
  };
  next();
}

function compare(now: Nanos, request: Request, queue: Queue): void {
  const { data, at } = request;
  reading(now, request, queue, (piece, done) =>
    piece.every((byte, i) => byte === data[at + done + i]) ? STATUS.success : STATUS.compareFailure,
  );
}

const verify = (now: Nanos, request: Request, queue: Queue): void =>
  reading(now, request, queue, () => STATUS.success);

/** Ranges one after the other; all must be inside the namespace before any is given back. */
function dsm(now: Nanos, request: Request, queue: Queue): void {
  const { sqe, data, at, io } = request;
  const namespace = request.namespace!;
  const ranges = DatasetManagement.get.nr(sqe, CDW_AT) + 1;
  const rangeAt = (i: number) => at + i * DSMRange.size;
  const blocks = BigInt(namespace.blocks);
  for (let i = 0; i < ranges; i++) {
    const end = DSMRange.get.slba(data, rangeAt(i)) + BigInt(DSMRange.get.length(data, rangeAt(i)));
    if (end > blocks) return finish(now, request, queue, STATUS.lbaOutOfRange);
  }
  // Other attributes are hints, which nothing here heeds.
  if (DatasetManagement.get.ad(sqe, CDW_AT) === 0) return queue.complete(now, request);
  const { blockSize, volume } = namespace;
  const next = (i: number, error: IoError): void => {
    if (i === ranges || error !== OK) return finish(now, request, queue, statusOf(error, true));
    if (stopped(request)) return finish(now, request, queue, STATUS.abortRequested);
    io.offset = Number(DSMRange.get.slba(data, rangeAt(i))) * blockSize;
    io.length = DSMRange.get.length(data, rangeAt(i)) * blockSize;
    if (io.length === 0) return next(i + 1, OK);
    does(request, volume, 'trim', (failure) => next(i + 1, failure));
  };
  next(0, OK);
}

function findRanges(request: Request, queue: Queue): void {
  findNamespace(request, queue);
  // Linux sends 4096 bytes for any number of ranges.
  request.expected = -1;
}

/** -1 lets any length pass: here it is held to the ranges that there are, and to the most that there can be. */
function holdRanges(now: Nanos, request: Request, queue: Queue): void {
  const ranges = DatasetManagement.get.nr(request.sqe, CDW_AT) + 1;
  const { length } = request;
  if (length < ranges * DSMRange.size || length > MOST_RANGES * DSMRange.size)
    finish(now, request, queue, STATUS.sglLengthInvalid);
  else dsm(now, request, queue);
}

const isReadOnly = (request: Request): boolean => request.namespace?.volume.readOnly === true;

/** A command that changes blocks: not on a namespace that is protected. */
const changing =
  (find: (request: Request, queue: Queue) => void) =>
  (request: Request, queue: Queue): void => {
    find(request, queue);
    if (isReadOnly(request)) request.fail(STATUS.writeProtected);
  };

export const ioCommands: Readonly<Record<number, Handler>> = {
  0: { direction: 'none', check: findNamespace, run: flush },
  1: { direction: 'from-host', changes: true, check: changing(findBlocks), run: write },
  2: { direction: 'to-host', check: findBlocks, run: read },
  5: { direction: 'from-host', inPieces: true, check: findBlocks, run: compare },
  8: { direction: 'none', changes: true, check: changing(findNamespace), run: writeZeroes },
  9: {
    direction: 'from-host',
    inPieces: true,
    changes: true,
    check: changing(findRanges),
    run: holdRanges,
  },
  12: { direction: 'none', inPieces: true, check: findNamespace, run: verify },
};

/** Opcodes that the effects log lists. */
export const ioOpcodes = (): number[] => Object.keys(ioCommands).map(Number);
