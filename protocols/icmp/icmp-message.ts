// What stands behind the head of an ICMP message, by type (RFC 792, RFC 950, RFC 1191, RFC 1256, RFC 4884).

import { ipv4Address, reserved, uint } from '../core/field.js';
import { header } from '../core/header.js';
import { type Protocol, protocol } from '../core/protocol.js';
import { always, countOf } from '../ip/derivation.js';
import { takeMany } from './list.js';
import { quotedLength, readQuote } from './quote.js';

const named = (key: string, title: string, section = 'RFC 792') => ({
  key,
  family: 'icmp',
  title,
  section,
});
const identifier = uint(16, 'identifier', 'of the sender', { format: 'hex', alias: 'icmp.ident' });
const sequence = uint(16, 'sequence', 'of the request', { alias: 'icmp.seq' });
const length = uint(8, 'length', 'of the quoted packet, where extensions follow it', {
  unit: '4 bytes',
  alias: 'icmp.length',
});

/** Quotes count their length in these (RFC 4884 4). */
const UNIT = 4;
const derive = { length: quotedLength(UNIT) };

export const ICMPEcho = header(
  'ICMPEcho',
  [identifier, sequence],
  named('icmp-echo', 'ICMP echo request and reply'),
);
export const icmpEcho = protocol(ICMPEcho);

export const ICMPUnreachable = header(
  'ICMPUnreachable',
  [
    reserved(8),
    length,
    uint(16, 'nextHopMtu', 'largest packet that goes through (code 4)', {
      unit: 'bytes',
      alias: 'icmp.mtu',
    }),
  ],
  named('icmp-unreachable', 'ICMP destination unreachable', 'RFC 792, RFC 1191 4, RFC 4884 4.1'),
);
export const icmpUnreachable = protocol(ICMPUnreachable, {
  read(walk) {
    const at = walk.take(icmpUnreachable);
    if (at < 0) return null;
    return readQuote(walk, ICMPUnreachable.get.length(walk.bytes, at) * UNIT);
  },
  derive,
});

export const ICMPTimeExceeded = header(
  'ICMPTimeExceeded',
  [reserved(8), length, reserved(16)],
  named('icmp-time-exceeded', 'ICMP time exceeded', 'RFC 792, RFC 4884 4.2'),
);
export const icmpTimeExceeded = protocol(ICMPTimeExceeded, {
  read(walk) {
    const at = walk.take(icmpTimeExceeded);
    if (at < 0) return null;
    return readQuote(walk, ICMPTimeExceeded.get.length(walk.bytes, at) * UNIT);
  },
  derive,
});

export const ICMPParameterProblem = header(
  'ICMPParameterProblem',
  [
    uint(8, 'pointer', 'byte of the quoted packet that is wrong', { alias: 'icmp.pointer' }),
    length,
    reserved(16),
  ],
  named('icmp-parameter-problem', 'ICMP parameter problem', 'RFC 792, RFC 4884 4.3'),
);
export const icmpParameterProblem = protocol(ICMPParameterProblem, {
  read(walk) {
    const at = walk.take(icmpParameterProblem);
    if (at < 0) return null;
    return readQuote(walk, ICMPParameterProblem.get.length(walk.bytes, at) * UNIT);
  },
  derive,
});

export const ICMPSourceQuench = header(
  'ICMPSourceQuench',
  [reserved(32)],
  named('icmp-source-quench', 'ICMP source quench (deprecated by RFC 6633)'),
);
export const icmpSourceQuench = protocol(ICMPSourceQuench, {
  read(walk) {
    const at = walk.take(icmpSourceQuench);
    return at < 0 ? null : readQuote(walk, 0);
  },
});

export const ICMPRedirect = header(
  'ICMPRedirect',
  [ipv4Address('gateway', 'router to use instead', { alias: 'icmp.redir_gw' })],
  named('icmp-redirect', 'ICMP redirect'),
);
export const icmpRedirect = protocol(ICMPRedirect, {
  read(walk) {
    const at = walk.take(icmpRedirect);
    return at < 0 ? null : readQuote(walk, 0);
  },
});

const sinceMidnight = { unit: 'ms since midnight UT' };

export const ICMPTimestamp = header(
  'ICMPTimestamp',
  [
    identifier,
    sequence,
    uint(32, 'originate', 'when the request was sent', {
      ...sinceMidnight,
      alias: 'icmp.originate_timestamp',
    }),
    uint(32, 'receive', 'when it was received', {
      ...sinceMidnight,
      alias: 'icmp.receive_timestamp',
    }),
    uint(32, 'transmit', 'when the reply was sent', {
      ...sinceMidnight,
      alias: 'icmp.transmit_timestamp',
    }),
  ],
  named('icmp-timestamp', 'ICMP timestamp request and reply'),
);
export const icmpTimestamp = protocol(ICMPTimestamp);

export const ICMPInformation = header(
  'ICMPInformation',
  [identifier, sequence],
  named('icmp-information', 'ICMP information request and reply'),
);
export const icmpInformation = protocol(ICMPInformation);

export const ICMPAddressMask = header(
  'ICMPAddressMask',
  [
    identifier,
    sequence,
    ipv4Address('addressMask', 'of the subnet', { alias: 'icmp.address_mask' }),
  ],
  named('icmp-address-mask', 'ICMP address mask request and reply', 'RFC 950 appendix I'),
);
export const icmpAddressMask = protocol(ICMPAddressMask);

export const ICMPRouterSolicitation = header(
  'ICMPRouterSolicitation',
  [reserved(32)],
  named('icmp-router-solicitation', 'ICMP router solicitation', 'RFC 1256 3'),
);
export const icmpRouterSolicitation = protocol(ICMPRouterSolicitation);

export const ICMPRouterAdvertisement = header(
  'ICMPRouterAdvertisement',
  [
    uint(8, 'numAddrs', 'routers listed', { alias: 'icmp.num_addrs' }),
    uint(8, 'addrEntrySize', 'of each', { unit: '4 bytes', alias: 'icmp.addr_entry_size' }),
    uint(16, 'lifetime', 'how long they may be used', { unit: 's', alias: 'icmp.lifetime' }),
  ],
  named('icmp-router-advertisement', 'ICMP router advertisement', 'RFC 1256 3'),
);
export const icmpRouterAdvertisement = protocol(ICMPRouterAdvertisement, {
  read(walk) {
    const at = walk.take(icmpRouterAdvertisement);
    if (at < 0) return null;
    const { get } = ICMPRouterAdvertisement;
    if (get.addrEntrySize(walk.bytes, at) === ENTRY_WORDS) {
      takeMany(walk, icmpRouterEntry, get.numAddrs(walk.bytes, at));
    }
    return undefined;
  },
  derive: { numAddrs: countOf('icmp-router-entry'), addrEntrySize: always(2) },
});

export const ICMPRouterEntry = header(
  'ICMPRouterEntry',
  [
    ipv4Address('routerAddress', 'of the router', { alias: 'icmp.router_address' }),
    uint(32, 'preferenceLevel', 'signed; higher is better', { alias: 'icmp.pref_level' }),
  ],
  named('icmp-router-entry', 'ICMP router advertisement: one router', 'RFC 1256 3'),
);
export const icmpRouterEntry = protocol(ICMPRouterEntry, { partOf: 'icmp-router-advertisement' });
const ENTRY_WORDS = ICMPRouterEntry.size / UNIT;

type Table = readonly (readonly [number, Protocol])[];

/** ICMP.type. Of two types with one layout the first is what a builder writes. */
export const icmpMessages: Table = [
  [8, icmpEcho],
  [0, icmpEcho],
  [3, icmpUnreachable],
  [4, icmpSourceQuench],
  [5, icmpRedirect],
  [9, icmpRouterAdvertisement],
  [10, icmpRouterSolicitation],
  [11, icmpTimeExceeded],
  [12, icmpParameterProblem],
  [13, icmpTimestamp],
  [14, icmpTimestamp],
  [15, icmpInformation],
  [16, icmpInformation],
  [17, icmpAddressMask],
  [18, icmpAddressMask],
];
