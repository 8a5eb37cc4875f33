// Flow-control packets of an InfiniBand link (IBA 7.9.4): what one end grants the other to send on a lane. They
// are link packets, not data packets: captures of link type 247 never have them, so that this project gives
// them a pseudo link type of its own; in files they are ERF records.

import { byteSwap16 } from '../core/byte-order.js';
import { crc16 } from '../core/checksum/index.js';
import { uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';
import { LINKTYPE_INFINIBAND_FLOW } from '../pcap/erf.js';

export { LINKTYPE_INFINIBAND_FLOW };

const operations = { 0: 'NORMAL', 1: 'INITIALIZE' } as const;

/** VL 15 carries management and has no flow control (IBA 7.6.4). */
const MANAGEMENT_LANE = 15;

export const FlowControl = header(
  'FlowControl',
  [
    word(
      uint(4, 'op', 'what the packet is for', { names: operations }),
      uint(12, 'fctbs', 'flow control total blocks sent', { unit: '64 bytes, modulo 4096' }),
    ),
    word(
      uint(4, 'vl', 'virtual lane that it is about'),
      uint(12, 'fccl', 'flow control credit limit', { unit: '64 bytes, modulo 4096' }),
    ),
    uint(16, 'lpcrc', 'CRC-16 of the first four bytes', { format: 'hex' }),
  ],
  {
    key: 'flowctl',
    family: 'infiniband',
    title: 'Link flow-control packet',
    section: 'IBA 7.9.4',
  },
);

export const flowctl = protocol(FlowControl, {
  read(walk) {
    const at = walk.take(flowctl);
    if (at >= 0) walk.limit(at + FlowControl.size, 'flowctl');
    return null;
  },
  derive: {
    lpcrc: {
      kind: 'checksum',
      value({ bytes, layers }, index) {
        const { at } = layers[index]!;
        return byteSwap16(crc16(bytes, at, at + FlowControl.at.lpcrc));
      },
    },
  },
  trailers: [],
  verify({ layers }, index, report) {
    const layer = layers[index]!;
    if (!(layer.number('op') in operations)) report('op', 'is reserved');
    if (layer.number('vl') === MANAGEMENT_LANE) report('vl', 'VL 15 has no flow control');
  },
  info: (layer) =>
    `VL ${layer.number('vl')} sent ${layer.number('fctbs')} limit ${layer.number('fccl')}`,
});
