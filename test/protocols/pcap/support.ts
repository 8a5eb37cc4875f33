// Reads whole capture files in pieces, for the tests beside it.

import {
  type CaptureDamage,
  type CaptureFile,
  CaptureReader,
  type CaptureReaderOptions,
  type PacketToWrite,
} from '../../../protocols/pcap/index.js';

/** A record as it was when the reader stood on it. */
export interface Kept {
  readonly number: number;
  readonly offset: number;
  readonly timestamp: bigint;
  readonly timed: boolean;
  readonly originalLength: number;
  readonly linkType: number;
  readonly fcsLength: number;
  readonly interfaceId: number;
  readonly flags: number;
  readonly comments: string[];
  readonly dropCount: bigint | undefined;
  readonly data: number[];
}

export interface WholeFile {
  readonly records: Kept[];
  readonly damage: CaptureDamage | null;
  readonly file: CaptureFile | undefined;
}

/** Everything a reader tells of `bytes` when they come in chunks of `size`. */
export function readAll(
  bytes: Uint8Array,
  size = bytes.length,
  options: CaptureReaderOptions = {},
): WholeFile {
  const reader = new CaptureReader(options);
  const { record: r } = reader;
  const records: Kept[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    // The chunk is a copy that is spoilt afterwards: the reader must not look at it again.
    const chunk = bytes.slice(at, at + size);
    reader.push(chunk);
    while (reader.next()) {
      const { number, offset, timestamp, timed, originalLength, linkType } = r;
      const { fcsLength, interfaceId, flags, comments, dropCount } = r;
      const data = [...r.bytes.subarray(r.at, r.end)];
      const more = { fcsLength, interfaceId, flags, comments, dropCount, data };
      records.push({ number, offset, timestamp, timed, originalLength, linkType, ...more });
    }
    chunk.fill(0xee);
  }
  return { records, damage: reader.finish(), file: reader.file };
}

/** Packets of odd and even lengths, the empty one too. */
export const samples: readonly PacketToWrite[] = [
  { bytes: Uint8Array.of(1, 2, 3), seconds: 1_700_000_000, nanoseconds: 123_456_789 },
  { bytes: new Uint8Array(0), seconds: 4_000_000_000, nanoseconds: 999_999_999 },
  { bytes: Uint8Array.of(9, 8, 7, 6), at: 1, end: 4, originalLength: 1500 },
  { bytes: new Uint8Array(61).fill(0x5a), seconds: 5, nanoseconds: 1 },
];
