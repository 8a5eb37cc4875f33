// Stations: what a recording has by the hundred, as the few stops that a reader wants. Moves of one kind between the same two
// places are one station, so are frames of one kind; each keeps how often, how many bytes, and from when to when.

import { frameName } from './frame-name.js';
import type { Call, FrameOnWire, Mark, Move, SideName, Station } from './model.js';
import type { Recording } from './recorder.js';

/** Nothing happens for so long: what comes then is no part of the message's way. */
const PAUSE = 1_000_000;

type Bare = Omit<Station, 'phase'>;
type Growing = { -readonly [K in keyof Station]: Station[K] };

const markWords: Readonly<Record<Mark['kind'], string>> = {
  'system-call': 'system call',
  doorbell: "rings the NIC's doorbell",
  interrupt: 'is interrupted',
  'context-switch': 'switches to a thread',
  'checksum-pass': 'adds up a checksum',
  'exit-interrupt': 'leaves the guest for an interrupt',
  'exit-window': 'leaves the guest, which takes interrupts again',
  'exit-hlt': 'leaves the guest, which has nothing to do',
  'exit-vmcall': 'leaves the guest, which calls its hypervisor',
  'exit-io': 'leaves the guest for an I/O port',
  'exit-msr': 'leaves the guest for a register of its own',
  'exit-ept': 'leaves the guest for a page that it touches first',
  'exit-mmio': "leaves the guest for a device's register",
  injection: 'gives the guest an interrupt',
  'page-fault': 'faults on a page',
  'page-walk': 'walks the page tables of guest and host',
  'dma-fault': 'is refused by the IOMMU',
  'iotlb-miss': 'has the IOMMU walk its tables',
};
const moveWords: Readonly<Record<Move['kind'], string>> = {
  copy: 'copies',
  'dma-read': 'reads by DMA',
  'dma-write': 'writes by DMA',
};

/** The ends of all phases: instants after which nothing happened for a while. */
export function phaseEnds({ moves, marks, frames }: Recording): number[] {
  const all = [
    ...moves.map((move) => [move.atNs, move.untilNs] as const),
    ...marks.map((mark) => [mark.atNs, mark.atNs + mark.tookNs] as const),
    ...frames.map((frame) => [frame.leftNs, frame.arrivedNs ?? frame.leftNs] as const),
  ].sort((a, b) => a[0] - b[0]);
  const ends: number[] = [];
  let end = 0;
  for (const [at, until] of all) {
    if (at > end + PAUSE) ends.push(end);
    end = Math.max(end, until);
  }
  return [...ends, end];
}

/** In the order in which they began. */
export function stationsOf(recording: Recording): Station[] {
  const found = new Map<string, Growing>();
  const ends = phaseEnds(recording);
  const add = (one: Bare): void => {
    const phase = Math.max(
      0,
      ends.findIndex((end) => one.atNs <= end),
    );
    const station = { ...one, phase };
    const { side, kind, by, what, from, to } = station;
    const key = [phase, side, kind, by, what, from, to].join('|');
    const known = found.get(key);
    if (known === undefined) {
      found.set(key, { ...station });
      return;
    }
    known.times += station.times;
    known.bytes += station.bytes;
    known.atNs = Math.min(known.atNs, station.atNs);
    known.untilNs = Math.max(known.untilNs, station.untilNs);
  };
  for (const call of recording.calls) if (!call.kernel) add(ofCall(call));
  for (const move of recording.moves) add(ofMove(move));
  for (const mark of recording.marks) add(ofMark(mark, recording.calls));
  for (const frame of recording.frames) add(ofFrame(frame));
  return [...found.values()].sort((a, b) => a.atNs - b.atNs || rank(a) - rank(b));
}

/** Of what begins at one instant, who asks stands before who does. */
const order: readonly Station['kind'][] = ['call', 'system-call', 'copy', 'doorbell'];
const rank = ({ kind }: Station): number => (order.indexOf(kind) + order.length) % order.length;

const ofCall = ({ side, name, core, fromNs, untilNs }: Call): Bare => ({
  side,
  kind: 'call',
  by: core,
  what: name,
  from: '',
  to: '',
  times: 1,
  bytes: 0,
  atNs: fromNs,
  untilNs,
});

const ofMove = ({ side, kind, by, from, to, bytes, atNs, untilNs }: Move): Bare => ({
  side,
  kind,
  by,
  what: moveWords[kind],
  from,
  to,
  times: 1,
  bytes,
  atNs,
  untilNs,
});

function ofMark({ side, kind, by, atNs, tookNs }: Mark, calls: readonly Call[]): Bare {
  const call = calls.find(
    (one) => one.side === side && one.core === by && one.kernel && one.fromNs === atNs,
  );
  const named = kind === 'system-call' && call ? ` ${call.name}` : '';
  return {
    side,
    kind,
    by,
    what: markWords[kind] + named,
    from: '',
    to: '',
    times: 1,
    bytes: 0,
    atNs,
    untilNs: atNs + tookNs,
  };
}

function ofFrame({ from, protocol, summary, bytes, leftNs, arrivedNs }: FrameOnWire): Bare {
  return {
    side: 'wire',
    kind: 'frame',
    by: 'wire',
    what: `${protocol} ${frameName(summary)}`,
    from,
    to: opposite[from],
    times: 1,
    bytes,
    atNs: leftNs,
    untilNs: arrivedNs ?? leftNs,
  };
}

const opposite: Readonly<Record<SideName, SideName>> = { initiator: 'target', target: 'initiator' };
