// What a host did during a test, as its ledger has it: taken before and after, and subtracted.

import type { Computer } from '../../host/index.js';
import type { Nanos } from '../../time/index.js';

/** Sums over all cores and devices of one host. */
export interface Tally {
  readonly copies: number;
  readonly bytesCopied: number;
  readonly systemCalls: number;
  readonly interrupts: number;
  readonly contextSwitches: number;
  readonly doorbells: number;
  readonly dmaReads: number;
  readonly dmaReadBytes: number;
  readonly dmaWrites: number;
  readonly dmaWriteBytes: number;
  /** Nanoseconds of cores at work, and of cores that looked again and again. */
  readonly cpuNs: number;
  readonly pollNs: number;
}

/** The names of the rows that people read. */
export const tallyTitles: Readonly<Record<keyof Tally, string>> = {
  copies: 'CPU copies',
  bytesCopied: 'bytes copied by CPUs',
  systemCalls: 'system calls',
  interrupts: 'interrupts',
  contextSwitches: 'context switches',
  doorbells: 'doorbells',
  dmaReads: 'DMA reads',
  dmaReadBytes: 'bytes read by DMA',
  dmaWrites: 'DMA writes',
  dmaWriteBytes: 'bytes written by DMA',
  cpuNs: 'CPU time at work [ns]',
  pollNs: 'CPU time polling [ns]',
};

/** What a host has done so far. */
export function tallyOf({ ledger, cores }: Computer, now: Nanos): Tally {
  const copies = ledger.total('copy');
  const reads = ledger.total('dma-read');
  const writes = ledger.total('dma-write');
  let cpuNs = 0;
  let pollNs = 0;
  for (const core of cores.cores) {
    core.account(now);
    cpuNs += core.busyNs + core.interruptNs + core.switchNs;
    pollNs += core.spinNs;
  }
  return {
    copies: copies.count,
    bytesCopied: copies.bytes,
    systemCalls: ledger.total('system-call').count,
    interrupts: ledger.total('interrupt').count,
    contextSwitches: ledger.total('context-switch').count,
    doorbells: ledger.total('doorbell').count,
    dmaReads: reads.count,
    dmaReadBytes: reads.bytes,
    dmaWrites: writes.count,
    dmaWriteBytes: writes.bytes,
    cpuNs,
    pollNs,
  };
}

/** What happened between two of them. */
export function tallyBetween(before: Tally, after: Tally): Tally {
  const names = Object.keys(tallyTitles) as (keyof Tally)[];
  return Object.fromEntries(
    names.map((name) => [name, after[name] - before[name]]),
  ) as unknown as Tally;
}
