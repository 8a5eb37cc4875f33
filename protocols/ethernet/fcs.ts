// The frame check sequence (IEEE 802.3 3.2.9): CRC-32 over everything from the destination address to the last
// byte of padding. Captures seldom have it; whether a frame ends in one is told by its context.

import { crc32 } from '../core/checksum/index.js';
import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';

export const FCS = header(
  'FCS',
  // tshark prints the four bytes as they stand; the number that CRC-32 gives is the other way round.
  [uint(32, 'fcs', 'CRC-32 of the frame', { format: 'hex', order: 'le', alias: 'eth.fcs' })],
  { key: 'fcs', family: 'eth', title: 'Frame check sequence', section: 'IEEE 802.3 3.2.9' },
);

export const fcs = protocol(FCS, {
  trailer: true,
  derive: {
    fcs: {
      kind: 'checksum',
      value({ layers }, index) {
        const { bytes, at, owner } = layers[index]!;
        return owner < 0 ? undefined : crc32(bytes, layers[owner]!.at, at);
      },
    },
  },
});

/** Do the last bytes of the frame between `at` and `end` match? */
export const endsInFcs = (b: Uint8Array, at: number, end: number): boolean =>
  end - at > FCS.size && FCS.get.fcs(b, end - FCS.size) === crc32(b, at, end - FCS.size);
