// I/O commands of the emulated controller (NVM Command Set 1.0, 3.2): what each asks of the host's disk, with the guest's pages as
// they lie: the process has them mapped and passes them on, as QEMU does, so that no bytes are copied on the way.

import { DatasetManagement, DSMRange, Read } from '../../../protocols/nvme/io.js';
import { CDW_AT, SQE, SQENamespace } from '../../../protocols/nvme/sqe-header.js';
import { type BlockDevice, type BlockOp, BlockRequest, gather } from '../../block/index.js';
import type { MachineMemory } from '../../memory/index.js';
import type { GuestMemory } from '../guest-memory.js';
import {
  generic,
  INVALID_FIELD,
  INVALID_NAMESPACE,
  INVALID_OPCODE,
  MOST_BYTES,
  prpsOf,
  SUCCESS,
} from './nvme-admin.js';
import type { NvmeStatus } from './nvme-queue.js';

const LBA_OUT_OF_RANGE = generic(128);

const ops: Readonly<Record<number, BlockOp>> = {
  0: 'flush',
  1: 'write',
  2: 'read',
  8: 'write-zeroes',
  9: 'discard',
};

/** The disk's requests of a command, or the status that refuses it. */
export function readCommand(
  memory: GuestMemory,
  machine: MachineMemory,
  disk: BlockDevice,
  sqe: Uint8Array,
  isReadOnly: boolean,
): BlockRequest[] | NvmeStatus {
  const op = ops[SQE.get.opcode(sqe, 0)];
  if (op === undefined) return INVALID_OPCODE;
  if (SQE.get.psdt(sqe, 0) !== 0) return INVALID_FIELD;
  if (SQENamespace.get.nsid(sqe, SQE.size) !== 1) return INVALID_NAMESPACE;
  if (op === 'flush') return disk.writeCache ? [request('flush', 0, 0)] : SUCCESS;
  if (isReadOnly && op !== 'read') return generic(32); // the namespace is write protected
  if (op === 'discard') return ranges(memory, machine, disk, sqe);
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
  memory: GuestMemory,
  machine: MachineMemory,
  disk: BlockDevice,
  sqe: Uint8Array,
): BlockRequest[] | NvmeStatus {
  if (disk.maxDiscardBytes === 0) return INVALID_OPCODE;
  // Without the attribute 'deallocate' they are hints, and may be ignored.
  if (DatasetManagement.get.ad(sqe, CDW_AT) === 0) return SUCCESS;
  const count = DatasetManagement.get.nr(sqe, CDW_AT) + 1;
  const bytes = new Uint8Array(count * DSMRange.size);
  const runs = prpsOf(memory, sqe, bytes.length);
  if (typeof runs === 'number') return generic(runs);
  gather(machine, runs, bytes);
  const made: BlockRequest[] = [];
  for (let at = 0; at < bytes.length; at += DSMRange.size) {
    const offset = Number(DSMRange.get.slba(bytes, at)) * disk.blockBytes;
    const length = DSMRange.get.length(bytes, at) * disk.blockBytes;
    if (offset + length > disk.sizeBytes) return LBA_OUT_OF_RANGE;
    if (length > 0) made.push(request('discard', offset, length));
  }
  return made.length > 0 ? made : SUCCESS;
}
