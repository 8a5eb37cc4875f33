// How work requests and completions lie in the host's memory: our own device's formats, in the manner of such
// devices. The CPU writes send and receive entries and reads completions; the device does the reverse by DMA.
// 64-bit numbers are two halves, so that nothing on the data path needs a bigint.

import { flag, header, reserved, uint, word } from '../../protocols/core/index.js';

const family = 'wqe';

/**
 * Head of a send queue entry. Operands, then an address follow where its flags say so; then scatter-gather entries or inline
 * bytes. Sizes are those of such devices (mlx5: 32 bytes, 16 more of an atomic operation, 32 more of a datagram).
 */
export const SendWqe = header(
  'SendWqe',
  [
    uint(8, 'opcode', 'enum ibv_wr_opcode'),
    word(
      flag('fence', 'wait for READs and atomics before it'),
      flag('signaled', 'leave a completion'),
      flag('solicited', 'raise a solicited event at the receiver'),
      flag('inline', 'the data lies in the entry'),
      flag('operands', 'operands follow'),
      flag('address', 'an address follows'),
      reserved(2),
    ),
    uint(16, 'numSge', 'scatter-gather entries that follow'),
    uint(32, 'length', 'bytes of the message'),
    uint(32, 'wrIdHigh', 'work request id, high half'),
    uint(32, 'wrIdLow', 'work request id, low half'),
    uint(32, 'vaHigh', 'remote address (or that of a window or region), high half'),
    uint(32, 'vaLow', 'low half'),
    uint(32, 'rkey', 'remote key; of BIND_MW, REG_MR and LOCAL_INV the key that they make or end'),
    uint(32, 'immediate', 'immediate data, key to invalidate, or FETH'),
  ],
  { family, title: 'Send work queue entry' },
);

/** What atomic operations, and those on keys, need beside. */
export const OperandWqe = header(
  'OperandWqe',
  [
    uint(32, 'compareHigh', 'COMPARE_SWAP: compare, FETCH_ADD: add; high half'),
    uint(32, 'compareLow', 'low half; BIND_MW and REG_MR: the region that they are about'),
    uint(32, 'swapHigh', 'COMPARE_SWAP: swap; ATOMIC_WRITE: value; BIND_MW, REG_MR: access'),
    uint(32, 'swapLow', 'low half'),
  ],
  { family, title: 'Operands of a send work queue entry' },
);

/** Where a datagram goes, or a message over XRC. */
export const AddressWqe = header(
  'AddressWqe',
  [
    uint(32, 'ah', 'address handle (UD)'),
    uint(32, 'remoteQpn', 'queue pair (UD)'),
    uint(32, 'remoteQkey', 'queue key (UD)'),
    uint(32, 'xrcSrq', 'shared receive queue (XRC)'),
    reserved(32),
    reserved(32),
    reserved(32),
    reserved(32),
  ],
  { family, title: 'Address of a send work queue entry' },
);

/** Head of a receive queue entry; scatter-gather entries follow. */
export const RecvWqe = header(
  'RecvWqe',
  [
    uint(32, 'wrIdHigh', 'work request id, high half'),
    uint(32, 'wrIdLow', 'work request id, low half'),
    uint(32, 'numSge', 'scatter-gather entries that follow'),
    reserved(32),
  ],
  { family, title: 'Receive work queue entry' },
);

export const Sge = header(
  'Sge',
  [
    uint(32, 'addrHigh', 'address, high half'),
    uint(32, 'addrLow', 'low half'),
    uint(32, 'length', 'bytes'),
    uint(32, 'lkey', 'local key'),
  ],
  { family, title: 'Scatter-gather entry' },
);

export const Cqe = header(
  'Cqe',
  [
    word(
      flag('owner', 'changes each time round: the entry is new when it equals the lap'),
      flag('grh', 'a GRH stands in front of the data'),
      flag('withImm', 'immediate data is valid'),
      flag('withInv', 'a key was invalidated'),
      flag('solicited', 'asked for by the sender'),
      reserved(3),
    ),
    uint(8, 'opcode', 'enum ibv_wc_opcode'),
    uint(8, 'status', 'enum ibv_wc_status'),
    uint(8, 'vendorErr', 'which check failed'),
    uint(32, 'byteLen', 'bytes received or read'),
    uint(32, 'wrIdHigh', 'work request id, high half'),
    uint(32, 'wrIdLow', 'work request id, low half'),
    uint(32, 'immediate', 'immediate data or the invalidated key'),
    uint(32, 'qpNum', 'queue pair'),
    uint(32, 'srcQp', 'sender (UD)'),
    uint(32, 'wqeIndex', 'queue entry that is done, with all before it in its queue'),
    uint(32, 'srqNum', 'shared receive queue that the entry is of; 0: none'),
    uint(16, 'pkeyIndex', 'partition key (GSI)'),
    uint(16, 'slid', 'sender local identifier'),
    uint(8, 'sl', 'service level'),
    uint(8, 'dlidPathBits', 'low bits of the own local identifier'),
    reserved(16),
  ],
  { family, title: 'Completion queue entry' },
);

/** Queue entries are this long or a multiple of it. */
export const WQE_UNIT = 64;
export const CQE_BYTES = 64;

/** Bytes of a send entry in front of its scatter-gather list or inline data. */
// hot
export function headBytes(b: Uint8Array, at: number): number {
  const { operands, address } = SendWqe.get;
  return (
    SendWqe.size +
    (operands(b, at) === 1 ? OperandWqe.size : 0) +
    (address(b, at) === 1 ? AddressWqe.size : 0)
  );
}

/** Bytes of a send entry with its scatter-gather list or inline data, in whole units. */
export function entryBytes(b: Uint8Array, at: number): number {
  const { inline, length, numSge } = SendWqe.get;
  const behind = inline(b, at) === 1 ? length(b, at) : numSge(b, at) * Sge.size;
  return Math.ceil((headBytes(b, at) + behind) / WQE_UNIT) * WQE_UNIT;
}

/** A 64-bit number of two halves; exact up to 2^53, and larger than any address we map above that. */
export const joined = (high: number, low: number): number => high * 2 ** 32 + low;
export const highOf = (value: number): number => Math.floor(value / 2 ** 32) >>> 0;
export const lowOf = (value: number): number => (value % 2 ** 32) >>> 0;

/** A 64-bit number in the memory of a little-endian host, as atomics leave it. */
export const HostWord = header(
  'HostWord',
  [uint(32, 'low', 'low half'), uint(32, 'high', 'high half')],
  { family, order: 'le' },
);
