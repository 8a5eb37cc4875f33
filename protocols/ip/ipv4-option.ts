// IPv4 options (RFC 791 3.1), each a layer of its own behind the header. Routes and timestamps are a head and
// one layer an entry.

import { ipv4Address, rest, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { type Protocol, type ProtocolOptions, protocol } from '../core/protocol.js';
import { always, lengthWith, ownLength } from './derivation.js';

/** IANA's register of IP option numbers, as the whole octet: copied flag, class and number. */
export const ipv4OptionTypes = {
  0: 'EOOL',
  1: 'NOP',
  7: 'RR',
  25: 'QS',
  68: 'TS',
  82: 'TR',
  130: 'SEC',
  131: 'LSR',
  133: 'E_SEC',
  134: 'CIPSO',
  136: 'SID',
  137: 'SSR',
  148: 'RTRALT',
} as const;

const type = uint(8, 'type', 'copied flag, class and number', {
  names: ipv4OptionTypes,
  alias: 'ip.opt.type',
});
const length = uint(8, 'length', 'of the option, type and length included', {
  unit: 'bytes',
  alias: 'ip.opt.len',
});
const pointer = uint(8, 'pointer', 'next entry, counted from 1 at the type', {
  unit: 'bytes',
  alias: 'ip.opt.ptr',
});

const named = (key: string, title: string, section = 'RFC 791 3.1') => ({
  key,
  family: 'ip',
  title,
  section,
});

const optionOf = (number: number): ProtocolOptions => ({
  partOf: 'ipv4',
  derive: { type: always(number), length: ownLength() },
});

export const IPv4EOOL = header(
  'IPv4EOOL',
  [type, rest('padding', 'zeros up to the end of the header', { alias: 'ip.opt.padding' })],
  named('ipv4-eol', 'IPv4 option: end of option list'),
);
export const ipv4Eol = protocol(IPv4EOOL, {
  partOf: 'ipv4',
  derive: { type: always(0) },
  verify({ layers }, index, report) {
    const padding = layers[index]!.get('padding') as Uint8Array;
    if (padding.some((byte) => byte !== 0)) {
      report('padding', 'bytes behind the end of the option list are not zero (RFC 791 3.1)');
    }
  },
});

export const IPv4NOP = header('IPv4NOP', [type], named('ipv4-nop', 'IPv4 option: no operation'));
export const ipv4Nop = protocol(IPv4NOP, { partOf: 'ipv4', derive: { type: always(1) } });

const routeOf = (number: number): ProtocolOptions => ({
  partOf: 'ipv4',
  derive: { type: always(number), length: lengthWith('ipv4-route'), pointer: always(4) },
});

export const IPv4RR = header(
  'IPv4RR',
  [type, length, pointer],
  named('ipv4-rr', 'IPv4 option: record route'),
);
export const ipv4Rr = protocol(IPv4RR, routeOf(7));

export const IPv4LSRR = header(
  'IPv4LSRR',
  [type, length, pointer],
  named('ipv4-lsrr', 'IPv4 option: loose source and record route'),
);
export const ipv4Lsrr = protocol(IPv4LSRR, routeOf(131));

export const IPv4SSRR = header(
  'IPv4SSRR',
  [type, length, pointer],
  named('ipv4-ssrr', 'IPv4 option: strict source and record route'),
);
export const ipv4Ssrr = protocol(IPv4SSRR, routeOf(137));

export const IPv4Route = header(
  'IPv4Route',
  [ipv4Address('address', 'recorded, or to be visited')],
  named('ipv4-route', 'IPv4 option: one address of a route'),
);
export const ipv4Route = protocol(IPv4Route, { partOf: 'ipv4' });

const timestampFlags = {
  0: 'TIMESTAMPS',
  1: 'ADDRESSES_AND_TIMESTAMPS',
  3: 'PRESPECIFIED_ADDRESSES',
} as const;

export const IPv4TS = header(
  'IPv4TS',
  [
    type,
    length,
    pointer,
    word(
      uint(4, 'overflow', 'hosts that found no room', { alias: 'ip.opt.overflow' }),
      uint(4, 'flag', 'what an entry is', { names: timestampFlags, alias: 'ip.opt.flag' }),
    ),
  ],
  named('ipv4-ts', 'IPv4 option: internet timestamp'),
);
export const ipv4Ts = protocol(IPv4TS, {
  partOf: 'ipv4',
  derive: {
    type: always(68),
    length: lengthWith('ipv4-stamp', 'ipv4-host-stamp'),
    pointer: always(5),
  },
});

const timestamp = uint(32, 'timestamp', 'since midnight UT', {
  unit: 'ms',
  alias: 'ip.opt.time_stamp',
});

export const IPv4Stamp = header(
  'IPv4Stamp',
  [timestamp],
  named('ipv4-stamp', 'IPv4 option: one timestamp'),
);
export const ipv4Stamp = protocol(IPv4Stamp, { partOf: 'ipv4' });

export const IPv4HostStamp = header(
  'IPv4HostStamp',
  [ipv4Address('address', 'of the host', { alias: 'ip.opt.time_stamp_addr' }), timestamp],
  named('ipv4-host-stamp', 'IPv4 option: one address with its timestamp'),
);
export const ipv4HostStamp = protocol(IPv4HostStamp, { partOf: 'ipv4' });

export const IPv4RouterAlert = header(
  'IPv4RouterAlert',
  [type, length, uint(16, 'value', '0: routers shall examine the packet', { alias: 'ip.opt.ra' })],
  named('ipv4-ra', 'IPv4 option: router alert', 'RFC 2113 2.1'),
);
export const ipv4RouterAlert = protocol(IPv4RouterAlert, optionOf(148));

export const IPv4Security = header(
  'IPv4Security',
  [
    type,
    length,
    uint(16, 'security', 'level', { format: 'hex', alias: 'ip.opt.sec_rfc791_sec' }),
    uint(16, 'compartments', 'zero: not compartmented', { alias: 'ip.opt.sec_rfc791_comp' }),
    uint(16, 'handlingRestrictions', 'two characters', { format: 'hex' }),
    uint(24, 'transmissionControlCode', 'three characters', { format: 'hex' }),
  ],
  named('ipv4-security', 'IPv4 option: security of RFC 791'),
);
export const ipv4Security = protocol(IPv4Security, optionOf(130));

/** RFC 1108 2.3. */
const classificationLevels = {
  61: 'TOP_SECRET',
  90: 'SECRET',
  150: 'CONFIDENTIAL',
  171: 'UNCLASSIFIED',
} as const;

export const IPv4BasicSecurity = header(
  'IPv4BasicSecurity',
  [
    type,
    length,
    uint(8, 'classificationLevel', 'of the datagram', {
      names: classificationLevels,
      format: 'hex',
      alias: 'ip.opt.sec_cl',
    }),
    rest('protectionAuthorityFlags', 'whose rules apply'),
  ],
  named('ipv4-basic-security', 'IPv4 option: basic security', 'RFC 1108 2'),
);
export const ipv4BasicSecurity = protocol(IPv4BasicSecurity, optionOf(130));

export const IPv4Option = header(
  'IPv4Option',
  [type, length, rest('data', 'of the option')],
  named('ipv4-option', 'IPv4 option of another type, or of a length that its type does not have'),
);
/** Kept as it is. Its type must be given. */
export const ipv4Option = protocol(IPv4Option, { partOf: 'ipv4', derive: { length: ownLength() } });

export const IPv4OptionRest = header(
  'IPv4OptionRest',
  [type, rest('data', 'up to the end of the header')],
  named('ipv4-option-rest', 'Bytes of IPv4 options behind a length that leads nowhere'),
);
export const ipv4OptionRest = protocol(IPv4OptionRest, { partOf: 'ipv4' });

/** All option layers, in the order of the documentation. */
export const ipv4Options: readonly Protocol[] = [
  ipv4Eol,
  ipv4Nop,
  ipv4Rr,
  ipv4Lsrr,
  ipv4Ssrr,
  ipv4Route,
  ipv4Ts,
  ipv4Stamp,
  ipv4HostStamp,
  ipv4RouterAlert,
  ipv4Security,
  ipv4BasicSecurity,
  ipv4Option,
  ipv4OptionRest,
];
