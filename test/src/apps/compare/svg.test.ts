// Mirrors src/apps/compare/svg.ts: a picture is well-formed, needs nothing else, and follows from the record.

import { type Comparison, type PathRecord, svgOf } from '../../../../src/apps/compare/index.js';
import { compare } from '../../../../src/scenario/compare.js';
import { assert, spec } from '../../../support/spec.js';

const made = compare({ paths: ['tcp', 'rocev2'] });

/** What is wrong with the nesting of elements, attributes or entities; '' when nothing is. */
function malformed(text: string): string {
  const open: string[] = [];
  const tag = /<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z0-9:-]+="[^"<]*")*)\s*(\/?)>/y;
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '<') {
      const end = text.indexOf('<', at);
      const words = text.slice(at, end < 0 ? undefined : end);
      if (/&(?!amp;|lt;|gt;|quot;)/.test(words) || words.includes('>')) return `text '${words}'`;
      at = end < 0 ? text.length : end;
      continue;
    }
    tag.lastIndex = at;
    const found = tag.exec(text);
    if (!found) return `no tag at '${text.slice(at, at + 60)}'`;
    const [whole, closes, name, , empty] = found;
    if (closes && open.pop() !== name) return `${name} closes nothing`;
    if (!closes && !empty) open.push(name!);
    at += whole.length;
  }
  return open.length > 0 ? `${open.join(', ')} stay open` : '';
}

spec('the picture of a comparison', (it) => {
  it('is well-formed', () => {
    const svg = svgOf(made);
    assert.is(malformed(svg.trim()), '');
    assert.ok(!/NaN|Infinity|undefined/.test(svg));
  });

  it('is well-formed with any words in it', () => {
    const path: PathRecord = { ...made.paths[0]!, title: 'a <b> & "c"', operation: '<>' };
    const odd: Comparison = { ...made, paths: [path], findings: ['1 < 2 & 3 > 2'] };
    assert.is(malformed(svgOf(odd).trim()), '');
  });

  it('needs nothing from elsewhere, and no scripts', () => {
    const svg = svgOf(made).replace('http://www.w3.org/2000/svg', '');
    assert.ok(!/https?:|<script|<image|@import|href=/.test(svg));
  });

  it('can be read in light and dark, and aloud', () => {
    const svg = svgOf(made);
    assert.match(svg, /prefers-color-scheme:dark/);
    assert.match(svg, /role="img" aria-labelledby=/);
    assert.match(svg, /<title id="wireverbs-title">One message of 4,096 bytes/);
  });

  it('draws each copy, and none where there was none', () => {
    const copies = (paths: readonly PathRecord[]) =>
      [...svgOf({ ...made, paths }).matchAll(/<rect class="copy"[^>]*><title>/g)].length;
    const [tcp, roce] = made.paths as [PathRecord, PathRecord];
    assert.is(copies([tcp]), tcp.moves.filter(({ kind }) => kind === 'copy').length);
    assert.is(copies([roce]), 0);
  });

  it('says of lanes in which nobody did anything that it was so', () => {
    const [tcp, roce] = made.paths as [PathRecord, PathRecord];
    assert.match(svgOf({ ...made, paths: [roce] }), /the target's kernel is not involved/);
    assert.match(svgOf({ ...made, paths: [roce] }), /no program of the target runs/);
    assert.not.match(svgOf({ ...made, paths: [tcp] }), /is not involved/);
  });

  it('can stand in a page several times', () => {
    const ids = [...`${svgOf(made, 'a')}${svgOf(made, 'b')}`.matchAll(/ id="([^"]*)"/g)];
    assert.is(new Set(ids.map((m) => m[1])).size, ids.length);
  });
});
