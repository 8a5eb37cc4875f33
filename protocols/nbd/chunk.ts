// What chunks of structured and extended replies carry (NBD: Structured reply types).

import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import { type Protocol, protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { nbdErrors } from './constant.js';
import { MAX_ENTRIES } from './option.js';
import { countBehind, family, label, nbdText } from './text.js';

const section = 'NBD: Structured reply types';

export const NBDOffsetData = header(
  'NBDOffsetData',
  [uint(64, 'offset', 'of the data behind', { unit: 'bytes' })],
  { key: 'nbd-offset-data', family, title: 'NBD data', section },
);

export const NBDOffsetHole = header(
  'NBDOffsetHole',
  [
    uint(64, 'offset', 'of the hole', { unit: 'bytes' }),
    uint(32, 'size', 'of the hole, which reads as zeroes', { unit: 'bytes' }),
  ],
  { key: 'nbd-offset-hole', family, title: 'NBD hole', section },
);

export const NBDBlockStatus = header(
  'NBDBlockStatus',
  [uint(32, 'contextId', 'context that the extents belong to')],
  { key: 'nbd-block-status', family, title: 'NBD block status', section },
);

export const NBDExtent = header(
  'NBDExtent',
  [
    uint(32, 'length', 'of the extent', { unit: 'bytes' }),
    uint(32, 'status', 'as its context defines; base:allocation: 1 hole, 2 zero', {
      format: 'hex',
    }),
  ],
  { key: 'nbd-extent', family, title: 'NBD extent', section },
);

export const NBDBlockStatusExt = header(
  'NBDBlockStatusExt',
  [
    uint(32, 'contextId', 'context that the extents belong to'),
    uint(32, 'count', 'extents behind, or 0 where it was not counted'),
  ],
  { key: 'nbd-block-status-ext', family, title: 'NBD extended block status', section },
);

export const NBDExtentExt = header(
  'NBDExtentExt',
  [
    uint(64, 'length', 'of the extent', { unit: 'bytes' }),
    uint(64, 'status', 'as its context defines', { format: 'hex' }),
  ],
  { key: 'nbd-extent-ext', family, title: 'NBD extended extent', section },
);

export const NBDError = header(
  'NBDError',
  [
    uint(32, 'error', 'why the request failed', { names: nbdErrors }),
    uint(16, 'messageLength', 'of the text for people behind', { unit: 'bytes' }),
  ],
  { key: 'nbd-error', family, title: 'NBD error', section },
);

export const NBDErrorOffset = header(
  'NBDErrorOffset',
  [uint(64, 'offset', 'where it failed', { unit: 'bytes' })],
  { key: 'nbd-error-offset', family, title: 'NBD place of an error', section },
);

export const nbdOffsetData = protocol(NBDOffsetData, { label });
export const nbdOffsetHole = protocol(NBDOffsetHole, { label });
export const nbdBlockStatus = protocol(NBDBlockStatus, { label });
export const nbdExtent = protocol(NBDExtent, { label });
export const nbdExtentExt = protocol(NBDExtentExt, { label });
export const nbdErrorOffset = protocol(NBDErrorOffset, { label });

export const nbdBlockStatusExt = protocol(NBDBlockStatusExt, {
  label,
  derive: {
    count: {
      kind: 'count',
      value: (scene, index) => countBehind(scene, index, NBDExtentExt.key),
      accepts: (found) => found === 0,
    },
  },
});

export const nbdError = protocol(NBDError, {
  label,
  derive: {
    messageLength: {
      kind: 'length',
      value({ layers }, index) {
        const next = layers[index + 1];
        return next?.protocol === nbdText ? next.end - next.at : 0;
      },
    },
  },
});

type Take = (walk: Walk) => null | undefined;

interface ChunkData {
  readonly take: Take;
  /** Bytes of the data, where they are always the same. */
  readonly fixed?: number;
}

const one =
  (protocol: Protocol): Take =>
  (walk) =>
    walk.take(protocol) < 0 ? null : undefined;

/** A header and entries to the end; what is beyond the bound stays payload. */
const list =
  (first: Protocol, entry: Protocol): Take =>
  (walk) => {
    if (walk.take(first) < 0) return null;
    for (let i = 0; i < MAX_ENTRIES && walk.left > 0; i++) {
      if (walk.take(entry) < 0) return null;
    }
    if (walk.left > 0)
      walk.notes.push(`${first.key}: entries beyond ${MAX_ENTRIES} are left as bytes`);
    return undefined;
  };

const takeError: Take = (walk) => {
  const at = walk.take(nbdError);
  if (at < 0) return null;
  const length = NBDError.get.messageLength(walk.bytes, at);
  return length > 0 && walk.take(nbdText, length) < 0 ? null : undefined;
};

/** How the data of a chunk is read, by type. */
export const chunkData: Readonly<Record<number, ChunkData>> = {
  1: { take: one(nbdOffsetData) },
  2: { take: one(nbdOffsetHole), fixed: NBDOffsetHole.size },
  5: { take: list(nbdBlockStatus, nbdExtent) },
  6: { take: list(nbdBlockStatusExt, nbdExtentExt) },
  32769: { take: takeError },
  32770: {
    take: (walk) => (takeError(walk) === null ? null : one(nbdErrorOffset)(walk)),
  },
};

export const takeChunkData = (walk: Walk, type: number): null | undefined =>
  chunkData[type]?.take(walk);

const types = new Map<Protocol | undefined, number>([
  [undefined, 0],
  [nbdOffsetData, 1],
  [nbdOffsetHole, 2],
  [nbdBlockStatus, 5],
  [nbdBlockStatusExt, 6],
  [nbdError, 32769],
]);

/** The chunk type that this data stands for, for builders; an error with a place says its type itself. */
export const chunkTypeOf = (data: Protocol | undefined): number | undefined => types.get(data);
