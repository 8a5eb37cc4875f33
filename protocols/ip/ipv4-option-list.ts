// Which layer reads which IPv4 option.

import type { Protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import * as option from './ipv4-option.js';
import { type OptionRules, takePart } from './option-list.js';

const EOL = 0;
const NOP = 1;
const { IPv4Option, IPv4RR, IPv4TS } = option;

/** RFC 791's security option has one size; RFC 1108 gave its type a new meaning. */
const security = (size: number): Protocol =>
  size === option.IPv4Security.size ? option.ipv4Security : option.ipv4BasicSecurity;

/** Types of one exact size, and heads behind which entries stand. */
const exact: ReadonlyMap<number, Protocol> = new Map<number, Protocol>([
  [148, option.ipv4RouterAlert],
]);
const heads: ReadonlyMap<number, Protocol> = new Map<number, Protocol>([
  [7, option.ipv4Rr],
  [131, option.ipv4Lsrr],
  [137, option.ipv4Ssrr],
]);
const TIMESTAMP = 68;
const SECURITY = 130;

export const ipv4OptionRules: OptionRules = {
  head: IPv4Option.size,
  size: IPv4Option.get.length,
  single(type, left) {
    if (type === NOP) return [option.ipv4Nop, 1];
    return type === EOL ? [option.ipv4Eol, left] : undefined;
  },
  layer(type, size) {
    const route = heads.get(type);
    if (route && size >= IPv4RR.size && (size - IPv4RR.size) % option.IPv4Route.size === 0) {
      return route;
    }
    if (type === TIMESTAMP && size >= IPv4TS.size && (size - IPv4TS.size) % 4 === 0) {
      return option.ipv4Ts;
    }
    if (type === SECURITY && size >= option.IPv4BasicSecurity.size) return security(size);
    const one = exact.get(type);
    return one?.header.size === size ? one : option.ipv4Option;
  },
  parts(walk, end) {
    const { at, protocol } = walk.last;
    if (protocol !== option.ipv4Ts) return entries(walk, end, option.ipv4Route);
    const addresses = IPv4TS.get.flag(walk.bytes, at) !== 0;
    entries(walk, end, addresses ? option.ipv4HostStamp : option.ipv4Stamp);
  },
  rest: option.ipv4OptionRest,
};

/** Entries up to `end`; half a pair at the end is one timestamp. */
function entries(walk: Walk, end: number, entry: Protocol): void {
  while (end - walk.at >= entry.header.size) takePart(walk, entry);
  if (walk.at < end) takePart(walk, option.ipv4Stamp);
}
