export { Fate, type Impairment } from './impairment.js';
export { Link, type LinkOptions } from './link.js';
