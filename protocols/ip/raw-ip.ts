// IP without a link layer: link type 101 and packets that ICMP quotes. The first four bits say which version.

import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';
import { IPv4, ipv4 } from './ipv4.js';
import { ipv6 } from './ipv6.js';

/** Takes nothing: it hands over to the version that the bytes name. Never a layer, so it is in no list. */
export const rawIp = protocol(
  header('RawIP', [], { key: 'raw-ip', title: 'IP of either version' }),
  {
    read: (walk) => {
      if (walk.left === 0) return null;
      return IPv4.get.version(walk.bytes, walk.at) === 6 ? ipv6 : ipv4;
    },
  },
);
