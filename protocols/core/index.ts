// What `wireverbs/protocols` offers of the core: declaring, building, dissecting and checking.

export * from './address.js';
export type { BuildOptions, Frame, LayerInput } from './build.js';
export * from './check.js';
export type { Dissection, DissectOptions } from './dissect.js';
export * from './field.js';
export { type AnyHeader, type Header, type HeaderOptions, header, type Span } from './header.js';
export { Layer, outer } from './layer.js';
export { describeMalformed, type Malformed } from './malformed.js';
export { type FieldInput, type Part, type PartFields, part } from './part.js';
export { Padding, Payload, padding, payload } from './payload.js';
export * from './protocol.js';
export type { Sealing } from './seal.js';
export * from './serial.js';
export * from './stream.js';
export * from './value.js';
export type { Bindings, Context, NvmeContext, Walk } from './walk.js';
