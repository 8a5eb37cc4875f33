// Bytes of a TCP segment that are part of a unit which does not begin and end in this segment.

import { rest } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';

export const TCPSegment = header('TCP segment', [rest('data', 'part of a unit of the stream')], {
  key: 'tcp-segment',
  family: 'tcp',
  title: 'TCP segment data',
});

export const tcpSegment = protocol(TCPSegment, { label: 'TCP' });
