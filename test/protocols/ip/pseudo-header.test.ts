// The SYN below is frame 20 of siw.pcap (Linux 6.1, no offload): its checksums went over the wire.

import { build, dissect, ipv4, parseHex, udp } from '../../../protocols/index.js';
import { pseudoHeaderSum } from '../../../protocols/ip/pseudo-header.js';
import { assert, spec } from '../../support/spec.js';

const syn = parseHex(
  '5254000000015254000000020800' +
    '4500003c42af40004006e40a0a0000020a000001' +
    '96711c06c799cd1100000000a002faf0b5d10000020405b40402080a934aa8cd0000000001030307',
);

/** Ones' complement sum of `b`, by the book (RFC 1071 1). */
function sumOf(b: Uint8Array, start: number): number {
  let sum = start;
  for (let i = 0; i < b.length; i += 2) sum += b[i]! * 256 + (b[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

spec('pseudo header', (it) => {
  it('completes the sum of a TCP segment that Linux sent', () => {
    const scene = dissect(syn);
    const tcp = scene.layers[2]!;
    const sum = pseudoHeaderSum(scene, 2, 6, tcp.bodyEnd - tcp.at);
    assert.is(sumOf(syn.subarray(tcp.at), sum!), 0xffff);
  });

  it('is unknown without IP, in fragments and in packets of which a part is missing', () => {
    const fragment = build([ipv4({ mf: 1 }), udp(), 'first']);
    assert.is(pseudoHeaderSum(fragment, 1, 17, 13), undefined);
    const later = build([ipv4({ fragmentOffset: 3 }), udp(), 'later']);
    assert.is(pseudoHeaderSum(later, 1, 17, 13), undefined);
    const cut = build([ipv4({ totalLength: 1000 }), udp(), 'cut']);
    assert.is(pseudoHeaderSum(cut, 1, 17, 11), undefined);
    assert.is(pseudoHeaderSum(build([udp()]), 0, 17, 8), undefined);
  });
});
