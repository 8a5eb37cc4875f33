// What a refused key means to a stream: DDP says so of tagged buffers (RFC 5041 7), RDMAP of sources and of rights, which
// DDP does not know (RFC 5040 7).

import type { MemoryVerdict } from '../rdma/engine-parts.js';
import type { StreamError } from './terminate-error.js';

interface Meaning {
  /** Of a Write or a Read Response, whose buffer is the sink. */
  readonly sink: StreamError;
  /** Of a Read or Atomic Request, whose buffer is the source. */
  readonly source: StreamError;
}

const STAG: Meaning = { sink: 'sink-stag', source: 'source-stag' };
const BOUNDS: Meaning = { sink: 'sink-bounds', source: 'source-bounds' };
const STRANGE: Meaning = { sink: 'sink-not-associated', source: 'source-not-associated' };
const RIGHTS: Meaning = { sink: 'access-rights', source: 'access-rights' };

const meanings: Readonly<Record<MemoryVerdict, Meaning>> = {
  allowed: STAG,
  'unknown-key': STAG,
  deregistered: STAG,
  'stale-key': STAG,
  'not-an-lkey': STAG,
  'not-valid': STAG,
  'window-unbound': STAG,
  'wrong-pd': STRANGE,
  'wrong-qp': STRANGE,
  'no-right': RIGHTS,
  'below-region': BOUNDS,
  'above-region': BOUNDS,
  'straddles-end': BOUNDS,
  wraps: { sink: 'sink-wraps', source: 'source-wraps' },
  misaligned: BOUNDS,
};

export const sinkErrorOf = (verdict: MemoryVerdict): StreamError => meanings[verdict].sink;
export const sourceErrorOf = (verdict: MemoryVerdict): StreamError => meanings[verdict].source;
