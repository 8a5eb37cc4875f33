// The fixed parts of a submission queue entry (Base 2.0 3.3.3.1): 64 bytes in four layers, because what
// varies in them varies independently. CDW0 is common to all; CDW1 to 5 differ between NVMe and Fabrics
// commands; the data pointer has the forms of sgl.ts; CDW10 to 15 belong to the command (admin.ts, io.ts,
// fabrics.ts). A filter on `sqe.cid` therefore matches every command there is.

import { bytes, reserved, uint, word } from '../core/field.js';
import { nvmeHeader } from './base.js';
import { fabricsTypes } from './names.js';

/** Opcode of every Fabrics command; it tells them from all others on any queue. */
export const FABRICS_OPCODE = 0x7f;

export const SQE = nvmeHeader(
  'SQE',
  [
    uint(8, 'opcode', 'admin or I/O opcode, depending on the queue', {
      names: { [FABRICS_OPCODE]: 'FABRICS' },
      format: 'hex',
      alias: 'nvme.cmd.opc',
    }),
    word(
      uint(2, 'fuse', 'fused operation', {
        names: { 0: 'NORMAL', 1: 'FIRST', 2: 'SECOND' },
        alias: 'nvme.cmd.fuse_op',
      }),
      reserved(4),
      uint(2, 'psdt', 'how the data pointer is to be read', {
        names: { 0: 'PRP', 1: 'SGL', 2: 'SGL_METADATA_SGL' },
        alias: 'nvme.cmd.psdt',
      }),
    ),
    uint(16, 'cid', 'command identifier', { format: 'hex', alias: 'nvme.cmd.cid' }),
  ],
  { title: 'NVMe submission queue entry, dword 0', section: 'NVMe Base 2.0 3.3.3.1' },
);

export const SQENamespace = nvmeHeader(
  'SQENamespace',
  [
    uint(32, 'nsid', 'namespace; FFFFFFFFh for all', { alias: 'nvme.cmd.nsid' }),
    uint(32, 'cdw2', 'command dword 2; reserved for most commands', { format: 'hex' }),
    uint(32, 'cdw3', 'command dword 3; reserved for most commands', { format: 'hex' }),
    uint(64, 'mptr', 'metadata pointer', { format: 'hex', alias: 'nvme.cmd.mptr' }),
  ],
  {
    key: 'sqe-ns',
    title: 'NVMe submission queue entry, dwords 1 to 5',
    section: 'NVMe Base 2.0 3.3.3.1',
  },
);

export const SQEFabrics = nvmeHeader(
  'SQEFabrics',
  [
    uint(8, 'fctype', 'Fabrics command type', {
      names: fabricsTypes,
      alias: 'nvme.fabrics.cmd.fctype',
    }),
    reserved(152),
  ],
  {
    key: 'sqe-fabrics',
    title: 'NVMe Fabrics submission queue entry, bytes 4 to 23',
    section: 'NVMe Base 2.0 3.3.3.2',
  },
);

/** A data pointer made of two PRP entries: only on memory-based transports. */
export const PRP = nvmeHeader(
  'PRP',
  [
    uint(64, 'prp1', 'first PRP entry', { format: 'hex' }),
    uint(64, 'prp2', 'second PRP entry or list', { format: 'hex' }),
  ],
  { key: 'nvme-prp', title: 'Physical region page entries', section: 'NVMe Base 2.0 4.1.1' },
);

/** Command dwords of a command that is not known, or whose queue is not known. */
export const CDW = nvmeHeader(
  'CDW',
  [
    uint(32, 'cdw10', 'command dword 10', { format: 'hex', alias: 'nvme.cmd.dword10' }),
    uint(32, 'cdw11', 'command dword 11', { format: 'hex', alias: 'nvme.cmd.dword11' }),
    uint(32, 'cdw12', 'command dword 12', { format: 'hex', alias: 'nvme.cmd.dword12' }),
    uint(32, 'cdw13', 'command dword 13', { format: 'hex', alias: 'nvme.cmd.dword13' }),
    uint(32, 'cdw14', 'command dword 14', { format: 'hex', alias: 'nvme.cmd.dword14' }),
    uint(32, 'cdw15', 'command dword 15', { format: 'hex', alias: 'nvme.cmd.dword15' }),
  ],
  { key: 'nvme-cdw', title: 'NVMe command dwords', section: 'NVMe Base 2.0 3.3.3.1' },
);

/** Where the command dwords start in an SQE, and its size. */
export const CDW_AT = SQE.size + SQENamespace.size + PRP.size;
/** Bytes of a submission queue entry. */
export const SQE_SIZE = CDW_AT + CDW.size;

/** The bytes of an unknown Fabrics command. */
export const FabricsCDW = nvmeHeader(
  'FabricsCDW',
  [bytes(24, 'data', 'bytes 40 to 63', { alias: 'nvme.fabrics.cmd.generic.field' })],
  { key: 'nvme-fabrics-cdw', title: 'Unknown Fabrics command', section: 'NVMe Base 2.0 3.3.3.2' },
);
