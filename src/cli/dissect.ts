// `wireverbs dissect INPUT`: summaries, annotated dumps, trees, chosen fields or JSON of the frames of a capture.

import type { Command } from 'commander';
import {
  compileFilter,
  describeMalformed,
  formatValue,
  hexDump,
  jsonLayer,
  type Layer,
  type Protocol,
  protocols,
  summarize,
  tree,
} from '../../protocols/index.js';
import type { CaptureRecord } from '../../protocols/pcap/index.js';
import { didYouMean } from '../../protocols/text/index.js';
import { allLayers, type Inspected } from '../inspect/index.js';
import { UsageError } from './failure.js';
import { demandWhole, eachFrame, frameNumbers, lastNumber, wholeNumber } from './input.js';
import { Output } from './output.js';
import { columns, style } from './terminal.js';

interface Options {
  readonly frame?: string;
  readonly layer?: string;
  readonly filter?: string;
  readonly fields?: string;
  readonly hex?: true | string;
  readonly tree?: true;
  readonly json?: true;
  readonly full?: true;
  readonly linkType?: number;
  readonly fcs?: boolean;
}

const examples = `
Examples:
  wireverbs dissect capture.pcapng
  wireverbs dissect capture.pcap.gz --frame 7
  wireverbs dissect capture.pcap --filter 'bth.opcode == RC_ACKNOWLEDGE && bth.psn > 100'
  wireverbs dissect capture.pcap --filter nvme --fields frame.number,ipv4.src,nvme-tcp.type
  wireverbs dissect 0200000000010200000000020800450000...
  tcpdump -xx -r x.pcap | wireverbs dissect - --tree
`;

export function dissectCommand(program: Command): void {
  program
    .command('dissect')
    .argument(
      '<input>',
      "pcap or pcapng file (gzip too), '-' for standard input, a hex file (plain, xxd, hexdump -C, tcpdump -x), or hex",
    )
    .option(
      '--frame <numbers>',
      'only these frames: 7, 3-9, 1,5,10-12; shows them as dumps unless told otherwise',
    )
    .option('--layer <name>', 'only this layer, or the layers of this family')
    .option(
      '--filter <expr>',
      "only frames for which this holds: 'bth.psn > 100 && ipv4.src == 10.0.0.0/24'",
    )
    .option('--fields <names>', 'these fields, a line a frame: ipv4.src,bth.opcode,frame.time')
    .option('--hex [form]', "annotated dump in 'rows', or with a line a field: 'fields'")
    .option('--tree', 'every field of every layer')
    .option('--json', 'one JSON object a line')
    .option('--full', 'long payloads whole')
    .option(
      '--link-type <number>',
      'what the frames begin with: 1 Ethernet, 101 IP, 247 InfiniBand',
      wholeNumber,
    )
    .option('--fcs', 'frames end in a frame check sequence')
    .option('--no-fcs', 'frames have none')
    .description('show what is in the frames of a capture')
    .addHelpText('after', examples)
    .action(dissectInput);
}

export async function dissectInput(input: string, options: Options): Promise<void> {
  const output = new Output();
  const clock = new Clock();
  const show = viewOf(options, output, clock);
  const wanted = frameFilter(options);
  const last = options.frame === undefined ? Infinity : lastNumber(options.frame);
  const outcome = await eachFrame(
    input,
    options,
    (frame, record) => {
      clock.see(record);
      if (wanted(frame, record)) show(frame, record);
      return frame.number < last;
    },
    () => output.drain(),
  );
  output.end();
  demandWhole(outcome);
}

/** Time since the first frame of the capture. */
class Clock {
  #start: number | undefined;

  see(record: CaptureRecord): void {
    this.#start ??= secondsOf(record);
  }

  since(record: CaptureRecord): number {
    return secondsOf(record) - (this.#start ?? 0);
  }
}

const secondsOf = (record: CaptureRecord) => record.seconds + record.nanoseconds / 1e9;

type Show = (frame: Inspected, record: CaptureRecord) => void;

function frameFilter(options: Options): (frame: Inspected, record: CaptureRecord) => boolean {
  const isNumber = options.frame === undefined ? () => true : frameNumbers(options.frame);
  const holds = compileFilter(options.filter ?? '', protocols);
  const layer = options.layer === undefined ? undefined : layerTest(options.layer);
  return (frame, record) => {
    if (!isNumber(frame.number)) return false;
    if (layer && !someLayer(frame, layer)) return false;
    if (options.filter === undefined) return true;
    const { layers, messages } = frame;
    return holds({ layers, messages, frame: aboutFrame(frame, record) });
  };
}

const aboutFrame = (frame: Inspected, record: CaptureRecord) => ({
  number: frame.number,
  len: record.originalLength,
  time: secondsOf(record),
});

function someLayer(frame: Inspected, test: (layer: Layer) => boolean): boolean {
  for (const layer of allLayers(frame)) if (test(layer)) return true;
  return false;
}

function layerTest(name: string): (layer: Layer) => boolean {
  const named = (p: Protocol) => p.key === name || p.header.family === name;
  if (!protocols.some(named)) {
    throw new UsageError(
      `there is no layer '${name}'${didYouMean(
        name,
        protocols.map((p) => p.key),
      )}`,
    );
  }
  return (layer) => named(layer.protocol);
}

/** How the options want frames to be shown. */
function viewOf(options: Options, output: Output, clock: Clock): Show {
  const only = options.layer === undefined ? undefined : layerTest(options.layer);
  if (options.fields !== undefined)
    return fieldsView(options.fields, options.json === true, output);
  if (options.json) return jsonView(only, output);
  if (options.tree) {
    return blocks(output, clock, (scene) => tree(scene, style, only));
  }
  const summary = summaryView(output, clock);
  const form = options.hex === 'fields' ? 'fields' : 'rows';
  if (
    options.hex !== undefined &&
    options.hex !== true &&
    options.hex !== 'rows' &&
    options.hex !== 'fields'
  ) {
    throw new UsageError(`--hex takes 'rows' or 'fields', not '${options.hex}'`);
  }
  const payloadRows = options.full ? Infinity : 8;
  const dump = blocks(output, clock, (scene) =>
    hexDump(scene, { style, form, payloadRows, width: columns, ...(only && { only }) }),
  );
  if (options.hex !== undefined || options.frame !== undefined) return dump;
  // What was pasted as hex is shown whole: nobody pastes a frame to see one line of it.
  return (frame, record) => (record.timed ? summary : dump)(frame, record);
}

/** A block of text a frame: its summary, its layers, the messages that it completed, remarks. */
function blocks(
  output: Output,
  clock: Clock,
  text: (scene: Inspected | Inspected['messages'][number]) => string,
): Show {
  const summary = summaryView(output, clock);
  let first = true;
  return (frame, record) => {
    if (!first) output.line('');
    first = false;
    summary(frame, record);
    output.line(text(frame));
    for (const message of frame.messages) {
      const from = message.parts.map((part) => part.frame).join(', ');
      output.line(
        style.layer(`${message.title}, ${message.bytes.length} bytes from frames ${from}`),
      );
      output.line(text(message));
      if (message.stop) output.line(style.bad(`! ${describeMalformed(message.stop)}`));
    }
    if (frame.stop) output.line(style.bad(`! ${describeMalformed(frame.stop)}`));
    for (const note of frame.notes) output.line(style.dim(`# ${note}`));
  };
}

/** Aligned columns that widen when something longer comes. */
function summaryView(output: Output, clock: Clock): Show {
  const widths = { source: 15, destination: 15, protocol: 10 };
  const fit = (column: keyof typeof widths, text: string) => {
    if (text.length > widths[column]) widths[column] = text.length;
    return text.padEnd(widths[column]);
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

function jsonView(only: ((layer: Layer) => boolean) | undefined, output: Output): Show {
  return (frame, record) => {
    const layersOf = (layers: readonly Layer[], start: number) =>
      layers.filter((l) => only?.(l) ?? true).map((l) => jsonLayer(l, start));
    output.line(
      JSON.stringify({
        frame: frame.number,
        ...(record.timed && {
          time: `${record.seconds}.${String(record.nanoseconds).padStart(9, '0')}`,
        }),
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
      }),
    );
  };
}

/** Chosen fields: several values of one frame are joined by commas, missing ones are empty. */
function fieldsView(list: string, json: boolean, output: Output): Show {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const readers = names.map((name) => fieldReader(name));
  if (!json) output.line(names.join('\t'));
  return (frame, record) => {
    const values = readers.map((read) => read(frame, record));
    if (!json) return output.line(values.map((list) => list.join(',')).join('\t'));
    output.line(JSON.stringify(Object.fromEntries(names.map((name, i) => [name, values[i]]))));
  };
}

function fieldReader(name: string): (frame: Inspected, record: CaptureRecord) => string[] {
  const about = /^frame\.(number|len|time)$/.exec(name)?.[1] as
    | 'number'
    | 'len'
    | 'time'
    | undefined;
  if (about) return (frame, record) => [String(aboutFrame(frame, record)[about])];
  const places = protocols.flatMap((p) =>
    p.header.spans
      .filter((s) => name === `${p.key}.${s.name}` || name === s.field.alias)
      .map((span) => ({ protocol: p, span })),
  );
  if (places.length === 0) {
    const known = protocols.flatMap((p) => p.header.spans.map((s) => `${p.key}.${s.name}`));
    throw new UsageError(`there is no field '${name}'${didYouMean(name, known)}`);
  }
  return (frame) => {
    const values: string[] = [];
    for (const layer of allLayers(frame)) {
      for (const { protocol, span } of places) {
        if (layer.protocol === protocol) values.push(formatValue(span.field, layer.get(span.name)));
      }
    }
    return values;
  };
}
