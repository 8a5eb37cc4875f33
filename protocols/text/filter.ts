// Filters: `bth.opcode == RC_ACKNOWLEDGE && bth.psn > 100`, `ipv4.src == 10.0.0.0/24`, `nvme`. A name alone asks
// whether the layer (or a layer of the family, or the field) is there. A comparison holds when any layer of
// that name fulfils it; `!=` when one is there and none equals. tshark's field names are understood too.

import { formatHex } from '../core/address.js';
import { same } from '../core/check.js';
import { type Field, type FieldValue, isBytes } from '../core/field.js';
import type { Layer } from '../core/layer.js';
import type { Protocol } from '../core/protocol.js';
import { didYouMean } from '../core/suggest.js';
import { nameOf, parseValue, showValue } from '../core/value.js';
import { ExpressionError, Lexer } from './lexer.js';

/** What a filter looks at: the layers, and what the capture says of the frame. */
export interface Filtered {
  readonly layers: readonly Layer[];
  /** Layers of units that were put together from several frames and end in this one. */
  readonly messages?: readonly { readonly layers: readonly Layer[] }[];
  /** Frame number, length in bytes, seconds since 1970; for `frame.number` and its like. */
  readonly frame?: Readonly<Record<FramePath, number>>;
}

/**
 * What a filter may ask of the frame itself: `frame.number`, `frame.len` (bytes), `frame.time` (seconds since
 * 1970).
 */
export type FramePath = 'number' | 'len' | 'time';

/** A compiled filter: does it let the frame through? */
export type Filter = (frame: Filtered) => boolean;

type Compare = (field: Field | undefined, value: FieldValue) => boolean;

const SIGNS = ['&&', '||', '==', '!=', '>=', '<=', '>', '<', '!', '(', ')', '{', '}', ','];
const WORDS: Readonly<Record<string, string>> = {
  and: '&&',
  or: '||',
  not: '!',
  eq: '==',
  ne: '!=',
  ge: '>=',
  le: '<=',
  gt: '>',
  lt: '<',
};
const MAX_DEPTH = 64;

/**
 * Compiles a filter; an empty text lets everything through.
 * @throws ExpressionError (a RangeError) that shows the place
 */
export function compileFilter(text: string, protocols: readonly Protocol[]): Filter {
  const lexer = new Lexer(text, SIGNS, /[\w.:/+-]/);
  if (lexer.atEnd) return () => true;
  const filter = either(new Parser(lexer, protocols), 0);
  if (!lexer.atEnd) lexer.fail(`expected && or || or the end`);
  return filter;
}

class Parser {
  constructor(
    readonly lexer: Lexer,
    readonly protocols: readonly Protocol[],
  ) {}

  /** Takes the operator if it is next, as a sign or as a word. */
  accept(sign: string): boolean {
    const { kind, text } = this.lexer.token;
    if (kind === 'word' && WORDS[text] === sign) {
      this.lexer.take();
      return true;
    }
    return this.lexer.accept(sign);
  }
}

function either(p: Parser, depth: number): Filter {
  if (depth > MAX_DEPTH) p.lexer.fail(`parentheses nest at most ${MAX_DEPTH} deep`);
  const terms = [both(p, depth)];
  while (p.accept('||')) terms.push(both(p, depth));
  return terms.length === 1 ? terms[0]! : (f) => terms.some((term) => term(f));
}

function both(p: Parser, depth: number): Filter {
  const terms = [single(p, depth)];
  while (p.accept('&&')) terms.push(single(p, depth));
  return terms.length === 1 ? terms[0]! : (f) => terms.every((term) => term(f));
}

function single(p: Parser, depth: number): Filter {
  if (p.accept('!')) {
    if (depth > MAX_DEPTH) p.lexer.fail(`negations nest at most ${MAX_DEPTH} deep`);
    const inner = single(p, depth + 1);
    return (f) => !inner(f);
  }
  if (p.lexer.accept('(')) {
    const inner = either(p, depth + 1);
    p.lexer.expect(')');
    return inner;
  }
  return comparison(p);
}

/** Where a name in a filter points: values of a frame, each with its field. */
interface Target {
  readonly fields: readonly Field[];
  some(frame: Filtered, test: Compare): boolean;
}

function comparison(p: Parser): Filter {
  const lexer: Lexer = p.lexer;
  if (lexer.token.kind !== 'word') lexer.fail('expected a layer or a field');
  const name = lexer.take();
  const target = find(p.protocols, name.text);
  if (!target) {
    lexer.fail(
      `there is no layer or field '${name.text}'${suggest(p.protocols, name.text)}`,
      name.at,
    );
  }
  const there: Filter = (f) => target.some(f, () => true);
  const operator = ['==', '!=', '>=', '<=', '>', '<'].find((sign) => p.accept(sign));
  if (operator === undefined && !isWord(lexer, 'in') && !isWord(lexer, 'contains')) return there;
  if (target.fields.length === 0) {
    lexer.fail(`'${name.text}' is a layer: compare one of its fields`, name.at);
  }
  if (operator === undefined)
    return lexer.take().text === 'in' ? inList(lexer, target) : contains(lexer, target);
  const test = compared(lexer, target.fields, operator === '!=' ? '==' : operator);
  if (operator === '!=') return (f) => there(f) && !target.some(f, test);
  return (f) => target.some(f, test);
}

const isWord = (lexer: Lexer, word: string) =>
  lexer.token.kind === 'word' && lexer.token.text === word;

function inList(lexer: Lexer, target: Target): Filter {
  lexer.expect('{');
  const tests: Compare[] = [];
  do tests.push(compared(lexer, target.fields, '=='));
  while (lexer.accept(','));
  lexer.expect('}');
  return (f) => target.some(f, (field, value) => tests.some((test) => test(field, value)));
}

function contains(lexer: Lexer, target: Target): Filter {
  const wanted = lexer.take();
  if (wanted.kind === 'end' || wanted.kind === 'sign')
    lexer.fail('expected "text" or hex', wanted.at);
  const bare = wanted.text.replaceAll(/[:]/g, '').toLowerCase();
  const hex = wanted.kind === 'string' ? formatHex(new TextEncoder().encode(wanted.text)) : bare;
  return (f) =>
    target.some(f, (field, value) =>
      isBytes(value)
        ? formatHex(value).includes(hex)
        : ((field && nameOf(field, value)?.includes(wanted.text)) ?? false),
    );
}

/** A test against one value, read by the field that it is compared with. */
function compared(lexer: Lexer, fields: readonly Field[], operator: string): Compare {
  const token = lexer.take();
  if (token.kind === 'end' || token.kind === 'sign') lexer.fail('expected a value', token.at);
  const text = token.kind === 'string' ? JSON.stringify(token.text) : token.text;
  let problem = '';
  const tests = new Map<Field | undefined, Compare>();
  for (const field of fields) {
    try {
      tests.set(field, comparing(field, text, operator));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problem = error.message;
    }
  }
  if (tests.size === 0) throw new ExpressionError(lexer.text, token.at, problem);
  return (field, value) => tests.get(field)?.(field, value) ?? false;
}

function comparing(field: Field, text: string, operator: string): Compare {
  const prefix = /^(.*)\/(\d+)$/.exec(text);
  if (prefix) return inPrefix(field, prefix[1]!, Number(prefix[2]), operator);
  const wanted = parseValue(field, text);
  if (isBytes(wanted)) {
    if (operator !== '==') throw new RangeError(`'${field.name}' is bytes: compare with == or !=`);
    const trimmed = showValue(field, wanted);
    if (field.format === 'text') return (_, value) => showValue(field, value) === trimmed;
    return (_, value) => same(value, wanted);
  }
  switch (operator) {
    case '==':
      return (_, value) => value === wanted;
    case '>':
      return (_, value) => (value as number) > (wanted as number);
    case '<':
      return (_, value) => (value as number) < (wanted as number);
    case '>=':
      return (_, value) => (value as number) >= (wanted as number);
    default:
      return (_, value) => (value as number) <= (wanted as number);
  }
}

function inPrefix(field: Field, address: string, length: number, operator: string): Compare {
  if ((field.format !== 'ipv4' && field.format !== 'ipv6') || operator !== '==') {
    throw new RangeError(
      `'${address}/${length}': a prefix is compared by == or != with an address`,
    );
  }
  const bits = field.bits;
  if (length > bits) throw new RangeError(`/${length}: '${field.name}' has ${bits} bits`);
  const high = (value: FieldValue) => asBigint(value) >> BigInt(bits - length);
  const wanted = high(parseValue(field, address));
  return (_, value) => high(value) === wanted;
}

const asBigint = (value: FieldValue): bigint =>
  isBytes(value) ? BigInt(`0x${formatHex(value) || '0'}`) : BigInt(value);

const FRAME_PATHS: readonly FramePath[] = ['number', 'len', 'time'];

function find(protocols: readonly Protocol[], name: string): Target | undefined {
  if (protocols.some((p) => p.key === name || p.header.family === name)) {
    return {
      fields: [],
      some: (f, test) => anyLayer(f, (l) => isNamed(l, name) && test(undefined, 0)),
    };
  }
  const framePath = FRAME_PATHS.find((path) => name === `frame.${path}`);
  if (framePath) {
    const field: Field = { name: framePath, bits: 64, kind: 'uint', doc: '', reserved: false };
    const numeric = { ...field, bits: 48 };
    const some: Target['some'] = (f, test) =>
      f.frame !== undefined && test(numeric, f.frame[framePath]);
    return { fields: [numeric], some };
  }
  const places = protocols.flatMap((p) =>
    p.header.spans
      .filter((s) => name === `${p.key}.${s.name}` || name === s.field.alias)
      .map((s) => ({ protocol: p, name: s.name, field: s.field })),
  );
  if (places.length === 0) return undefined;
  return {
    fields: places.map((place) => place.field),
    some: (f, test) =>
      anyLayer(f, (l) =>
        places.some(
          (place) => l.protocol === place.protocol && test(place.field, l.get(place.name)),
        ),
      ),
  };
}

const isNamed = (layer: Layer, name: string) =>
  layer.key === name || layer.protocol.header.family === name;

function anyLayer(frame: Filtered, test: (layer: Layer) => boolean): boolean {
  return frame.layers.some(test) || (frame.messages?.some((m) => m.layers.some(test)) ?? false);
}

/** All names that a filter may use, for completion and for 'did you mean'. */
export function* filterNames(protocols: readonly Protocol[]): Generator<string> {
  for (const path of FRAME_PATHS) yield `frame.${path}`;
  for (const p of protocols) {
    yield p.key;
    for (const s of p.header.spans) yield `${p.key}.${s.name}`;
  }
}

const suggest = (protocols: readonly Protocol[], name: string) =>
  didYouMean(name, filterNames(protocols));
