export { Connector } from './connector.js';
export { type IwarpOptions, type Rtr, usualOptions } from './options.js';
export { Rnic } from './rnic.js';
export type { Stream } from './stream.js';
export { type StreamError, type TerminateError, terminateErrors } from './terminate-error.js';
