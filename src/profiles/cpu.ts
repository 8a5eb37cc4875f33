// Processors with their kernels. Each number has its source, or says that it was fitted.

import type { CpuProfile } from '../cpu/profile.js';
import { haswellMemory, skylakeMemory } from './memory.js';

/**
 * A server of 2014 to 2019 under Linux 4.15. [1] is SocksDirect (SIGCOMM 2019), tables 2 and 4, measured on
 * 2 x Xeon E5-2698 v3.
 */
export const xeonHaswell: CpuProfile = {
  name: 'Xeon E5-2698 v3, Linux 4.15',
  cores: 16, // Intel's data sheet: of each of its two sockets
  hertz: 2.3e9, // the same: base frequency
  systemCallNs: 200, // [1]: with kernel page-table isolation
  pageTableIsolationNs: 150, // [1]: 50 ns without it
  contextSwitchNs: 520, // [1]: cooperative context switch
  wakeUpNs: 2800, // [1]: process wake-up, 2.8 to 5.5 us
  idleExitNs: 1000, // fitted; Linux, intel_idle.c: 2 us at most for C1
  interruptNs: 1000, // fitted: of the 4 us that [1] has for NIC interrupt handling, what is not the driver's own
  timeSliceNs: 3_000_000, // Linux: sysctl_sched_min_granularity, 0.75 ms times 1 + log2 of 8 cores
  latencyNs: 24_000_000, // the same: sysctl_sched_latency, 6 ms times that
  wakeUpGranularityNs: 4_000_000, // the same: sysctl_sched_wakeup_granularity, 1 ms times that
  copyBitsPerSecond: 82e9, // [1]: 4 KiB in 400 ns
  ddio: { bytes: 4 * 2 ** 20, ways: 2 }, // two of the 20 ways (Farshin et al., ATC 2020) of 40 MB (Intel's data sheet)
  postNs: 65, // fitted
  pollNs: 32, // fitted
  emptyPollNs: 15, // fitted
  afterPostNs: 118, // fitted: 5.47 million WRITEs of one queue pair a second, each with a doorbell (perftest on ConnectX-3 at 2.3 GHz)
  registerWriteNs: 341, // fitted on 2.89 M reads a second with a doorbell for each, on the 8280L below (its source)
  lastLevelNs: 20, // the same source
};

/**
 * A server of 2018 under Linux 5.4, as Cai et al. (SIGCOMM 2021) had it: 4 x Xeon Gold 6128, no hyper-threads. What their
 * tables do not say is as above.
 */
export const xeonGold6128: CpuProfile = {
  ...xeonHaswell,
  name: 'Xeon Gold 6128, Linux 5.4',
  cores: 24, // Intel's data sheet: six of each of its four sockets (their artefact maps 24 cores of four nodes to queues)
  hertz: 3.4e9, // the same: base frequency
  systemCallNs: 150, // fitted
  pageTableIsolationNs: 100, // fitted: as many cycles as above
  wakeUpNs: 4000, // fitted
  interruptNs: 800, // fitted
  memory: skylakeMemory,
  ddio: { bytes: 3.5 * 2 ** 20, ways: 2 }, // two of the eleven ways of 19.25 MB
  copyBitsPerSecond: 147e9, // theirs: 47.95 % of 59.8 % of a core at 42.2 Gb/s
};

/** 2 x Xeon E5-2699 v3, the Haswell machines of the FD.io CSIT project; kernel and calls as above. */
export const xeonE52699v3: CpuProfile = {
  ...xeonHaswell,
  name: 'Xeon E5-2699 v3, Linux 4.15',
  cores: 36, // Intel's data sheet: 18 of each socket
  memory: haswellMemory,
  ddio: { bytes: 4.5 * 2 ** 20, ways: 2 }, // two of the 20 ways of 45 MB
};

/** 2 x Xeon Platinum 8180, the Skylake machines of the FD.io CSIT project; kernel and calls as the Gold 6128's, on its own clock. */
export const xeonPlatinum8180: CpuProfile = {
  ...xeonGold6128,
  name: 'Xeon Platinum 8180, Linux 5.4',
  cores: 56, // Intel's data sheet: 28 of each socket
  hertz: 2.5e9, // the same: base frequency
  ddio: { bytes: 7 * 2 ** 20, ways: 2 }, // two of the eleven ways of 38.5 MB
};

/** A server of 2016: Intel's data sheet of the E5-2643 v4; kernel and calls as above, on its own clock. */
export const xeonBroadwell: CpuProfile = {
  ...xeonHaswell,
  name: 'Xeon E5-2643 v4, Linux 4.15',
  cores: 6,
  hertz: 3.4e9,
  ddio: { bytes: 2 * 2 ** 20, ways: 2 }, // of 20 MB
  postNs: 43, // as many cycles as above, and so for the two below
  pollNs: 21,
  emptyPollNs: 10,
  afterPostNs: 80,
};

/** A server of 2012 under Linux 3.11, before mitigations, as Felter et al. (ISPASS 2015) had it: 2 x Xeon E5-2665. */
export const xeonSandyBridge: CpuProfile = {
  ...xeonHaswell,
  name: 'Xeon E5-2665, Linux 3.11',
  cores: 16, // Intel's data sheet: eight of each of its two sockets
  hertz: 2.4e9, // the same: base frequency
  systemCallNs: 50, // SocksDirect (SIGCOMM 2019), table 4, without page-table isolation
  pageTableIsolationNs: 0,
  copyBitsPerSecond: 41e9, // fitted: as many cycles a byte as its kernel's copies take
  idleExitNs: 8600, // fitted on F17; Linux, intel_idle.c: 10 us at most for C1E
  idleWakeNs: 8600, // the same
  ddio: { bytes: 2 * 2 ** 20, ways: 2 }, // two of the 20 ways of 20 MB
};

/**
 * A server of 2012, Xeon E3-1230 v2 at 3.3 GHz (Intel's data sheet). Kernel and calls as Haswell's in as many cycles, but for what
 * hardware takes to come out of C1.
 */
export const xeonIvyBridge: CpuProfile = {
  ...xeonHaswell,
  name: 'Xeon E3-1230 v2',
  cores: 4,
  hertz: 3.3e9,
  systemCallNs: 140,
  pageTableIsolationNs: 105,
  contextSwitchNs: 362,
  wakeUpNs: 1600, // fitted on F15, with the next
  interruptNs: 600,
  tick: { hertz: 250, ns: 2050 }, // Linux: CONFIG_HZ as Debian has it; fitted on F15: what one in 10,000 frames waits for a core that polls
  ddio: { bytes: 1 * 2 ** 20, ways: 2 }, // two of the 16 ways of 8 MB
  postNs: 45,
  pollNs: 22,
  emptyPollNs: 10,
  afterPostNs: 82,
};

/**
 * A server of 2019 under Linux 5.0, as SPDK's developers had it ("10.39M Storage I/O Per Second From One Thread", SPDK's blog, May 2019):
 * Xeon Platinum 8280L with one core at work, at its highest clock. What they do not say is as above.
 */
export const xeonPlatinum8280l: CpuProfile = {
  ...xeonGold6128,
  name: 'Xeon Platinum 8280L, Linux 5.0',
  cores: 28, // Intel's data sheet, of one socket
  hertz: 4e9, // theirs
  ddio: { bytes: 7 * 2 ** 20, ways: 2 }, // two of the eleven ways of 38.5 MB
};

/** For live worlds, where programs take real time. */
export const realTimeCpu: CpuProfile = {
  name: 'this machine',
  cores: 16,
  hertz: 3e9,
  systemCallNs: 0,
  contextSwitchNs: 0,
  wakeUpNs: 0,
  interruptNs: 0,
  timeSliceNs: 3_000_000,
  copyBitsPerSecond: 82e9,
  postNs: 0,
  pollNs: 0,
  emptyPollNs: 0,
  realTime: true,
};
