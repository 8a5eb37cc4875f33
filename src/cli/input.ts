// The commands' way through a capture: opens what people name, inspects frame by frame, shows progress on a
// terminal, and ends with one clear word when the file is damaged.

import { InvalidArgumentError } from 'commander';
import type { CaptureRecord } from '../../protocols/pcap/index.js';
import { describeDamage } from '../../protocols/pcap/index.js';
import { openCapture } from '../capture/index.js';
import { type Inspected, Inspector } from '../inspect/index.js';
import { UsageError } from './failure.js';
import { Progress } from './terminal.js';

export interface InputOptions {
  /** Link type of hex text, and of capture files where given. */
  readonly linkType?: number;
  /** True: frames end in an FCS; otherwise the file says it, or it is recognised. */
  readonly fcs?: boolean;
  /** False: no progress bar, as where results run down the same terminal. */
  readonly bar?: boolean;
}

/** Looks at one frame; the record lasts until it returns. False ends the reading. */
export type Visit = (frame: Inspected, record: CaptureRecord) => boolean | undefined;

/** What a run through a capture found out about the file. */
export interface Outcome {
  readonly frames: number;
  /** What is wrong with the file, in words; every record before it was visited. */
  readonly damage: string | undefined;
}

/** Frames between two looks at the clock and at whoever reads our output. */
const BREATH = 2048;

/** Inspects every frame of `input`. `breathe` is awaited now and then (writers under back-pressure). */
export async function eachFrame(
  input: string,
  options: InputOptions,
  visit: Visit,
  breathe?: () => Promise<void>,
): Promise<Outcome> {
  const capture = await openCapture(input, options);
  const inspector = new Inspector();
  const progress = new Progress(options.bar === false ? undefined : capture.size, 'bytes');
  let frames = 0;
  let wanted = true;
  try {
    while (wanted && (await capture.fill())) {
      while (wanted && capture.next()) {
        const { record } = capture;
        const linkType = options.linkType ?? record.linkType;
        const place = { start: record.at, end: record.end, linkType, fcs: fcsOf(options, record) };
        wanted = visit(inspector.inspect(record.bytes, place), record) !== false;
        if (++frames % BREATH === 0) {
          progress.update(capture.position);
          await breathe?.();
        }
      }
    }
  } finally {
    progress.stop();
    await capture.close();
  }
  const { damage, position } = capture;
  if (!damage) return { frames, damage: undefined };
  const said = position === 0 ? 'nothing is in it' : describeDamage(damage);
  return { frames, damage: `${input === '-' ? 'standard input' : input}: ${said}` };
}

function fcsOf(options: InputOptions, record: CaptureRecord): boolean | 'auto' {
  if (options.fcs !== undefined) return options.fcs;
  return record.fcsLength < 0 ? 'auto' : record.fcsLength >= 4;
}

/** Reads a whole number for an option. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text))
    throw new InvalidArgumentError(`expected a whole number, found '${text}'.`);
  return Number(text);
}

/** Frames that people chose by number. */
export interface FrameNumbers {
  readonly first: number;
  /** Reading may stop behind it. */
  readonly last: number;
  has(n: number): boolean;
}

/** Frame numbers: '7', '3-9', '1,5,10-12'. */
export function frameNumbers(text: string): FrameNumbers {
  const ranges = text.split(',').map((piece) => {
    const match = /^(\d+)(?:-(\d+))?$/.exec(piece.trim());
    if (!match)
      throw new InvalidArgumentError(`expected frame numbers such as 7 or 3-9, found '${piece}'.`);
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (first === 0) throw new InvalidArgumentError('frames count from 1.');
    if (last < first) throw new InvalidArgumentError(`'${piece}' ends before it begins.`);
    return [first, last] as const;
  });
  return {
    first: Math.min(...ranges.map(([first]) => first)),
    last: Math.max(...ranges.map(([, last]) => last)),
    has: (n) => ranges.some(([first, last]) => n >= first && n <= last),
  };
}

/** Throws the damage of a file as the command's failure, after everything readable was shown. */
export function demandWhole(outcome: Outcome): void {
  if (outcome.damage !== undefined) throw new UsageError(outcome.damage);
}
