// What `wireverbs/protocols` offers of the core: declaring, building, dissecting and checking.

export * from './address.js';
export { following, headerEnd, keyOf } from './bind.js';
export type { BuildOptions, Frame, LayerInput } from './build.js';
export { type CheckResult, check, type Finding, type Verification } from './check.js';
export {
  checksumOfSum,
  crc32,
  crc32c,
  internetSum,
  sumIsGood,
  updateChecksum,
} from './checksum/index.js';
export type { Dissection, DissectOptions } from './dissect.js';
export * from './field.js';
export { type AnyHeader, type Header, type HeaderOptions, header, type Span } from './header.js';
export { Layer, outer } from './layer.js';
export { describeMalformed, type Malformed } from './malformed.js';
export { type FieldInput, type Part, type PartFields, part } from './part.js';
export { Padding, Payload, padding, payload } from './payload.js';
export {
  type Completion,
  type Derivation,
  type DerivedField,
  type DerivedKind,
  type Protocol,
  type ProtocolOptions,
  protocol,
  type Report,
  type Scene,
  type Space,
  type TypedProtocol,
} from './protocol.js';
export type { Sealing } from './seal.js';
export * from './serial.js';
export {
  type Framing,
  type From,
  isMalformed,
  type Piece,
  type StreamProtocol,
  type Unit,
} from './stream.js';
export * from './value.js';
export type { Bindings, Context, NvmeContext, Walk } from './walk.js';
