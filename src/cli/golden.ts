// `wireverbs golden list|show|export`: the golden set on the terminal, and as files for users of other languages.

import type { Command } from 'commander';
import { check, describeMalformed, formatHex, hexDump, tree } from '../../protocols/index.js';
import {
  dissectGolden,
  type GoldenFrame,
  golden,
  goldenFrames,
  type Wrong,
} from '../testing/index.js';
import { UsageError } from './failure.js';
import { exportGolden, goldenData } from './golden-export.js';
import { columns, print, style, table } from './terminal.js';

const examples = `
Examples:
  wireverbs golden list --source capture
  wireverbs golden show roce-v2-rc-write-only
  wireverbs golden show bad-icrc-roce-v2 --tree
  wireverbs golden export golden-set     # golden.json, pcapng files, one NAME.hex a frame, README.txt
`;

export function goldenCommand(program: Command): void {
  const command = program
    .command('golden')
    .description('frames to test against: every opcode and header, right ones and wrong ones')
    .addHelpText('after', examples);
  command
    .command('list')
    .description('all golden frames: name, verdict, layers, source')
    .option('--json', 'one object a frame, without bytes and fields')
    .option('--layer <name>', 'only frames with that layer')
    .option('--source <kind>', 'only frames that are captured, published, snapshots or changed')
    .option('--bad', 'only frames with something wrong')
    .action(list);
  command
    .command('show')
    .argument('<name>', 'a frame of the list')
    .description('one frame: title, source, verdict, annotated dump')
    .option('--hex', 'plain hex only')
    .option('--tree', 'all fields as a tree')
    .option('--json', 'everything as JSON')
    .action((name: string, options: ShowOptions) => print(show(found(name), options)));
  command
    .command('export')
    .argument('<dir>', 'where to write; made if it is not there')
    .description('write the set as JSON, pcapng and plain hex')
    .option('--force', 'write into a directory that is not empty')
    .action((folder: string, options: { force?: true }) => {
      const written = exportGolden(folder, options.force === true);
      print(`${written.frames} frames written to ${folder}: ${written.files.join(', ')}`);
    });
}

interface ListOptions {
  readonly json?: true;
  readonly layer?: string;
  readonly source?: string;
  readonly bad?: true;
}

interface ShowOptions {
  readonly hex?: true;
  readonly tree?: true;
  readonly json?: true;
}

function found(name: string): GoldenFrame {
  try {
    return golden(name);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const kinds = ['capture', 'published', 'snapshot', 'changed'];

function list({ json, layer, source, bad }: ListOptions): void {
  if (source !== undefined && !kinds.includes(source)) {
    throw new UsageError(`there is no source '${source}'; expected one of ${kinds.join(', ')}`);
  }
  const frames = goldenFrames().filter(
    (frame) =>
      (layer === undefined || frame.layers.some((l) => l.layer === layer)) &&
      (source === undefined || frame.source.kind === source) &&
      (!bad || frame.verdict === 'bad'),
  );
  if (json) {
    const short = frames.map((frame) => {
      const { hex: _, layers, ...rest } = goldenData(frame);
      return { ...rest, layers: layers.map((l) => l.layer) };
    });
    print(JSON.stringify(short, null, 2));
    return;
  }
  const rows = frames.map((frame) => [
    frame.name,
    verdictOf(frame),
    frame.layers.map((l) => l.layer).join('/'),
    frame.source.kind,
  ]);
  print(table(['name', 'verdict', 'layers', 'source'], rows));
  print(`\n${frames.length} frames; 'wireverbs golden show NAME' shows one`);
}

const wrongText = ({ kind, where }: Wrong): string => `${kind} ${where}`;

const verdictOf = ({ verdict, wrong }: GoldenFrame): string =>
  verdict === 'good' ? style.good('good') : style.bad(wrong.map(wrongText).join(', '));

function show(frame: GoldenFrame, options: ShowOptions): string {
  if (options.hex) return formatHex(frame.bytes);
  if (options.json) return JSON.stringify(goldenData(frame), null, 2);
  const seen = dissectGolden(frame);
  if (options.tree) return tree(seen, style);
  const { findings } = check(seen);
  const marks = findings.map(({ at, message }) => ({ at, size: 1, text: message }));
  const lines = [style.layer(frame.title), ...frame.remarks, ''];
  lines.push(`source   ${frame.source.kind}: ${frame.source.text}`);
  for (const judge of frame.judges) lines.push(`judge    ${judge}`);
  if (frame.inside.protocol !== undefined) {
    lines.push(`inside   ${Object.values(frame.inside).join(', ')}`);
  }
  if (frame.build !== '') lines.push(`build    ${frame.build}`);
  lines.push(`verdict  ${verdictOf(frame)}`);
  for (const { layer, field, message } of findings) {
    const what =
      message === (seen.stop && describeMalformed(seen.stop)) ? '' : `${layer}.${field}: `;
    lines.push(`         ${style.bad(`${what}${message}`)}`);
  }
  lines.push('', hexDump(seen, { style, marks, width: columns }));
  return lines.join('\n');
}
