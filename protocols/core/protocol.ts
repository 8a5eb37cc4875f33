// A protocol is a header and what to do with it: how to find what follows (read), how each derivable field
// follows from the frame (derive), and how to say in a few words what it does (info). Dissector, builder,
// checker and printer all work from this one record; bindings.ts says which protocol stands behind which number.

import type { Fields, FieldValue, Item } from './field.js';
import type { AnyHeader, Header, Span } from './header.js';
import type { Layer } from './layer.js';
import { type Part, type PartFields, part } from './part.js';
import type { Bindings, Walk } from './walk.js';

/** A frame and the layers that tile it, dissected or just built. */
export interface Scene {
  readonly bytes: Uint8Array;
  /** The frame's first byte and the byte behind its last, in `bytes`. */
  readonly start: number;
  readonly end: number;
  readonly layers: readonly Layer[];
  /** Which protocol stands behind which number. */
  readonly bindings: Bindings;
}

/**
 * Why a field can be derived: 'type' names what follows, 'count' and 'length' measure, 'checksum' covers
 * bytes. Frames are sealed in this order, checksums from the inside out.
 */
export type DerivedKind = 'type' | 'count' | 'length' | 'checksum';

/** How one field follows from the rest of the frame: `build` writes it, `check` compares it. */
export interface Derivation {
  readonly kind: DerivedKind;
  /**
   * The value that the field of layer `index` must have in this scene, or undefined where the scene
   * does not tell (a fragment, a quoted or truncated packet, an unknown next layer).
   */
  value(scene: Scene, index: number): FieldValue | undefined;
  /** Other values that are right as well, such as UDP's checksum 0. */
  accepts?(found: FieldValue, scene: Scene, index: number): boolean;
  /** What sealing writes where it differs from `value` (UDP over RoCE v2: checksum 0). */
  preferred?(scene: Scene, index: number): FieldValue | undefined;
}

/** One entry of a protocol's `derive`, at its place in the header. */
export interface DerivedField {
  readonly name: string;
  readonly span: Span;
  readonly rule: Derivation;
}

/** Names of the number spaces in which bindings.ts finds what follows. */
export type Space = string;

/** A header and what to do with it. Make one with `protocol`. */
export interface Protocol {
  readonly header: AnyHeader;
  /** The header's key. */
  readonly key: string;
  /**
   * Dissects the layer at `walk.at`: takes it, narrows the end, registers trailers, and returns what
   * follows. Undefined: the rest is payload. Null: the walk ended (stop or nothing left).
   */
  read(walk: Walk): Protocol | null | undefined;
  /** Fields that follow from the rest of the frame, by name. */
  readonly derive: Readonly<Record<string, Derivation>>;
  /** The same as a list, for those who go through all of them in every frame. */
  readonly derived: readonly DerivedField[];
  /** Key of the layer whose header this one is a part of (an option of 'tcp'), for header lengths; keys where several have it. */
  readonly partOf: string | readonly string[] | undefined;
  /** True where the layer stands behind everything inside its owner (ICRC, FCS, digests). */
  readonly trailer: boolean;
  /** Layers that stand directly behind the header and its parts whether or not anybody writes them down. */
  readonly heads: readonly Completion[];
  /** The same at the end of everything inside, from the inside out. All trailers it can have are listed. */
  readonly trailers: readonly Completion[];
  /** The header's own rules beyond its derivable fields: says what breaks them, through `report`. */
  readonly verify: ((scene: Scene, index: number, report: Report) => void) | undefined;
  /** A few words for the summary of a frame: what this layer does in it. */
  readonly info: ((layer: Layer, scene: Scene, index: number) => string) | undefined;
  /** True where `info` goes on with what the layer outside says, instead of standing for it (AETH behind BTH). */
  readonly continues: boolean;
  /** Source and destination as people write them, where this layer carries addresses. */
  readonly addresses: ((layer: Layer) => readonly [string, string]) | undefined;
  /** What the protocol column of a summary says; the header's name unless given. */
  readonly label: string | ((scene: Scene, index: number) => string);
}

/** Is `part` a part of the header of `owner`? */
export function isPartOf(part: Protocol, owner: Protocol): boolean {
  const { partOf } = part;
  return typeof partOf === 'object' ? partOf.includes(owner.key) : partOf === owner.key;
}

/** A layer that the builder adds by itself. */
export interface Completion {
  readonly protocol: Protocol;
  /**
   * Bytes it must have behind or within `owner` (its given fields) whose body so far has `body` bytes (for
   * `heads`: the parts of its header that were written down); 0 where it is not added by itself.
   */
  size(owner: Part, body: number): number;
  /** True: it is added only where it was written down; without bytes of its own it then gets that size. */
  readonly onRequest?: boolean;
}

/** Says what is wrong at `field` ('' for the whole layer), in words. */
export type Report = (field: string, message: string) => void;

/** What a protocol may say beside its header; all of it has a default. */
export interface ProtocolOptions extends Partial<Omit<Protocol, 'header' | 'key' | 'derived'>> {}

/** A protocol that makes layers to be built: `ipv4({ src: '10.0.0.1' })`. */
export interface TypedProtocol<I extends readonly Item[]> extends Protocol {
  /** @throws RangeError naming the field, when a name is unknown or a text is no value of it */
  (fields?: PartFields<Fields<I>>): Part;
}

/** A protocol of `header`; without `read`, its header is taken and the rest is payload. */
export function protocol<I extends readonly Item[]>(
  header: Header<I>,
  options: ProtocolOptions = {},
): TypedProtocol<I> {
  // Every protocol gets the same properties in the same order, so that code which serves them all is quick.
  const record: Protocol = {
    header: header as unknown as AnyHeader,
    key: header.key,
    derive: {},
    derived: derivedFields(header as unknown as AnyHeader, options.derive),
    partOf: undefined,
    trailer: false,
    heads: [],
    trailers: [],
    verify: undefined,
    info: undefined,
    continues: false,
    addresses: undefined,
    label: header.name,
    ...options,
    read: options.read ?? ((walk) => (walk.take(made) < 0 ? null : undefined)),
  };
  const make = (fields: PartFields<Fields<I>> = {}) =>
    part(made, fields as PartFields<Record<string, FieldValue>>);
  const made: TypedProtocol<I> = Object.assign(make, record);
  return made;
}

/** @throws RangeError when the header has no such field */
function derivedFields(header: AnyHeader, derive: Protocol['derive'] = {}): DerivedField[] {
  return Object.entries(derive).map(([name, rule]) => {
    const span = header.span(name);
    if (!span) throw new RangeError(`${header.name} has no field '${name}' to derive`);
    return { name, span, rule };
  });
}
