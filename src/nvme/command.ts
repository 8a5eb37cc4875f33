// I/O commands (NVM Command Set 1.0, 3.2): how a driver writes one, and what a controller reads there: requests of its medium, with
// the runs of the driver's memory in which their data lies.

import { DatasetManagement, DSMRange, Read, Write } from '../../protocols/nvme/io.js';
import { CDW_AT, PRP, SQE, SQENamespace } from '../../protocols/nvme/sqe-header.js';
import { type BlockDevice, type BlockOp, BlockRequest, type Segment } from '../block/index.js';
import { getAddress, setAddress } from '../memory/physical-bytes.js';
import type { ControllerMemory } from './memory.js';
import { PRP_PAGE, readPrps } from './prp.js';
import {
  generic,
  INVALID_FIELD,
  INVALID_NAMESPACE,
  INVALID_OPCODE,
  LBA_OUT_OF_RANGE,
  type NvmeStatus,
  SUCCESS,
  WRITE_PROTECTED,
} from './status.js';

/** log2 of the pages of the largest transfer (QEMU's mdts=7: 512 KiB). */
export const MDTS = 7;
export const MOST_BYTES = PRP_PAGE * 2 ** MDTS;
/** The one namespace that there is. */
const NAMESPACE = 1;
const PRP_AT = SQE.size + SQENamespace.size;

/** What a controller must know of its medium. */
export type Medium = Pick<
  BlockDevice,
  'sizeBytes' | 'blockBytes' | 'maxDiscardBytes' | 'maxZeroBytes' | 'writeCache'
>;

const opcodes: Readonly<Record<BlockOp, number>> = {
  flush: 0,
  write: 1,
  read: 2,
  'write-zeroes': 8,
  discard: 9,
};
const ops = new Map(Object.entries(opcodes).map(([op, code]) => [code, op as BlockOp]));

/** What a driver asks for; data of reads and writes lies where `prp1` and `prp2` say, ranges at `prp1`. */
export interface DriverCommand {
  readonly op: BlockOp;
  readonly offset: number;
  readonly length: number;
  readonly fua: boolean;
}

/** Writes the command of that identifier. */
// hot
export function writeCommand(
  sqe: Uint8Array,
  cid: number,
  { op, offset, length, fua }: DriverCommand,
  blockBytes: number,
  prp1 = 0,
  prp2 = 0,
): void {
  sqe.fill(0);
  SQE.set.opcode(sqe, 0, opcodes[op]);
  SQE.set.cid(sqe, 0, cid);
  SQENamespace.set.nsid(sqe, SQE.size, NAMESPACE);
  setAddress(sqe, PRP_AT + PRP.at.prp1, prp1);
  setAddress(sqe, PRP_AT + PRP.at.prp2, prp2);
  if (op === 'discard') DatasetManagement.set.ad(sqe, CDW_AT, 1);
  if (op === 'discard' || op === 'flush') return;
  Write.set.slba(sqe, CDW_AT, BigInt(offset / blockBytes));
  Write.set.nlb(sqe, CDW_AT, length / blockBytes - 1);
  if (fua) Write.set.fua(sqe, CDW_AT, 1);
}

/** Where the data of a command lies, or a status that refuses it. */
export const prpsOf = (
  memory: ControllerMemory,
  sqe: Uint8Array,
  lengthBytes: number,
): Segment[] | number =>
  readPrps(
    memory,
    getAddress(sqe, PRP_AT + PRP.at.prp1),
    getAddress(sqe, PRP_AT + PRP.at.prp2),
    lengthBytes,
  );

/** The medium's requests of a command, or the status that refuses it or says that nothing is to be done. */
export function readCommand(
  memory: ControllerMemory,
  disk: Medium,
  sqe: Uint8Array,
  isReadOnly: boolean,
): BlockRequest[] | NvmeStatus {
  const op = ops.get(SQE.get.opcode(sqe, 0));
  if (op === undefined) return INVALID_OPCODE;
  if (SQE.get.psdt(sqe, 0) !== 0) return INVALID_FIELD;
  if (SQENamespace.get.nsid(sqe, SQE.size) !== NAMESPACE) return INVALID_NAMESPACE;
  if (op === 'flush') return disk.writeCache ? [request('flush', 0, 0)] : SUCCESS;
  if (isReadOnly && op !== 'read') return WRITE_PROTECTED;
  if (op === 'discard') return ranges(memory, disk, sqe);
  const { blockBytes } = disk;
  const { get } = Read; // Write and Write Zeroes have the same places
  const offset = Number(get.slba(sqe, CDW_AT)) * blockBytes;
  const length = (get.nlb(sqe, CDW_AT) + 1) * blockBytes;
  if (offset + length > disk.sizeBytes) return LBA_OUT_OF_RANGE;
  if (op === 'write-zeroes')
    return disk.maxZeroBytes > 0 ? [request(op, offset, length)] : INVALID_OPCODE;
  if (length > MOST_BYTES) return INVALID_FIELD;
  const segments = prpsOf(memory, sqe, length);
  if (typeof segments === 'number') return generic(segments);
  const made = request(op, offset, length);
  made.segments = segments;
  made.fua = get.fua(sqe, CDW_AT) !== 0;
  return [made];
}

const request = (op: BlockOp, offset: number, length: number): BlockRequest =>
  Object.assign(new BlockRequest(), { op, offset, length });

function ranges(
  memory: ControllerMemory,
  disk: Medium,
  sqe: Uint8Array,
): BlockRequest[] | NvmeStatus {
  if (disk.maxDiscardBytes === 0) return INVALID_OPCODE;
  // Without the attribute 'deallocate' they are hints, and may be ignored.
  if (DatasetManagement.get.ad(sqe, CDW_AT) === 0) return SUCCESS;
  const count = DatasetManagement.get.nr(sqe, CDW_AT) + 1;
  const bytes = new Uint8Array(count * DSMRange.size);
  const runs = prpsOf(memory, sqe, bytes.length);
  if (typeof runs === 'number') return generic(runs);
  for (let i = 0, at = 0; i < runs.length; at += runs[i++]!.length)
    memory.read(runs[i]!.address, runs[i]!.length, bytes, at);
  const made: BlockRequest[] = [];
  for (let at = 0; at < bytes.length; at += DSMRange.size) {
    const offset = Number(DSMRange.get.slba(bytes, at)) * disk.blockBytes;
    const length = DSMRange.get.length(bytes, at) * disk.blockBytes;
    if (offset + length > disk.sizeBytes) return LBA_OUT_OF_RANGE;
    if (length > 0) made.push(request('discard', offset, length));
  }
  return made.length > 0 ? made : SUCCESS;
}
