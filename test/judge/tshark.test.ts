// Field by field against tshark 4.0, over every frame of every capture: what both name must be equal, and what tshark
// names must be a field of ours or stand in tshark-holes.ts with a reason. A family of fields is judged from the
// moment one of its fields is found in a capture, so that the judge tightens by itself.

import { protocols } from '../../protocols/index.js';
import { capturePath, captures, inspectedFrames } from '../support/capture.js';
import { assert, spec } from '../support/spec.js';
import { dissectByTshark, noTshark, tsharkFieldNames } from '../support/tshark.js';
import { Comparison, familyOf } from './comparison.js';
import { families, gaveUp, tables } from './tshark-holes.js';

const aliases = new Set(
  protocols.flatMap(({ header }) => header.spans.flatMap((s) => s.field.alias ?? [])),
);

spec('tshark and we', (it) => {
  const available = noTshark === '';
  /** Families of tshark's that were not judged in some capture. */
  const left = new Set<string>();
  const needed = new Set<string>();

  for (const name of captures) {
    it.where(available, noTshark, `name the same fields alike in ${name}`, async () => {
      const mine = inspectedFrames(name);
      const comparison = new Comparison(mine, aliases, gaveUp[name]?.frames ?? []);
      const wanted = (field: string) => families.includes(familyOf(field));
      await dissectByTshark(capturePath(name), wanted, (frame) => comparison.frame(frame));
      comparison.assertAlike();
      for (const family of comparison.left) left.add(family);
      for (const entry of comparison.needed) needed.add(entry);
    });
  }

  it.where(available, noTshark, 'leave no family of fields out', () => {
    assert.equal([...left], []);
  });

  it.where(available, noTshark, 'need every entry of the tables of holes', () => {
    const all = Object.entries(tables).flatMap(([table, entries]) =>
      Object.keys(entries).map((entry) => `${table} ${entry}`),
    );
    assert.equal(
      all.filter((entry) => !needed.has(entry)),
      [],
    );
  });

  it.where(available, noTshark, 'take no name for an alias that tshark does not have', () => {
    const known = tsharkFieldNames();
    assert.equal(
      [...aliases].filter((name) => !known.has(name)),
      [],
    );
  });
});
