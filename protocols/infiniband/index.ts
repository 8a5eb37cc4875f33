export * from './aeth.js';
export * from './base-transport.js';
export * from './bth.js';
export { payloadAt } from './chain.js';
export {
  AtomicAckETH,
  AtomicETH,
  atomicacketh,
  atomiceth,
  CNP,
  cnp,
  DETH,
  deth,
  FETH,
  feth,
  IETH,
  ImmDt,
  ieth,
  immdt,
  RDETH,
  RETH,
  rdeth,
  reth,
  XRCETH,
  xrceth,
} from './extension.js';
export * from './flow-control.js';
export { icrcRoceV2 } from './icrc.js';
export { IcrcBatch } from './icrc-batch.js';
export * from './link.js';
export { GRH, LRH, linkNextHeaders, RWH } from './link-header.js';
export {
  type Extension,
  type Kind,
  mayFollow,
  type Opcode,
  type Operation,
  opcodeByCode,
  opcodeNames,
  opcodes,
  type Position,
  type Service,
  successors,
} from './opcode.js';
export * from './trailer.js';
