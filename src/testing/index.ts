// `wireverbs/testing`: assertions about frames for any test runner, and the golden set.

export {
  assertChecksum,
  assertChecksums,
  assertCorrect,
  assertMalformed,
} from './assert-checksum.js';
export { type AssertFrameOptions, assertFrame } from './assert-frame.js';
export { assertSameFrame, type SameFrameOptions } from './assert-same-frame.js';
export { AssertionError, type Compared } from './error.js';
export type { ExpectedLayer, ExpectedLayers } from './expected.js';
export type { FrameOptions } from './frame.js';
export { dissectGolden, goldenOptions, wrongOf } from './golden-dissect.js';
export {
  formatGolden,
  type GoldenFrame,
  type GoldenLayer,
  type Inside,
  parseGolden,
  type SourceKind,
  type Wrong,
} from './golden-file.js';
export { golden, goldenFolder, goldenFrames, goldenNames } from './golden-set.js';
