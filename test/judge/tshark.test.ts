// Field by field against tshark 4.0, over every frame of every capture: what both name must be equal, and what tshark
// names must be a field of ours or stand in tshark-holes.ts with a reason. A family of fields is judged from the
// moment one of its fields is found in a capture, so that the judge tightens by itself.

import type { Layer, Span } from '../../protocols/index.js';
import { formatHex, protocols } from '../../protocols/index.js';
import type { Inspected } from '../../src/inspect/index.js';
import { capturePath, captures, inspectedFrames } from '../support/capture.js';
import { assert, spec } from '../support/spec.js';
import { dissectByTshark, noTshark, type PdmlField, tsharkFieldNames } from '../support/tshark.js';
import * as holes from './tshark-holes.js';

const {
  differ,
  families,
  gaveUp,
  notOurs,
  notYet,
  reason,
  shownIn,
  surplus,
  valuesOnly,
  variants,
} = holes;

/** Differences listed in a failure; the rest is counted. */
const SHOWN = 25;

const familyOf = (name: string): string => name.split('.', 1)[0]!;

const aliases = new Set(
  protocols.flatMap(({ header }) => header.spans.flatMap((s) => s.field.alias ?? [])),
);

/** One field of ours that tshark knows too. */
interface OurField {
  readonly layer: Layer;
  readonly span: Span;
}

/** Fields of a frame and of the messages that it completed, by tshark's names. */
function ours(frame: Inspected): Map<string, OurField[]> {
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

/** A family is judged in a capture as soon as one field of it is found there. */
function judgedIn(frames: readonly Map<string, OurField[]>[]): Set<string> {
  return new Set(frames.flatMap((frame) => [...frame.keys()].map(familyOf)));
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

function compare(
  frame: number,
  mine: Map<string, OurField[]>,
  shown: readonly PdmlField[],
  judged: ReadonlySet<string>,
  incomplete: boolean,
  differences: Differences,
): number {
  const theirs = byName(shown);
  let compared = 0;
  for (const name of new Set([...mine.keys(), ...theirs.keys()])) {
    if (!aliases.has(name) || !judged.has(familyOf(name)) || reason(differ, name) !== undefined)
      continue;
    const [a, b] = [mine.get(name) ?? [], theirs.get(name) ?? []];
    if (b.length > a.length && reason(surplus, name) !== undefined) continue;
    if (incomplete ? a.length < b.length : a.length !== b.length) {
      if (valuesOnly.includes(familyOf(name))) continue;
      differences.note(name, `frame ${frame}: ${a.length} of ours, ${b.length} of tshark's`);
      continue;
    }
    b.forEach((field, i) => {
      const [our, their] = comparable(a[i]!, field);
      compared++;
      if (our !== their)
        differences.note(name, `frame ${frame}: ours ${short(our)}, tshark's ${short(their)}`);
    });
  }
  return compared;
}

spec('tshark and we', (it) => {
  const available = noTshark === '';
  /** Families of tshark's that were not judged in some capture. */
  const left = new Set<string>();

  for (const name of captures) {
    it.where(available, noTshark, `name the same fields alike in ${name}`, async () => {
      const mine = inspectedFrames(name).map(ours);
      const judged = judgedIn(mine);
      const differences = new Differences();
      let compared = 0;
      let frames = 0;
      const wanted = (field: string) => families.includes(familyOf(field));
      await dissectByTshark(capturePath(name), wanted, ({ number, fields }) => {
        frames++;
        const incomplete = gaveUp[name]?.frames.includes(number) ?? false;
        const shown = fields.filter((field) => {
          if (judged.has(familyOf(field.name))) return true;
          left.add(familyOf(field.name));
          return false;
        });
        compared += compare(number, mine[number - 1]!, shown, judged, incomplete, differences);
        for (const field of shown) {
          if (aliases.has(variants[field.name] ?? field.name)) continue;
          if (reason(notOurs, field.name) !== undefined) continue;
          if (valuesOnly.includes(familyOf(field.name))) continue;
          differences.note(field.name, `frame ${number}: tshark shows ${field.show}, we have none`);
        }
      });
      differences.assertNone();
      assert.is(frames, mine.length);
      assert.ok(compared > 10 * frames, `only ${compared} fields compared`);
    });
  }

  it.where(available, noTshark, 'leave no family of fields out but those named', () => {
    const known = [...notYet, ...valuesOnly];
    const unexpected = [...left].filter((family) => !known.includes(family));
    assert.equal(unexpected, [], `not found in every capture: ${unexpected}`);
  });

  it.where(available, noTshark, 'take no name for an alias that tshark does not have', () => {
    const known = tsharkFieldNames();
    assert.equal(
      [...aliases].filter((name) => !known.has(name)),
      [],
    );
  });
});
