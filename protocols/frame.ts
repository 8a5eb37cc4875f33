// The main doors: bytes to layers and layers to bytes, expressions to frames and filters, with all protocols bound.

import { bindings } from './bindings.js';
import { type BuildOptions, buildWith, type Frame, type LayerInput } from './core/build.js';
import { type Dissection, type DissectOptions, dissectWith } from './core/dissect.js';
import type { Protocol } from './core/protocol.js';
import { checkSealing } from './core/seal.js';
import { protocolByKey, protocols } from './registry.js';
import { type Filter, compileFilter as filterOf } from './text/filter.js';
import { parseFrame as frameOf } from './text/frame-expression.js';

/**
 * Dissects one frame. Never throws: what is wrong is the answer's `stop`.
 *
 * `bytes` are kept, not copied: layers read from them. Offsets of layers are absolute in `bytes`.
 * @example
 * const { layers, stop } = dissect(bytes, { linkType: 101 });
 * layers.find((l) => l.key === 'bth')?.number('psn');
 */
export function dissect(bytes: Uint8Array, options: DissectOptions = {}): Dissection {
  return dissectWith(bindings, bytes, options);
}

/**
 * Builds a frame from nested layers: `build([eth(), ipv4({ src: '10.0.0.1' }), udp(), 'hello'])`.
 * What is given is kept, even if wrong; what is not given is derived, as `options.sealing` says.
 * @throws RangeError naming the field, when a value does not fit it or a sealing names nothing that is derived
 */
export function build(layers: readonly LayerInput[], options: BuildOptions = {}): Frame {
  if (options.sealing) checkSealing(options.sealing, protocolByKey);
  return buildWith(bindings, layers, options);
}

/**
 * Reads a frame expression such as 'eth/ipv4(src=10.0.0.1)/udp(dstPort=7)/"hello"' into layers for `build`.
 * @param known the protocols that it may name, by key
 * @throws ExpressionError (a RangeError) that shows the place
 */
export const parseFrame = (
  text: string,
  known: ReadonlyMap<string, Protocol> = protocolByKey,
): readonly LayerInput[] => frameOf(text, known);

/**
 * Compiles a filter such as 'bth.psn > 100 && ipv4.src == 10.0.0.0/24'; an empty text lets everything through.
 * @param known the protocols that it may name
 * @throws ExpressionError (a RangeError) that shows the place
 */
export const compileFilter = (text: string, known: readonly Protocol[] = protocols): Filter =>
  filterOf(text, known);
