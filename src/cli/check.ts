// `wireverbs check INPUT`: verifies every checksum and length of every frame, and each protocol's own rules.
// Exit code 1 where something is wrong.

import type { Command } from 'commander';
import { audit, type DerivedField, type Finding } from '../../protocols/index.js';
import type { Inspected } from '../inspect/index.js';
import { demandWhole, eachFrame, wholeNumber } from './input.js';
import { Output } from './output.js';
import { style, table } from './terminal.js';

interface Options {
  readonly json?: true;
  readonly linkType?: number;
  readonly fcs?: boolean;
}

const examples = `
Examples:
  wireverbs check capture.pcapng
  wireverbs check capture.pcap --json | jq .
`;

export function checkCommand(program: Command): void {
  program
    .command('check')
    .argument('<input>', "a capture, '-', a hex file or hex, as for dissect")
    .option('--json', 'one JSON object a finding, then one with the counts')
    .option(
      '--link-type <number>',
      'what the frames begin with: 1 Ethernet, 101 IP, 247 InfiniBand',
      wholeNumber,
    )
    .option('--fcs', 'frames end in a frame check sequence')
    .option('--no-fcs', 'frames have none')
    .description(
      'verify every checksum, length and rule of the frames of a capture; exit code 1 where one is wrong',
    )
    .addHelpText('after', examples)
    .action(checkInput);
}

/** How often a field was verified, and how often it was wrong. */
interface Tally {
  readonly name: string;
  readonly kind: string;
  verified: number;
  wrong: number;
}

/** Counts verifications by field. */
export class Tallies {
  readonly #byField = new Map<DerivedField, Tally>();

  // hot
  add(field: DerivedField, layer: string, ok: boolean): void {
    const tally = this.#byField.get(field) ?? this.#open(field, layer);
    tally.verified++;
    if (!ok) tally.wrong++;
  }

  #open(field: DerivedField, layer: string): Tally {
    const { name, rule } = field;
    const tally = { name: `${layer}.${name}`, kind: rule.kind, verified: 0, wrong: 0 };
    this.#byField.set(field, tally);
    return tally;
  }

  rows(): (string | number)[][] {
    return [...this.#byField.values()]
      .sort((a, b) => a.kind.localeCompare(b.kind) || a.name.localeCompare(b.name))
      .map(({ name, kind, verified, wrong }) => [kind, name, verified, wrong]);
  }

  get data(): Record<string, Omit<Tally, 'name'>> {
    return Object.fromEntries([...this.#byField.values()].map(({ name, ...rest }) => [name, rest]));
  }
}

/** Everything that is wrong with a frame and with the messages that it completed. */
export function findingsOf(frame: Inspected, tallies: Tallies): Finding[] {
  const findings = audit(frame, (field, index, ok) =>
    tallies.add(field, frame.layers[index]!.key, ok),
  );
  for (const message of frame.messages) {
    const inside = audit(message, (field, index, ok) =>
      tallies.add(field, message.layers[index]!.key, ok),
    );
    findings.push(...inside.map((f) => ({ ...f, message: `${message.title}: ${f.message}` })));
  }
  return findings;
}

/** A finding in a line. */
export function describeFinding(frame: number, { layer, field, at, message }: Finding): string {
  const place = `frame ${frame}, byte ${at}`;
  const what = message.startsWith(`${layer}`) ? '' : `${layer}${field === '' ? '' : `.${field}`}: `;
  return `${style.dim(place)}  ${style.bad(what)}${message}`;
}

export async function checkInput(input: string, options: Options): Promise<void> {
  const output = new Output();
  const tallies = new Tallies();
  let wrong = 0;
  let wrongFrames = 0;
  const outcome = await eachFrame(
    input,
    options,
    (frame) => {
      const findings = findingsOf(frame, tallies);
      wrong += findings.length;
      if (findings.length > 0) wrongFrames++;
      for (const finding of findings) {
        if (options.json) output.line(JSON.stringify({ frame: frame.number, ...finding }));
        else output.line(describeFinding(frame.number, finding));
      }
      return undefined;
    },
    () => output.drain(),
  );
  const { frames } = outcome;
  if (options.json)
    output.line(JSON.stringify({ frames, wrongFrames, findings: wrong, verified: tallies.data }));
  else {
    if (wrong > 0) output.line('');
    output.line(table(['kind', 'field', 'verified', 'wrong'], tallies.rows()));
    const verdict =
      wrong === 0
        ? style.good('nothing is wrong')
        : style.bad(`${wrong} findings in ${wrongFrames} frames`);
    output.line(`\n${frames} frames: ${verdict}`);
  }
  output.end();
  demandWhole(outcome);
  if (wrong > 0) process.exitCode = 1;
}
