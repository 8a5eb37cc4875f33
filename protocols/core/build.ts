// Frames from layers. Whatever is given is kept, even if wrong; whatever is not given follows from the rest:
// layers that complete a frame (pad, ICRC, digests) are added here, fields are derived in seal.ts.

import { type FieldValue, isBytes } from './field.js';
import type { AnyHeader } from './header.js';
import { Layer } from './layer.js';
import { type Part, part } from './part.js';
import { payload } from './payload.js';
import { type Completion, isPartOf, type Protocol, type Scene } from './protocol.js';
import { type Sealing, seal } from './seal.js';
import type { Bindings } from './walk.js';

/** One layer, payload (text is UTF-8), or units that stand side by side, each closed before the next. */
export type LayerInput = Part | string | Uint8Array | readonly (readonly LayerInput[])[];

/** How `build` treats what is not given. */
export interface BuildOptions {
  /** What to do with fields that are not given; they are derived unless told otherwise. */
  readonly sealing?: Sealing;
  /** False: no pad, ICRC or digest is added by itself. */
  readonly complete?: boolean;
}

/** A built frame. `bytes` is exactly the frame. */
export interface Frame extends Scene {
  /** Names of the fields that were given, layer by layer. */
  readonly given: readonly ReadonlySet<string>[];
}

interface Planned {
  readonly part: Part;
  /** Bytes of the layer, with those of its `rest` field. */
  readonly size: number;
  readonly depth: number;
  /** The layer whose trailer this is. */
  readonly owner: Planned | undefined;
  /** How many planned layers, this one included, its body takes. */
  span: number;
}

/** Builds a frame with the given bindings. @throws RangeError when a value does not fit its field */
export function buildWith(
  bindings: Bindings,
  inputs: readonly LayerInput[],
  options: BuildOptions = {},
): Frame {
  const planned = plan(inputs, 0, options.complete ?? true);
  const size = planned.reduce((sum, p) => sum + p.size, 0);
  const bytes = new Uint8Array(size);
  const layers: Layer[] = [];
  let at = 0;
  for (const p of planned) {
    const end = at + p.size;
    const owner = p.owner ? planned.indexOf(p.owner) : -1;
    layers.push(new Layer(p.part.protocol, bytes, at, end, end, p.depth, owner));
    encode(p, bytes, at);
    at = end;
  }
  planned.forEach((p, i) => {
    layers[i]!.bodyEnd = layers[i + p.span - 1]!.end;
  });
  const given = planned.map((p) => new Set(Object.keys(p.part.fields)));
  const frame: Frame = { bytes, start: 0, end: size, layers, bindings, given };
  seal(frame, given, options.sealing);
  return frame;
}

function encode(p: Planned, bytes: Uint8Array, at: number): void {
  const { header } = p.part.protocol;
  const tail = header.tail?.name;
  const missing = tail !== undefined && p.part.fields[tail] === undefined;
  const fill = missing ? { [tail]: new Uint8Array(p.size - header.size) } : {};
  header.encode({ ...usualFields(header), ...p.part.fields, ...fill }, bytes, at);
}

/** What people expect in fields that they do not write; computed once a header. */
function usualFields(header: AnyHeader): Readonly<Record<string, FieldValue>> {
  let fields = usual.get(header);
  if (!fields) {
    const known = header.spans.filter((s) => s.field.usual !== undefined);
    fields = Object.fromEntries(known.map((s) => [s.name, s.field.usual!]));
    usual.set(header, fields);
  }
  return fields;
}

const usual = new WeakMap<AnyHeader, Readonly<Record<string, FieldValue>>>();

function planned(part: Part, depth: number, owner?: Planned, size?: number): Planned {
  const { header } = part.protocol;
  const given = header.tail && part.fields[header.tail.name];
  const own = header.size + (isBytes(given) ? given.length : 0);
  return { part, size: Math.max(own, size ?? 0), depth, owner, span: 1 };
}

/** The layers of `inputs`, each inside the one before it, with what completes them. */
function plan(inputs: readonly LayerInput[], depth: number, complete: boolean): Planned[] {
  const [first, ...others] = inputs;
  if (first === undefined) return [];
  if (Array.isArray(first)) {
    const units = first as readonly (readonly LayerInput[])[];
    return [
      ...units.flatMap((unit) => plan(unit, depth, complete)),
      ...plan(others, depth, complete),
    ];
  }
  const owner = planned(asPart(first as Part | string | Uint8Array), depth);
  const { protocol } = owner.part;
  const closing = takeTrailers(protocol, others);
  const parts = takeParts(protocol, others).map((p) => planned(p, depth + 1));
  const partsSize = parts.reduce((sum, p) => sum + p.size, 0);
  const heads = complete ? completions(protocol.heads, owner, partsSize, others, depth) : [];
  const body = plan(others, depth, complete);
  const inside = [...parts, ...heads, ...body];
  for (const rule of protocol.trailers) {
    const explicit = closing.find((p) => p.protocol === rule.protocol);
    const length = inside.reduce((sum, p) => sum + p.size, 0);
    const size = complete ? rule.size(owner.part, length) : 0;
    if (explicit) inside.push(planned(explicit, depth, owner, isFilled(explicit) ? 0 : size));
    else if (size > 0 && !rule.onRequest)
      inside.push(planned(part(rule.protocol), depth, owner, size));
  }
  owner.span = 1 + inside.length;
  return [owner, ...inside];
}

function completions(
  rules: readonly Completion[],
  owner: Planned,
  partsSize: number,
  others: readonly LayerInput[],
  depth: number,
): Planned[] {
  const next = others[0];
  const given = next !== undefined && isPart(next) ? next.protocol : undefined;
  return rules.flatMap((rule) => {
    const size = rule.protocol === given ? 0 : rule.size(owner.part, partsSize);
    if (size === 0) return [];
    // What completes the header itself (padding of options) is a part like those that were written down.
    return isPartOf(rule.protocol, owner.part.protocol)
      ? [planned(part(rule.protocol), depth + 1, undefined, size)]
      : [planned(part(rule.protocol), depth, owner, size)];
  });
}

/** Were the bytes of its `rest` field given? */
const isFilled = ({ protocol, fields }: Part): boolean =>
  protocol.header.tail !== undefined && fields[protocol.header.tail.name] !== undefined;

/** Takes the layers at the end of the list that are trailers of `protocol`. */
function takeTrailers(protocol: Protocol, others: LayerInput[]): Part[] {
  const taken: Part[] = [];
  for (let last = others.at(-1); last !== undefined && isPart(last); last = others.at(-1)) {
    const found = last.protocol;
    if (!found.trailer || !protocol.trailers.some((rule) => rule.protocol === found)) break;
    taken.push(last);
    others.pop();
  }
  return taken;
}

/** Takes the layers at the head of the list that are parts of `protocol`'s header. */
function takeParts(protocol: Protocol, others: LayerInput[]): Part[] {
  const taken: Part[] = [];
  for (let next = others[0]; next !== undefined && isPart(next); next = others[0]) {
    if (!isPartOf(next.protocol, protocol)) break;
    taken.push(next);
    others.shift();
  }
  return taken;
}

const isPart = (input: LayerInput): input is Part =>
  typeof input === 'object' && !isBytes(input) && !Array.isArray(input);

function asPart(input: Part | string | Uint8Array): Part {
  if (typeof input === 'string') return part(payload, { data: new TextEncoder().encode(input) });
  return isBytes(input) ? part(payload, { data: input }) : input;
}
