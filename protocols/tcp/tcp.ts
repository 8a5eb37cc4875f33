// TCP (RFC 9293), with the ECN flags of RFC 3168 and the AE flag of accurate ECN (RFC 9768). What a segment
// carries is a piece of a stream, so no port says what it is: whoever keeps the stream takes over behind the
// header (context.tcpPayload), else it stays payload.

import { headerEnd, partsOf } from '../core/bind.js';
import type { Malformed } from '../core/malformed.js';
import { type Derivation, protocol, type Report, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { TCP_NUMBER, transportChecksum } from '../ip/transport-checksum.js';
import { describeSegment } from './info.js';
import { tcpEol } from './option.js';
import { readOptions } from './option-list.js';
import { TCP } from './tcp-header.js';

export { TCP };

/** Data offset and the padding of options count in these. */
const WORD_BYTES = 4;

const computed = transportChecksum(TCP_NUMBER);

/**
 * Both zeros of one's complement make the sum right (RFC 1624 3), and senders differ in which they write: Linux has FFFFh where
 * it does a card's work (skb_checksum_help), and 0 elsewhere.
 */
const checksum: Derivation = {
  ...computed,
  accepts: (found, scene, index) => found === 0xffff && computed.value(scene, index) === 0,
};

export const tcp = protocol(TCP, {
  read(walk) {
    const at = walk.take(tcp);
    if (at < 0) return null;
    const size = TCP.get.dataOffset(walk.bytes, at) * WORD_BYTES;
    if (size < TCP.size) {
      return bad(walk, 'bad-value', TCP.size / WORD_BYTES, size / WORD_BYTES);
    }
    if (at + size > walk.boundary) {
      // An ICMP error quotes as little as eight bytes: options that are not there are nobody's mistake.
      if (walk.quoted) return undefined;
      return bad(walk, 'length-conflict', size, walk.boundary - at);
    }
    if (size > TCP.size) readOptions(walk, at + size);
    return walk.quoted ? undefined : walk.context.tcpPayload?.(walk);
  },
  derive: {
    dataOffset: {
      kind: 'length',
      value: (s, i) => Math.ceil((headerEnd(s, i) - s.layers[i]!.at) / WORD_BYTES),
    },
    checksum,
  },
  heads: [{ protocol: tcpEol, size: (_owner, options) => -options & (WORD_BYTES - 1) }],
  verify,
  info: describeSegment,
});

/** Where the header ends is unknown, so what follows its fixed part stays bytes. */
function bad(walk: Walk, code: Malformed['code'], need: number, have: number): undefined {
  walk.fail(code, 'dataOffset', need, have);
  return undefined;
}

/** Kinds that may stand in segments with SYN only (RFC 9293 3.2, RFC 7323 2.2, RFC 2018 2). */
const onlyWithSyn = ['tcp-mss', 'tcp-wscale', 'tcp-sack-permitted'];

function verify(scene: Scene, index: number, report: Report): void {
  const layer = scene.layers[index]!;
  const { header } = layer.protocol;
  if (layer.number('reserved') !== 0) report('reserved', 'reserved bits are not zero');
  if (layer.number('syn') && layer.number('fin')) report('syn', 'SYN and FIN in one segment');
  if (!layer.number('urg') && layer.number('urgentPointer') !== 0) {
    report('urgentPointer', 'an urgent pointer without URG');
  }
  if (layer.number('dataOffset') * WORD_BYTES < header.size || layer.number('syn')) return;
  for (const { key } of partsOf(scene, index)) {
    if (onlyWithSyn.includes(key)) report('syn', `option ${key} in a segment without SYN`);
  }
}
