// VLAN tags (IEEE 802.1Q 9.6). A C-tag and an S-tag (QinQ, IEEE 802.1ad) look alike and differ in the EtherType
// that announces them; each ends in the Length/Type of what it stands before.

import { flag, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';
import { deriveLengthOrType, lengthOrType, readLengthOrType } from './length-type.js';

export const VLAN = header(
  'VLAN',
  [
    word(
      uint(3, 'pcp', 'priority code point', { alias: 'vlan.priority' }),
      flag('dei', 'may be dropped first', { alias: 'vlan.dei' }),
      uint(12, 'vid', 'VLAN; 0: priority only', { alias: 'vlan.id' }),
    ),
    lengthOrType('vlan.etype'),
  ],
  { title: 'VLAN tag (C-tag)', section: 'IEEE 802.1Q 9.6' },
);

export const vlan = protocol(VLAN, {
  read(walk) {
    const at = walk.take(vlan);
    return at < 0 ? null : readLengthOrType(walk, VLAN.get.type(walk.bytes, at));
  },
  derive: { type: deriveLengthOrType },
});

export const SVLAN = header(
  'SVLAN',
  [
    word(
      uint(3, 'pcp', 'priority code point', { alias: 'ieee8021ad.priority' }),
      flag('dei', 'may be dropped first', { alias: 'ieee8021ad.dei' }),
      uint(12, 'vid', "VLAN of the provider's bridges", { alias: 'ieee8021ad.id' }),
    ),
    lengthOrType(),
  ],
  { family: 'vlan', title: 'Service VLAN tag (S-tag, QinQ)', section: 'IEEE 802.1Q 9.6' },
);

export const svlan = protocol(SVLAN, {
  read(walk) {
    const at = walk.take(svlan);
    return at < 0 ? null : readLengthOrType(walk, SVLAN.get.type(walk.bytes, at));
  },
  derive: { type: deriveLengthOrType },
});
