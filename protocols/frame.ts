// The two main doors: bytes to layers and layers to bytes, with all protocols bound.

import { bindings } from './bindings.js';
import { type BuildOptions, buildWith, type Frame, type LayerInput } from './core/build.js';
import { type Dissection, type DissectOptions, dissectWith } from './core/dissect.js';

/** Dissects one frame. Never throws: what is wrong is the answer's `stop`. */
export function dissect(bytes: Uint8Array, options: DissectOptions = {}): Dissection {
  return dissectWith(bindings, bytes, options);
}

/**
 * Builds a frame from nested layers: `build([eth(), ipv4({ src: '10.0.0.1' }), udp(), 'hello'])`.
 * What is given is kept, what is not given is derived.
 * @throws RangeError naming the field, when a value does not fit it
 */
export function build(layers: readonly LayerInput[], options: BuildOptions = {}): Frame {
  return buildWith(bindings, layers, options);
}
