export * from './aeth.js';
export * from './base-transport.js';
export * from './bth.js';
export * from './chain.js';
export * from './extension.js';
export * from './flow-control.js';
export {
  globalCover,
  type IcrcCover,
  icrcRoceV2,
  icrcWith,
  localCover,
  roceV2Cover,
} from './icrc.js';
export * from './link.js';
export * from './link-header.js';
export * from './opcode.js';
export * from './trailer.js';
