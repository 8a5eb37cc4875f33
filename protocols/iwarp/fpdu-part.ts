// What stands around the ULPDU of an FPDU: pad, CRC and markers (RFC 5044 4.1, 4.3, 4.4).

import { crc32c } from '../core/checksum/index.js';
import { reserved, rest, uint } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { type Protocol, protocol } from '../core/protocol.js';

const family = 'iwarp';

/** What is known of a connection's CRC: agreed on, agreed off, or the agreement was not seen. */
export type CrcUse = 'on' | 'off' | 'unknown';

/** An FPDU protocol of one agreement. */
export interface FpduProtocol extends Protocol {
  readonly crcUse: CrcUse;
}

const crcUseOf = (layer: Layer): CrcUse =>
  'crcUse' in layer.protocol ? (layer.protocol as FpduProtocol).crcUse : 'unknown';

export const MPAPad = header(
  'MPAPad',
  [rest('data', 'zeros up to a multiple of four bytes', { alias: 'iwarp_mpa.pad' })],
  { key: 'mpa-pad', family, title: 'MPA pad', section: 'RFC 5044 4.1' },
);

export const mpaPad = protocol(MPAPad, {
  trailer: true,
  label: 'MPA',
  verify({ layers }, index, report) {
    if ((layers[index]!.get('data') as Uint8Array).some((byte) => byte !== 0)) {
      report('data', 'is not zero');
    }
  },
});

export const MPACrc = header(
  'MPACrc',
  [
    // tshark reads the same four bytes as a big-endian number and shows them turned round.
    uint(32, 'crc', 'CRC32C from the first byte of the FPDU on, markers included', {
      format: 'hex',
      order: 'le',
      alias: 'iwarp_mpa.crc',
    }),
  ],
  { key: 'mpa-crc', family, title: 'MPA CRC', section: 'RFC 5044 4.4' },
);

export const mpaCrc = protocol(MPACrc, {
  trailer: true,
  label: 'MPA',
  derive: {
    crc: {
      kind: 'checksum',
      value({ bytes, layers }, index) {
        const { at, owner } = layers[index]!;
        const fpdu = layers[owner];
        if (!fpdu || crcUseOf(fpdu) === 'off') return undefined;
        return crc32c(bytes, fpduStart(layers, owner), at);
      },
      // Without CRC the field is there all the same and says nothing; siw then sends zero.
      accepts: (found, { layers }, index) =>
        found === 0 && crcUseOf(layers[layers[index]!.owner]!) === 'unknown',
    },
  },
});

export const MPAMarker = header(
  'MPAMarker',
  [
    reserved(16),
    uint(16, 'fpduPtr', 'distance back to the start of the FPDU, 0 directly before it', {
      unit: 'bytes',
      alias: 'iwarp_mpa.marker_fpduptr',
    }),
  ],
  { key: 'mpa-marker', family, title: 'MPA marker', section: 'RFC 5044 4.3' },
);

export const mpaMarker = protocol(MPAMarker, {
  label: 'MPA',
  derive: {
    fpduPtr: {
      kind: 'length',
      value({ layers }, index) {
        if (layers[index + 1]?.key === 'mpa') return 0;
        for (let i = index - 1; i >= 0; i--) {
          if (layers[i]!.key === 'mpa') return layers[index]!.at - layers[i]!.at;
        }
        return undefined;
      },
    },
  },
});

/** A marker directly before an FPDU belongs to it. */
function fpduStart(layers: readonly Layer[], index: number): number {
  const { at } = layers[index]!;
  const before = layers[index - 1];
  return before?.protocol === mpaMarker && before.end === at ? before.at : at;
}
