// `wireverbs dissect INPUT`: summaries, annotated dumps, trees, chosen fields or JSON of the frames of a capture.

import { type Command, Option } from 'commander';
import { didYouMean } from '../../protocols/core/suggest.js';
import { compileFilter, type Protocol, protocols } from '../../protocols/index.js';
import type { CaptureRecord } from '../../protocols/pcap/index.js';
import { allLayers, type Inspected } from '../inspect/index.js';
import { UsageError } from './failure.js';
import { fieldsView } from './field-view.js';
import { demandWhole, eachFrame, type FrameNumbers, frameNumbers, wholeNumber } from './input.js';
import { Output } from './output.js';
import {
  Clock,
  dumpView,
  jsonView,
  type LayerTest,
  type Show,
  secondsOf,
  summaryView,
  treeView,
} from './view.js';

interface Options {
  readonly frame?: FrameNumbers;
  readonly layer?: string;
  readonly filter?: string;
  readonly fields?: string;
  readonly hex?: true | 'rows' | 'fields';
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
      frameNumbers,
    )
    .option('--layer <name>', 'only this layer, or the layers of this family')
    .option(
      '--filter <expr>',
      "only frames for which this holds: 'bth.psn > 100 && ipv4.src == 10.0.0.0/24'",
    )
    .option('--fields <names>', 'these fields, a line a frame: ipv4.src,bth.opcode,frame.time')
    .addOption(
      new Option(
        '--hex [form]',
        "annotated dump in 'rows', or with a line a field: 'fields'",
      ).choices(['rows', 'fields']),
    )
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
  const last = options.frame?.last ?? Infinity;
  const outcome = await eachFrame(
    input,
    { ...options, bar: process.stdout.isTTY !== true },
    (frame, record) => {
      clock.see(record);
      if (wanted(frame, record)) show(frame, record);
      return frame.number < last;
    },
    () => output.drain(),
  );
  output.end();
  demandWhole(outcome);
  const { first } = options.frame ?? { first: 0 };
  if (outcome.frames < first) {
    throw new UsageError(`there is no frame ${first}: ${input} ends with frame ${outcome.frames}`);
  }
}

function frameFilter(options: Options): (frame: Inspected, record: CaptureRecord) => boolean {
  const { frame: numbers } = options;
  const holds = compileFilter(options.filter ?? '', protocols);
  const layer = options.layer === undefined ? undefined : layerTest(options.layer);
  return (frame, record) => {
    if (numbers && !numbers.has(frame.number)) return false;
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

function someLayer(frame: Inspected, test: LayerTest): boolean {
  for (const layer of allLayers(frame)) if (test(layer)) return true;
  return false;
}

function layerTest(text: string): LayerTest {
  const name = text.toLowerCase();
  const named = (p: Protocol) => p.key === name || p.header.family === name;
  if (!protocols.some(named)) {
    const known = didYouMean(
      name,
      protocols.map((p) => p.key),
    );
    throw new UsageError(`there is no layer '${text}'${known} ('wireverbs header' lists them)`);
  }
  return (layer) => named(layer.protocol);
}

/** How the options want frames to be shown. */
function viewOf(options: Options, output: Output, clock: Clock): Show {
  const only = options.layer === undefined ? undefined : layerTest(options.layer);
  if (options.fields !== undefined)
    return fieldsView(options.fields, options.json === true, output, clock);
  if (options.json) return jsonView(only, output);
  if (options.tree) return treeView(output, clock, only);
  const summary = summaryView(output, clock);
  const dump = dumpView(output, clock, {
    form: options.hex === 'fields' ? 'fields' : 'rows',
    payloadRows: options.full ? Infinity : 8,
    ...(only && { only }),
  });
  if (options.hex !== undefined || options.frame !== undefined) return dump;
  // What was pasted as hex is shown whole: nobody pastes a frame to see one line of it.
  return (frame, record) => (record.timed ? summary : dump)(frame, record);
}
