// Every script below scripts/ is a test; its title names the standard and the section that it is written from.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { assert, spec } from '../../support/spec.js';
import { ScriptRun } from '../../support/tcp-script.js';
import { parseScripts } from '../../support/tcp-script-line.js';

const folder = fileURLToPath(new URL('../../../../test/src/tcp/scripts/', import.meta.url));
const LEAST = 150;

const files = readdirSync(folder)
  .filter((name) => name.endsWith('.pkt'))
  .sort();
let count = 0;
for (const file of files) {
  const scripts = parseScripts(readFileSync(`${folder}${file}`, 'utf8'));
  count += scripts.length;
  spec(`TCP script ${file}`, (it) => {
    for (const script of scripts) it(script.title, () => new ScriptRun(script).run());
  });
}

spec('TCP scripts', (it) => {
  it(`are ${LEAST} at least, and each cites its standard`, () => {
    assert.ok(count >= LEAST, `${count} scripts`);
    for (const file of files) {
      for (const { title } of parseScripts(readFileSync(`${folder}${file}`, 'utf8'))) {
        assert.match(title, /RFC \d+/, title);
      }
    }
  });

  it('are those that the table of mechanisms names, file by file and standard by standard', () => {
    const readme = readFileSync(`${folder}README.md`, 'utf8');
    const rows = [...readme.matchAll(/^\| [^|]+ \| (\w+: RFC .*) \|$/gm)];
    const entries = rows.flatMap((row) =>
      row[1]!.split('; ').map((entry) => entry.split(/: (?=RFC)/)),
    );
    const titles = files.flatMap((file) =>
      parseScripts(readFileSync(`${folder}${file}`, 'utf8')).map(({ title }) => ({ file, title })),
    );
    const covers = ([name, start]: readonly string[], { file, title }: (typeof titles)[0]) =>
      file === `${name}.pkt` && title.startsWith(start!);
    const empty = entries.filter((entry) => !titles.some((title) => covers(entry, title)));
    const missed = titles.filter((title) => !entries.some((entry) => covers(entry, title)));
    assert.equal(empty, []);
    assert.equal(missed, []);
  });
});
