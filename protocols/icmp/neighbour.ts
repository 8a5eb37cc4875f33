// Neighbour discovery for IPv6 (RFC 4861 4): the messages; their options are in nd-option.ts.

import { flag, ipv6Address, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { readOptions } from '../ip/option-list.js';
import { ndOptionRules } from './nd-option.js';

const named = (key: string, title: string, section: string) => ({
  key,
  family: 'nd',
  title,
  section,
});

/** Options up to the end of the message. */
function readBehind(walk: Walk): null {
  readOptions(walk, walk.boundary, walk.boundBy, ndOptionRules);
  return null;
}

export const NDRouterSolicitation = header(
  'NDRouterSolicitation',
  [reserved(32)],
  named('nd-rs', 'Router solicitation', 'RFC 4861 4.1'),
);
export const ndRouterSolicitation = protocol(NDRouterSolicitation, {
  read(walk) {
    const at = walk.take(ndRouterSolicitation);
    return at < 0 ? null : readBehind(walk);
  },
});

/** RFC 4191 2.1, a signed number. */
export const preferences = { 0: 'MEDIUM', 1: 'HIGH', 2: 'RESERVED', 3: 'LOW' } as const;

export const NDRouterAdvertisement = header(
  'NDRouterAdvertisement',
  [
    uint(8, 'curHopLimit', 'for hosts to use; 0 says nothing', {
      alias: 'icmpv6.nd.ra.cur_hop_limit',
    }),
    word(
      flag('m', 'addresses by DHCPv6', { alias: 'icmpv6.nd.ra.flag.m' }),
      flag('o', 'other configuration by DHCPv6', { alias: 'icmpv6.nd.ra.flag.o' }),
      flag('h', 'home agent (RFC 6275)', { alias: 'icmpv6.nd.ra.flag.h' }),
      uint(2, 'prf', 'preference as default router (RFC 4191)', {
        names: preferences,
        alias: 'icmpv6.nd.ra.flag.prf',
      }),
      flag('p', 'proxied (RFC 4389)', { alias: 'icmpv6.nd.ra.flag.p' }),
      reserved(2),
    ),
    uint(16, 'routerLifetime', 'as a default router', {
      unit: 's',
      alias: 'icmpv6.nd.ra.router_lifetime',
    }),
    uint(32, 'reachableTime', 'of a neighbour; 0 says nothing', {
      unit: 'ms',
      alias: 'icmpv6.nd.ra.reachable_time',
    }),
    uint(32, 'retransTimer', 'between solicitations; 0 says nothing', {
      unit: 'ms',
      alias: 'icmpv6.nd.ra.retrans_timer',
    }),
  ],
  named('nd-ra', 'Router advertisement', 'RFC 4861 4.2'),
);
export const ndRouterAdvertisement = protocol(NDRouterAdvertisement, {
  read(walk) {
    const at = walk.take(ndRouterAdvertisement);
    return at < 0 ? null : readBehind(walk);
  },
});

export const NDNeighbourSolicitation = header(
  'NDNeighbourSolicitation',
  [
    reserved(32),
    ipv6Address('target', 'whose link-layer address is asked for', {
      alias: 'icmpv6.nd.ns.target_address',
    }),
  ],
  named('nd-ns', 'Neighbour solicitation', 'RFC 4861 4.3'),
);
export const ndNeighbourSolicitation = protocol(NDNeighbourSolicitation, {
  read(walk) {
    const at = walk.take(ndNeighbourSolicitation);
    return at < 0 ? null : readBehind(walk);
  },
});

export const NDNeighbourAdvertisement = header(
  'NDNeighbourAdvertisement',
  [
    word(
      flag('r', 'the sender is a router', { alias: 'icmpv6.nd.na.flag.r' }),
      flag('s', 'solicited', { alias: 'icmpv6.nd.na.flag.s' }),
      flag('o', 'override what is known', { alias: 'icmpv6.nd.na.flag.o' }),
      reserved(29),
    ),
    ipv6Address('target', 'whose link-layer address is told', {
      alias: 'icmpv6.nd.na.target_address',
    }),
  ],
  named('nd-na', 'Neighbour advertisement', 'RFC 4861 4.4'),
);
export const ndNeighbourAdvertisement = protocol(NDNeighbourAdvertisement, {
  read(walk) {
    const at = walk.take(ndNeighbourAdvertisement);
    return at < 0 ? null : readBehind(walk);
  },
});

export const NDRedirect = header(
  'NDRedirect',
  [
    reserved(32),
    ipv6Address('target', 'better first hop', { alias: 'icmpv6.nd.rd.target_address' }),
    ipv6Address('destination', 'to which it leads', {
      alias: 'icmpv6.rd.na.destination_address',
    }),
  ],
  named('nd-redirect', 'Redirect', 'RFC 4861 4.5'),
);
export const ndRedirect = protocol(NDRedirect, {
  read(walk) {
    const at = walk.take(ndRedirect);
    return at < 0 ? null : readBehind(walk);
  },
});
