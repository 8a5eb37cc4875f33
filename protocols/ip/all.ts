// Everything in this folder that is a layer, for the registry and the bindings.

import type { Protocol } from '../core/protocol.js';
import { ah, esp } from './ipsec.js';
import { ipv4 } from './ipv4.js';
import { ipv4Options } from './ipv4-option.js';
import { ipv6 } from './ipv6.js';
import { ipv6Dst, ipv6Fragment, ipv6Hop } from './ipv6-extension.js';
import { ipv6Options } from './ipv6-option.js';
import { ipv6Routing, routingProtocols } from './ipv6-routing.js';

/** In the order of the documentation. */
export const ipProtocols: readonly Protocol[] = [
  ipv4,
  ...ipv4Options,
  ipv6,
  ipv6Hop,
  ipv6Dst,
  ...ipv6Options,
  ...routingProtocols,
  ipv6Fragment,
  ah,
  esp,
];

type Table = readonly (readonly [number, Protocol])[];

/** IANA protocol numbers that stand for IP itself (tunnels) and IPsec, over either version. */
export const ipNumbers: Table = [
  [4, ipv4],
  [41, ipv6],
  [50, esp],
  [51, ah],
];

/** IANA protocol numbers of headers that only IPv6 has. */
export const ipv6Extensions: Table = [
  [0, ipv6Hop],
  [43, ipv6Routing],
  [44, ipv6Fragment],
  [60, ipv6Dst],
];
