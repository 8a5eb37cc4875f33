// The words in which a header is declared: fields in wire order, with the standard's names and widths.
// A field knows its width, its meaning and how people write its value; where it lies follows from the
// list it stands in (header.ts), so that no offset, shift or mask is ever typed.

/** What a field holds once decoded: up to 48 bits a number, 64 bits a bigint, longer ones bytes. */
export type FieldValue = number | bigint | Uint8Array;

/** Tells bytes from anything else; unlike instanceof also for arrays of another realm (jest, frames of a page). */
export const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && (value as Uint8Array).BYTES_PER_ELEMENT === 1;

/** How people write a value of this field; see value.ts. */
export type Format =
  | 'dec'
  | 'hex'
  | 'flag'
  | 'mac'
  | 'ipv4'
  | 'ipv6'
  | 'eui64'
  | 'uuid'
  | 'bytes'
  | 'text';

/** Names of values, such as opcodes. Values without a name are shown as numbers. */
export type Names = Readonly<Record<number, string>>;

/** What a field can say of its values beside its width. */
export interface FieldOptions {
  /** Names of single values. */
  readonly names?: Names;
  /** How to write the value; numbers are decimal and byte strings hex unless said here. */
  readonly format?: Format;
  /** tshark's name for the same field, where it has one. */
  readonly alias?: string;
  /** Byte order, where it differs from the header's (ICRC in a big-endian packet, say). */
  readonly order?: ByteOrder;
  /** What one step of the value stands for, such as 'bytes', '4.096 us x 2^t' or '16-byte units'. */
  readonly unit?: string;
  /** What the builder writes where nothing is given and nothing follows from the frame: a TTL of 64, say. */
  readonly usual?: number;
}

/** Big-endian ('be', as most of the network) or little-endian ('le', as NVMe). */
export type ByteOrder = 'be' | 'le';

/** One field of a header, as `uint`, `flag`, `bytes` and the others declare it. */
export interface Field<N extends string = string, V extends FieldValue = FieldValue>
  extends FieldOptions {
  readonly name: N;
  /** Width; 0 for `rest`, which takes what is left of the layer. */
  readonly bits: number;
  readonly kind: 'uint' | 'bytes' | 'rest';
  readonly doc: string;
  readonly reserved: boolean;
  /** Never set: carries the type of the value. */
  readonly type?: V;
}

/** Fields that share one word; from the high end in big-endian headers, from the low end in little-endian ones. */
export interface Word<F extends readonly Field[] = readonly Field[]> {
  readonly word: F;
}

/** What stands in a header's list: a field, or fields that share a word. */
export type Item = Field | Word;

/** The type of a number of so many bits. */
export type UintValue<B extends number> = B extends 64 ? bigint : number;

/**
 * An unsigned number of 1 to 32, 40, 48 or 64 bits.
 * Outside a word it must be whole bytes; inside one any width up to 32.
 * @throws RangeError for other widths
 */
export function uint<B extends number, N extends string>(
  bits: B,
  name: N,
  doc: string,
  options: FieldOptions = {},
): Field<N, UintValue<B>> {
  if (!Number.isInteger(bits) || bits < 1 || (bits > 32 && ![40, 48, 64].includes(bits))) {
    throw new RangeError(`${name}: a number has 1 to 32, 40, 48 or 64 bits, not ${bits}`);
  }
  return { format: 'dec', ...options, name, bits, kind: 'uint', doc, reserved: false };
}

/** One bit. */
export function flag<N extends string>(
  name: N,
  doc: string,
  options: FieldOptions = {},
): Field<N, number> {
  return { format: 'flag', ...options, name, bits: 1, kind: 'uint', doc, reserved: false };
}

/** A string of so many bytes. @throws RangeError when that is no whole number above zero */
export function bytes<N extends string>(
  count: number,
  name: N,
  doc: string,
  options: FieldOptions = {},
): Field<N, Uint8Array> {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`${name}: a string of bytes has 1 or more, not ${count}`);
  }
  return {
    format: 'bytes',
    ...options,
    name,
    bits: count * 8,
    kind: 'bytes',
    doc,
    reserved: false,
  };
}

/** Characters in a fixed room; decoded as the bytes they are, so that their padding survives. */
export function text<N extends string>(
  count: number,
  name: N,
  doc: string,
  options: FieldOptions = {},
): Field<N, Uint8Array> {
  return bytes(count, name, doc, { format: 'text', ...options });
}

/** Everything from here to the end of the layer. Only the last field of a header can be one. */
export function rest<N extends string>(
  name: N,
  doc: string,
  options: FieldOptions = {},
): Field<N, Uint8Array> {
  return { format: 'bytes', ...options, name, bits: 0, kind: 'rest', doc, reserved: false };
}

/**
 * Bits that the standard reserves. They are decoded and encoded like any other field, because an
 * emulator must be able to show and to send wrong ones; header() numbers them reserved, reserved2, ...
 * More than 32 bits must be whole bytes and are decoded as bytes.
 * @throws RangeError for other widths
 */
export function reserved(bits: number, doc = 'reserved'): Field<'reserved', FieldValue> {
  const kind = bits > 32 ? 'bytes' : 'uint';
  if (!Number.isInteger(bits) || bits < 1 || (kind === 'bytes' && bits % 8 !== 0)) {
    throw new RangeError(`${bits} reserved bits are neither a number nor whole bytes`);
  }
  const format: Format = kind === 'bytes' ? 'bytes' : 'hex';
  return { format, name: 'reserved', bits, kind, doc, reserved: true };
}

/**
 * Packs numbers that share 1 to 4 bytes, in the byte order of their header.
 * @throws RangeError when their widths do not add up to 8, 16, 24 or 32 bits, or one has an order of its own
 */
export function word<const F extends readonly Field[]>(...fields: F): Word<F> {
  const bits = fields.reduce((sum, f) => sum + f.bits, 0);
  if (bits === 0 || bits % 8 !== 0 || bits > 32 || fields.some((f) => f.kind !== 'uint')) {
    const names = fields.map((f) => f.name).join(', ');
    throw new RangeError(`a word is 8, 16, 24 or 32 bits of numbers, not ${bits}: ${names}`);
  }
  const own = fields.find((f) => f.order !== undefined);
  if (own) throw new RangeError(`${own.name}: in a word all have the order of the header`);
  return { word: fields };
}

/** A 48-bit Ethernet address. */
export const mac = <N extends string>(name: N, doc: string, options: FieldOptions = {}) =>
  bytes(6, name, doc, { format: 'mac', ...options });

/** An IPv4 address as a 32-bit number. */
export const ipv4Address = <N extends string>(name: N, doc: string, options: FieldOptions = {}) =>
  uint(32, name, doc, { format: 'ipv4', ...options });

/** An IPv6 address or a GID: sixteen bytes. */
export const ipv6Address = <N extends string>(name: N, doc: string, options: FieldOptions = {}) =>
  bytes(16, name, doc, { format: 'ipv6', ...options });

/** The fields of one item of a header's list. */
export type FieldsOf<I> = I extends Word<infer F> ? F[number] : I extends Field ? I : never;

/** The decoded form of a header: one property a field, reserved ones under reserved, reserved2, ... */
export type Fields<Items extends readonly Item[]> = {
  [F in FieldsOf<Items[number]> as F['name']]: F extends Field<string, infer V> ? V : never;
} & { [name: `reserved${number}`]: FieldValue };
