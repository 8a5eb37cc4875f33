export {
  compileFilter,
  type Filter,
  type Filtered,
  type FramePath,
  filterNames,
} from './filter.js';
export { parseFrame } from './frame-expression.js';
export { didYouMean, ExpressionError } from './lexer.js';
