// Rules that several InfiniBand headers share: where a packet's payload lies, what an ONLY packet tells of its
// message, and what must be zero. Knows layers by their keys only, so that every header may import it.

import { type Layer, outer } from '../core/layer.js';
import type { Report, Scene } from '../core/protocol.js';
import { isExtension, opcodeByCode } from './opcode.js';

/**
 * Bytes that the packet of the BTH in layer `bthIndex` carries: from behind its headers to its pad or ICRC, which
 * are the first layers behind that it owns.
 */
// hot
export function payloadSize({ layers }: Scene, bthIndex: number): number {
  let i = bthIndex + 1;
  while (i < layers.length && isExtension(layers[i]!.key)) i++;
  const from = layers[i - 1]!.end;
  for (; i < layers.length; i++) {
    const layer = layers[i]!;
    if (layer.owner === bthIndex) return layer.at - from;
  }
  return Math.max(0, layers[bthIndex]!.bodyEnd - from);
}

/** The length of the message, where its only packet is this one and has all of it. */
export function exactDmaLength(scene: Scene, index: number): number | undefined {
  const at = outer(scene.layers, index, 'bth');
  if (at < 0) return undefined;
  const opcode = opcodeByCode[scene.layers[at]!.number('opcode')];
  if (opcode === undefined || opcode.payload === 'none' || opcode.kind !== 'request') {
    return undefined;
  }
  if (opcode.place !== 'only' && opcode.place !== 'single') return undefined;
  return payloadSize(scene, at);
}

/** Says which reserved fields of the layer are not zero. */
export function zeroReserved({ layers }: Scene, index: number, report: Report): void {
  const layer = layers[index]!;
  for (const { field, name } of layer.protocol.header.spans) {
    if (field.reserved && !isZero(layer, name)) report(name, 'reserved bits are not zero');
  }
}

function isZero(layer: Layer, field: string): boolean {
  const value = layer.get(field);
  return value instanceof Uint8Array ? value.every((byte) => byte === 0) : value === 0;
}

/** Atomic operations work on eight bytes at a multiple of eight (IBA 9.4.5). */
export function alignedAddress({ layers }: Scene, index: number, report: Report): void {
  const va = layers[index]!.get('va') as bigint;
  if (va % 8n !== 0n) report('va', `0x${va.toString(16)} is no multiple of 8`);
}

/** Does the header in layer `index` belong to an ATOMIC WRITE? */
export function inAtomicWrite({ layers }: Scene, index: number): boolean {
  const at = outer(layers, index, 'bth');
  return at >= 0 && opcodeByCode[layers[at]!.number('opcode')]?.does === 'ATOMIC_WRITE';
}
