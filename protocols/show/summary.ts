// One line a frame, in the manner of tshark: addresses, protocol, length, and what the frame does.

import type { Dissection } from '../core/dissect.js';
import type { Scene } from '../core/protocol.js';

/** One line of a summary: what a frame is, from where to where. */
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
// hot
export function summarize(frame: Pick<Dissection, 'stop'> & Scene): Summary {
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
      const said = p.info(layer, frame, i);
      info = info === '' ? said : `${said} ${info}`;
      if (!p.continues) protocol = labelAt(frame, i);
    }
    if (source === '' && p.addresses !== undefined) {
      const ends = p.addresses(layer);
      source = ends[0];
      destination = ends[1];
      if (protocol !== '') break;
    }
  }
  if (protocol === '') protocol = labelAt(frame, innermost(frame));
  if (stop) {
    const where = stop.field === '' ? stop.layer : `${stop.layer}.${stop.field}`;
    info = `${info === '' ? '' : `${info} `}[${stop.code}: ${where}]`;
  }
  return { source, destination, protocol, length: frame.end - frame.start, info };
}

function labelAt(scene: Scene, index: number): string {
  const label = scene.layers[index]?.protocol.label ?? '';
  return typeof label === 'string' ? label : label(scene, index);
}

/** The innermost layer that is neither payload nor trailer, for frames of which no layer has more to say. */
function innermost({ layers }: Scene): number {
  const index = layers.findLastIndex(
    (l) => !l.partial && l.key !== 'payload' && !l.protocol.trailer,
  );
  return Math.max(0, index);
}
