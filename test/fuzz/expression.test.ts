// Filters and frame expressions: texts that their grammars make, and the same with characters changed. They are
// understood or refused with an ExpressionError; building refuses with a RangeError; nothing else is thrown.

import * as fc from 'fast-check';
import {
  build,
  check,
  compileFilter,
  dissect,
  ExpressionError,
  parseFrame,
  protocolByKey,
  protocols,
} from '../../protocols/index.js';
import { filterNames } from '../../protocols/text/filter.js';
import { inspectedFrames } from '../support/capture.js';
import { fuzz } from '../support/fuzz.js';
import { assert, spec } from '../support/spec.js';
import { tilesAndReencodes } from '../support/tiling.js';

const keys = [...protocolByKey.keys()];
const names = [...filterNames(protocols)];
const frames = inspectedFrames('nvme-rdma-connect.pcap').slice(20, 60);

const word = fc.oneof(
  fc.constantFrom(
    '0',
    '1',
    '0x11',
    '0b101',
    '-1',
    '65535',
    '0xffffffffffffffff',
    '1e9',
    '10.0.0.1',
  ),
  fc.constantFrom(
    '10.0.0.0/24',
    'fe80::1',
    '::/0',
    '02:00:00:00:00:01',
    'RC_SEND_ONLY',
    '"text"',
    '""',
  ),
  fc.constantFrom('"\\u0000"', 'ff:00', '0a0b', 'true', 'ARP', '1.5', '10.0.0.0/40'),
  fc.nat().map(String),
);

const sign = fc.constantFrom('==', '!=', '>', '<', '>=', '<=', 'eq', 'ne', 'contains', 'gt');

const { filter } = fc.letrec<{ filter: string }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(...names),
    fc.tuple(fc.constantFrom(...names), sign, word).map((parts) => parts.join(' ')),
    fc.tuple(fc.constantFrom(...names), word, word).map(([n, a, b]) => `${n} in {${a}, ${b}}`),
    fc
      .tuple(tie('filter'), fc.constantFrom('&&', '||', 'and', 'or'), tie('filter'))
      .map((parts) => parts.join(' ')),
    tie('filter').map((inner) => `!(${inner})`),
  ),
}));

/** A layer with some of its own fields. */
const layer = fc.constantFrom(...keys).chain((key) => {
  const fields = protocolByKey.get(key)!.header.spans.map((span) => span.name);
  if (fields.length === 0) return fc.constant(key);
  const given = fc.uniqueArray(fc.constantFrom(...fields), { maxLength: 3 });
  return fc
    .tuple(given, fc.array(word, { minLength: 3, maxLength: 3 }))
    .map(([some, values]) => `${key}(${some.map((name, i) => `${name}=${values[i]}`).join(',')})`);
});

const data = fc.constantFrom('"hello"', 'zeros(9)', 'hex(0a0b0c)', 'zeros(1600)');

const { frame } = fc.letrec<{ frame: string }>((tie) => ({
  frame: fc.oneof(
    { depthSize: 'small' },
    fc
      .array(fc.oneof({ weight: 5, arbitrary: layer }, data), { minLength: 1, maxLength: 6 })
      .map((l) => l.join('/')),
    fc.tuple(layer, tie('frame'), tie('frame')).map(([l, a, b]) => `${l}/[${a}, ${b}]`),
  ),
}));

/** The text with some characters replaced, dropped or doubled. */
const mistyped = (texts: fc.Arbitrary<string>) => {
  const letter = fc.constantFrom(...'(){}[],/="\\!&|<>.: \n0azZ-+~\u00e9\u{1f600}');
  const slip = fc.tuple(fc.nat(), fc.oneof(letter, fc.constant('')), fc.nat({ max: 2 }));
  return fc.tuple(texts, fc.array(slip, { maxLength: 3 })).map(([text, slips]) => {
    let made = text;
    for (const [at, put, skip] of slips) {
      const place = at % (made.length + 1);
      made = made.slice(0, place) + put + made.slice(place + skip);
    }
    return made;
  });
};

/** What `make` makes, or undefined where it refuses in the way that it says. */
function refusing<T>(refusal: new (...args: never[]) => Error, make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof refusal)) throw error;
    return undefined;
  }
}

function filters(text: string): void {
  const holds = refusing(ExpressionError, () => compileFilter(text, protocols));
  if (!holds) return;
  for (const found of frames) {
    const answer = holds({ ...found, frame: { number: 1, len: found.bytes.length, time: 1.5 } });
    assert.type(answer, 'boolean');
  }
}

function builds(text: string): void {
  const layers = refusing(ExpressionError, () => parseFrame(text, protocolByKey));
  if (!layers) return;
  const made = refusing(RangeError, () => build(layers));
  if (!made) return;
  tilesAndReencodes(made);
  check(made);
  tilesAndReencodes(dissect(made.bytes));
}

spec('any expression', (it) => {
  it('is a filter that answers for every frame, or an ExpressionError', () => {
    fuzz('fuzz/expression:filter', 0.06, filter, filters);
    fuzz('fuzz/expression:filter-mistyped', 0.04, mistyped(filter), filters);
    fuzz('fuzz/expression:filter-text', 0.02, fc.string({ unit: 'binary' }), filters);
  });
  it('is a frame that is built, checked and dissected, or an ExpressionError', () => {
    fuzz('fuzz/expression:frame', 0.08, frame, builds);
    fuzz('fuzz/expression:frame-mistyped', 0.05, mistyped(frame), builds);
    fuzz('fuzz/expression:frame-text', 0.02, fc.string({ unit: 'binary' }), builds);
  });
});
