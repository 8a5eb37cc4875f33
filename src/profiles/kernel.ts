// Kernels and the Ethernet side of cards. [1] is Cai et al., "Understanding Host Network Stack Overheads" (SIGCOMM 2021) and
// its artefact; [2] is SocksDirect (SIGCOMM 2019), tables 2 and 4. A number that is marked `fitted` was chosen so that the
// experiments of both, all of them together, come out as published.

import type { EthernetProfile, KernelProfile } from '../kernel/profile.js';

/** Linux 5.4 with mitigations as distributions ship them. */
export const linux54: KernelProfile = {
  name: 'Linux 5.4',
  socketCall: 500, // fitted
  socketLock: 150, // fitted
  skbLock: 150, // fitted
  copyIn: 0.185, // [1]: 47.95 % of 59.8 % of 3.4 GHz at 42.2 Gb/s
  copyOutCached: 0.2, // fitted
  copyOutMissed: 0.42, // fitted
  ddioBytes: 3.5 * 2 ** 20, // two of eleven ways of 19.25 MB
  pageAlloc: 80, // fitted
  pageFree: 80, // fitted
  pagePin: 300, // fitted
  skbAlloc: 150, // fitted
  skbFree: 150, // fitted
  tcpOut: 700, // fitted
  tcpIn: 700, // fitted
  ackIn: 1000, // fitted
  ackOut: 500, // fitted
  tcpRead: 200, // fitted
  crossCore: 3, // fitted
  deviceOut: 300, // fitted
  descriptorOut: 50, // fitted
  cleaned: 100, // fitted
  doorbell: 100, // fitted
  gsoSegment: 300, // fitted
  deviceIn: 250, // fitted
  groFrame: 200, // fitted
  poll: 200, // fitted
  softirq: 500, // fitted
  wakeThread: 1500, // fitted
  blockThread: 500, // fitted
  checksum: 0.12, // fitted: csum_partial, some 8 bytes a cycle
  notice: 600, // fitted
  epollEvent: 300, // fitted
};

/** Linux 4.15 as [2] had it. */
export const linux415: KernelProfile = {
  ...linux54,
  name: 'Linux 4.15',
};

/** The Ethernet side of ConnectX-5. */
export const connectX5: EthernetProfile = {
  name: 'ConnectX-5',
  txLatencyNs: 100, // fitted
  rxLatencyNs: 80, // fitted
  txPacketNs: 12, // fitted
  rxPacketNs: 8, // fitted
  txBufferBytes: 64 * 1024,
  descriptorBatch: 32,
  throttle: 'delay',
  coalesceUs: 8, // Linux, mlx5: MLX5E_PARAMS_DEFAULT_RX_CQ_MODERATION_USEC, unless adaptive
  coalesceFrames: 128, // the same: ..._PKTS is 32; fitted
};

export const connectX4: EthernetProfile = { ...connectX5, name: 'ConnectX-4' };

/** Nothing takes time, and every frame interrupts at once. */
export const ideal: EthernetProfile = {
  ...connectX5,
  name: 'ideal',
  txLatencyNs: 0,
  rxLatencyNs: 0,
  txPacketNs: 0,
  rxPacketNs: 0,
  coalesceUs: 0,
};
