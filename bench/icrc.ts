// The ICRC of a packet, against a CRC-32 over the same bytes by crc-32 and by the SIMD kernel: what is left is the
// price of the masked fields.

import CRC32 from 'crc-32';
import { Crc32Runs, crc32 } from '../protocols/core/checksum/index.js';
import { Ethernet } from '../protocols/ethernet/index.js';
import { IPv4, UDP } from '../protocols/index.js';
import { icrcCovers } from '../protocols/infiniband/icrc.js';
import { ICRC, icrcRoceV2 } from '../protocols/infiniband/index.js';
import { COUNT, framesOf } from './frames.js';
import { compare, type Row } from './support.js';

const { bytes, places } = framesOf('RoCE v2 WRITE 1 KiB');
const bthAt = Ethernet.size + IPv4.size + UDP.size;
const plain = places.map(({ at, end }) => bytes.slice(at + Ethernet.size, end - ICRC.size));

const each = (use: (at: number, end: number, index: number) => number) => () => {
  let sum = 0;
  for (let i = 0; i < COUNT; i++) sum ^= use(places[i]!.at, places[i]!.end - ICRC.size, i);
  return sum;
};

const runs = new Crc32Runs(icrcCovers, COUNT);
const IPV4_COVER = 0;

/** All in one call of the kernel. */
function together(): number {
  let wrong = 0;
  for (const { at, end } of places) runs.add(at + Ethernet.size, end - ICRC.size, IPV4_COVER);
  runs.verify(bytes, () => wrong++);
  return wrong;
}

export const suite = (): Promise<Row[]> =>
  compare(
    'ICRC of a packet of 1 KiB',
    {
      'crc-32, nothing masked': each((_at, _end, i) => CRC32.buf(plain[i]!)),
      'kernel, nothing masked': each((at, end) => crc32(bytes, at + Ethernet.size, end)),
      ICRC: each((at, end) => icrcRoceV2(bytes, at + Ethernet.size, at + bthAt, end)),
      'ICRCs, many at once': together,
    },
    { per: COUNT },
  );
