// The headers of InfiniBand's own link and network layers: LRH (IBA 7.7), GRH (IBA 8.3) and the raw header RWH
// (IBA 5.2.4). What to do with them is in link.ts; the ICRC only needs to know their fields.

import { ipv6Address, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';

const family = 'infiniband';

/** LRH.LNH (IBA 7.7.5): what follows. */
export const linkNextHeaders = { 0: 'RAW', 1: 'IPV6', 2: 'IBA_LOCAL', 3: 'IBA_GLOBAL' } as const;

export const LRH = header(
  'LRH',
  [
    word(
      uint(4, 'vl', 'virtual lane; changes on the way', { alias: 'infiniband.lrh.vl' }),
      uint(4, 'lver', 'link version, always 0', { alias: 'infiniband.lrh.lver' }),
    ),
    word(
      uint(4, 'sl', 'service level', { alias: 'infiniband.lrh.sl' }),
      reserved(2),
      uint(2, 'lnh', 'link next header', { names: linkNextHeaders, alias: 'infiniband.lrh.lnh' }),
    ),
    uint(16, 'dlid', 'destination local identifier', {
      format: 'hex',
      alias: 'infiniband.lrh.dlid',
    }),
    word(
      reserved(5),
      uint(11, 'pktLen', 'from here to the byte before the VCRC', {
        unit: '4 bytes',
        alias: 'infiniband.lrh.pktlen',
      }),
    ),
    uint(16, 'slid', 'source local identifier', { format: 'hex', alias: 'infiniband.lrh.slid' }),
  ],
  { family, title: 'Local Route Header', section: 'IBA 7.7' },
);

/** GRH.NxtHdr of a BTH (IBA 8.3). */
export const GRH_NEXT_BTH = 0x1b;

export const GRH = header(
  'GRH',
  [
    word(
      uint(4, 'ipVer', 'always 6', { alias: 'infiniband.grh.ipver' }),
      uint(8, 'tClass', 'traffic class; changes on the way', {
        format: 'hex',
        alias: 'infiniband.grh.tclass',
      }),
      uint(20, 'flowLabel', 'flow label; changes on the way', {
        format: 'hex',
        alias: 'infiniband.grh.flowlabel',
      }),
    ),
    uint(16, 'payLen', 'from behind the GRH to the end of the ICRC', {
      unit: 'bytes',
      alias: 'infiniband.grh.paylen',
    }),
    uint(8, 'nxtHdr', 'what follows; 0x1b for a BTH', {
      format: 'hex',
      names: { [GRH_NEXT_BTH]: 'IBA' },
      alias: 'infiniband.grh.nxthdr',
    }),
    uint(8, 'hopLmt', 'hops left; changes on the way', {
      usual: 64,
      alias: 'infiniband.grh.hoplmt',
    }),
    ipv6Address('sgid', 'source global identifier', { alias: 'infiniband.grh.sgid' }),
    ipv6Address('dgid', 'destination global identifier', { alias: 'infiniband.grh.dgid' }),
  ],
  { family, title: 'Global Route Header', section: 'IBA 8.3' },
);

export const RWH = header(
  'RWH',
  [
    reserved(16),
    uint(16, 'etherType', 'of what the raw packet carries', {
      format: 'hex',
      alias: 'infiniband.rwh.etype',
    }),
  ],
  { family, title: 'Raw Header', section: 'IBA 5.2.4' },
);
