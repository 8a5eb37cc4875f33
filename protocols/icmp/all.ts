// Everything in this folder that is a layer, for the registry and the bindings.

import type { Protocol } from '../core/protocol.js';
import { icmp } from './icmp.js';
import { icmpMessages, icmpRouterEntry } from './icmp-message.js';
import { icmpv6 } from './icmpv6.js';
import {
  icmpv6Echo,
  icmpv6ParameterProblem,
  icmpv6TimeExceeded,
  icmpv6TooBig,
  icmpv6Unreachable,
} from './icmpv6-message.js';
import { mld, mldProtocols, mldQuery2, mldReport2 } from './mld.js';
import { ndOptions } from './nd-option.js';
import {
  ndNeighbourAdvertisement,
  ndNeighbourSolicitation,
  ndRedirect,
  ndRouterAdvertisement,
  ndRouterSolicitation,
} from './neighbour.js';
import { extensionProtocols } from './quote.js';

type Table = readonly (readonly [number, Protocol])[];

/** ICMPv6.type. Of types with one layout the first is what a builder writes. */
const icmpv6Messages: Table = [
  [1, icmpv6Unreachable],
  [2, icmpv6TooBig],
  [3, icmpv6TimeExceeded],
  [4, icmpv6ParameterProblem],
  [128, icmpv6Echo],
  [129, icmpv6Echo],
  [131, mld],
  [130, mld],
  [132, mld],
  [133, ndRouterSolicitation],
  [134, ndRouterAdvertisement],
  [135, ndNeighbourSolicitation],
  [136, ndNeighbourAdvertisement],
  [137, ndRedirect],
  [143, mldReport2],
];

const unique = (table: Table): Protocol[] => [...new Set(table.map(([, protocol]) => protocol))];

/** In the order of the documentation. */
export const icmpProtocols: readonly Protocol[] = [
  icmp,
  ...unique(icmpMessages),
  icmpRouterEntry,
  ...extensionProtocols,
  icmpv6,
  ...unique(icmpv6Messages).filter((message) => !mldProtocols.includes(message)),
  ...ndOptions,
  ...mldProtocols,
];

/** IANA protocol numbers. */
export const icmpNumbers: Table = [
  [1, icmp],
  [58, icmpv6],
];

/** The spaces of bindings.ts that belong to this folder. */
export const icmpSpaces = {
  icmp: new Map(icmpMessages),
  icmpv6: new Map(icmpv6Messages),
  /** Messages that share their type with a shorter one. */
  'icmpv6-long': new Map<number, Protocol>([[130, mldQuery2]]),
};
