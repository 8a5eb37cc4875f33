// `wireverbs header NAME`: a header's table of fields and its bit diagram, from its declaration.

import type { Command } from 'commander';
import { didYouMean } from '../../protocols/core/suggest.js';
import {
  bitDiagram,
  fieldRows,
  type Protocol,
  protocolByKey,
  protocols,
} from '../../protocols/index.js';
import { UsageError } from './failure.js';
import { print, style, table } from './terminal.js';

export function headerCommand(program: Command): void {
  program
    .command('header')
    .argument(
      '[name...]',
      'layer names, such as bth or ipv4; a family, such as infiniband; all when none is given',
    )
    .option('--json', 'fields as JSON')
    .description('show the field table and the bit diagram of a header')
    .addHelpText(
      'after',
      '\nExamples:\n  wireverbs header bth\n  wireverbs header reth aeth\n  wireverbs header        # lists all\n',
    )
    .action((names: string[], options: { json?: boolean }) => {
      const found = names.length === 0 ? protocols : names.flatMap(find);
      if (options.json) print(JSON.stringify(found.map(asData), null, 2));
      else if (names.length === 0) print(overview());
      else print(found.map(page).join('\n\n'));
    });
}

function find(name: string): Protocol[] {
  const lower = name.toLowerCase();
  const one =
    protocolByKey.get(lower) ?? protocols.find((p) => p.header.name.toLowerCase() === lower);
  if (one) return [one];
  const family = protocols.filter((p) => p.header.family === lower);
  if (family.length > 0) return family;
  throw new UsageError(`there is no header '${name}'${didYouMean(name, protocolByKey.keys())}`);
}

function overview(): string {
  const rows = protocols.map((p) => [
    p.key,
    p.header.family,
    p.header.size,
    p.header.title,
    p.header.section,
  ]);
  return table(['layer', 'family', 'bytes', 'title', 'defined in'], rows);
}

/** What the ruler above a diagram does not tell. */
const LITTLE_ENDIAN =
  'Little-endian: each word is drawn as the number that it is, its highest bit to the left.';

function page({ header, key }: Protocol): string {
  const size = header.tail ? `${header.size} bytes and more` : `${header.size} bytes`;
  const order = header.order === 'le' ? ', little-endian' : '';
  const rows = fieldRows(header).map((r) => [r.place, r.name, r.bits, r.doc, r.alias]);
  return [
    `${style.layer(header.title)} (${key}), ${size}${order}. ${header.section}`,
    '',
    bitDiagram(header),
    ...(header.order === 'le' ? [style.dim(LITTLE_ENDIAN)] : []),
    '',
    table(['byte', 'field', 'bits', 'meaning', 'tshark'], rows),
  ].join('\n');
}

const asData = ({ header, key }: Protocol) => ({
  layer: key,
  title: header.title,
  section: header.section,
  bytes: header.size,
  order: header.order,
  fields: header.spans.map((s) => ({
    name: s.name,
    byte: s.at,
    bytes: s.size,
    shift: s.shift,
    bits: s.bits,
    doc: s.field.doc,
    tshark: s.field.alias,
    names: s.field.names,
  })),
});
