// The ways in which `dissect` shows a frame: summaries, dumps and trees with what is wrong marked, JSON.

import {
  check,
  type DumpOptions,
  describeMalformed,
  type Finding,
  hexDump,
  jsonLayer,
  type Layer,
  markFindings,
  summarize,
  tree,
} from '../../protocols/index.js';
import type { CaptureRecord } from '../../protocols/pcap/index.js';
import type { Inspected } from '../inspect/index.js';
import { findingLine, findingsOf } from './finding.js';
import type { Output } from './output.js';
import { columns, style } from './terminal.js';

/** Shows a frame; the record lasts until it returns. */
export type Show = (frame: Inspected, record: CaptureRecord) => void;

/** Whether a layer is one that people asked for. */
export type LayerTest = (layer: Layer) => boolean;

/** A frame, or a message that it completed. */
type Whole = Inspected | Inspected['messages'][number];

/** Seconds since 1970; microseconds are exact, nanoseconds are not. */
export const secondsOf = (record: CaptureRecord): number =>
  record.seconds + record.nanoseconds / 1e9;

/** Seconds since 1970 with all nine digits. */
export const exactTime = (record: CaptureRecord): string =>
  `${record.seconds}.${String(record.nanoseconds).padStart(9, '0')}`;

/** Time since the first frame of the capture, exact to the nanosecond as seconds since 1970 are not. */
export class Clock {
  #seconds: number | undefined;
  #nanoseconds = 0;

  see(record: CaptureRecord): void {
    if (this.#seconds !== undefined) return;
    this.#seconds = record.seconds;
    this.#nanoseconds = record.nanoseconds;
  }

  since(record: CaptureRecord): number {
    const whole = record.seconds - (this.#seconds ?? 0);
    return whole + (record.nanoseconds - this.#nanoseconds) / 1e9;
  }
}

/** Aligned columns that widen when something longer comes. */
export function summaryView(output: Output, clock: Clock): Show {
  const widths = { source: 15, destination: 15, protocol: 10 };
  const fit = (column: keyof typeof widths, text: string) => {
    if (text.length > widths[column]) widths[column] = text.length;
    return text.length === widths[column] ? text : text.padEnd(widths[column]);
  };
  return (frame, record) => {
    const s = summarize(frame);
    const time = record.timed ? clock.since(record).toFixed(6) : '';
    const head = `${String(frame.number).padStart(6)} ${time.padStart(11)}`;
    const ends = `${fit('source', s.source)} -> ${fit('destination', s.destination)}`;
    const info = frame.stop ? style.bad(s.info) : s.info;
    const done = frame.messages.length > 0 ? completed(frame) : '';
    output.line(
      `${head}  ${ends}  ${fit('protocol', s.protocol)} ${String(record.originalLength).padStart(5)}  ${info}${done}`,
    );
  };
}

/** What the messages were that this frame completed. */
function completed(frame: Inspected): string {
  return frame.messages
    .map((message) => {
      const { protocol, info, length } = summarize(message);
      const what = info === '' ? `${message.title}, ${length} bytes` : `${protocol}: ${info}`;
      return style.dim(` [${what}]`);
    })
    .join('');
}

/** The annotated dump of each frame, wrong fields marked. */
export function dumpView(output: Output, clock: Clock, options: DumpOptions): Show {
  return blocks(output, clock, (scene) => {
    const { marks, unplaced } = markFindings(scene, check(scene).findings);
    const dump = hexDump(scene, { ...options, style, width: columns, marks });
    return joined(dump, unplaced);
  });
}

/** Every field of each frame, what is wrong behind it. */
export function treeView(output: Output, clock: Clock, only: LayerTest | undefined): Show {
  return blocks(output, clock, (scene) => joined(tree(scene, style, only), check(scene).findings));
}

/** A text and findings behind it; nothing where no layer of the text was asked for. */
const joined = (text: string, findings: readonly Finding[]): string =>
  text === '' ? '' : [text, ...findings.map(findingLine)].join('\n');

/** A block of text a frame: its summary, its layers, the messages that it completed, remarks. */
function blocks(output: Output, clock: Clock, text: (scene: Whole) => string): Show {
  const summary = summaryView(output, clock);
  let first = true;
  return (frame, record) => {
    if (!first) output.line('');
    first = false;
    summary(frame, record);
    output.line(text(frame));
    for (const message of frame.messages) {
      const said = text(message);
      if (said === '') continue;
      const from = message.parts.map((part) => part.frame).join(', ');
      output.line(
        style.layer(`${message.title}, ${message.bytes.length} bytes from frames ${from}`),
      );
      output.line(said);
    }
    for (const note of frame.notes) output.line(style.dim(`# ${note}`));
  };
}

/** One JSON object a frame; README.md says what is in it. */
export function jsonView(only: LayerTest | undefined, output: Output): Show {
  const layersOf = (layers: readonly Layer[], start: number) =>
    layers.filter((l) => only?.(l) ?? true).map((l) => jsonLayer(l, start));
  return (frame, record) => {
    output.line(
      JSON.stringify({
        frame: frame.number,
        ...(record.timed && { time: exactTime(record) }),
        length: record.originalLength,
        layers: layersOf(frame.layers, frame.start),
        messages: frame.messages.map((m) => ({
          title: m.title,
          parts: m.parts,
          layers: layersOf(m.layers, 0),
          ...(m.stop && { stop: describeMalformed(m.stop) }),
        })),
        notes: frame.notes,
        ...(frame.stop && { stop: describeMalformed(frame.stop) }),
        findings: findingsOf(frame),
      }),
    );
  };
}
