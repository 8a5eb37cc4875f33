// Errors and echoes of ICMPv6 (RFC 4443 3 and 4), behind the head that all messages share.

import { reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';
import { quotedLength, readQuote } from './quote.js';

const named = (key: string, title: string, section: string) => ({
  key,
  family: 'icmpv6',
  title,
  section,
});
const length = uint(8, 'length', 'of the quoted packet, where extensions follow it', {
  unit: '8 bytes',
  alias: 'icmpv6.length',
});

/** Quotes count their length in these (RFC 4884 4). */
const UNIT = 8;

export const ICMPv6Unreachable = header(
  'ICMPv6Unreachable',
  [word(length, reserved(24))],
  named('icmpv6-unreachable', 'ICMPv6 destination unreachable', 'RFC 4443 3.1, RFC 4884 4.4'),
);
export const icmpv6Unreachable = protocol(ICMPv6Unreachable, {
  read(walk) {
    const at = walk.take(icmpv6Unreachable);
    if (at < 0) return null;
    return readQuote(walk, ICMPv6Unreachable.get.length(walk.bytes, at) * UNIT);
  },
  derive: { length: quotedLength(UNIT) },
});

export const ICMPv6TooBig = header(
  'ICMPv6TooBig',
  [uint(32, 'mtu', 'of the next hop', { unit: 'bytes', alias: 'icmpv6.mtu' })],
  named('icmpv6-too-big', 'ICMPv6 packet too big', 'RFC 4443 3.2'),
);
export const icmpv6TooBig = protocol(ICMPv6TooBig, {
  read(walk) {
    const at = walk.take(icmpv6TooBig);
    return at < 0 ? null : readQuote(walk, 0);
  },
});

export const ICMPv6TimeExceeded = header(
  'ICMPv6TimeExceeded',
  [word(length, reserved(24))],
  named('icmpv6-time-exceeded', 'ICMPv6 time exceeded', 'RFC 4443 3.3, RFC 4884 4.5'),
);
export const icmpv6TimeExceeded = protocol(ICMPv6TimeExceeded, {
  read(walk) {
    const at = walk.take(icmpv6TimeExceeded);
    if (at < 0) return null;
    return readQuote(walk, ICMPv6TimeExceeded.get.length(walk.bytes, at) * UNIT);
  },
  derive: { length: quotedLength(UNIT) },
});

export const ICMPv6ParameterProblem = header(
  'ICMPv6ParameterProblem',
  [uint(32, 'pointer', 'byte of the quoted packet that is wrong', { alias: 'icmpv6.pointer' })],
  named('icmpv6-parameter-problem', 'ICMPv6 parameter problem', 'RFC 4443 3.4'),
);
export const icmpv6ParameterProblem = protocol(ICMPv6ParameterProblem, {
  read(walk) {
    const at = walk.take(icmpv6ParameterProblem);
    return at < 0 ? null : readQuote(walk, 0);
  },
});

export const ICMPv6Echo = header(
  'ICMPv6Echo',
  [
    uint(16, 'identifier', 'of the sender', { format: 'hex', alias: 'icmpv6.echo.identifier' }),
    uint(16, 'sequence', 'of the request', { alias: 'icmpv6.echo.sequence_number' }),
  ],
  named('icmpv6-echo', 'ICMPv6 echo request and reply', 'RFC 4443 4'),
);
export const icmpv6Echo = protocol(ICMPv6Echo);
