// The counts of a comparison as rows that people and programs read.

import type { Comparison, PathRecord, SideCounts, SideName } from './model.js';

export interface CountRow {
  readonly title: string;
  readonly unit: '' | 'bytes' | 'ns';
  readonly value: (path: PathRecord, side: SideName) => number;
}

const row = (title: string, name: keyof SideCounts, unit: CountRow['unit'] = ''): CountRow => ({
  title,
  unit,
  value: ({ counts }, side) => counts[side][name],
});

/** One row a count, for either side. */
export const countRows: readonly CountRow[] = [
  row('copies by CPUs', 'copies'),
  row('bytes copied by CPUs', 'copiedBytes', 'bytes'),
  row('system calls', 'systemCalls'),
  row('interrupts', 'interrupts'),
  row('context switches', 'contextSwitches'),
  row('doorbells', 'doorbells'),
  {
    title: 'DMA transfers',
    unit: '',
    value: ({ counts }, side) => counts[side].dmaReads + counts[side].dmaWrites,
  },
  {
    title: 'bytes by DMA',
    unit: 'bytes',
    value: ({ counts }, side) => counts[side].dmaReadBytes + counts[side].dmaWriteBytes,
  },
  row('frames sent', 'framesSent'),
  row('header bytes sent', 'headerBytes', 'bytes'),
  row('CPU at work', 'cpuNs', 'ns'),
  row('CPU polling', 'pollNs', 'ns'),
];

/** For JSON: frames with their bytes in hexadecimal. */
export function jsonOf(comparison: Comparison): object {
  const hex = (data: Uint8Array) =>
    Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return {
    ...comparison,
    paths: comparison.paths.map((path) => ({
      ...path,
      frames: path.frames.map((frame) => ({ ...frame, data: hex(frame.data) })),
    })),
  };
}
