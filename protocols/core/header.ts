// A header is declared once, as a list of fields in wire order; everything else that the project knows of
// its bytes is derived here: spans (dump, tree, documentation), accessors (the data path), records
// (tools, tests) and the buffer-layout struct that tests hold all of them equal to.

import type { Getter, Setter } from './accessor.js';
import { bigintGetter, bigintSetter, numberGetter, numberSetter, type Place } from './accessor.js';
import {
  type ByteOrder,
  type Field,
  type Fields,
  type FieldsOf,
  type FieldValue,
  type Item,
  isBytes,
} from './field.js';
import { type ReferenceLayout, referenceLayout } from './layout.js';
import type { Malformed } from './malformed.js';

/** One field at its place. */
export interface Span extends Place {
  readonly field: Field;
  /** Unique in its header: reserved fields are numbered. */
  readonly name: string;
  /** First bit in transmission order as the standards draw it: bit 0 is the highest of byte 0. */
  readonly bitAt: number;
  /** The word's bytes in which the field was declared. */
  readonly wordAt: number;
  readonly wordSize: number;
}

/** What a header is called, and where it is defined. */
export interface HeaderOptions {
  /** Layer name in filters and expressions; the header's name in lower case unless given. */
  readonly key?: string;
  /** Protocol family that a filter may name, such as 'infiniband'. */
  readonly family?: string;
  /** What the header is, in words. */
  readonly title?: string;
  /** Where it is defined, such as 'IBA 9.2'. */
  readonly section?: string;
  /** Byte order of its numbers, and whether words are listed from the high or from the low bit. */
  readonly order?: ByteOrder;
}

/** The part of a header that does not depend on its fields' types. */
export interface AnyHeader {
  readonly name: string;
  readonly key: string;
  readonly family: string;
  readonly title: string;
  readonly section: string;
  readonly order: ByteOrder;
  /** Bytes of the fixed fields: the whole header unless it ends in a `rest` field. */
  readonly size: number;
  readonly spans: readonly Span[];
  /** The `rest` field, if it ends in one. */
  readonly tail: Span | undefined;
  /** Byte offset of each field. */
  readonly offset: Readonly<Record<string, number>>;
  /** The same list as a buffer-layout struct: slow, wants a Buffer, the reference in tests. */
  readonly layout: ReferenceLayout;
  span(name: string): Span | undefined;
  /** Null when the fixed fields fit between `at` and `end`; nothing that reads them can fail then. */
  check(b: Uint8Array, at: number, end: number, boundBy: string): Malformed | null;
  /** One field's value; byte strings are views. `end` bounds the `rest` field. */
  read(name: string, b: Uint8Array, at: number, end?: number): FieldValue;
  write(name: string, b: Uint8Array, at: number, value: FieldValue, end?: number): void;
  /**
   * All fields; byte strings are copies.
   * @throws RangeError when the fixed fields do not fit; ask `check` first about bytes that others sent
   */
  decode(b: Uint8Array, at?: number, end?: number): Record<string, FieldValue>;
  /**
   * Writes all fields, those not given as zeros, and returns the bytes written.
   * @throws RangeError naming the field, when a value is no integer, is too wide, or has the wrong size, and when
   * `b` has no room for the header
   */
  encode(fields: Readonly<Record<string, FieldValue>>, b?: Uint8Array, at?: number): Uint8Array;
}

type NumberNames<I extends readonly Item[]> = NamesOf<FieldsOf<I[number]>, number>;
type BigintNames<I extends readonly Item[]> = NamesOf<FieldsOf<I[number]>, bigint>;
type NamesOf<F, V> = F extends Field<infer N, infer W> ? ([W] extends [V] ? N : never) : never;

/**
 * A header with typed accessors. `get` and `set` are the data path; they check nothing: `check` says beforehand
 * whether the bytes are there, and `set` drops what is wider than the field.
 */
export interface Header<I extends readonly Item[] = readonly Item[]>
  extends Omit<AnyHeader, 'decode' | 'encode'> {
  readonly get: { readonly [N in NumberNames<I>]: Getter<number> } & {
    readonly [N in BigintNames<I>]: Getter<bigint>;
  };
  readonly set: { readonly [N in NumberNames<I>]: Setter<number> } & {
    readonly [N in BigintNames<I>]: Setter<bigint>;
  };
  readonly at: { readonly [N in FieldsOf<I[number]>['name']]: number };
  decode(b: Uint8Array, at?: number, end?: number): Fields<I>;
  encode(fields: Partial<Fields<I>>, b?: Uint8Array, at?: number): Uint8Array;
}

/** Declares a header. Its widths must tile whole bytes; a mistake throws when the module loads. */
export function header<const I extends readonly Item[]>(
  name: string,
  items: I,
  options: HeaderOptions = {},
): Header<I> {
  return new Declared(name, items, options) as unknown as Header<I>;
}

/** How one field is read and written; byte strings have no accessors. */
interface Access {
  readonly span: Span;
  readonly get: Getter<number> | Getter<bigint> | undefined;
  readonly set: Setter<number> | Setter<bigint> | undefined;
}

/** All headers are of one class, so that what works on any of them finds its way without a search. */
class Declared implements AnyHeader {
  readonly key: string;
  readonly family: string;
  readonly title: string;
  readonly section: string;
  readonly order: ByteOrder;
  readonly size: number;
  readonly spans: readonly Span[];
  readonly tail: Span | undefined;
  readonly offset: Record<string, number>;
  readonly at: Record<string, number>;
  readonly get: Record<string, Getter<number> | Getter<bigint>>;
  readonly set: Record<string, Setter<number> | Setter<bigint>>;
  readonly #access: ReadonlyMap<string, Access>;
  #layout: ReferenceLayout | undefined;

  constructor(
    readonly name: string,
    readonly items: readonly Item[],
    options: HeaderOptions,
  ) {
    this.key = options.key ?? name.toLowerCase();
    this.family = options.family ?? this.key;
    this.title = options.title ?? name;
    this.section = options.section ?? '';
    this.order = options.order ?? 'be';
    this.spans = place(items, this.order);
    this.tail = this.spans.at(-1)?.field.kind === 'rest' ? this.spans.at(-1) : undefined;
    const last = this.tail ? this.spans.at(-2) : this.spans.at(-1);
    this.size = last ? last.wordAt + last.wordSize : 0;
    this.#access = new Map(this.spans.map((span) => [span.name, accessOf(span)]));
    if (this.#access.size !== this.spans.length) {
      throw new RangeError(`${name}: two fields share a name`);
    }
    const access = [...this.#access];
    // Not by adding them one by one: more than a dozen make a hash table of an object in V8, which is searched at each call.
    this.offset = Object.fromEntries(access.map(([field, { span }]) => [field, span.at]));
    this.at = this.offset;
    this.get = Object.fromEntries(
      access.flatMap(([field, { get }]) => (get ? [[field, get]] : [])),
    );
    this.set = Object.fromEntries(
      access.flatMap(([field, { set }]) => (set ? [[field, set]] : [])),
    );
  }

  get layout(): ReferenceLayout {
    this.#layout ??= referenceLayout(
      this.items,
      this.spans.map((s) => s.name),
      this.order,
    );
    return this.#layout;
  }

  span(field: string): Span | undefined {
    return this.#access.get(field)?.span;
  }

  check(_b: Uint8Array, at: number, end: number, boundBy: string): Malformed | null {
    return end - at >= this.size ? null : short(this, at, end, boundBy);
  }

  read(field: string, b: Uint8Array, at: number, end = at + this.size): FieldValue {
    const { get, span } = this.#field(field);
    if (get !== undefined) return get(b, at);
    const from = at + span.at;
    return b.subarray(from, span.field.kind === 'rest' ? Math.max(end, from) : from + span.size);
  }

  write(field: string, b: Uint8Array, at: number, value: FieldValue, end = b.length): void {
    const { set, span } = this.#field(field);
    const room = span.field.kind === 'rest' ? end - at - span.at : span.size;
    refuse(`${this.name}.${field}`, span, value, room);
    if (isBytes(value)) b.set(value, at + span.at);
    else (set as Setter<FieldValue>)(b, at, value);
  }

  decode(b: Uint8Array, at = 0, end = b.length): Record<string, FieldValue> {
    this.#fit(b, at, this.size, end);
    const fields: Record<string, FieldValue> = {};
    for (const { name } of this.spans) {
      const value = this.read(name, b, at, end);
      fields[name] = isBytes(value) ? value.slice() : value;
    }
    return fields;
  }

  encode(fields: Readonly<Record<string, FieldValue>>, b?: Uint8Array, at = 0): Uint8Array {
    const given = this.tail && fields[this.tail.name];
    const length = this.size + (isBytes(given) ? given.length : 0);
    const into = b ?? new Uint8Array(at + length);
    this.#fit(into, at, length);
    into.fill(0, at, at + length);
    for (const [field, value] of Object.entries(fields)) {
      if (value !== undefined) this.write(field, into, at, value, at + length);
    }
    return into.subarray(at, at + length);
  }

  #fit(b: Uint8Array, at: number, size: number, end = b.length): void {
    const room = Math.min(end, b.length) - at;
    if (!(at >= 0 && room >= size)) {
      throw new RangeError(`${this.name} takes ${size} bytes, not ${Math.max(0, room)}`);
    }
  }

  #field(field: string): Access {
    const access = this.#access.get(field);
    if (access === undefined) throw new RangeError(`${this.name} has no field '${field}'`);
    return access;
  }
}

function accessOf(span: Span): Access {
  if (span.field.kind !== 'uint') return { span, get: undefined, set: undefined };
  const wide = span.bits > 48;
  return {
    span,
    get: wide ? bigintGetter(span) : numberGetter(span),
    set: wide ? bigintSetter(span) : numberSetter(span),
  };
}

function short(h: AnyHeader, at: number, end: number, boundBy: string): Malformed {
  const have = Math.max(0, end - at);
  const missing = h.spans.find((s) => s.at + s.size > have);
  const field = missing?.name ?? '';
  return { code: 'truncated', layer: h.key, field, at, need: h.size, have, boundBy };
}

/** Where each field of the list lies. */
function place(items: readonly Item[], order: ByteOrder): Span[] {
  const spans: Span[] = [];
  let at = 0;
  let unnamed = 0;
  for (const item of items) {
    const fields = 'word' in item ? item.word : [item];
    const size = fields.reduce((sum, f) => sum + f.bits, 0) / 8;
    if (!Number.isInteger(size)) throw new RangeError(`${fields[0]?.name}: not whole bytes`);
    if (spans.at(-1)?.field.kind === 'rest') throw new RangeError('a rest field must be the last');
    let bit = 0;
    for (const field of fields) {
      const name = field.reserved ? `reserved${++unnamed > 1 ? unnamed : ''}` : field.name;
      spans.push({ field, name, ...cover(field, at, size, bit, field.order ?? order) });
      bit += field.bits;
    }
    at += size;
  }
  return spans;
}

/** The smallest run of bytes that covers `field`, which starts `bit` bits into its word. */
function cover(field: Field, wordAt: number, wordSize: number, bit: number, order: ByteOrder) {
  const { bits } = field;
  const first = Math.floor(bit / 8);
  const size = bits === 0 ? 0 : Math.floor((bit + bits - 1) / 8) - first + 1;
  const shift = order === 'be' ? size * 8 - (bit % 8) - bits : bit % 8;
  const at = wordAt + first;
  const bitAt = order === 'be' || bits >= 8 ? at * 8 + (bit % 8) : at * 8 + 8 - (bit % 8) - bits;
  return { at, size, shift: bits === 0 ? 0 : shift, bits, order, bitAt, wordAt, wordSize };
}

/** @throws RangeError when `span` cannot hold `value`; a `rest` field holds any bytes of `room` */
export function refuse(what: string, span: Span, value: FieldValue, room: number): void {
  if (span.field.kind !== 'uint') {
    if (!isBytes(value)) throw new RangeError(`${what} takes bytes`);
    if (value.length !== room) {
      throw new RangeError(`${what} takes ${room} bytes, not ${value.length}`);
    }
    return;
  }
  if (isBytes(value)) throw new RangeError(`${what} takes a number, not bytes`);
  const wide = span.bits > 48;
  if (typeof value !== (wide ? 'bigint' : 'number')) {
    throw new RangeError(`${what} takes a ${wide ? 'bigint' : 'number'}, not a ${typeof value}`);
  }
  const limit = wide ? 1n << BigInt(span.bits) : 2 ** span.bits;
  if (!(value >= 0 && value < limit) || (!wide && !Number.isInteger(value))) {
    throw new RangeError(`${what} is ${value}; it takes whole numbers below 2^${span.bits}`);
  }
}
