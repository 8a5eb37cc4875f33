// Link Layer Discovery Protocol (IEEE 802.1AB): a list of TLVs, each a layer. Their values are bytes here.

import { rest, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { type Derivation, type Protocol, protocol } from '../core/protocol.js';

/** IEEE 802.1AB table 8-1. */
const tlvTypes = {
  0: 'END',
  1: 'CHASSIS_ID',
  2: 'PORT_ID',
  3: 'TIME_TO_LIVE',
  4: 'PORT_DESCRIPTION',
  5: 'SYSTEM_NAME',
  6: 'SYSTEM_DESCRIPTION',
  7: 'SYSTEM_CAPABILITIES',
  8: 'MANAGEMENT_ADDRESS',
  127: 'ORGANIZATION',
} as const;

const END = 0;

export const LLDP = header(
  'LLDP',
  [
    word(
      uint(7, 'type', 'of the TLV', { names: tlvTypes, alias: 'lldp.tlv.type' }),
      uint(9, 'length', 'of the value', { unit: 'bytes', alias: 'lldp.tlv.len' }),
    ),
    rest('value', 'of the TLV'),
  ],
  { title: 'Link Layer Discovery Protocol TLV', section: 'IEEE 802.1AB 8.4' },
);

const length: Derivation = {
  kind: 'length',
  value: ({ layers }, index) => layers[index]!.end - layers[index]!.at - LLDP.size,
};

export const lldp = protocol(LLDP, {
  read(walk): Protocol | null {
    const { bytes, at, left } = walk;
    const size = LLDP.size + (left < LLDP.size ? 0 : LLDP.get.length(bytes, at));
    if (walk.take(lldp, size) < 0) return null;
    walk.last.bodyEnd = walk.last.end;
    if (LLDP.get.type(bytes, at) !== END) return lldp;
    walk.limit(walk.at, 'lldp.type');
    return null;
  },
  derive: { length },
  label: 'LLDP',
});
