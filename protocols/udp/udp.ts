// UDP (RFC 768).

import { following } from '../core/bind.js';
import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';

export const UDP = header(
  'UDP',
  [
    uint(16, 'srcPort', 'source port', { alias: 'udp.srcport' }),
    uint(16, 'dstPort', 'destination port', { alias: 'udp.dstport' }),
    uint(16, 'length', 'header and payload', { unit: 'bytes', alias: 'udp.length' }),
    uint(16, 'checksum', 'of pseudo header, header and payload; 0 for none', {
      format: 'hex',
      alias: 'udp.checksum',
    }),
  ],
  { title: 'User Datagram Protocol', section: 'RFC 768' },
);

export const udp = protocol(UDP, {
  read(walk) {
    const at = walk.take(udp);
    if (at < 0) return null;
    walk.limit(at + UDP.get.length(walk.bytes, at), 'udp.length');
    return walk.next('udp', UDP.get.dstPort(walk.bytes, at));
  },
  derive: {
    length: { kind: 'length', value: ({ layers }, i) => layers[i]!.bodyEnd - layers[i]!.at },
    dstPort: following('udp'),
  },
  info: (layer) => `${layer.number('srcPort')} -> ${layer.number('dstPort')}`,
});
