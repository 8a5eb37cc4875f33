// What all assertions do with the bytes that they are handed: take them from wherever they come, dissect
// them, and name fields and places in the same words.

import {
  type Dissection,
  describeMalformed,
  hexDump,
  isBytes,
  type Layer,
  type Mark,
  standardWire,
  type Wire,
} from '../../protocols/index.js';

/** How the bytes of a frame are to be read. */
export interface FrameOptions {
  /** Link type as in capture files: 1 Ethernet (default), 101 raw IP, 247 InfiniBand. */
  readonly linkType?: number;
  /** True: the last four bytes of an Ethernet frame are its FCS; 'auto': where they match. */
  readonly fcs?: boolean | 'auto';
  /** Protocols of your own, from `withProtocols`; all of ours unless given. */
  readonly wire?: Wire | undefined;
}

/**
 * The bytes as this realm's Uint8Array: a runner such as jest gives tests globals of their own, and a
 * Node Buffer slices and prints itself differently.
 * @throws TypeError when `bytes` is no view of bytes
 */
export function asBytes(bytes: Uint8Array, what = 'the frame'): Uint8Array {
  if (!isBytes(bytes)) {
    throw new TypeError(
      `${what} must be a Uint8Array, not ${bytes === null ? 'null' : typeof bytes}`,
    );
  }
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Dissects the frame. @throws TypeError when `bytes` is no view of bytes */
export function read(bytes: Uint8Array, options: FrameOptions, what?: string): Dissection {
  const { linkType, fcs, wire = standardWire } = options;
  return wire.dissect(asBytes(bytes, what), {
    ...(linkType === undefined ? {} : { linkType }),
    ...(fcs === undefined ? {} : { fcs }),
  });
}

/** The bytes of a field, to be marked in a dump; the layer's first byte where the field is empty. */
export function fieldMark(frame: Dissection, layer: Layer, field: string, text: string): Mark {
  const span = layer.protocol.header.span(field);
  const [from, to] = span ? layer.range(span) : [layer.at, layer.at];
  return { at: from - frame.start, size: Math.max(1, to - from), text };
}

/** The annotated dump with its marks, and what dissecting stopped at. */
export function dump(title: string, frame: Dissection, marks: readonly Mark[]): string {
  const size = frame.end - frame.start;
  const lines = [`${title} (${size} byte${size === 1 ? '' : 's'}):`];
  if (frame.layers.length > 0) lines.push(hexDump(frame, { marks, width: 100 }));
  if (frame.stop) lines.push(`stopped: ${describeMalformed(frame.stop)}`);
  return lines.join('\n');
}

/** The layers in order, as a path: eth/ipv4/udp. */
export const path = (keys: readonly string[]): string => keys.join('/') || 'nothing';

export const keysOf = (frame: Dissection): string[] => frame.layers.map((layer) => layer.key);
