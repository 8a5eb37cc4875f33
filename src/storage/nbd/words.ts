// The transmission phase's headers as the data path reads and writes them: the same bytes as protocols/nbd declares,
// cut so that no number needs a bigint. A cookie is two opaque words; an offset of 2^48 or more is beyond every volume.

import { uint } from '../../../protocols/core/field.js';
import { header } from '../../../protocols/core/header.js';

const cookie = [
  uint(32, 'cookieHigh', 'first half of the cookie, which is opaque'),
  uint(32, 'cookieLow', 'second half'),
] as const;

const section = 'NBD: Transmission phase';

export const RequestWords = header(
  'RequestWords',
  [
    uint(32, 'magic', '25609513'),
    uint(16, 'flags', 'how the command is to be done'),
    uint(16, 'type', 'command'),
    ...cookie,
    uint(16, 'offsetHigh', 'high part of the offset'),
    uint(48, 'offset', 'low part of the offset'),
    uint(32, 'length', 'bytes'),
  ],
  { section },
);

export const SimpleReplyWords = header(
  'SimpleReplyWords',
  [uint(32, 'magic', '67446698'), uint(32, 'error', '0 or why it failed'), ...cookie],
  { section },
);

/** A structured reply's chunk, and behind it the offset that begins OFFSET_DATA and OFFSET_HOLE. */
export const ChunkWords = header(
  'ChunkWords',
  [
    uint(32, 'magic', '668e33ef'),
    uint(16, 'flags', 'done'),
    uint(16, 'type', 'of the chunk'),
    ...cookie,
    uint(32, 'length', 'bytes behind'),
  ],
  { section },
);

export const OffsetWords = header(
  'OffsetWords',
  [uint(16, 'offsetHigh', 'high part of the offset'), uint(48, 'offset', 'low part')],
  { section },
);

// Numbers of the description that protocols/nbd has as names alone.
export const CMD_READ = 0;
export const CMD_WRITE = 1;
export const CMD_DISC = 2;
export const CMD_FLUSH = 3;
export const CMD_TRIM = 4;
export const CMD_CACHE = 5;
export const CMD_WRITE_ZEROES = 6;
export const CMD_BLOCK_STATUS = 7;

/** Flags of a command as one number; a test holds them equal to the declared bits. */
export const FLAG_FUA = 1;
export const FLAG_NO_HOLE = 2;
export const FLAG_DF = 4;
export const FLAG_REQ_ONE = 8;
export const FLAG_FAST_ZERO = 16;

export const CHUNK_DONE = 1;
export const CHUNK_NONE = 0;
export const CHUNK_OFFSET_DATA = 1;
export const CHUNK_OFFSET_HOLE = 2;
export const CHUNK_BLOCK_STATUS = 5;
export const CHUNK_ERROR = 32769;

/** Longest payload that either side of ours sends or takes; what nbdkit and qemu take at the least. */
export const MOST_PAYLOAD = 32 * 1024 * 1024;
