// IPsec: the authentication header, and the encapsulating security payload, whose content stays opaque.

import { reserved, rest, uint } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';
import { ownLength } from './derivation.js';
import { derivedNextHeader, nextHeader, nextHeaderField } from './next-header.js';

const WORD_BYTES = 4;
/** AH's length leaves out two words (RFC 4302 2.2). */
const LEFT_OUT = 2 * WORD_BYTES;

export const AH = header(
  'AH',
  [
    nextHeaderField({ alias: 'ah.next_header' }),
    uint(8, 'payloadLen', 'of this header, without two words', {
      unit: '4 bytes',
      alias: 'ah.length',
    }),
    reserved(16),
    uint(32, 'spi', 'security parameters index', { format: 'hex', alias: 'ah.spi' }),
    uint(32, 'sequence', 'sequence number', { alias: 'ah.sequence' }),
    rest('icv', 'integrity check value', { alias: 'ah.icv' }),
  ],
  { family: 'ip', title: 'IP authentication header', section: 'RFC 4302 2' },
);

export const ah = protocol(AH, {
  read(walk) {
    if (walk.left < AH.size) {
      walk.take(ah);
      return null;
    }
    const size = AH.get.payloadLen(walk.bytes, walk.at) * WORD_BYTES + LEFT_OUT;
    const at = walk.take(ah, size);
    return at < 0 ? null : nextHeader(walk, AH.get.nextHeader(walk.bytes, at));
  },
  derive: { nextHeader: derivedNextHeader, payloadLen: ownLength(LEFT_OUT, WORD_BYTES) },
  info: (layer) => `AH (SPI=0x${layer.number('spi').toString(16).padStart(8, '0')})`,
});

export const ESP = header(
  'ESP',
  [
    uint(32, 'spi', 'security parameters index', { format: 'hex', alias: 'esp.spi' }),
    uint(32, 'sequence', 'sequence number', { alias: 'esp.sequence' }),
  ],
  { family: 'ip', title: 'IP encapsulating security payload', section: 'RFC 4303 2' },
);

export const esp = protocol(ESP, {
  info: (layer) => `ESP (SPI=0x${layer.number('spi').toString(16).padStart(8, '0')})`,
});
