// One capture as tshark and as we see it: gathers what both say of each frame and notes where they differ. What may
// differ stands in tshark-holes.ts.

import type { Layer, Scene, Span } from '../../protocols/index.js';
import { bth, formatHex, payload } from '../../protocols/index.js';
import type { Inspected } from '../../src/inspect/index.js';
import { assert } from '../support/spec.js';
import type { PdmlField, PdmlFrame } from '../support/tshark.js';
import * as holes from './tshark-holes.js';

const { entryOf, shownIn, tables, variants } = holes;

/** Differences listed in a failure; the rest is counted. */
const SHOWN = 25;

export const familyOf = (name: string): string => name.split('.', 1)[0]!;

/** One field of ours that tshark knows too. */
interface OurField {
  readonly layer: Layer;
  readonly span: Span;
}

/** A frame that carries a piece of an RDMA message: where the message is whole, and where the piece lies in it. */
interface Piece {
  readonly last: number;
  /** From offsets in the frame to offsets in the message. */
  readonly shift: number;
}

/** What tshark said of the pieces of a message. */
interface Pieces {
  readonly fields: PdmlField[];
  gaveUp: boolean;
}

/** Gathers what differs, by name, so that one wrong alias is one line and not a thousand. */
class Differences {
  readonly #byName = new Map<string, { count: number; first: string }>();

  note(name: string, what: string): void {
    const known = this.#byName.get(name);
    if (known) known.count++;
    else this.#byName.set(name, { count: 1, first: what });
  }

  assertNone(): void {
    const lines = [...this.#byName].map(
      ([name, { count, first }]) => `${name} x${count}: ${first}`,
    );
    const more = lines.length > SHOWN ? `\n... and ${lines.length - SHOWN} more names` : '';
    assert.is(lines.length, 0, `${lines.slice(0, SHOWN).join('\n')}${more}`);
  }
}

export class Comparison {
  readonly left = new Set<string>();
  /** Entries of the tables that were needed, as 'table name'. */
  readonly needed = new Set<string>();
  readonly #ours: readonly Map<string, OurField[]>[];
  /** A family is judged in a capture as soon as one field of it is found there. */
  readonly #judged: ReadonlySet<string>;
  readonly #pieces: ReadonlyMap<number, Piece>;
  readonly #waiting = new Map<number, Pieces>();
  readonly #differences = new Differences();
  #compared = 0;
  #frames = 0;

  constructor(
    readonly frames: readonly Inspected[],
    readonly aliases: ReadonlySet<string>,
    readonly gaveUp: readonly number[],
  ) {
    this.#ours = frames.map(ourFields);
    this.#judged = new Set(this.#ours.flatMap((frame) => [...frame.keys()].map(familyOf)));
    this.#pieces = rdmaPieces(frames);
  }

  /** Takes the next frame of tshark's. */
  frame({ number, fields }: PdmlFrame): void {
    this.#frames++;
    const judged: PdmlField[] = [];
    for (const field of fields) {
      if (this.#judged.has(familyOf(field.name))) judged.push(field);
      else this.left.add(familyOf(field.name));
    }
    const gaveUp = this.gaveUp.includes(number);
    const piece = this.#pieces.get(number);
    if (!piece) this.#compare(number, judged, gaveUp);
    else this.#piece(number, piece, judged, gaveUp);
  }

  assertAlike(): void {
    this.#differences.assertNone();
    assert.is(this.#frames, this.frames.length);
    assert.is(this.#waiting.size, 0);
    assert.ok(this.#compared > 10 * this.#frames, `only ${this.#compared} fields compared`);
  }

  #listed(table: keyof typeof tables, name: string): boolean {
    const entry = entryOf(tables[table], name);
    if (entry === undefined) return false;
    this.needed.add(`${table} ${entry}`);
    return true;
  }

  /** tshark reads RDMA packet by packet: what it says of a message's payload is kept until the message is whole. */
  #piece(number: number, piece: Piece, fields: readonly PdmlField[], gaveUp: boolean): void {
    const pieces = this.#waiting.get(piece.last) ?? { fields: [], gaveUp: false };
    this.#waiting.set(piece.last, pieces);
    const own: PdmlField[] = [];
    for (const field of fields) {
      const pos = field.pos + piece.shift;
      if (familyOf(field.name).startsWith('nvme')) pieces.fields.push({ ...field, pos });
      else own.push(field);
    }
    pieces.gaveUp ||= gaveUp;
    if (number !== piece.last) return this.#compare(number, own, gaveUp);
    this.#waiting.delete(number);
    this.#compare(number, [...pieces.fields, ...own], pieces.gaveUp);
  }

  #compare(number: number, shown: readonly PdmlField[], incomplete: boolean): void {
    const frame = this.frames[number - 1]!;
    const mine = this.#ours[number - 1]!;
    const theirs = byName(shown);
    const dark = shown.find(({ name }) => this.#listed('blind', name))?.name;
    const hidden = dark === undefined ? '' : familyOf(dark).slice(0, 4);
    for (const name of new Set([...mine.keys(), ...theirs.keys()])) {
      if (!this.aliases.has(name)) continue;
      if (!this.#judged.has(familyOf(name)) || this.#listed('differ', name)) continue;
      const [a, b] = [mine.get(name) ?? [], theirs.get(name) ?? []];
      if (b.length === 0 && hidden !== '' && name.startsWith(hidden)) continue;
      const uneven =
        a.length > b.length
          ? !incomplete && !this.#listed('unseen', name)
          : a.length < b.length && !this.#listed('surplus', name);
      if (uneven) {
        const what = `${a.length} of ours, ${b.length} of tshark's`;
        this.#differences.note(name, `frame ${number}: ${what}`);
      } else this.#values(number, name, a, b);
    }
    for (const field of shown) this.#known(number, frame, field);
  }

  /** What the side that has fewer says must be found on the other in the same order. */
  #values(frame: number, name: string, a: readonly OurField[], b: readonly PdmlField[]): void {
    let extra = Math.abs(a.length - b.length);
    for (let i = 0, j = 0; i < a.length && j < b.length; i++, j++) {
      const [our, their] = comparable(a[i]!, b[j]!);
      if (our === their) {
        this.#compared++;
        continue;
      }
      if (extra === 0) {
        const what = `ours ${short(our)}, tshark's ${short(their)}`;
        return this.#differences.note(name, `frame ${frame}: ${what}`);
      }
      extra--;
      if (a.length > b.length) j--;
      else i--;
    }
  }

  /** A field of tshark's must be ours, or of ours together, or be listed. */
  #known(number: number, frame: Inspected, field: PdmlField): void {
    const { name } = field;
    if (this.aliases.has(variants[name] ?? name) || this.#listed('notOurs', name)) return;
    if (!this.#listed('headings', name)) {
      this.#differences.note(
        name,
        `frame ${number}: tshark shows ${short(field.show)}, we have none`,
      );
    } else if (!isCovered(frame, field)) {
      const what = `tshark's ${short(field.value || field.show)} is not whole fields of ours`;
      this.#differences.note(name, `frame ${number}: ${what}`);
    }
  }
}

/** Fields of a frame and of the messages that it completed, by tshark's names. */
function ourFields(frame: Inspected): Map<string, OurField[]> {
  const found = new Map<string, OurField[]>();
  for (const layer of inTsharksOrder(frame)) {
    for (const span of layer.protocol.header.spans) {
      const { alias } = span.field;
      if (alias === undefined) continue;
      const list = found.get(alias);
      if (list) list.push({ layer, span });
      else found.set(alias, [{ layer, span }]);
    }
  }
  return found;
}

/** Units that began in earlier frames come before those that lie in this one. */
function* inTsharksOrder({ messages, layers }: Inspected): Generator<Layer> {
  for (const message of messages) yield* message.layers;
  yield* layers;
}

function rdmaPieces(frames: readonly Inspected[]): Map<number, Piece> {
  const found = new Map<number, Piece>();
  for (const frame of frames) {
    if (!frame.layers.some((layer) => layer.protocol === bth)) continue;
    for (const { parts } of frame.messages) {
      let offset = 0;
      for (const part of parts) {
        const { layers } = frames[part.frame - 1]!;
        const at = layers.findLast((layer) => layer.protocol === payload)?.at ?? 0;
        found.set(part.frame, { last: frame.number, shift: offset - at });
        offset += part.size;
      }
    }
  }
  return found;
}

const edges = new WeakMap<Scene, ReadonlySet<number>>();

/** Where fields of a scene begin and end. */
function edgesOf(scene: Scene): ReadonlySet<number> {
  const known = edges.get(scene);
  if (known) return known;
  const found = new Set<number>();
  for (const layer of scene.layers) {
    for (const span of layer.protocol.header.spans) {
      for (const at of layer.range(span)) found.add(at);
    }
  }
  edges.set(scene, found);
  return found;
}

/** Are a heading's bytes those of whole fields of ours, in the frame or in a message that it completed? */
function isCovered(frame: Inspected, { pos, size, value }: PdmlField): boolean {
  return [frame, ...frame.messages].some((scene) => {
    const bounds = edgesOf(scene);
    if (!bounds.has(pos) || !bounds.has(pos + size)) return false;
    return value === '' || value === formatHex(scene.bytes, '', pos, pos + size);
  });
}

/** Long byte strings are cut in messages. */
const short = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}...` : text);

/** What ours is, in the form in which tshark tells theirs. */
function comparable({ layer, span }: OurField, theirs: PdmlField): readonly [string, string] {
  const [from, to] = layer.range(span);
  const bytes = formatHex(layer.bytes, '', from, to);
  const unit = shownIn[theirs.name];
  const number = () => BigInt(layer.get(span.name) as number | bigint);
  if (theirs.name in variants) return [bytes.slice(-theirs.value.length), theirs.value];
  if (unit !== undefined) return [String(number() * BigInt(unit)), theirs.show];
  if (span.field.kind !== 'uint') return [bytes, theirs.value];
  if (theirs.masked || theirs.value.length !== bytes.length || span.bits !== span.size * 8) {
    return [number().toString(16), BigInt(`0x${theirs.value || 0}`).toString(16)];
  }
  return [bytes, theirs.value];
}

/** tshark's fields by our names for them. */
function byName(shown: readonly PdmlField[]): Map<string, PdmlField[]> {
  const found = new Map<string, PdmlField[]>();
  for (const field of shown) {
    const name = variants[field.name] ?? field.name;
    const list = found.get(name);
    // Some headings of tshark's tree have the name of the one field below them.
    const last = list?.at(-1);
    if (last?.pos === field.pos && last.size === field.size) list?.pop();
    if (list) list.push(field);
    else found.set(name, [field]);
  }
  return found;
}
