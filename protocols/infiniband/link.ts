// InfiniBand's own link and network layers: what stands behind an LRH its LNH says, behind a GRH its NxtHdr.
// Without a BTH the packet is a raw one, which has a VCRC but no ICRC.

import { formatIpv6 } from '../core/address.js';
import { following } from '../core/bind.js';
import { protocol } from '../core/protocol.js';
import { GRH, LRH, RWH } from './link-header.js';
import { zeroReserved } from './rule.js';
import { vcrc } from './trailer.js';

/** Packet length counts words of this many bytes. */
const WORD = 4;

const lid = (n: number): string => `LID 0x${n.toString(16)}`;

export const lrh = protocol(LRH, {
  read(walk) {
    const at = walk.take(lrh);
    if (at < 0) return null;
    const end = at + LRH.get.pktLen(walk.bytes, at) * WORD;
    if (walk.boundary === end) {
      // A capture that lost the VCRC only: the rest can be dissected as if it were there.
      const { size: need } = vcrc.header;
      const { boundBy } = walk;
      walk.stop ??= {
        code: 'truncated',
        layer: 'vcrc',
        field: '',
        at: end,
        need,
        have: 0,
        boundBy,
      };
    } else {
      walk.limit(end + vcrc.header.size, 'lrh.pktLen');
      if (!walk.trailer(vcrc)) return null;
    }
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

export const rwh = protocol(RWH, {
  read(walk) {
    const at = walk.take(rwh);
    return at < 0 ? null : walk.next('ethertype', RWH.get.etherType(walk.bytes, at));
  },
  derive: { etherType: following('ethertype') },
  verify: zeroReserved,
});
