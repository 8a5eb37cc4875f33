// What commands print and how: colours where a terminal wants them, aligned tables, progress on a terminal
// only. Results go to stdout, progress and remarks to stderr, so that pipes get nothing but results.

import { stripVTControlCharacters } from 'node:util';
import { SingleBar } from 'cli-progress';
import Table from 'cli-table3';
import colours from 'picocolors';
import type { Style } from '../../protocols/index.js';
import { plain } from '../../protocols/show/style.js';

/** Colours are wanted: a terminal, and NO_COLOR is not set (or FORCE_COLOR is). */
export const coloured: boolean = wantsColour(process.stdout.isTTY === true);

function wantsColour(terminal: boolean): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  return terminal && TERM !== 'dumb';
}

const paint = colours.createColors(coloured);

/** Colours that read well on dark and on light terminals. */
const fieldPaints = [paint.cyan, paint.yellow, paint.green, paint.magenta, paint.blue];

export const style: Style = coloured
  ? {
      layer: paint.bold,
      field: (index, text) => fieldPaints[index % fieldPaints.length]!(text),
      dim: paint.dim,
      bad: (text) => paint.bold(paint.red(text)),
      good: paint.green,
    }
  : plain;

/** Columns of the terminal, or COLUMNS, or 120. */
export const columns: number = Math.max(
  60,
  process.stdout.columns || Number(process.env.COLUMNS) || 120,
);

/** Prints a line (or several) to stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** '1 frame', '2 frames'. */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

/** Prints a remark to stderr. */
export function remark(text: string): void {
  process.stderr.write(`${text}\n`);
}

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Rows in aligned columns under `head`; numbers to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const numeric = head.map(
    (_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'),
  );
  const made = new Table({
    head: head.map((text) => style.layer(text)),
    chars: BARE,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: numeric.map((right) => (right ? 'right' : 'left')),
  });
  const widths = fitted(head, rows);
  for (const row of rows) made.push(row.map((cell, i) => wrapped(String(cell), widths[i]!)));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Without colours, which take no room. */
const bare = stripVTControlCharacters;

/** Narrower than this no column gets. */
const LEAST_WIDTH = 16;
const GAP = 2;

/** Widths of columns; on a terminal the widest give way until a row fits. Pipes get a line a row. */
function fitted(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): number[] {
  const widths = head.map((text, i) =>
    rows.reduce((most, row) => Math.max(most, bare(String(row[i])).length), text.length),
  );
  const room = process.stdout.isTTY || process.env.COLUMNS ? columns : Infinity;
  const total = () => widths.reduce((sum, width) => sum + width + GAP, -GAP);
  while (total() > room) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= LEAST_WIDTH) break;
    widths[widest]!--;
  }
  return widths;
}

/** A cell in lines of at most `width` columns, broken between words, or behind a slash, or anywhere. */
function wrapped(cell: string, width: number): string {
  const text = bare(cell);
  if (text.length <= width) return cell;
  const lines = [''];
  for (const word of text.match(/[^ /]*[ /]*/g) ?? []) {
    const line = lines.at(-1)!;
    if (line !== '' && (line + word).trimEnd().length > width) lines.push('');
    let rest = word;
    for (; rest.trimEnd().length > width; rest = rest.slice(width)) {
      lines[lines.length - 1] = rest.slice(0, width);
      lines.push('');
    }
    lines[lines.length - 1] += rest;
  }
  return lines.map((line) => line.trimEnd()).join('\n');
}

/** Less is done before anybody has read a bar. */
const LONG_WORK = 1 << 22;

/** Shows how far a long piece of work is, on a terminal only. */
export class Progress {
  readonly #bar: SingleBar | undefined;

  /** `total` in `unit`s; no bar where stderr is no terminal or the total is small or unknown. */
  constructor(total: number | undefined, unit: string) {
    if (process.stderr.isTTY !== true || total === undefined || total < LONG_WORK) return;
    this.#bar = new SingleBar({
      format: `{bar} {percentage}% | {value}/{total} ${unit} | {eta_formatted} left`,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    });
    this.#bar.start(total, 0);
  }

  update(value: number): void {
    this.#bar?.update(value);
  }

  stop(): void {
    this.#bar?.stop();
  }
}

/** Shows how many pieces of work are done, and of what, on a terminal only. */
export class PointProgress {
  readonly #bar: SingleBar | undefined;

  constructor(total: number, title: string) {
    if (process.stderr.isTTY !== true || total === 0) return;
    this.#bar = new SingleBar({
      format: `{bar} {done}/{all} | {duration_formatted}, {eta_formatted} left | ${title}`,
      barsize: 30,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    });
    this.#bar.start(total, 0, { done: 0, all: total });
  }

  update(done: number): void {
    this.#bar?.update(done, { done: Math.floor(done) });
  }

  stop(): void {
    this.#bar?.stop();
  }
}
