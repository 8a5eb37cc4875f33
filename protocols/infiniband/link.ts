// InfiniBand's own link and network headers: LRH (IBA 7.7), GRH (IBA 8.3) and the raw header RWH (IBA 5.2.4).
// What is behind an LRH its LNH says; behind a GRH and in front of no BTH stands a raw packet.

import { formatIpv6 } from '../core/address.js';
import { following } from '../core/bind.js';
import { ipv6Address, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';
import { zeroReserved } from './rule.js';
import { vcrc } from './trailer.js';

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

/** Packet length counts words of this many bytes. */
const WORD = 4;

const lid = (n: number): string => `LID 0x${n.toString(16)}`;

export const lrh = protocol(LRH, {
  read(walk) {
    const at = walk.take(lrh);
    if (at < 0) return null;
    const end = at + LRH.get.pktLen(walk.bytes, at) * WORD + vcrc.header.size;
    walk.limit(end, 'lrh.pktLen');
    if (!walk.trailer(vcrc)) return null;
    return walk.next('lnh', LRH.get.lnh(walk.bytes, at));
  },
  derive: {
    lnh: following('lnh'),
    pktLen: {
      kind: 'length',
      value({ layers }, index) {
        const closing = layers.find((layer) => layer.owner === index && layer.protocol === vcrc);
        const { at, bodyEnd } = layers[index]!;
        const words = ((closing?.at ?? bodyEnd) - at) / WORD;
        return Number.isInteger(words) ? words : undefined;
      },
    },
  },
  trailers: [{ protocol: vcrc, size: () => vcrc.header.size }],
  verify(scene, index, report) {
    zeroReserved(scene, index, report);
    const layer = scene.layers[index]!;
    if (layer.number('lver') !== 0) report('lver', 'there is no version but 0');
    if (layer.number('dlid') === 0) report('dlid', 'LID 0 is reserved');
  },
  addresses: (layer) => [lid(layer.number('slid')), lid(layer.number('dlid'))],
  info: (layer) => `VL ${layer.number('vl')} SL ${layer.number('sl')}`,
});

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
    uint(8, 'hopLmt', 'hops left; changes on the way', { alias: 'infiniband.grh.hoplmt' }),
    ipv6Address('sgid', 'source global identifier', { alias: 'infiniband.grh.sgid' }),
    ipv6Address('dgid', 'destination global identifier', { alias: 'infiniband.grh.dgid' }),
  ],
  { family, title: 'Global Route Header', section: 'IBA 8.3' },
);

const IP_VERSION = 6;

export const grh = protocol(GRH, {
  read(walk) {
    const at = walk.take(grh);
    if (at < 0) return null;
    const { bytes } = walk;
    const version = GRH.get.ipVer(bytes, at);
    if (version !== IP_VERSION) return walk.fail('bad-value', 'ipVer', IP_VERSION, version);
    walk.limit(at + GRH.size + GRH.get.payLen(bytes, at), 'grh.payLen');
    return walk.next('nxthdr', GRH.get.nxtHdr(bytes, at));
  },
  derive: {
    ipVer: { kind: 'type', value: () => IP_VERSION },
    nxtHdr: following('nxthdr'),
    payLen: { kind: 'length', value: ({ layers }, i) => layers[i]!.bodyEnd - layers[i]!.end },
  },
  addresses: (layer) => [
    formatIpv6(layer.get('sgid') as Uint8Array),
    formatIpv6(layer.get('dgid') as Uint8Array),
  ],
});

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

export const rwh = protocol(RWH, {
  read(walk) {
    const at = walk.take(rwh);
    return at < 0 ? null : walk.next('ethertype', RWH.get.etherType(walk.bytes, at));
  },
  derive: { etherType: following('ethertype') },
  verify: zeroReserved,
});
