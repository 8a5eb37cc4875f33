// A header's list of fields as a buffer-layout struct. buffer-layout is the language of the declarations and
// the independent reference that tests hold our accessors to; it is not used on any data path, because it
// takes some 600 ns a header, wants a Buffer, leaves unnamed bits as they were and rounds 64-bit numbers.

import * as BL from 'buffer-layout';
import type { ByteOrder, Field, Item, Word } from './field.js';

/** A header as a buffer-layout struct. The bytes must be a Buffer; a `rest` field is left out. */
export interface ReferenceLayout {
  readonly span: number;
  decode(b: Uint8Array, offset?: number): Record<string, unknown>;
  /** Overwrites every bit of the fixed fields. */
  encode(source: Readonly<Record<string, unknown>>, b: Uint8Array, offset?: number): void;
}

/** A 64-bit number kept whole: buffer-layout's own rounds to a double. */
class Uint64 extends BL.Layout {
  readonly #little: boolean;
  constructor(order: ByteOrder, property: string) {
    super(8, property);
    this.#little = order === 'le';
  }
  override decode(b: Uint8Array, offset = 0): bigint {
    return new DataView(b.buffer, b.byteOffset, b.byteLength).getBigUint64(offset, this.#little);
  }
  override encode(source: unknown, b: Uint8Array, offset = 0): number {
    const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    view.setBigUint64(offset, source as bigint, this.#little);
    return 8;
  }
}

const integer = (size: number, order: ByteOrder, name?: string): BL.Layout =>
  order === 'be' ? new BL.UIntBE(size, name) : new BL.UInt(size, name);

function whole(field: Field, name: string, order: ByteOrder): BL.Layout {
  if (field.kind === 'bytes') return BL.blob(field.bits / 8, name);
  if (field.bits === 64) return new Uint64(field.order ?? order, name);
  return integer(field.bits / 8, field.order ?? order, name);
}

/** buffer-layout packs from the low end unless told `msb`. */
function packed(item: Word, names: readonly string[], order: ByteOrder, name: string): BL.Layout {
  const bits = item.word.reduce((sum, f) => sum + f.bits, 0);
  const structure = BL.bits(integer(bits / 8, order), order === 'be', name);
  item.word.forEach((f, i) => {
    structure.addField(f.bits, names[i]!);
  });
  return structure;
}

/** The struct of `items`; `names` are the fields' unique names in the order of the list. */
export function referenceLayout(
  items: readonly Item[],
  names: readonly string[],
  order: ByteOrder,
): ReferenceLayout {
  const layouts: BL.Layout[] = [];
  const words: { key: string; names: readonly string[] }[] = [];
  let next = 0;
  for (const item of items) {
    if ('word' in item) {
      const inside = names.slice(next, next + item.word.length);
      const key = `word${words.length}`;
      words.push({ key, names: inside });
      layouts.push(packed(item, inside, order, key));
      next += inside.length;
    } else if (item.kind !== 'rest') {
      layouts.push(whole(item, names[next++]!, order));
    }
  }
  const struct = BL.struct(layouts);
  return {
    span: struct.span,
    decode(b, offset = 0) {
      const { ...fields } = struct.decode(b, offset) as Record<string, unknown>;
      for (const { key } of words) {
        Object.assign(fields, fields[key]);
        delete fields[key];
      }
      return fields;
    },
    encode(source, b, offset = 0) {
      const nested: Record<string, unknown> = { ...source };
      for (const w of words) {
        nested[w.key] = Object.fromEntries(w.names.map((n) => [n, source[n]]));
      }
      struct.encode(nested, b, offset);
    },
  };
}
