// Subnet administration (IBA 15.2): the headers behind the common one. Tables come as many records, which may go
// over several segments of the reliable multi-packet protocol (RMPP, 13.6); the first is dissected.

import { reserved, uint, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import { outer } from '../../core/layer.js';
import { type Protocol, protocol } from '../../core/protocol.js';
import type { Walk } from '../../core/walk.js';
import { endOfAttribute, fieldsOf } from './attribute.js';
import { attributeOf } from './mad.js';
import { madData } from './rest.js';

const r = fieldsOf('rmpp');
const RMPP_DATA = 1;

export const RMPP = header(
  'RMPP',
  [
    r.number(8, 'rmppVersion', '1; 0 where it is not used', 'rmppversion'),
    r.number(8, 'rmppType', 'of the segment', 'rmpptype', {
      names: { [RMPP_DATA]: 'DATA', 2: 'ACK', 3: 'STOP', 4: 'ABORT' },
    }),
    // No alias: tshark 4.0 takes four bits for each of time and flags.
    word(
      r.number(5, 'rRespTime', 'longest time to respond; 31: none given', '', {
        unit: '4.096 us x 2^t',
      }),
      r.bit('last', 'segment'),
      r.bit('first', 'segment'),
      r.bit('active', 'the protocol is in use'),
    ),
    r.number(8, 'rmppStatus', 'why it stops or aborts', 'rmppstatus'),
    r.number(32, 'segmentNumber', 'of data and acknowledgments, from 1 on', 'segmentnumber'),
    r.number(
      32,
      'payloadLength',
      'of data: bytes of all segments in the first, of this one in the last; of ACKs: last of the new window',
      'payloadlength',
    ),
  ],
  { family: 'mad', title: 'Reliable multi-packet transaction', section: 'IBA 13.6.2' },
);

const s = fieldsOf('sa');

export const SA = header(
  'SA',
  [
    s.hex(64, 'smKey', 'proves that the sender is trusted', 'smkey'),
    s.number(16, 'attributeOffset', 'from record to record', 'attributeoffset', {
      unit: '8 bytes',
    }),
    reserved(16),
    uint(64, 'componentMask', 'which components of the record are given', {
      format: 'hex',
      alias: 'infiniband.sa.componentmask',
    }),
  ],
  { family: 'mad', title: 'Subnet administration', section: 'IBA 15.2.1' },
);

/** What one step of AttributeOffset stands for. */
const OFFSET_UNIT = 8;

export const rmpp = protocol(RMPP, {
  read: (walk): Protocol | null => (walk.take(rmpp) < 0 ? null : sa),
});

export const sa = protocol(SA, {
  label: 'SA',
  read(walk): Protocol | null {
    const at = walk.take(sa);
    if (at < 0) return null;
    const { bytes, layers } = walk;
    const multi = layers[outer(layers, layers.length, 'rmpp')];
    if (!multi || RMPP.get.active(bytes, multi.at) === 0) return attributeOf(walk);
    const data = RMPP.get.rmppType(bytes, multi.at) === RMPP_DATA;
    // Later segments start somewhere within a record.
    if (!data || RMPP.get.first(bytes, multi.at) === 0) return madData;
    const only = RMPP.get.last(bytes, multi.at) === 1;
    const length = RMPP.get.payloadLength(bytes, multi.at) - SA.size;
    return records(walk, at, only ? Math.max(0, Math.min(length, walk.left)) : walk.left);
  },
});

/** As many whole records as `length` bytes hold. The step is one byte at least, so it ends. */
function records(walk: Walk, saAt: number, length: number): Protocol | null {
  const step = SA.get.attributeOffset(walk.bytes, saAt) * OFFSET_UNIT;
  const found = attributeOf(walk);
  if (found === madData || step < found.header.size) return length > 0 ? madData : null;
  const end = walk.at + length;
  while (walk.at + step <= end && !walk.stop)
    walk.within(walk.at + step, 'sa.attributeOffset', found);
  return endOfAttribute(walk);
}
