// Strings of the handshake, and the few lines that all messages share.

import { rest, uint } from '../core/field.js';
import { header } from '../core/header.js';
import { type Derivation, protocol, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';

export const family = 'nbd';

export const label = 'NBD';

/** A length of everything behind the header. */
export const bodyLength: Derivation = {
  kind: 'length',
  value: ({ layers }, index) => layers[index]!.bodyEnd - layers[index]!.end,
};

/** The same in 64 bits. */
export const wideBodyLength: Derivation = {
  kind: 'length',
  value: ({ layers }, index) => BigInt(layers[index]!.bodyEnd - layers[index]!.end),
};

/** What a builder means unless it says otherwise, such as a magic number. */
export const always = (value: number | bigint | Uint8Array): Derivation => ({
  kind: 'type',
  value: () => value,
});

const encoder = new TextEncoder();

export const textBytes = (text: string): Uint8Array => encoder.encode(text);

export const NBDString = header(
  'NBDString',
  [
    uint(32, 'length', 'of the text', { unit: 'bytes' }),
    rest('text', 'name of an export, or of a metadata context', { format: 'text' }),
  ],
  { key: 'nbd-string', family, title: 'NBD string', section: 'NBD: Values' },
);

export const nbdString = protocol(NBDString, {
  label,
  derive: {
    length: {
      kind: 'length',
      value: ({ layers }, index) => layers[index]!.end - layers[index]!.at - NBDString.size,
    },
  },
});

/** Takes a string with its length in front; false where it does not fit. */
export function takeString(walk: Walk): boolean {
  const size = NBDString.size;
  // Short of its length, the string is refused at its fixed part.
  const text = walk.left < size ? 0 : NBDString.get.length(walk.bytes, walk.at);
  return walk.take(nbdString, size + text) >= 0;
}

export const NBDText = header(
  'NBDText',
  [rest('text', 'to the end of the message', { format: 'text' })],
  { key: 'nbd-text', family, title: 'NBD text', section: 'NBD: Values' },
);

/** Text that fills what is left: an export's name, what a server says of an error. */
export const nbdText = protocol(NBDText, { label });

export function takeText(walk: Walk): undefined {
  if (walk.left > 0) walk.take(nbdText, walk.left);
  return undefined;
}

/** How many layers of a kind stand behind `index`, one after the other. */
export function countBehind({ layers }: Scene, index: number, key: string): number {
  let end = index + 1;
  while (layers[end]?.key === key) end++;
  return end - index - 1;
}
