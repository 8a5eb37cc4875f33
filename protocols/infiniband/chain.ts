// Opcodes and headers put together: what stands between BTH and payload, and how far in the payload begins.

import type { Protocol } from '../core/protocol.js';
import { aeth } from './aeth.js';
import { BTH } from './base-transport.js';
import {
  atomicacketh,
  atomiceth,
  cnp,
  deth,
  feth,
  ieth,
  immdt,
  rdeth,
  reth,
  xrceth,
} from './extension.js';
import { type Extension, type Opcode, opcodeByCode } from './opcode.js';

/** The protocol of each extended transport header. */
export const extensionProtocols: Readonly<Record<Extension, Protocol>> = {
  rdeth,
  deth,
  xrceth,
  reth,
  atomiceth,
  aeth,
  atomicacketh,
  immdt,
  ieth,
  feth,
  cnp,
};

/** The headers behind BTH by opcode; undefined for reserved opcodes. */
export const chains: readonly (readonly Protocol[] | undefined)[] = opcodeByCode.map((opcode) =>
  opcode?.chain.map((key) => extensionProtocols[key]),
);

/** Bytes from the start of BTH to the payload. */
export const payloadAt = (opcode: Opcode): number =>
  opcode.chain.reduce((at, key) => at + extensionProtocols[key].header.size, BTH.size);
