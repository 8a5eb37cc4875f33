// `wireverbs check INPUT`: verifies every checksum and length of every frame, and each protocol's own rules.
// Exit code 1 where something is wrong.

import type { Command } from 'commander';
import type { DerivedField } from '../../protocols/index.js';
import { describeFinding, type FrameFinding, findingsOf, place } from './finding.js';
import { demandWhole, eachFrame, wholeNumber } from './input.js';
import { Output } from './output.js';
import { counted, style, table } from './terminal.js';

interface Options {
  readonly json?: true;
  readonly all?: true;
  readonly linkType?: number;
  readonly fcs?: boolean;
}

/** Findings of one kind that are shown unless all are wanted. */
const ENOUGH = 10;

const examples = `
Examples:
  wireverbs check capture.pcapng
  wireverbs check capture.pcap --all
  wireverbs check capture.pcap --json | jq .
  wireverbs build 'eth/ipv4/udp/"x"' --seal udp.checksum=spoil -o - | wireverbs check -
`;

export function checkCommand(program: Command): void {
  program
    .command('check')
    .argument('<input>', "a capture, '-', a hex file or hex, as for dissect")
    .option(
      '--all',
      `every finding; otherwise ${ENOUGH} of a kind are shown and the others counted`,
    )
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

/** Shows the first findings of each kind and counts the others. */
class Findings {
  readonly #kinds = new Map<string, { readonly name: string; count: number; lastFrame: number }>();
  readonly #most: number;
  count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** The finding in a line; undefined where enough of its kind were shown. */
  add(frame: number, finding: FrameFinding): string | undefined {
    this.count++;
    const { layer, field, at, within } = finding;
    // What differs between findings of one kind is the numbers in them.
    const key = `${layer}.${field} ${finding.message.replaceAll(/\b(0x[0-9a-f]+|[0-9a-f:.]*\d[0-9a-f:.]*)\b/gi, '#')}`;
    const name = field === '' ? layer : `${layer}.${field}`;
    const kind = this.#kinds.get(key) ?? { name, count: 0, lastFrame: 0 };
    this.#kinds.set(key, kind);
    kind.count++;
    kind.lastFrame = frame;
    if (kind.count > this.#most) return undefined;
    const where = `frame ${frame}, ${place(at)}${within === undefined ? '' : ` of ${within}`}`;
    return `${style.dim(where)}  ${describeFinding(finding)}`;
  }

  /** A line for each kind of which not all were shown. */
  *rest(): Generator<string> {
    for (const { name, count, lastFrame } of this.#kinds.values()) {
      const more = count - this.#most;
      if (more > 0) {
        yield `${style.bad(name)}: ${more} more like these, the last in frame ${lastFrame} ${style.dim('(--all shows them)')}`;
      }
    }
  }
}

export async function checkInput(input: string, options: Options): Promise<void> {
  const output = new Output();
  const tallies = new Tallies();
  const findings = new Findings(options.all || options.json ? Infinity : ENOUGH);
  const count = tallies.add.bind(tallies);
  let wrongFrames = 0;
  const outcome = await eachFrame(
    input,
    options,
    (frame) => {
      const found = findingsOf(frame, count);
      if (found.length > 0) wrongFrames++;
      for (const finding of found) {
        const line = findings.add(frame.number, finding);
        if (options.json) output.line(JSON.stringify({ frame: frame.number, ...finding }));
        else if (line !== undefined) output.line(line);
      }
      return undefined;
    },
    () => output.drain(),
  );
  const { frames } = outcome;
  if (options.json) {
    const verified = tallies.data;
    output.line(JSON.stringify({ frames, wrongFrames, findings: findings.count, verified }));
  } else if (frames > 0) {
    for (const line of findings.rest()) output.line(line);
    if (findings.count > 0) output.line('');
    output.line(table(['kind', 'field', 'verified', 'wrong'], tallies.rows()));
    const verdict = verdictOf(findings.count, wrongFrames, outcome.damage !== undefined);
    output.line(`\n${counted(frames, 'frame')}: ${verdict}`);
  }
  output.end();
  demandWhole(outcome);
  if (findings.count > 0) process.exitCode = 1;
}

function verdictOf(findings: number, frames: number, damaged: boolean): string {
  const where = damaged ? ', as far as the file could be read' : '';
  if (findings === 0) return style.good('nothing is wrong') + where;
  return (
    style.bad(
      `${counted(findings, 'finding')} in ${frames === 1 ? '1 of them' : `${frames} of them`}`,
    ) + where
  );
}
