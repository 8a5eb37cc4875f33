// Inputs of packets, opened and read.

export { PIECE_SIZE } from './bytes.js';
export { Capture, type CaptureOptions, HEX_TEXT_LIMIT } from './capture.js';
export { type HexText, parseHexText } from './hex-text.js';
export { type OpenOptions, openCapture } from './open.js';
