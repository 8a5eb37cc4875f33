// The TCP header itself (RFC 9293 3.1); what to do with it is in tcp.ts.

import { flag, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';

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
