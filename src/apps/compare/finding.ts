// What a reader should take away, in sentences that follow from the counts: each stands there because of what happened in
// this run, and would be another one, or none, had something else happened.

import { frameName } from './frame-name.js';
import type { Comparison, PathRecord, SideName } from './model.js';
import { sides } from './model.js';

type Facts = Omit<PathRecord, 'stations' | 'findings'>;

const APPLICATION = 'application memory';
const US = 1000;
const MILLION = 1_000_000;
/** Above this many times a ratio is told in whole numbers. */
const MANY = 10;

const times = (n: number): string =>
  n === 1 ? 'once' : n === 2 ? 'twice' : `${n.toLocaleString('en')} times`;
export const inUs = (ns: number): string =>
  ns >= MILLION
    ? `${(ns / MILLION).toFixed(1)} ms`
    : `${(ns / US).toFixed(ns < MANY * US ? 2 : 1)} us`;
export const inBytes = (n: number): string => `${n.toLocaleString('en')} byte${n === 1 ? '' : 's'}`;
const both = (value: (side: SideName) => number): number =>
  sides.reduce((sum, side) => sum + value(side), 0);

export function pathFindings(facts: Facts, size: number, sink: SideName): string[] {
  return [
    copies(facts, size, sink),
    ...kernel(facts),
    ...sides.map((side) => cores(facts, side)),
    wire(facts, size),
    ...early(facts),
    ...later(facts),
  ];
}

/** Zero copy, or who copied what. */
function copies(facts: Facts, size: number, sink: SideName): string {
  const { counts, moves } = facts;
  const copied = both((side) => counts[side].copiedBytes);
  if (copied > 0) {
    const parts = sides
      .filter((side) => counts[side].copiedBytes > 0)
      .map((side) => {
        const ways = new Set(
          moves
            .filter((m) => m.side === side && m.kind === 'copy')
            .map((m) => `${m.from} to ${m.to}`),
        );
        return `${inBytes(counts[side].copiedBytes)} on the ${side} (${[...ways].join(', ')})`;
      });
    const passes = copied / size;
    const what = Number.isInteger(passes)
      ? `CPUs moved every byte of the message ${times(passes)}`
      : `CPUs moved ${inBytes(copied)} for a message of ${inBytes(size)}`;
    return `${what}: ${parts.join(', ')}.`;
  }
  const source = sink === 'target' ? 'initiator' : 'target';
  const moved = (side: SideName, from: string, to: string) =>
    moves
      .filter((m) => m.side === side && m.from === from && m.to === to)
      .reduce((sum, m) => sum + m.bytes, 0);
  const read = moved(source, APPLICATION, 'NIC');
  const written = moved(sink, 'NIC', APPLICATION);
  const direct = read === size && written === size;
  return direct
    ? `Zero copy: no CPU moved a byte. The ${source}'s NIC read the ${inBytes(size)} where the application had them, and the ${sink}'s NIC wrote them where the application wants them.`
    : `Zero copy: no CPU moved a byte. NICs read ${inBytes(read)} from the ${source}'s application and wrote ${inBytes(written)} to the ${sink}'s.`;
}

/** Kernel bypass, or what the kernels did. */
function kernel(facts: Facts): string[] {
  const { counts } = facts;
  const calls = both((side) => counts[side].systemCalls);
  const interrupts = both((side) => counts[side].interrupts);
  const switches = both((side) => counts[side].contextSwitches);
  const bells = both((side) => counts[side].doorbells);
  if (calls + interrupts + switches === 0)
    return [
      `Kernel bypass: no system call, no interrupt, no context switch on either side. Programs spoke to their NICs themselves, with ${bells} doorbell${bells === 1 ? '' : 's'}.`,
    ];
  const parts = [
    [calls, 'system call'],
    [interrupts, 'interrupt'],
    [switches, 'context switch'],
  ] as const;
  const said = parts
    .filter(([n]) => n > 0)
    .map(([n, what]) => `${n} ${what}${n === 1 ? '' : what.endsWith('h') ? 'es' : 's'}`);
  return [`The kernels were in the way of it: ${said.join(', ')}.`];
}

/** Did the cores of a side do anything? */
function cores({ counts }: Facts, side: SideName): string {
  const { cpuNs, pollNs } = counts[side];
  if (cpuNs + pollNs === 0)
    return `No CPU involvement: no core of the ${side} did anything; its NIC did it all.`;
  const polling = pollNs > 0 ? `, and polled for ${inUs(pollNs)}` : '';
  return `The ${side}'s cores worked ${inUs(cpuNs)}${polling}.`;
}

function wire({ counts, frames, linkType }: Facts, size: number): string {
  const sum = frames.reduce((total, frame) => total + frame.bytes, 0);
  const headers = sides.reduce((total, side) => total + counts[side].headerBytes, 0);
  const share = ((100 * headers) / sum).toFixed(1);
  const link = linkType === 1 ? 'Ethernet' : 'InfiniBand';
  const n = frames.length;
  return `${n} ${link} frame${n === 1 ? '' : 's'} carried it: ${headers.toLocaleString('en')} bytes of headers beside ${size.toLocaleString('en')} of message (${share} %).`;
}

/** An acknowledgement says that the other NIC has the bytes, not that they are in memory (IBA 9.7.5.1.6). */
function early({ placedNs, knownNs, knownBy, frames }: Facts): string[] {
  if (knownNs >= placedNs) return [];
  const heard = frames.some(
    ({ from, arrivedNs }) => from !== knownBy && arrivedNs !== null && arrivedNs <= knownNs,
  );
  const why = heard ? 'had the acknowledgement by then' : 'had taken over, and nobody had answered';
  return [
    `The ${knownBy} knew after ${inUs(knownNs)}, before the last byte was in memory (${inUs(placedNs)}): its NIC ${why}.`,
  ];
}

function later({ quietNs, frames, marks }: Facts): string[] {
  const sent = frames.filter((frame) => frame.leftNs > quietNs);
  const interrupts = marks.filter((m) => m.kind === 'interrupt' && m.atNs > quietNs);
  if (sent.length === 0) return [];
  const what = [...new Set(sent.map((frame) => `${frame.protocol} ${frameName(frame.summary)}`))];
  return [
    `All was quiet after ${inUs(quietNs)}; at ${inUs(sent[0]!.leftNs)} came ${sent.length} more frame${sent.length === 1 ? '' : 's'} (${what.join(', ')}) with ${interrupts.length} more interrupt${interrupts.length === 1 ? '' : 's'}. The counts include them.`,
  ];
}

/** What the paths are beside each other. */
export function comparisonFindings({ paths }: Pick<Comparison, 'paths'>): string[] {
  if (paths.length < 2) return [];
  const cpu = ({ counts }: PathRecord) => counts.initiator.cpuNs + counts.target.cpuNs;
  const by = (value: (path: PathRecord) => number) =>
    [...paths].sort((a, b) => value(a) - value(b));
  const fast = by(({ placedNs }) => placedNs);
  const cheap = by(cpu);
  const [first, last] = [fast[0]!, fast.at(-1)!];
  const [least, most] = [cheap[0]!, cheap.at(-1)!];
  const ratio = (a: number, b: number) => (a / b).toFixed(a / b < MANY ? 1 : 0);
  const found = [
    `Soonest in place: ${first.title}, ${inUs(first.placedNs)}; last: ${last.title}, ${inUs(last.placedNs)}, ${ratio(last.placedNs, first.placedNs)} times as long.`,
    `CPU at work on both sides: ${inUs(cpu(most))} for ${most.title}, ${inUs(cpu(least))} for ${titles(paths.filter((path) => cpu(path) === cpu(least)))}${cpu(least) > 0 ? `, ${ratio(cpu(most), cpu(least))} times as much` : ''}.`,
  ];
  const idle = paths.filter(({ counts: { target } }) => target.cpuNs + target.pollNs === 0);
  const without = paths.filter((path) => sides.every((s) => path.counts[s].copiedBytes === 0));
  if (without.length > 0) found.push(`Without a copy by a CPU: ${titles(without)}.`);
  if (idle.length > 0) found.push(`Without any core of the target: ${titles(idle)}.`);
  return found;
}

const titles = (list: readonly PathRecord[]): string => list.map(({ title }) => title).join(', ');
