// `wireverbs/inspect`: captures frame by frame, with streams and queue pairs put together.

export { allLayers, type FramePlace, type Inspected, Inspector } from './inspector.js';
export type { Message, Part as MessagePart } from './message.js';
export type { Service } from './service.js';
