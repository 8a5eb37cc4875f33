// A processor with round numbers, for tests of guests.

import type { CpuProfile } from '../../../src/cpu/index.js';

export const roundNumbers: CpuProfile = {
  name: 'round numbers',
  cores: 1,
  hertz: 1e9,
  systemCallNs: 100,
  contextSwitchNs: 1000,
  wakeUpNs: 5000,
  interruptNs: 200,
  timeSliceNs: 3_000_000,
  copyBitsPerSecond: 80e9,
  postNs: 0,
  pollNs: 0,
  emptyPollNs: 0,
};
