// Dissects bytes that begin with a given protocol, without frames around them.

import { bindings } from '../../protocols/bindings.js';
import { type Context, Walk } from '../../protocols/core/walk.js';
import type { Protocol } from '../../protocols/index.js';

export function dissectFrom(first: Protocol, bytes: Uint8Array, context: Context = {}): Walk {
  const walk = new Walk(bytes, 0, bytes.length, bindings, context);
  walk.run(first);
  return walk.finish();
}
