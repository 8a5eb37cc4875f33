// TCP (RFC 9293), with the ECN flags of RFC 3168 and the AE flag of accurate ECN (RFC 9768). What a segment
// carries is a piece of a stream, so no port says what it is: whoever keeps the stream takes over behind the
// header (context.tcpPayload), else it stays payload.

import { headerEnd, partsOf } from '../core/bind.js';
import { flag, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import type { Malformed } from '../core/malformed.js';
import { protocol, type Report, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { TCP_NUMBER, transportChecksum } from '../ip/transport-checksum.js';
import { describeSegment } from './info.js';
import { tcpEol } from './option.js';
import { readOptions } from './option-list.js';

export const TCP = header(
  'TCP',
  [
    uint(16, 'srcPort', 'source port', { alias: 'tcp.srcport' }),
    uint(16, 'dstPort', 'destination port', { alias: 'tcp.dstport' }),
    uint(32, 'seq', 'sequence number of the first byte', { alias: 'tcp.seq_raw' }),
    uint(32, 'ack', 'next sequence number that the sender expects', { alias: 'tcp.ack_raw' }),
    word(
      uint(4, 'dataOffset', 'header length', { unit: '4 bytes', alias: 'tcp.hdr_len' }),
      reserved(3, 'zero when sent, ignored when received'),
      flag('ae', 'accurate ECN', { alias: 'tcp.flags.ae' }),
      flag('cwr', 'congestion window reduced', { alias: 'tcp.flags.cwr' }),
      flag('ece', 'ECN echo', { alias: 'tcp.flags.ece' }),
      flag('urg', 'the urgent pointer counts', { alias: 'tcp.flags.urg' }),
      flag('ackFlag', 'the acknowledgment number counts (ACK)', { alias: 'tcp.flags.ack' }),
      flag('psh', 'push', { alias: 'tcp.flags.push' }),
      flag('rst', 'reset the connection', { alias: 'tcp.flags.reset' }),
      flag('syn', 'synchronize sequence numbers', { alias: 'tcp.flags.syn' }),
      flag('fin', 'no more data from the sender', { alias: 'tcp.flags.fin' }),
    ),
    uint(16, 'window', 'bytes that the sender takes, before scaling', {
      alias: 'tcp.window_size_value',
    }),
    uint(16, 'checksum', 'of pseudo header, header and data', {
      format: 'hex',
      alias: 'tcp.checksum',
    }),
    uint(16, 'urgentPointer', 'from seq to behind the urgent data', {
      unit: 'bytes',
      alias: 'tcp.urgent_pointer',
    }),
  ],
  { title: 'Transmission Control Protocol', section: 'RFC 9293 3.1' },
);

/** Data offset and the padding of options count in these. */
const WORD_BYTES = 4;

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
    checksum: transportChecksum(TCP_NUMBER),
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
