export { Endpoint, type Flow } from './endpoint.js';
export { type Destination, Exchange, type Side, type Soon } from './exchange.js';
export * from './parameters.js';
export { Perftest, type PerftestResult, type Phase } from './perftest.js';
export * from './report.js';
export * from './statistics.js';
export { type Tally, tallyBetween, tallyOf, tallyTitles } from './tally.js';
