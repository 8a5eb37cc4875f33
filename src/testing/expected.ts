// What a test expects of a frame, and how it is laid beside the layers that were found. Layers stand in the
// order of the wire; '...' stands for any number of layers; what nobody writes down because the protocol
// adds it by itself (options, pad, ICRC, digests, FCS, padding) may be left out.

import { same } from '../../protocols/core/check.js';
import { didYouMean } from '../../protocols/core/suggest.js';
import {
  type Dissection,
  type FieldInput,
  type FieldValue,
  header,
  isBytes,
  type Layer,
  type LayerInput,
  type Part,
  type Protocol,
  parseFrame,
  part,
  payload,
  protocol,
  standardWire,
  type Wire,
} from '../../protocols/index.js';
import { asBytes } from './frame.js';

/** One layer and those of its fields that matter, as values or as text: names, addresses, hex, "text". */
export interface ExpectedLayer {
  /** The layer's key, such as 'bth'. */
  readonly layer: string;
  readonly fields?: Readonly<Record<string, FieldInput<number | bigint | Uint8Array>>>;
}

/**
 * The layers of a frame in order: a frame expression such as 'eth/ipv4(src=10.0.0.1)/.../bth(psn=7)/"hello"',
 * or a list of layers, of such expressions, and of bytes that stand for payload.
 */
export type ExpectedLayers = string | readonly (string | Uint8Array | ExpectedLayer)[];

const encoder = new TextEncoder();

const ANY = '...';
const anything = protocol(header('any layers', [], { key: ANY }));

/** What depends on the protocols that there are. */
interface Vocabulary {
  /** The protocols by key, and '...'. */
  readonly words: ReadonlyMap<string, Protocol>;
  /** Layers that may be there without being named. */
  readonly implied: ReadonlySet<Protocol>;
}

const vocabularies = new WeakMap<Wire, Vocabulary>();

function vocabularyOf(wire: Wire): Vocabulary {
  let known = vocabularies.get(wire);
  if (!known) {
    known = {
      words: new Map<string, Protocol>([...wire.protocolByKey, [ANY, anything]]),
      implied: new Set(
        wire.protocols.flatMap((p) => [...p.heads, ...p.trailers].map((c) => c.protocol)),
      ),
    };
    vocabularies.set(wire, known);
  }
  return known;
}

const mayBeLeftOut = ({ protocol: found }: Layer, { implied }: Vocabulary): boolean =>
  found.trailer || found.partOf !== undefined || implied.has(found);

/**
 * The expectations as parts, '...' as a part of its own.
 * @throws RangeError when an expression, a layer, a field or a value is not understood
 */
export function readExpected(expected: ExpectedLayers, wire: Wire = standardWire): readonly Part[] {
  const { words } = vocabularyOf(wire);
  const list = typeof expected === 'string' ? [expected] : expected;
  return list.flatMap((item) => {
    if (typeof item === 'string') return flatten(parseFrame(item, words));
    if (isBytes(item)) return [part(payload, { data: asBytes(item) })];
    const found = wire.protocolByKey.get(item.layer);
    if (found) return [part(found, ownBytes(item.fields ?? {}))];
    const hint = didYouMean(item.layer, wire.protocolByKey.keys());
    throw new RangeError(`there is no layer '${item.layer}'${hint}`);
  });
}

/** Bytes of another realm become ours; everything else is `part`'s to judge. */
const ownBytes = (fields: NonNullable<ExpectedLayer['fields']>) =>
  Object.fromEntries(
    Object.entries(fields).map(([name, v]) => [name, isBytes(v) ? asBytes(v, name) : v]),
  );

/** Units side by side follow one another on the wire. */
function flatten(layers: readonly LayerInput[]): Part[] {
  return layers.flatMap((input): Part[] => {
    if (typeof input === 'string') return [part(payload, { data: encoder.encode(input) })];
    if (isBytes(input)) return [part(payload, { data: input })];
    if (Array.isArray(input)) {
      return (input as readonly (readonly LayerInput[])[]).flatMap(flatten);
    }
    return [input as Part];
  });
}

/** One expected field that is not as expected. */
export interface WrongField {
  readonly layer: Layer;
  readonly field: string;
  readonly expected: FieldValue;
  readonly found: FieldValue;
}

/** Expected fields of `wanted` that `layer` has otherwise. */
export function wrongFields(layer: Layer, wanted: Part): WrongField[] {
  return Object.entries(wanted.fields).flatMap(([field, expected]) => {
    const found = layer.get(field);
    return same(found, expected) ? [] : [{ layer, field, expected, found }];
  });
}

/** Which layer was taken for which expectation. */
export type Pairing = readonly (readonly [Part, Layer])[];

/** What became of laying the expectations beside the layers. */
export interface Match {
  /** Null where the layers are not those expected. */
  readonly pairs: Pairing | null;
  /** How far it went at most: expectations that were found in order, and layers that they took. */
  readonly matched: number;
  readonly layers: number;
}

/** Lays expectations beside layers so that the fewest fields are wrong. */
export function match(
  expected: readonly Part[],
  { layers }: Dissection,
  wire: Wire = standardWire,
): Match {
  const vocabulary = vocabularyOf(wire);
  const width = layers.length + 1;
  // cost[i][j]: fewest wrong fields when expectations from i on meet layers from j on; filled from the end.
  const cost = Array.from({ length: expected.length + 1 }, () => new Float64Array(width));
  const at = (i: number, j: number) => cost[i]![j]!;
  const steps = (i: number, j: number): Step[] => {
    const wanted = expected[i];
    const layer = layers[j];
    const found: Step[] = [];
    if (wanted && layer && wanted.protocol === layer.protocol && i < expected.length) {
      found.push({ di: 1, dj: 1, cost: wrongFields(layer, wanted).length + at(i + 1, j + 1) });
    }
    if (wanted?.protocol === anything) {
      found.push({ di: 1, dj: 0, cost: at(i + 1, j) });
      if (layer) found.push({ di: 0, dj: 1, cost: at(i, j + 1) });
    } else if (layer && mayBeLeftOut(layer, vocabulary))
      found.push({ di: 0, dj: 1, cost: at(i, j + 1) });
    return found;
  };
  for (let i = expected.length; i >= 0; i--) {
    for (let j = layers.length; j >= 0; j--) {
      const end = i === expected.length && j === layers.length;
      cost[i]![j] = end ? 0 : Math.min(Number.POSITIVE_INFINITY, ...steps(i, j).map((s) => s.cost));
    }
  }
  if (at(0, 0) === Number.POSITIVE_INFINITY)
    return { pairs: null, ...furthest(expected, layers, vocabulary) };
  const pairs: [Part, Layer][] = [];
  for (let i = 0, j = 0; i < expected.length || j < layers.length; ) {
    const step = steps(i, j).find((s) => s.cost === at(i, j))!;
    if (step.di === 1 && step.dj === 1) pairs.push([expected[i]!, layers[j]!]);
    i += step.di;
    j += step.dj;
  }
  return { pairs, matched: expected.length, layers: layers.length };
}

interface Step {
  readonly di: 0 | 1;
  readonly dj: 0 | 1;
  readonly cost: number;
}

/** How far the expectations can be followed at most, for the message. */
function furthest(expected: readonly Part[], layers: readonly Layer[], vocabulary: Vocabulary) {
  let best = { matched: 0, layers: 0 };
  let reached = new Set([0]);
  for (let j = 0; reached.size > 0; j++) {
    // Passing '...' takes no layer.
    for (const i of reached) if (expected[i]?.protocol === anything) reached.add(i + 1);
    const most = Math.max(...reached);
    if (most >= best.matched) best = { matched: most, layers: j };
    const layer = layers[j];
    if (!layer) break;
    const next = new Set<number>();
    for (const i of reached) {
      if (expected[i]?.protocol === anything || mayBeLeftOut(layer, vocabulary)) next.add(i);
      if (expected[i]?.protocol === layer.protocol) next.add(i + 1);
    }
    reached = next;
  }
  return best;
}

/** The expectations as a path. */
export const expectedKeys = (expected: readonly Part[]): string[] =>
  expected.map((wanted) => wanted.protocol.key);
