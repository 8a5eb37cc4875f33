// UDP (RFC 768), over IPv4 and IPv6. Which protocol it carries follows from its ports.

import { following } from '../core/bind.js';
import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import { type Derivation, protocol, type Report, type Scene } from '../core/protocol.js';
import { transportChecksum, UDP_NUMBER } from '../ip/transport-checksum.js';

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

/** UDP port of RoCE v2 (IBA annex A17). */
const ROCE_V2 = 4791;
const computed = transportChecksum(UDP_NUMBER, 'checksum', 0xffff);

/**
 * Zero says that there is no checksum. IPv6 allows that for tunnels only (RFC 6935, RFC 8085 3.4.1), yet RoCE v2
 * goes without it over both, and nobody can tell from a frame which ports its receiver has opened for it:
 * so zero is accepted everywhere. RoCE v2 is sent with zero, as Linux does, because ICRC covers the same bytes.
 */
const checksum: Derivation = {
  kind: 'checksum',
  value: computed.value,
  accepts: (found) => found === 0,
  preferred: (scene, index) =>
    scene.layers[index]!.number('dstPort') === ROCE_V2 ? 0 : computed.preferred(scene, index),
};

export const udp = protocol(UDP, {
  // hot
  read(walk) {
    const at = walk.take(udp);
    if (at < 0) return null;
    const { bytes } = walk;
    const length = UDP.get.length(bytes, at);
    // Zero is a jumbogram's length: up to the end of the packet (RFC 2675 4).
    if (length !== 0) walk.limit(at + length, 'udp.length');
    return (
      walk.next('udp', UDP.get.dstPort(bytes, at)) ?? walk.next('udp', UDP.get.srcPort(bytes, at))
    );
  },
  derive: {
    length: {
      kind: 'length',
      value({ layers }, index) {
        const size = layers[index]!.bodyEnd - layers[index]!.at;
        return size > MAX_LENGTH ? 0 : size;
      },
    },
    dstPort: following('udp'),
    checksum,
  },
  verify,
  info: (layer) =>
    `${layer.number('srcPort')} -> ${layer.number('dstPort')} Len=${layer.bodyEnd - layer.end}`,
});

const MAX_LENGTH = 0xffff;

function verify({ layers }: Scene, index: number, report: Report): void {
  const layer = layers[index]!;
  const length = layer.number('length');
  if (length > 0 && length < UDP.size) {
    report('length', `length is ${length}, the header alone has ${UDP.size} bytes`);
  }
}
