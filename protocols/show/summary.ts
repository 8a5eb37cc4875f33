// One line a frame, in the manner of tshark: addresses, protocol, length, and what the frame does.

import type { Dissection } from '../core/dissect.js';

export interface Summary {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  /** Bytes of the frame. */
  readonly length: number;
  readonly info: string;
}

/**
 * Sums a dissected frame up: the innermost layer that has something to say names the protocol, the
 * innermost addresses are shown. Layers of quoted packets (ICMP errors) do not count.
 */
export function summarize(frame: Dissection): Summary {
  const { layers, stop } = frame;
  let source = '';
  let destination = '';
  let protocol = '';
  let info = '';
  for (let i = layers.length - 1; i >= 0; i--) {
    const layer = layers[i]!;
    if (layer.partial) continue;
    const p = layer.protocol;
    if (protocol === '' && p.info !== undefined) {
      const more = info === '' ? '' : ` ${info}`;
      info = p.info(layer, frame, i) + more;
      if (!p.continues) protocol = typeof p.label === 'string' ? p.label : p.label(layer);
    }
    if (source === '' && p.addresses !== undefined) {
      [source, destination] = p.addresses(layer);
      if (protocol !== '') break;
    }
  }
  if (protocol === '' && layers[0]) {
    const { label } =
      layers.findLast((l) => l.depth === 0 && l.key !== 'payload' && !l.protocol.trailer)
        ?.protocol ?? layers[0].protocol;
    protocol = typeof label === 'string' ? label : label(layers[0]);
  }
  if (stop)
    info += `${info === '' ? '' : ' '}[${stop.code}: ${stop.layer}${stop.field && `.${stop.field}`}]`;
  return { source, destination, protocol, length: frame.end - frame.start, info };
}
