export type { Filter, Filtered, FramePath } from './filter.js';
export { ExpressionError } from './lexer.js';
