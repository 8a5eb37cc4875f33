export * from './header-doc.js';
export { type DumpOptions, hexDump, type Mark } from './hexdump.js';
export * from './json.js';
export { findingText, type Marked, markFindings } from './mark.js';
export type { Style } from './style.js';
export * from './summary.js';
export { tree } from './tree.js';
