// The full tree of a frame: each layer with each of its fields, values with names, bits where fields share bytes.

import { formatHex } from '../core/address.js';
import { isBytes } from '../core/field.js';
import type { Layer } from '../core/layer.js';
import type { Scene } from '../core/protocol.js';
import { showValue } from '../core/value.js';
import { bitPicture } from './hexdump.js';
import { plain, type Style } from './style.js';

/** Byte strings are cut behind so many bytes; the dump shows them whole. */
const MOST_BYTES = 64;

/** The tree of a frame, lines joined by newlines. */
export function tree(scene: Scene, style: Style = plain, only?: (layer: Layer) => boolean): string {
  const lines: string[] = [];
  scene.layers.forEach((layer, index) => {
    if (only && !only(layer)) return;
    const { header, key, info } = layer.protocol;
    const indent = '  '.repeat(layer.depth);
    const about = info ? `, ${info(layer, scene, index)}` : '';
    const range = `[${layer.at - scene.start}, ${layer.end - scene.start})`;
    lines.push(`${indent}${style.layer(header.title)} (${key})${about}  ${style.dim(range)}`);
    header.spans.forEach((span, i) => {
      const value = layer.get(span.name);
      if (span.field.kind === 'rest' && (value as Uint8Array).length === 0) return;
      const bits = span.bits % 8 === 0 ? '' : `${bitPicture(span, layer)} = `;
      const long = isBytes(value) && value.length > MOST_BYTES;
      const text = long
        ? `${formatHex(value, '', 0, MOST_BYTES)}... (${value.length} bytes)`
        : showValue(span.field, value);
      const unit = span.field.unit ? style.dim(` [${span.field.unit}]`) : '';
      lines.push(`${indent}    ${style.field(i, `${bits}${span.name}: ${text}`)}${unit}`);
    });
  });
  return lines.join('\n');
}
