// A frame whose fields a test reads and overwrites by name, checksums left as they are.

import { dissect, protocolByKey } from '../../protocols/index.js';
import { assert } from './spec.js';

export interface Sent {
  readonly bytes: Uint8Array;
  field(name: string): number;
  set(name: string, value: number): void;
}

/** A frame whose fields can be read and overwritten as `layer.field`, checksums left as they are. */
export function opened(bytes: Uint8Array, linkType = 1): Sent {
  const { layers } = dissect(bytes, { linkType });
  const place = (name: string) => {
    const [key, field] = name.split('.') as [string, string];
    const layer = layers.find((l) => l.key === key);
    assert.ok(layer, `there is no ${key}`);
    return { layer: layer!, field, header: protocolByKey.get(key)!.header };
  };
  return {
    bytes,
    field(name) {
      const { layer, field } = place(name);
      return layer.number(field);
    },
    set(name, value) {
      const { layer, field, header } = place(name);
      header.write(field, bytes, layer.at, value, layer.end);
    },
  };
}

/** RFC 1071, over the header behind Ethernet's. */
export function headerChecksum(b: Uint8Array): number {
  let sum = 0;
  for (let at = 14; at < 34; at += 2) if (at !== 24) sum += b[at]! * 256 + b[at + 1]!;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return 0xffff - sum;
}
