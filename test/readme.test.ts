// The code in README.md is what people copy first: it must compile as it stands, and do what its comments say.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as protocols from '../protocols/index.js';
import * as comparison from '../src/docs/comparison.js';
import * as testing from '../src/testing/index.js';
import { assert, spec } from './support/spec.js';
import { typeErrors } from './support/stranger.js';

/** The code of a document. */
const codeOf = (path: string): string[] => {
  const text = readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map((m) => m[1]!);
};
const examples = codeOf('README.md');
const [ownProtocol = ''] = codeOf('docs/own-protocol.md');

const { bth, build, eth, ipv4, reth, udp } = protocols;

/** What the other examples take for granted: frames of the reader's own. */
const mine = `
declare const bytes: Uint8Array;
declare const mine: Uint8Array;
`;

/** Runs an example with the package's names, and gives back the names that it declares. */
function run(code: string, ...names: string[]): Record<string, unknown> {
  const imported = { ...protocols, ...testing };
  const body = code.replaceAll(/^import .*?;$/gms, '');
  const known = [...code.matchAll(/import \{(.*?)\}/gs)].flatMap((m) =>
    m[1]!.split(',').map((n) => n.trim()),
  );
  const made = new Function(...known, `${body}; return { ${names.join(', ')} };`);
  return made(...known.map((name) => Reflect.get(imported, name))) as Record<string, unknown>;
}

spec('README', (it) => {
  it('has examples that compile in a strict project', () => {
    assert.ok(examples.length >= 2);
    assert.is(
      typeErrors(
        Object.fromEntries(
          [...examples.map((code, i) => `${code}${i > 0 ? mine : ''}`), ownProtocol].map(
            (code, i) => [`e${i}.ts`, code],
          ),
        ),
      ),
      '',
    );
  });

  it('shows the counts and the picture that `wireverbs compare` gives today (npm run docs writes them)', () => {
    assert.is(comparison.present.readme, comparison.readme());
    assert.is(comparison.present.picture, comparison.picture());
  });

  it('builds, dissects and checks as it says', () => {
    const { frame, seen } = run(examples[0]!, 'frame', 'seen') as {
      frame: protocols.Frame;
      seen: protocols.Dissection;
    };
    assert.is(seen.stop, null);
    assert.equal(protocols.check(seen).findings, []);
    assert.equal(
      frame.layers.map((l) => l.key),
      ['eth', 'ipv4', 'udp', 'bth', 'reth', 'payload', 'ibpad', 'icrc'],
    );
  });
});

/** Names and types that must be errors, and those that must not: inference from the declarations. */
const inference = `
import { bth, build, bytes, eth, header, ipv4, protocol, rest, reth, uint, word, flag, type AnyHeader, type BuildOptions, type CheckResult, type Context, type Derivation, type Field, type FieldInput, type Fields, type FieldValue, type Finding, type Format, type Frame, type Header, type HeaderOptions, type Item, type LayerInput, type Malformed, type Part, type PartFields, type Protocol, type Report, type Scene, type Sealing, type Span, type Verification, type Walk } from 'wireverbs/protocols';
const Own = header('Own', [
  uint(16, 'kind', 'a kind'),
  word(flag('last', 'last'), uint(7, 'count', 'count')),
  uint(48, 'wide', 'a wide one'),
  uint(64, 'big', 'a big one'),
  bytes(4, 'id', 'an identifier'),
  rest('tail', 'the rest'),
]);
const b = new Uint8Array(40);
export const kind: number = Own.get.kind(b, 0);
export const last: number = Own.get.last(b, 0);
export const wide: number = Own.get.wide(b, 0);
export const big: bigint = Own.get.big(b, 0);
export const id: Uint8Array = Own.decode(b).id;
export const at: number = Own.at.tail;
Own.set.big(b, 0, 1n);
Own.encode({ kind: 1, tail: b });
const own = protocol(Own);
own({ kind: 'NAME', big: 1, tail: '0x00' });
// @ts-expect-error no such field
Own.get.nothing(b, 0);
// @ts-expect-error byte strings have no accessors
Own.get.id(b, 0);
// @ts-expect-error a rest has none either
Own.get.tail(b, 0);
// @ts-expect-error 64 bits are a bigint
Own.set.big(b, 0, 1);
// @ts-expect-error 48 bits are a number
Own.set.wide(b, 0, 1n);
// @ts-expect-error a number is no bytes
Own.encode({ id: 1 });
// @ts-expect-error a bigint is no number
Own.encode({ kind: 1n });
// @ts-expect-error no such field
Own.encode({ nothing: 1 });
// @ts-expect-error no such field
own({ nothing: 1 });
// @ts-expect-error numbers of 16 bits are no bigints
own({ kind: 1n });
// @ts-expect-error no such field
Own.decode(b).nothing;
// @ts-expect-error no such place
Own.at.nothing;
// @ts-expect-error what is decoded has types
export const wrong: bigint = Own.decode(b).kind;
// @ts-expect-error fields of other headers
bth({ va: 1n });
// @ts-expect-error a layer is no number
build([eth(), 5]);
// @ts-expect-error only derive, leave and spoil
build([eth()], { sealing: { eth: 'ruin' } });
build([eth(), [[ipv4(), 'a'], [ipv4(), reth({ va: 1n })]]], { sealing: { checksum: 'spoil' }, complete: false });
export type All = [AnyHeader, BuildOptions, CheckResult, Context, Derivation, Field, FieldInput<number>, Fields<[]>, FieldValue, Finding, Format, Frame, Header, HeaderOptions, Item, LayerInput, Malformed, Part, PartFields<{}>, Protocol, Report, Scene, Sealing, Span, Verification, Walk];
`;

spec('types', (it) => {
  it('follow from the declarations: wrong names and types do not compile', () => {
    assert.is(typeErrors({ 'inference.ts': inference }), '');
  });
  it('are what a protocol of its own is built with', () => {
    const Own = protocols.header('Own', [protocols.uint(64, 'big', 'big')]);
    const own = protocols.protocol(Own);
    assert.is(
      build([eth(), ipv4(), udp(), bth(), reth(), own({ big: 7 })], { complete: false }).bytes
        .length,
      78,
    );
  });
});
