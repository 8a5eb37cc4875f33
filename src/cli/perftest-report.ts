// How `wireverbs perftest` prints: perftest's head and rows, then what each side's CPU, NIC and wire did, in all and a
// message.

import {
  bandwidthHead,
  bandwidthRow,
  latencyHead,
  latencyRow,
  type PerftestResult,
  RULE,
  type Side,
  type Tally,
  tallyTitles,
} from '../apps/perftest/index.js';
import type { Direction } from '../fabric/index.js';
import type { FramePool } from '../frame/index.js';
import type { Lab } from '../scenario/lab.js';
import type { Nanos } from '../time/index.js';
import { print, table } from './terminal.js';

/** Frames that a host sent and received, and their bytes. */
export interface FrameCount {
  readonly sent: number;
  readonly sentBytes: number;
  readonly received: number;
  readonly receivedBytes: number;
}

/** Counts what passes a port. Flow control of InfiniBand links is not counted: it is the link's own. */
export class Traffic {
  #now: FrameCount = { sent: 0, sentBytes: 0, received: 0, receivedBytes: 0 };
  #sent = 0;
  #sentBytes = 0;
  #received = 0;
  #receivedBytes = 0;

  // hot
  frame(_now: Nanos, direction: Direction, pool: FramePool, slot: number): void {
    const length = pool.length(slot);
    if (length <= LONGEST_FLOW_CONTROL) return;
    if (direction === 'out') {
      this.#sent++;
      this.#sentBytes += length;
    } else if (direction === 'in') {
      this.#received++;
      this.#receivedBytes += length;
    }
  }

  taken(): FrameCount {
    this.#now = {
      sent: this.#sent,
      sentBytes: this.#sentBytes,
      received: this.#received,
      receivedBytes: this.#receivedBytes,
    };
    return this.#now;
  }

  since(before: FrameCount): FrameCount {
    const { sent, sentBytes, received, receivedBytes } = this.taken();
    return {
      sent: sent - before.sent,
      sentBytes: sentBytes - before.sentBytes,
      received: received - before.received,
      receivedBytes: receivedBytes - before.receivedBytes,
    };
  }
}
/** IBA 7.9.4: a flow-control packet has six bytes. */
const LONGEST_FLOW_CONTROL = 6;

type BothFrames = Readonly<Record<Side, FrameCount>>;

const verbTitles = {
  write: 'RDMA_Write',
  read: 'RDMA_Read',
  send: 'Send',
  atomic: 'Atomic',
} as const;

/** perftest's head: what is tested and how. */
export function printHead(lab: Lab, { parameters: p }: PerftestResult, gigabits: boolean): void {
  const title = `${verbTitles[p.verb]}${p.bidirectional ? ' Bidirectional' : ''} ${p.metric === 'bw' ? 'BW' : 'Latency'} Test`;
  const rows: readonly (readonly [string, string | number, string, string | number])[] = [
    ['Number of qps', p.qps, 'Transport type', 'IB'],
    ['Connection type', p.qpType, 'Using SRQ', 'OFF'],
    ['TX depth', p.txDepth, 'RX depth', p.rxDepth],
    ['CQ Moderation', p.cqMod, 'Post List', p.postList],
    ['Mtu', `${p.mtu}[B]`, 'Max inline data', `${p.inlineSize}[B]`],
    ['Link type', p.wire === 'ib' ? 'IB' : 'Ethernet', 'Wire', wireTitle(p.wire, p.ipv6)],
    ['Topology', lab.topology.name, 'Completions by', p.events ? 'events' : 'polling'],
  ];
  print(RULE);
  print(`                    ${title}`);
  for (const [a, x, b, y] of rows)
    print(` ${a.padEnd(16)}: ${String(x).padEnd(13)}${b.padEnd(16)}: ${y}`);
  print(RULE);
  print(p.metric === 'bw' ? bandwidthHead(gigabits) : latencyHead);
}

const wireTitle = (wire: string, ipv6: boolean): string =>
  ({
    ib: 'InfiniBand',
    rocev1: 'RoCE v1',
    rocev2: `RoCE v2, IPv${ipv6 ? 6 : 4}`,
    iwarp: `iWARP, IPv${ipv6 ? 6 : 4}`,
  })[wire] ?? wire;

/** A row of perftest's table; nothing where the test did not end well. */
export function printRow(
  { parameters: { size, iters, qps }, bandwidth, latency }: PerftestResult,
  gigabits: boolean,
): void {
  if (bandwidth) print(bandwidthRow(size, iters * qps, bandwidth, gigabits));
  if (latency) print(latencyRow(size, iters, latency));
}

const sides = ['client', 'server'] as const;

/** Under perftest's table: what both sides did for it. */
export function printEnd(lab: Lab, result: PerftestResult, frames: BothFrames): void {
  const { counts, completed, parameters, client, server } = result;
  const messages = completed * (parameters.bidirectional ? 2 : 1);
  print(RULE);
  const names = { client, server };
  const heads = sides.flatMap((side) => [`${side} ${names[side]}`, 'a message']);
  const row = (title: string, value: (side: Side) => number) => [
    title,
    ...sides.flatMap((side) => [
      String(Math.round(value(side))),
      messages > 0 ? amount(value(side) / messages) : '-',
    ]),
  ];
  const rows = (Object.keys(tallyTitles) as (keyof Tally)[]).map((name) =>
    row(tallyTitles[name], (side) => counts[side][name]),
  );
  rows.push(row('frames sent', (side) => frames[side].sent));
  rows.push(row('bytes of frames sent', (side) => frames[side].sentBytes));
  print(table([`${parameters.size} bytes, ${messages} messages`, ...heads], rows));
  printFaults(lab);
}

/** What went wrong: frames by place and reason, and what became of each rule. */
export function printFaults(lab: Lab): void {
  const losses = lossesOf(lab);
  if (losses.length > 0) print(`\n${table(['frames lost', 'why', 'frames'], losses)}`);
  const rules = lab.faults.rules.map(({ name, hits }) => [name, hits]);
  if (rules.length > 0) print(`\n${table(['fault', 'frames that it met'], rules)}`);
}

export const faultsOf = ({ faults: { rules } }: Lab): object[] =>
  rules.map(({ name, hits }) => ({ rule: name, frames: hits }));

export const amount = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 3 : 1);

/** Where frames were lost, and why. */
export function lossesOf(lab: Lab): (string | number)[][] {
  const rows: (string | number)[][] = [...lab.sim.lost].map(([why, n]) => ['on links', why, n]);
  for (const [name, station] of lab.fabric.switches) {
    const { drops } = station as { readonly drops?: ReadonlyMap<string, number> };
    for (const [why, n] of drops ?? []) rows.push([`in ${name}`, why, n]);
  }
  return rows;
}

/** The result as one line of JSON. */
export function jsonRow(lab: Lab, result: PerftestResult, frames: BothFrames): void {
  const { bandwidth, latency, parameters, counts, ...rest } = result;
  const object = {
    ...rest,
    parameters,
    topology: lab.topology.name,
    ...(bandwidth && {
      bandwidth: {
        peakBytesPerSecond: bandwidth.peak,
        averageBytesPerSecond: bandwidth.average,
        messagesPerSecond: bandwidth.messageRate,
      },
    }),
    ...(latency && { latencyNs: latency }),
    counts,
    frames,
    lost: lossesOf(lab).map(([where, why, count]) => ({ where, why, count })),
    ...(lab.faults.rules.length > 0 && { faults: faultsOf(lab) }),
  };
  print(JSON.stringify(object));
}
