// A comparison as one SVG picture that needs nothing else: first all paths beside each other on one scale, then each path as
// a timeline on its own scale, with its stations by number and what follows from them.

import { inBytes, inUs } from './finding.js';
import type { Comparison, PathRecord, Station } from './model.js';
import { PLOT, TIMELINE_HEIGHT, Timeline } from './svg-lane.js';
import { box, escaped, line, widthOf, words, wrapped } from './svg-shape.js';
import { hatching, styleSheet } from './svg-style.js';

const WIDTH = 1180;
const MARGIN = 20;
const LINE = 17;
const FONT = 12;
const US = 1000;
/** On a common scale nothing is shown of what comes after. */
const MARGIN_OF_TIME = 1.03;
/** Lists of stations stand in so many columns. */
const COLUMNS = 3;

const legend = [
  ['app', 'program'],
  ['poll', 'program polls'],
  ['kernel', 'kernel, in a call'],
  ['interrupt', 'kernel, interrupted'],
  ['switch', 'context switch'],
  ['copy', 'copy by a CPU'],
  ['dma', 'DMA by a NIC'],
  ['wire', 'frame'],
] as const;

/** For who sees such a picture for the first time. */
const howToRead = [
  'A lane is who does it, from left to right is time, an arrow is bytes or a signal that go from one to another (thick: the message).',
  'Copies are red: a CPU moves bytes from one place in memory to another. Zero copy: nothing is red, and NICs alone (blue) fetch and store.',
  'What kernels do is orange: system calls, interrupts, waking programs. Kernel bypass: the lanes of both kernels are empty.',
  'The lower half is the other machine. No CPU involvement: its program and its kernel do nothing, and only its NIC works.',
] as const;

/** `id` must differ where several pictures stand in one page. */
export function svgOf(comparison: Comparison, id = 'wireverbs'): string {
  const out: string[] = [];
  let y = head(out, comparison, MARGIN + 16);
  y = overview(out, comparison, y);
  for (const path of comparison.paths) y = panel(out, path, y + 26);
  const height = Math.ceil(y + MARGIN);
  const title = `One message of ${inBytes(comparison.size)} over ${comparison.paths.map((p) => p.title).join(', ')}`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" id="${id}" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-text">`,
    `<title id="${id}-title">${escaped(title)}</title>`,
    `<desc id="${id}-text">${escaped(comparison.findings.join(' '))}</desc>`,
    `<style>${styleSheet(id)}</style>`,
    hatching(id),
    box('ground', 0, 0, WIDTH, height),
    ...out,
    '</svg>',
  ].join('\n')}\n`;
}

/** One path alone: its timeline, stations and sentences; `id` must differ where several stand in one page. */
export function pictureOf(path: PathRecord, id: string): string {
  const out: string[] = [];
  const height = Math.ceil(panel(out, path, MARGIN) + MARGIN);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" id="${id}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(path.title)}">`,
    `<style>${styleSheet(id)}</style>`,
    hatching(id),
    ...out,
    '</svg>',
  ].join('\n')}\n`;
}

/** Timelines on one scale, with what their colours mean: what one path takes longer than another stands out. */
export function picturesOnOneScale(paths: readonly PathRecord[], id: string): string {
  const out: string[] = [];
  const endNs =
    Math.max(...paths.map(({ knownNs, placedNs }) => Math.max(knownNs, placedNs))) * MARGIN_OF_TIME;
  let y = colours(out, MARGIN);
  for (const path of paths) {
    y += 2 * LINE;
    out.push(words('head', MARGIN, y, `${path.title}, ${inUs(path.knownNs)}`));
    out.push(words('right faint', PLOT.right, y, summary(path)));
    y += 14;
    out.push(new Timeline(path, y, endNs).draw([]));
    y += TIMELINE_HEIGHT;
  }
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" id="${id}" viewBox="0 0 ${WIDTH} ${Math.ceil(y)}" role="img" aria-label="${escaped(paths.map(({ title }) => title).join(', '))}">`,
    `<style>${styleSheet(id)}</style>`,
    hatching(id),
    ...out,
    '</svg>',
  ].join('\n')}\n`;
}

function head(out: string[], comparison: Comparison, top: number): number {
  const { size, op, nic, cpu, kernel, mtu, warmUp } = comparison;
  let y = top;
  out.push(words('title', MARGIN, y, `One message of ${inBytes(size)} (${op})`));
  y += 22;
  const made = `${nic}; CPU ${cpu}; socket stack ${kernel}; 100 Gb/s, Ethernet MTU ${mtu}. Steady state: ${warmUp} messages went before.`;
  out.push(words('faint', MARGIN, y, made));
  y = colours(out, y + 14);
  for (const text of howToRead) y = bullet(out, text, y);
  return y + 30;
}

/** What boxes mean, in a line at `y`; where the next one begins. */
function colours(out: string[], y: number): number {
  let x = MARGIN;
  for (const [kind, text] of legend) {
    out.push(box(kind, x, y, 16, 12));
    out.push(words('', x + 21, y + 10.5, text));
    x += 40 + widthOf(text, FONT);
  }
  return y + 16;
}

/** All paths on one scale: how long, and what it took. */
function overview(out: string[], { paths, findings }: Comparison, top: number): number {
  const barWidth = 400;
  const longest = Math.max(...paths.map(({ placedNs }) => placedNs));
  let y = top;
  out.push(words('head', MARGIN, y, 'From the call until the last byte lies in its place'));
  y += 10;
  for (const path of paths) {
    const width = (path.placedNs / longest) * barWidth;
    out.push(words('right', PLOT.left - 8, y + 15, path.title));
    out.push(box('ground', PLOT.left, y + 3, barWidth, 16));
    out.push(box('dma', PLOT.left, y + 3, width, 16));
    out.push(words('', PLOT.left + width + 6, y + 15, inUs(path.placedNs)));
    out.push(words('faint', PLOT.left + barWidth + 75, y + 15, summary(path)));
    y += 22;
  }
  for (const finding of [...wrongOnes(paths), ...findings]) y = bullet(out, finding, y);
  return y;
}

function summary({ counts: { initiator: a, target: b } }: PathRecord): string {
  const cpu = (ns: number) => (ns / US).toFixed(2);
  return `${(a.copiedBytes + b.copiedBytes).toLocaleString('en')} bytes copied by CPUs, ${counted(a.systemCalls + b.systemCalls, 'system call')}, ${counted(a.interrupts + b.interrupts, 'interrupt')}, CPU ${cpu(a.cpuNs)} + ${cpu(b.cpuNs)} us`;
}

const counted = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : 's'}`;

const wrongOnes = (paths: readonly PathRecord[]): string[] =>
  paths
    .filter(({ verified }) => !verified)
    .map(({ title }) => `${title}: the bytes that arrived are not those that were sent.`);

/** A sentence in as many lines as it needs; where the next one begins. */
function bullet(out: string[], text: string, top: number): number {
  const lines = wrapped(text, WIDTH - 2 * MARGIN - INDENT, FONT);
  lines.forEach((part, i) => {
    const y = top + (i + 1) * LINE;
    out.push(words('', MARGIN + (i === 0 ? 0 : INDENT), y, i === 0 ? `• ${part}` : part));
  });
  return top + lines.length * LINE;
}
const INDENT = 10;

function panel(out: string[], path: PathRecord, top: number): number {
  let y = top + LINE;
  out.push(line('rule', MARGIN, top - 8, WIDTH - MARGIN, top - 8));
  out.push(words('head', MARGIN, y, `${path.title}: ${path.operation}`));
  const placed = `dashed line: the last byte lies in its place, ${inUs(path.placedNs)}`;
  out.push(words('right faint', PLOT.right, y, placed));
  y += 14;
  const stations = path.stations.filter(({ phase }) => phase === 0);
  const timeline = new Timeline(path, y);
  out.push(timeline.draw(stations));
  y += TIMELINE_HEIGHT;
  y = list(out, stations, timeline.end, y + 4);
  for (const finding of path.findings) y = bullet(out, finding, y);
  return y;
}

/** The stations by number, in columns; of what came after `end`, which is not drawn, the time as well. */
function list(out: string[], stations: readonly Station[], end: number, top: number): number {
  const each = Math.ceil(stations.length / COLUMNS);
  const width = (WIDTH - 2 * MARGIN) / COLUMNS;
  stations.forEach((station, i) => {
    const x = MARGIN + Math.floor(i / each) * width;
    const y = top + ((i % each) + 1) * LINE;
    const later = station.atNs > end ? `, at ${inUs(station.atNs)}` : '';
    out.push(words('small', x, y, `${i + 1}  ${told(station)}${later}`));
  });
  return top + each * LINE + 6;
}

function told({ side, what, from, to, bytes, kind }: Station): string {
  const amount = bytes > 0 ? `, ${bytes.toLocaleString('en')} B` : '';
  const where = kind === 'copy' || kind.startsWith('dma') ? `${from} > ${to}` : what;
  return `${side}: ${kind === 'copy' ? 'copy ' : ''}${where}${amount}`;
}
