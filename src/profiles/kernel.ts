// Kernels and the Ethernet side of cards. [1] is Cai et al., "Understanding Host Network Stack Overheads" (SIGCOMM 2021) and
// its artefact; [2] is SocksDirect (SIGCOMM 2019), tables 2 and 4. A number that is marked `fitted` was chosen so that the
// experiments of both, all of them together, come out as published.

import type { EthernetProfile, KernelProfile, RateRule } from '../kernel/profile.js';
import { xeonBroadwell, xeonE52699v3, xeonHaswell, xeonSandyBridge } from './cpu.js';

/** Linux 5.4 with mitigations as distributions ship them. */
export const linux54: KernelProfile = {
  name: 'Linux 5.4',
  socketCall: 250, // fitted
  socketLock: 100, // fitted
  skbLock: 95, // fitted
  queueLock: 80, // fitted
  copyIn: 0.185, // [1]: 47.95 % of 59.8 % of 3.4 GHz at 42.2 Gb/s
  copyOutCached: 0.24, // fitted
  copyOutMissed: 0.54, // fitted
  copyOutRemote: 0.44, // [1]: 7.39 % of 185.8 % at 9 Gb/s, where the reader sits on the other node
  pageAlloc: 55, // fitted
  pageFree: 55, // fitted
  fragmentPage: 80, // fitted
  mapCall: 1300, // fitted: [2] maps one page in 780 ns
  mapPage: 30, // fitted
  pagePin: 300, // fitted
  skbMemory: 210, // fitted
  skbAlloc: 110, // fitted
  skbFree: 250, // fitted
  tcpOut: 1250, // fitted
  tcpIn: 545, // fitted
  ackIn: 1500, // fitted
  ackOut: 400, // fitted
  tcpRead: 550, // fitted
  crossCore: 4, // fitted
  clockOut: 160, // fitted
  deviceOut: 370, // fitted
  descriptorOut: 40, // fitted
  cleaned: 80, // fitted
  loopback: 400, // fitted
  doorbell: 100, // fitted
  gsoSegment: 340, // fitted
  deviceIn: 490, // fitted
  groFrame: 480, // fitted
  poll: 200, // fitted
  softirq: 1800, // fitted
  leaveIdle: 2400, // fitted
  wakeThread: 2000, // fitted
  blockThread: 900, // fitted
  checksum: 0.12, // fitted: csum_partial, some 8 bytes a cycle
  notice: 600, // fitted
  epollEvent: 300, // fitted
  vhostLends: false, // drivers/vhost/net.c: experimental_zcopytx is off since Linux 5.3
};

/** Linux 4.15 as [2] had it. */
export const linux415: KernelProfile = {
  ...linux54,
  name: 'Linux 4.15',
  vhostLends: true, // drivers/vhost/net.c: experimental_zcopytx
  // Fitted: an operation takes 413 ns, 205 of it for the system call and 160 for locks.
  socketCall: 140,
  socketLock: 310,
  skbLock: 30,
  queueLock: 30,
  // Fitted: 430 ns for buffers.
  skbMemory: 190,
  skbAlloc: 90,
  skbFree: 150,
  pageAlloc: 38,
  pageFree: 38,
  // Fitted: 360 ns for TCP and IP, of packets that come one at a time and find everything in the cache.
  tcpOut: 528,
  tcpIn: 150,
  tcpRead: 150,
  clockOut: 80,
  // Fitted: 500 ns for driver and card's rings.
  deviceOut: 160,
  descriptorOut: 30,
  cleaned: 60,
  doorbell: 70,
  deviceIn: 300,
  groFrame: 350,
  poll: 110,
};

/** Linux 3.11 on Sandy Bridge, as Felter et al. (ISPASS 2015) had it; what is not said is as above. */
export const linux311: KernelProfile = {
  ...linux54,
  name: 'Linux 3.11',
  vhostLends: true, // drivers/vhost/net.c: experimental_zcopytx
  // Fitted on F17: cycles of a whole machine for a byte that it sends, and for one that it receives; natively and for its guest.
  copyIn: 0.57,
  deviceIn: 900, // a page for every frame, mapped for DMA
  pagePin: 110, // get_user_pages_fast, which accounts for nothing yet
  copyOutCached: 0.58,
  copyOutMissed: 0.75,
  copyOutRemote: 0.6,
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
  throttle: 'quiet', // Linux, mlx5: MLX5_CQ_PERIOD_MODE_START_FROM_CQE, where the card can
  adaptive: 'dim', // mlx5: adaptive-rx on (MLX5E_PFLAG_RX_CQE_BASED_MODER)
  coalesceUs: 8, // Linux, mlx5: MLX5E_PARAMS_DEFAULT_RX_CQ_MODERATION_USEC, unless adaptive
  coalesceFrames: 128, // the same: ..._PKTS is 32; fitted
  sendCoalesceUs: 32, // Linux, lib/dim: what its adaptive profiles of sending go to from 16 under load
  sendCoalesceFrames: 32, // mlx5: MLX5E_PARAMS_DEFAULT_TX_CQ_MODERATION_PKTS
};

/** mlx4_en's own adaptive moderation (Linux, mlx4_en.h and en_netdev.c). */
export const mlx4Moderation: RateRule = {
  lowRate: 400_000, // MLX4_EN_RX_RATE_LOW
  lowUs: 0, // MLX4_EN_RX_COAL_TIME_LOW
  highRate: 450_000, // MLX4_EN_RX_RATE_HIGH
  highUs: 128, // MLX4_EN_RX_COAL_TIME_HIGH
  smallBytes: 256, // MLX4_EN_AVG_PKT_SMALL
  sampleNs: 250e6, // STATS_DELAY: HZ / 4
};

/** ConnectX-2 EN, as Linux's mlx4_en drives it. Times inside as ConnectX-5's. */
export const connectX2: EthernetProfile = {
  ...connectX5,
  name: 'ConnectX-2',
  throttle: 'delay',
  adaptive: mlx4Moderation,
  coalesceUs: 16, // mlx4_en.h: MLX4_EN_RX_COAL_TIME, until the rate is known
  coalesceFrames: 44, // MLX4_EN_RX_COAL_TARGET
  sendCoalesceUs: 16, // MLX4_EN_TX_COAL_TIME
  sendCoalesceFrames: 16, // MLX4_EN_TX_COAL_PKTS
};

export const connectX4: EthernetProfile = {
  ...connectX5,
  name: 'ConnectX-4',
  txLatencyNs: 450, // fitted on [2]: 2.1 us for doorbell and DMA of both sides
  rxLatencyNs: 450, // the same
};

/**
 * Intel 82599, as Linux's ixgbe drives it. Interrupts come at intervals that are multiples of 2.048 us at 10 Gb/s (Intel's data sheet,
 * EITR).
 */
export const i82599: EthernetProfile = {
  ...connectX4,
  name: '82599',
  txLatencyNs: 745, // fitted on F15; its port with fibre and back takes 310 of all (MoonGen, IMC 2015, table 3)
  rxLatencyNs: 745, // the same
  bellRoundNs: 1499, // fitted on F15: how much longer than half of the frames one in a hundred takes
  txPacketNs: 34, // estimate: less than half of the shortest frame's 67 ns on the wire
  rxPacketNs: 34, // the same
  txBufferBytes: 160 * 1024, // Intel's data sheet: transmit packet buffer
  throttle: 'interval',
  adaptive: false,
  coalesceUs: 50, // Linux, ixgbe: IXGBE_20K_ITR, where its own adaptive moderation begins
  coalesceFrames: 65_536, // it counts none
  sendCoalesceUs: 50, // the same vector
  sendCoalesceFrames: 65_536,
};

/** Intel E810, as Linux's ice drives it: 50 us (ICE_DFLT_TX_ITR, ICE_DFLT_RX_ITR). Times inside as ConnectX-5's: estimates. */
export const e810: EthernetProfile = { ...i82599, name: 'E810', txPacketNs: 12, rxPacketNs: 8 };

/** Chelsio T5, as Linux's cxgb4 drives it: the first of its holdoff timers, 5 us, and 8 frames. Times inside as ConnectX-4's: estimates. */
export const t5: EthernetProfile = {
  ...connectX4,
  name: 'T5',
  throttle: 'delay',
  adaptive: false,
  coalesceUs: 5,
  coalesceFrames: 8,
};

/** Nothing takes time, and every frame interrupts at once. */
export const ideal: EthernetProfile = {
  ...connectX5,
  name: 'ideal',
  txLatencyNs: 0,
  rxLatencyNs: 0,
  txPacketNs: 0,
  rxPacketNs: 0,
  adaptive: false,
  coalesceUs: 0,
  sendCoalesceUs: 0,
};

/** The kernel of a processor's machine, by the profile's name; others have the newer one. */
export const kernelOn = (processor: string): KernelProfile => {
  if (processor === xeonSandyBridge.name) return linux311;
  const older = [xeonHaswell, xeonE52699v3, xeonBroadwell];
  return older.some(({ name }) => name === processor) ? linux415 : linux54;
};

/** The Ethernet side of a card, by the profile's name; others have that of ConnectX-5. */
export const ethernetOf = (card: string | undefined): EthernetProfile =>
  [connectX2, connectX4, i82599, e810, t5, ideal].find(({ name }) => name === card) ?? connectX5;
