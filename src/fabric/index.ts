export { type Chances, chances } from './chance.js';
export { Fate, type Impairment } from './impairment.js';
export { Link, type LinkOptions } from './link.js';
export { parseRule, type Rule } from './rule.js';
export { CaptureTap, type Direction } from './tap.js';
