// One path as a timeline: lanes for application, kernel and NIC of either side and the wire between them, time from left to
// right. What a core or device does is a box, bytes and signals that change lanes are arrows.

import type { Call, CoreSpan, PathRecord, SideName, Station } from './model.js';
import { sides } from './model.js';
import { arrow, BADGE_WIDTH, badge, box, line, ticks, widthOf, words } from './svg-shape.js';

export type LaneName = 'application' | 'kernel' | 'NIC';

export const PLOT = { left: 150, right: 1150 } as const;
const LANE = { height: 44, gap: 4 } as const;
const AXIS = 26;
const US = 1000;
/** What remains of a lane for boxes, below the numbers. */
const INSIDE = { top: 15, height: 25 } as const;
const FONT = 12;
/** What follows when the purpose is reached is drawn for so long: moderated interrupts may come far later. */
const AFTERWARDS = 1.3;
/** Arrows that stand closer together than this look like one. */
const APART = 5;
/** Moves of so many bytes are the message's, or parts of it. */
const MANY_BYTES = 256;

/** Memory that a process has mapped; the rest is the kernel's. */
const processMemory: readonly string[] = [
  'application memory',
  'send queue',
  'receive queue',
  'completion queue',
];
export function laneOf(place: string): LaneName {
  if (place === 'NIC') return 'NIC';
  return processMemory.includes(place) ? 'application' : 'kernel';
}

type Row = readonly [SideName | 'wire', LaneName | 'wire'];
const rows: readonly Row[] = [
  ['initiator', 'application'],
  ['initiator', 'kernel'],
  ['initiator', 'NIC'],
  ['wire', 'wire'],
  ['target', 'NIC'],
  ['target', 'kernel'],
  ['target', 'application'],
];
export const TIMELINE_HEIGHT = rows.length * (LANE.height + LANE.gap) + AXIS;

const rowOf = (side: SideName | 'wire', lane: LaneName | 'wire'): number =>
  rows.findIndex(([s, l]) => s === side && (l === lane || s === 'wire'));

/** How much of a record is drawn. */
function shownUntil({ placedNs, knownNs, quietNs }: PathRecord): number {
  const reached = Math.max(placedNs, knownNs);
  return Math.min(Math.max(quietNs, reached) * 1.02, reached * AFTERWARDS);
}

/** Draws one record's timeline with its upper edge at `top`. */
export class Timeline {
  readonly #out: string[] = [];
  /** Names of open boxes, over whatever else is in them. */
  readonly #labels: string[] = [];
  /** Where the last of them ends in its lane: calls and polling may overlap. */
  readonly #labelled = new Map<number, number>();
  /** Lanes in which somebody did something. */
  readonly #used = new Set<number>();
  readonly #lastArrow = new Map<string, number>();
  /** Nothing later is drawn. */
  readonly end: number;

  constructor(
    readonly record: PathRecord,
    readonly top: number,
    /** Where its time ends, if not by itself: pictures on one scale. */
    endNs = shownUntil(record),
  ) {
    this.end = endNs;
  }

  draw(stations: readonly Station[]): string {
    this.#ground();
    const shown = <T extends { readonly atNs: number }>(list: readonly T[]) =>
      list.filter((one) => one.atNs <= this.end);
    for (const call of this.record.calls) this.#call(call);
    for (const span of this.record.spans) this.#span(span);
    this.#transfers();
    this.#frames();
    for (const move of shown(this.record.moves)) {
      const { side, from, to, bytes, kind } = move;
      const title = `${bytes.toLocaleString('en')} bytes, ${from} to ${to}`;
      const colour = kind === 'copy' ? 'copy' : 'dma';
      const at = kind === 'dma-write' ? move.untilNs : move.atNs;
      this.#arrow(
        `${colour}${bytes >= MANY_BYTES ? ' thick' : ''}`,
        side,
        laneOf(from),
        laneOf(to),
        at,
        title,
      );
    }
    for (const mark of shown(this.record.marks)) {
      const { side, kind, atNs } = mark;
      if (kind === 'system-call') this.#arrow('app', side, 'application', 'kernel', atNs, kind);
      if (kind === 'interrupt') this.#arrow('kernel', side, 'NIC', 'kernel', atNs, kind);
      if (kind === 'doorbell')
        this.#arrow('app', side, this.#ringer(side, atNs), 'NIC', atNs, kind);
    }
    this.#idle();
    this.#badges(stations);
    return [...this.#out, ...this.#labels].join('\n');
  }

  #x(ns: number): number {
    const share = Math.min(1, Math.max(0, ns / this.end));
    return PLOT.left + share * (PLOT.right - PLOT.left);
  }

  #y(row: number): number {
    return this.top + row * (LANE.height + LANE.gap);
  }

  #ground(): void {
    rows.forEach(([side, lane], i) => {
      const y = this.#y(i);
      this.#out.push(box('lane', PLOT.left, y, PLOT.right - PLOT.left, LANE.height));
      this.#out.push(words('right', PLOT.left - 8, y + 20, lane));
      if (lane === 'application') this.#out.push(words('right faint', PLOT.left - 8, y + 36, side));
    });
    const bottom = this.#y(rows.length);
    for (const at of ticks(this.end)) {
      const x = this.#x(at);
      this.#out.push(line('rule', x, this.top, x, bottom));
      this.#out.push(words('middle', x, bottom + 12, `${Number((at / US).toFixed(2))} us`));
    }
    const placed = this.#x(this.record.placedNs);
    this.#out.push(line('placed', placed, this.top - 4, placed, bottom));
  }

  #box(kind: string, row: number, from: number, until: number, title: string, part = [0, 1]): void {
    if (from > this.end) return;
    this.#used.add(row);
    const [index = 0, parts = 1] = part;
    const height = INSIDE.height / parts;
    const x = this.#x(from);
    const y = this.#y(row) + INSIDE.top + index * height;
    this.#out.push(box(kind, x, y, this.#x(until) - x, height - 1, title));
    const text = title.split(':')[0]!;
    const kindIsOpen = kind === 'call' || kind === 'poll';
    if (!kindIsOpen) return;
    const at = Math.max(x + 14, (this.#labelled.get(row) ?? 0) + 14);
    const end = at + widthOf(text, FONT);
    if (end > this.#x(until) - 2) return;
    this.#labels.push(words('label', at, y + height / 2 + 4, text));
    this.#labelled.set(row, end);
  }

  #call({ side, name, kernel, fromNs, untilNs }: Call): void {
    if (kernel)
      this.#box('call', rowOf(side, 'application'), fromNs, untilNs, `${name}: until back`);
  }

  #span(span: CoreSpan): void {
    const { side, doing, core, fromNs, untilNs } = span;
    const took = `${core}, ${((untilNs - fromNs) / US).toFixed(2)} us`;
    const kernel = rowOf(side, 'kernel');
    const application = rowOf(side, 'application');
    if (doing === 'interrupt')
      this.#box('interrupt', kernel, fromNs, untilNs, `interrupt: ${took}`);
    else if (doing === 'switch') this.#box('switch', kernel, fromNs, untilNs, `switch: ${took}`);
    else if (doing === 'spin') this.#box('poll', application, fromNs, untilNs, `polls: ${took}`);
    else if (this.#inKernel(span)) this.#box('kernel', kernel, fromNs, untilNs, `kernel: ${took}`);
    else this.#box('app', application, fromNs, untilNs, `program: ${took}`);
  }

  #inKernel({ side, core, fromNs, untilNs }: CoreSpan): boolean {
    return this.record.calls.some(
      (call) =>
        call.kernel &&
        call.side === side &&
        call.core === core &&
        call.fromNs < untilNs &&
        call.untilNs > fromNs,
    );
  }

  /** Who rings a doorbell: the kernel, if a core of that side was in it. */
  #ringer(side: SideName, at: number): LaneName {
    const { spans } = this.record;
    const own = spans.filter((s) => s.side === side && s.fromNs <= at && s.untilNs >= at);
    const kernel = own.some((s) => s.doing === 'interrupt' || this.#inKernel(s));
    return kernel ? 'kernel' : 'application';
  }

  /** What NICs and copying cores do; transfers that overlap stand below each other. */
  #transfers(): void {
    const moves = this.record.moves.filter((move) => move.atNs <= this.end);
    for (const side of sides) {
      const own = moves.filter((move) => move.side === side && move.kind !== 'copy');
      const free: number[] = [];
      const places = own.map((move) => {
        const open = free.findIndex((until) => until <= move.atNs);
        const place = open < 0 ? free.length : open;
        free[place] = move.untilNs;
        return place;
      });
      const parts = Math.max(1, free.length);
      own.forEach((move, i) => {
        const title = `${move.kind}: ${move.bytes} bytes, ${move.from} to ${move.to}`;
        this.#box('dma', rowOf(side, 'NIC'), move.atNs, move.untilNs, title, [places[i]!, parts]);
      });
    }
    for (const move of moves) {
      if (move.kind !== 'copy') continue;
      const title = `copy: ${move.bytes} bytes, ${move.from} to ${move.to}`;
      this.#box('copy', rowOf(move.side, 'kernel'), move.atNs, move.untilNs, title);
    }
  }

  #frames(): void {
    const wire = rowOf('wire', 'wire');
    for (const frame of this.record.frames) {
      const { from, leftNs, arrivedNs, bytes, protocol, summary } = frame;
      if (leftNs > this.end) continue;
      const until = arrivedNs ?? leftNs;
      const title = `${protocol} ${summary}: ${bytes} bytes`;
      const part = from === 'initiator' ? [0, 2] : [1, 2];
      this.#box('wire', wire, leftNs, until, title, part);
      const target = from === 'initiator' ? 'target' : 'initiator';
      const thick = bytes >= MANY_BYTES ? 'wire thick' : 'wire';
      const [sender, receiver] = [rowOf(from, 'NIC'), rowOf(target, 'NIC')];
      this.#between(thick, sender, wire, leftNs, title);
      this.#between(thick, wire, receiver, until, title);
    }
  }

  #arrow(
    kind: string,
    side: SideName,
    from: LaneName,
    to: LaneName,
    at: number,
    title: string,
  ): void {
    if (from !== to) this.#between(kind, rowOf(side, from), rowOf(side, to), at, title);
  }

  #between(kind: string, from: number, to: number, at: number, title: string): void {
    if (at > this.end) return;
    const x = this.#x(at);
    const key = `${kind} ${from} ${to}`;
    if (x - (this.#lastArrow.get(key) ?? Number.NEGATIVE_INFINITY) < APART) return;
    this.#lastArrow.set(key, x);
    const middle = INSIDE.top + INSIDE.height / 2;
    this.#out.push(arrow(kind, x, this.#y(from) + middle, this.#y(to) + middle, title));
  }

  /** Lanes in which nobody did anything; bytes may have come to memory there all the same. */
  #idle(): void {
    rows.forEach(([side, lane], i) => {
      if (this.#used.has(i)) return;
      const text = {
        application: `no program of the ${side} runs`,
        kernel: `the ${side}'s kernel is not involved`,
        NIC: `the ${side}'s NIC does nothing`,
        wire: 'no frame',
      }[lane];
      this.#out.push(words('idle', (PLOT.left + PLOT.right) / 2, this.#y(i) + 28, text));
    });
  }

  /** Numbers of stations, each in the lane of who does it; those that would overlap move aside. */
  #badges(stations: readonly Station[]): void {
    const next = new Map<number, number>();
    stations.forEach((station, i) => {
      if (station.atNs > this.end) return;
      const row = this.#rowOfStation(station);
      const x = Math.max(this.#x(station.atNs) + BADGE_WIDTH / 2, next.get(row) ?? 0);
      next.set(row, x + BADGE_WIDTH);
      this.#out.push(badge(x, this.#y(row) + 7.5, i + 1, station.what));
    });
  }

  #rowOfStation({ side, kind, atNs }: Station): number {
    if (side === 'wire') return rowOf('wire', 'wire');
    if (kind === 'dma-read' || kind === 'dma-write') return rowOf(side, 'NIC');
    if (kind === 'call' || kind === 'system-call') return rowOf(side, 'application');
    if (kind === 'doorbell') return rowOf(side, this.#ringer(side, atNs));
    return rowOf(side, 'kernel');
  }
}
