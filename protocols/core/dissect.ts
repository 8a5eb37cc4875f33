// Bytes in, layers out. The layers tile the frame; where dissecting stopped, and why, is part of the answer.

import type { Layer } from './layer.js';
import type { Malformed } from './malformed.js';
import type { Scene } from './protocol.js';
import { type Bindings, type Context, Walk } from './walk.js';

/** A dissected frame. */
export interface Dissection extends Scene {
  readonly layers: readonly Layer[];
  /** The first thing that was wrong; dissecting may have gone on behind it. Null: dissected to its end. */
  readonly stop: Malformed | null;
  /** Remarks for people, such as how a part was understood. */
  readonly notes: readonly string[];
}

/** Where the frame lies, what it begins with, and what is known beside its bytes. */
export interface DissectOptions extends Context {
  /** The frame's place in `bytes`, cut to what is there; all of it unless given. */
  readonly start?: number;
  readonly end?: number;
  /** Capture link type as in pcap files: 1 Ethernet (default), 101 raw IP, 247 InfiniBand, ... */
  readonly linkType?: number;
}

/** Dissects one frame with the given bindings. Never throws, whatever the bytes. */
export function dissectWith(
  bindings: Bindings,
  bytes: Uint8Array,
  options: DissectOptions = {},
): Walk {
  const { linkType = 1 } = options;
  const end = Math.min(options.end ?? bytes.length, bytes.length);
  const start = Math.max(0, Math.min(options.start ?? 0, end));
  const walk = new Walk(bytes, start, end, bindings, options);
  walk.run(walk.next('link', linkType));
  return walk.finish();
}
