// The list of Linux's rules (docs/rdma-rules.md) and the titles of the tests that name them say the same.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert, spec } from '../../support/spec.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const tests = join(root, 'test/src');

/** Rule or trap and test file, as the list has them. */
function listed(): string[] {
  const text = readFileSync(join(root, 'docs/rdma-rules.md'), 'utf8');
  return [...text.matchAll(/^\| (\d+\.\d+\.\d+|trap \d+) \| [^|]+ \| ([^|]*) \|$/gm)].flatMap(
    (m) => {
      const files = [...m[2]!.matchAll(/`([^`]+)`/g)].map((f) => f[1]!);
      assert.ok(files.length > 0, `${m[1]} has no test`);
      return files.map((file) => `${m[1]} in ${file}`);
    },
  );
}

/** The same, as the titles have them. */
function named(): string[] {
  const found = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(tests, name), 'utf8');
      const titles = [...text.matchAll(/\bit\(\s*(['"`])(.*?)\1,\s*\(/gs)].map((m) => m[2]!);
      const ids = titles.flatMap((t) => [
        ...t.matchAll(/\b(?:rule (\d+\.\d+\.\d+)|(trap \d+))\b/g),
      ]);
      return ids.map((m) => `${m[1] ?? m[2]} in ${name.replaceAll('\\', '/')}`);
    });
  return [...new Set(found)];
}

spec("the list of Linux's rules", (it) => {
  it('names for each rule and trap the files whose titles name it, and no others', () => {
    assert.equal(listed().sort(), named().sort());
    assert.ok(listed().length > 90);
  });
});
