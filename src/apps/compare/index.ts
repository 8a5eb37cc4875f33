export { capturedBytes } from './capture.js';
export { comparisonFindings, inUs } from './finding.js';
export { frameName } from './frame-name.js';
export * from './model.js';
export { isVerbs, type PathOptions, PathRun } from './path-run.js';
export { QUIET, WARM_UP } from './run.js';
export { svgOf } from './svg.js';
export { type CountRow, countRows, jsonOf } from './table.js';
