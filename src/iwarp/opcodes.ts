// RDMAP's opcodes and DDP's queues by name, from the table of messages; and which work requests make which.

import { type WrOpcode, wrOpcodes } from '../rdma/index.js';
import { rdmapOpcodes } from './wire.js';

const codeOf = (name: string): number => rdmapOpcodes.find((o) => o.name === name)!.code;

export const RDMAP = {
  WRITE: codeOf('RDMA_WRITE'),
  READ_REQUEST: codeOf('READ_REQUEST'),
  READ_RESPONSE: codeOf('READ_RESPONSE'),
  SEND: codeOf('SEND'),
  SEND_INVALIDATE: codeOf('SEND_INVALIDATE'),
  SEND_SE: codeOf('SEND_SE'),
  SEND_SE_INVALIDATE: codeOf('SEND_SE_INVALIDATE'),
  TERMINATE: codeOf('TERMINATE'),
  IMMEDIATE: codeOf('IMMEDIATE'),
  IMMEDIATE_SE: codeOf('IMMEDIATE_SE'),
  ATOMIC_REQUEST: codeOf('ATOMIC_REQUEST'),
  ATOMIC_RESPONSE: codeOf('ATOMIC_RESPONSE'),
} as const;

/** RFC 5041's queue numbers as RFC 5040 5.1 and RFC 7306 use them. */
export const QUEUE = { send: 0, request: 1, terminate: 2, atomicResponse: 3 } as const;

/** RFC 7306 5.1. */
export const ATOMIC = { fetchAdd: 0, compareSwap: 2 } as const;

/** Work requests that no RNIC has, and why. */
const without: Partial<Record<WrOpcode, string>> = {
  IBV_WR_SEND_WITH_IMM:
    'RDMAP has immediate data as a message of its own (RFC 7306 6), not with Send',
  IBV_WR_FLUSH: 'RDMAP has no FLUSH',
  IBV_WR_ATOMIC_WRITE: 'RDMAP has no ATOMIC WRITE',
};

const atomics: readonly WrOpcode[] = ['IBV_WR_ATOMIC_CMP_AND_SWP', 'IBV_WR_ATOMIC_FETCH_AND_ADD'];

/** Why a work request cannot be posted; '' when it can. */
export function refusesOpcode(opcode: WrOpcode, hasAtomics: boolean): string {
  if (!hasAtomics && atomics.includes(opcode)) return 'this RNIC has no atomic operations';
  const why = without[opcode];
  return why === undefined ? '' : `iWARP cannot do ${opcode}: ${why}`;
}

/** A Send's opcode: with invalidation, with solicited event. */
// hot
export function sendOpcode(wrOpcode: number, solicited: boolean): number {
  if (wrOpcode === wrOpcodes.IBV_WR_SEND_WITH_INV)
    return solicited ? RDMAP.SEND_SE_INVALIDATE : RDMAP.SEND_INVALIDATE;
  return solicited ? RDMAP.SEND_SE : RDMAP.SEND;
}
