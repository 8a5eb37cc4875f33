// The checksum of UDP, TCP and ICMPv6: over the pseudo header and everything from the layer's first byte to the
// end of what it carries (RFC 768, RFC 9293 3.1, RFC 4443 2.3). One rule seals frames and checks them.

import { checksumOfSum, internetSum } from '../core/checksum/index.js';
import type { Derivation, Scene } from '../core/protocol.js';
import { pseudoHeaderSum, pseudoHeaderSumOfBytes } from './pseudo-header.js';

/** IANA protocol numbers of those who use the rule. */
export const TCP_NUMBER = 6;
export const UDP_NUMBER = 17;
export const ICMPV6_NUMBER = 58;

/**
 * The derivation of the field `field`.
 * @param zero what is sent instead of a computed zero: UDP's FFFFh, because its 0 says that there is none
 */
export function transportChecksum(
  protocolNumber: number,
  field = 'checksum',
  zero = 0,
): Derivation & Required<Pick<Derivation, 'preferred'>> {
  const complete = (scene: Scene, index: number, pseudoSum: number | undefined) =>
    pseudoSum === undefined ? undefined : checksumOver(scene, index, field, pseudoSum) || zero;
  return {
    kind: 'checksum',
    value: (scene, index) =>
      complete(scene, index, pseudoHeaderSum(scene, index, protocolNumber, sizeOf(scene, index))),
    // Sealing covers what is there, even below an IP length that was given wrong on purpose.
    preferred: (scene, index) =>
      complete(
        scene,
        index,
        pseudoHeaderSumOfBytes(scene, index, protocolNumber, sizeOf(scene, index)),
      ),
  };
}

const sizeOf = ({ layers }: Scene, index: number): number =>
  layers[index]!.bodyEnd - layers[index]!.at;

function checksumOver({ layers }: Scene, index: number, field: string, pseudoSum: number): number {
  const { bytes, at, bodyEnd, protocol } = layers[index]!;
  const span = protocol.header.span(field)!;
  // The field itself counts as zero.
  const before = internetSum(bytes, at, at + span.at, pseudoSum);
  return checksumOfSum(internetSum(bytes, at + span.at + span.size, bodyEnd, before));
}
