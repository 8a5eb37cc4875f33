// Writes protocols/README.md: the tables of every header, generated from the declarations. `npm run docs` writes
// it; a test holds the file equal to what would be written.

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fieldRows, type Protocol, protocols } from '../../protocols/index.js';

const path = fileURLToPath(new URL('../../../protocols/README.md', import.meta.url));
const MARK = '<!-- generated from the declarations by `npm run docs`; do not edit below -->';

const cell = (text: string) => text.replaceAll('|', '\\|');

function section({ header, key }: Protocol): string {
  const size = header.tail ? `${header.size} bytes and more` : `${header.size} bytes`;
  const order = header.order === 'le' ? ', little-endian' : '';
  const rows = fieldRows(header).map(
    (r) => `| ${r.place} | \`${r.name}\` | ${r.bits} | ${cell(r.doc)} | ${r.alias} |`,
  );
  return [
    `### ${header.title} (\`${key}\`)`,
    '',
    `${size}${order}. ${header.section}`.trim(),
    '',
    '| byte | field | bits | meaning | tshark |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

/** The whole file: its hand-written head, then one table a header. */
export function protocolsReadme(): string {
  const present = readFileSync(path, 'utf8');
  const head = present.slice(0, present.indexOf(MARK)).trimEnd();
  return [head, MARK, '', '## Headers', ...protocols.map((p) => `\n${section(p)}`), '']
    .join('\n\n')
    .replaceAll(/\n{3,}/g, '\n\n');
}

/** What the file holds now. */
export const presentReadme = (): string => readFileSync(path, 'utf8');

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(path, protocolsReadme());
