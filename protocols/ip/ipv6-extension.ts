// Extension headers of IPv6 (RFC 8200 4) but the routing header: hop-by-hop options, destination options, fragment.

import { headerEnd } from '../core/bind.js';
import { flag, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { type Completion, type Derivation, protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { ipv6OptionRules, ipv6Pad1, ipv6PadN } from './ipv6-option.js';
import {
  derivedNextHeader,
  EXTENSION_UNIT,
  extensionEnd,
  nextHeader,
  nextHeaderField,
} from './next-header.js';
import { readOptions } from './option-list.js';
import { protocolNumbers } from './protocol-number.js';

const lengthDoc = 'of this header, without its first 8 bytes';

export const hdrExtLenDerivation: Derivation = {
  kind: 'length',
  value: (s, i) => Math.ceil((headerEnd(s, i) - s.layers[i]!.at) / EXTENSION_UNIT) - 1,
};

export const IPv6HopByHop = header(
  'IPv6HopByHop',
  [
    nextHeaderField({ alias: 'ipv6.hopopts.nxt' }),
    uint(8, 'hdrExtLen', lengthDoc, { unit: '8 bytes', alias: 'ipv6.hopopts.len' }),
  ],
  {
    key: 'ipv6-hop',
    family: 'ip',
    title: 'IPv6 hop-by-hop options header',
    section: 'RFC 8200 4.3',
  },
);

export const IPv6DestinationOptions = header(
  'IPv6DestinationOptions',
  [
    nextHeaderField({ alias: 'ipv6.dstopts.nxt' }),
    uint(8, 'hdrExtLen', lengthDoc, { unit: '8 bytes', alias: 'ipv6.dstopts.len' }),
  ],
  {
    key: 'ipv6-dst',
    family: 'ip',
    title: 'IPv6 destination options header',
    section: 'RFC 8200 4.6',
  },
);

/** Bytes that fill head and options up to whole units; one is Pad1, more are PadN. */
const missing = (options: number) => -(IPv6HopByHop.size + options) & (EXTENSION_UNIT - 1);
const padding: readonly Completion[] = [
  { protocol: ipv6Pad1, size: (_owner, options) => (missing(options) === 1 ? 1 : 0) },
  {
    protocol: ipv6PadN,
    size: (_owner, options) => (missing(options) > 1 ? missing(options) : 0),
  },
];

const derive = { nextHeader: derivedNextHeader, hdrExtLen: hdrExtLenDerivation };

/** The options behind the head that was taken, then what follows the header. */
function readBehind(walk: Walk, key: string, number: number, hdrExtLen: number) {
  const end = extensionEnd(walk, hdrExtLen);
  if (end < 0) return undefined;
  readOptions(walk, end, `${key}.hdrExtLen`, ipv6OptionRules);
  return nextHeader(walk, number);
}

export const ipv6Hop = protocol(IPv6HopByHop, {
  read(walk) {
    const at = walk.take(ipv6Hop);
    if (at < 0) return null;
    const { get } = IPv6HopByHop;
    return readBehind(
      walk,
      IPv6HopByHop.key,
      get.nextHeader(walk.bytes, at),
      get.hdrExtLen(walk.bytes, at),
    );
  },
  derive,
  heads: padding,
  verify({ layers }, index, report) {
    if (index > 0 && layers[index - 1]!.key !== 'ipv6') {
      report('', 'hop-by-hop options stand directly behind the IPv6 header (RFC 8200 4.1)');
    }
  },
});

export const ipv6Dst = protocol(IPv6DestinationOptions, {
  read(walk) {
    const at = walk.take(ipv6Dst);
    if (at < 0) return null;
    const { get } = IPv6DestinationOptions;
    return readBehind(
      walk,
      IPv6DestinationOptions.key,
      get.nextHeader(walk.bytes, at),
      get.hdrExtLen(walk.bytes, at),
    );
  },
  derive,
  heads: padding,
});

export const IPv6Fragment = header(
  'IPv6Fragment',
  [
    nextHeaderField({ alias: 'ipv6.fraghdr.nxt' }),
    reserved(8),
    word(
      uint(13, 'fragmentOffset', 'place behind the headers that every fragment has', {
        unit: '8 bytes',
        alias: 'ipv6.fraghdr.offset',
      }),
      reserved(2),
      flag('mf', 'more fragments follow', { alias: 'ipv6.fraghdr.more' }),
    ),
    uint(32, 'identification', 'of the packet, for reassembly', {
      format: 'hex',
      alias: 'ipv6.fraghdr.ident',
    }),
  ],
  { key: 'ipv6-fragment', family: 'ip', title: 'IPv6 fragment header', section: 'RFC 8200 4.5' },
);

export const ipv6Fragment = protocol(IPv6Fragment, {
  label: 'IPv6',
  read(walk) {
    const at = walk.take(ipv6Fragment);
    if (at < 0) return null;
    const { get } = IPv6Fragment;
    if (get.fragmentOffset(walk.bytes, at) !== 0) return undefined;
    // One that is first and last at once is a whole packet (RFC 6946).
    if (get.mf(walk.bytes, at) !== 0) walk.quoted = true;
    return nextHeader(walk, get.nextHeader(walk.bytes, at));
  },
  derive: { nextHeader: derivedNextHeader },
  verify({ layers }, index, report) {
    const layer = layers[index]!;
    const payload = layer.bodyEnd - layer.end;
    if (layer.number('mf') && payload % EXTENSION_UNIT !== 0) {
      report('mf', `more fragments follow, yet ${payload} bytes are no whole units of 8`);
    }
    if (layer.number('reserved') || layer.number('reserved2')) {
      report('reserved', 'reserved bits are not zero');
    }
  },
  info(layer) {
    const names: Readonly<Record<number, string>> = protocolNumbers;
    const number = layer.number('nextHeader');
    const id = layer.number('identification').toString(16).padStart(8, '0');
    const offset = layer.number('fragmentOffset') * EXTENSION_UNIT;
    const more = layer.number('mf') ? 'y' : 'n';
    return `IPv6 fragment (off=${offset} more=${more} ident=0x${id} nxt=${names[number] ?? number})`;
  },
});
