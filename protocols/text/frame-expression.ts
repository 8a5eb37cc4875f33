// Frames in one line of text: eth/ipv4(src=10.0.0.1)/udp(dstPort=7)/"hello". Layers nest from left to right,
// "text", hex(0a0b) and zeros(100) are payload, and [a/b, c/d] puts units side by side, each closed before
// the next begins. What is not written is derived when the frame is built.

import { parseHex } from '../core/address.js';
import type { LayerInput } from '../core/build.js';
import type { Part } from '../core/part.js';
import { part } from '../core/part.js';
import type { Protocol } from '../core/protocol.js';
import { didYouMean } from '../core/suggest.js';
import { ExpressionError, Lexer } from './lexer.js';

/** Payload written as zeros(N) may have so many bytes: the largest IPv6 jumbogram is of no use here. */
const MAX_ZEROS = 1 << 20;
/** Units may stand inside units, so deep. */
const MAX_DEPTH = 16;

/**
 * Reads a frame expression into layers for `build`.
 * @throws ExpressionError (a RangeError) that shows the place
 */
export function parseFrame(
  text: string,
  protocols: ReadonlyMap<string, Protocol>,
): readonly LayerInput[] {
  const lexer = new Lexer(text, ['/', '(', ')', ',', '=', '[', ']'], /[\w.:+-]/);
  const layers = frame(lexer, protocols, 0);
  if (!lexer.atEnd) lexer.fail(`expected '/' or the end`);
  return layers;
}

function frame(
  lexer: Lexer,
  protocols: ReadonlyMap<string, Protocol>,
  depth: number,
): LayerInput[] {
  if (depth > MAX_DEPTH) lexer.fail(`units nest at most ${MAX_DEPTH} deep`);
  const layers: LayerInput[] = [];
  do layers.push(layer(lexer, protocols, depth));
  while (lexer.accept('/'));
  return layers;
}

function layer(lexer: Lexer, protocols: ReadonlyMap<string, Protocol>, depth: number): LayerInput {
  if (lexer.accept('[')) {
    const units: LayerInput[][] = [];
    do units.push(frame(lexer, protocols, depth + 1));
    while (lexer.accept(','));
    lexer.expect(']');
    return units;
  }
  const { kind, text, at } = lexer.token;
  if (kind === 'string') return lexer.take().text;
  if (kind !== 'word') lexer.fail('expected a layer, "text", hex(...), zeros(N) or [');
  lexer.take();
  if (text === 'hex' || text === 'zeros') return literal(lexer, text);
  const protocol = protocols.get(text);
  if (!protocol) {
    lexer.fail(`there is no layer '${text}'${didYouMean(text, protocols.keys())}`, at);
  }
  return withFields(lexer, protocol);
}

function literal(lexer: Lexer, kind: 'hex' | 'zeros'): Uint8Array {
  lexer.expect('(');
  let digits = '';
  const { at } = lexer.token;
  while (lexer.token.kind === 'word') digits += lexer.take().text.replaceAll(/[:.-]/g, '');
  lexer.expect(')');
  if (kind === 'hex') return located(lexer, at, () => parseHex(digits));
  const count = Number(digits);
  if (!/^\d+$/.test(digits) || count > MAX_ZEROS) {
    lexer.fail(`zeros() takes 0 to ${MAX_ZEROS} bytes, not '${digits}'`, at);
  }
  return new Uint8Array(count);
}

function withFields(lexer: Lexer, protocol: Protocol): Part {
  const fields: Record<string, string> = {};
  if (lexer.accept('(') && !lexer.accept(')')) {
    do {
      const { kind, text: name, at } = lexer.token;
      const span = protocol.header.span(name);
      if (kind !== 'word' || !span) {
        const names = protocol.header.spans.map((s) => s.name);
        lexer.fail(`${protocol.key} has no field '${name}'${didYouMean(name, names)}`, at);
      }
      if (name in fields) lexer.fail(`${protocol.key}.${name} is given twice`, at);
      lexer.take();
      lexer.expect('=');
      const value = lexer.token;
      if (value.kind !== 'word' && value.kind !== 'string')
        lexer.fail(`expected a value of ${name}`);
      lexer.take();
      fields[name] = value.kind === 'string' ? JSON.stringify(value.text) : value.text;
      located(lexer, value.at, () => part(protocol, { [name]: fields[name]! }));
    } while (lexer.accept(','));
    lexer.expect(')');
  }
  return part(protocol, fields);
}

function located<T>(lexer: Lexer, at: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof ExpressionError || !(error instanceof RangeError)) throw error;
    throw new ExpressionError(lexer.text, at, error.message);
  }
}
