// What closes an InfiniBand packet: pad, ICRC, and on InfiniBand's own links VCRC. CRCs are shown as their bytes
// stand on the wire, which is how the standard's example and other tools print them; the CRC-32 itself goes
// out least significant byte first.

import { byteSwap16 } from '../core/byte-order.js';
import { crc16 } from '../core/checksum/index.js';
import { rest, uint } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol, type Scene } from '../core/protocol.js';
import { icrcOf } from './icrc.js';

const family = 'infiniband';

export const Pad = header('Pad', [rest('zeros', 'fill the payload up to a multiple of 4 bytes')], {
  key: 'ibpad',
  family,
  title: 'Pad bytes',
  section: 'IBA 9.2.4',
});

export const ibpad = protocol(Pad, {
  trailer: true,
  verify(scene, index, report) {
    const zeros = scene.layers[index]!.get('zeros') as Uint8Array;
    if (zeros.some((byte) => byte !== 0)) report('zeros', 'pad bytes are not zero');
  },
});

export const ICRC = header(
  'ICRC',
  [
    uint(32, 'icrc', 'CRC-32 of all that does not change on the way', {
      format: 'hex',
      alias: 'infiniband.invariant.crc',
    }),
  ],
  { family, title: 'Invariant CRC', section: 'IBA 7.8.1' },
);

export const icrc = protocol(ICRC, {
  trailer: true,
  derive: { icrc: { kind: 'checksum', value: icrcOf } },
});

const { icrc: icrcFound } = ICRC.get;

/**
 * Is the ICRC of a dissected frame right? The quick way of `check`, for whole captures.
 * @returns undefined where the frame has none, or none that can be computed
 */
// hot
export function icrcIsRight(scene: Pick<Scene, 'bytes' | 'layers'>): boolean | undefined {
  const { layers } = scene;
  for (let i = layers.length - 1; i >= 0; i--) {
    const { protocol, bytes, at } = layers[i]!;
    if (protocol !== icrc) continue;
    const expected = icrcOf(scene, i);
    return expected === undefined ? undefined : icrcFound(bytes, at) === expected;
  }
  return undefined;
}

export const VCRC = header(
  'VCRC',
  [
    uint(16, 'vcrc', 'CRC-16 of the whole packet on this link', {
      format: 'hex',
      alias: 'infiniband.variant.crc',
    }),
  ],
  { family, title: 'Variant CRC', section: 'IBA 7.8.2' },
);

export const vcrc = protocol(VCRC, {
  trailer: true,
  derive: {
    vcrc: {
      kind: 'checksum',
      value({ bytes, layers }, index) {
        const { at, owner } = layers[index]!;
        const packet = layers[owner];
        return packet && byteSwap16(crc16(bytes, packet.at, at));
      },
    },
  },
});
