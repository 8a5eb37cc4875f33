// RDMA network cards: how long their parts take. A number has its source, or is marked `fitted`: chosen so that
// experiments on that card, all of them together, come out as published. None is for one experiment only.

import type { PcieProfile } from '../memory/pcie.js';
import type { CacheProfile, NicTiming } from '../rdma/timing.js';
import { pcieGen2x8, pcieGen3x8, pcieGen3x16, pcieGen4x16 } from './pcie.js';

export interface NicProfile {
  readonly name: string;
  readonly timing: NicTiming;
  /** The slot that the card has. */
  readonly pcie: PcieProfile;
}

/**
 * Contexts and tables of ConnectX cards lie in the host's memory, and the card caches them. A context is 256 bytes
 * (struct mlx4_qp_context of Linux, mlx4_cmd.c: dev_cap.qpc_entry_sz), a key 64 (mpt_entry), a translation 8.
 */
const lru = (entries: number, lineBytes: number): CacheProfile => ({
  entries,
  ways: 8,
  replacement: 'lru',
  lineBytes,
});

/** Nothing takes time, and everything is at hand: what a device without a profile does. */
export const idealTiming: NicTiming = {
  name: 'ideal',
  blueFlameBytes: 0,
  blueFlameInlineOnly: false,
  sendBatch: 1,
  receiveBatch: 1,
  txUnits: 1,
  txEntryNs: 0,
  txPacketNs: 0,
  txAnswerNs: 0,
  entryLatencyNs: 0,
  txLatencyNs: 0,
  txFrames: 64,
  txBytes: 2 ** 20,
  cutThrough: false,
  portBitsPerSecond: 100e9,
  rxUnits: 1,
  rxPacketNs: 0,
  rxDataNs: 0,
  rxAtomicNs: 0,
  rxLatencyNs: 0,
  rxFrames: 16384, // a megabyte of the shortest
  answerNs: 0,
  nakNs: 0,
  goBackNs: 0,
  misses: 16,
  qpc: lru(65536, 256),
  wqe: lru(65536, 64),
  mtt: lru(65536, 64),
  mpt: lru(65536, 64),
};

/** What the cards of a family have in common; every number is fitted unless its own line says otherwise. */
const family: NicTiming = {
  ...idealTiming,
  sendBatch: 8,
  receiveBatch: 16,
  txFrames: 128,
  txBytes: 32 * 1024, // fitted: covers a read's round trip at 100 Gb/s
  nakNs: 2000, // ConnectX-5 takes 2 us to say that it met a gap: Lumina (SIGCOMM 2023) 6.1
  goBackNs: 3000, // the same: 2 to 6 us from a NAK to the first packet again, with what was on its way
};

/**
 * ConnectX-2, QDR InfiniBand of 32 Gb/s of data, 8 lanes of PCI Express 2.0. Fitted on perftest's write latency of such
 * a card (2 bytes to 1 MiB). What does not come inline is fetched, entry first, then data.
 */
export const connectX2: NicProfile = {
  name: 'ConnectX-2',
  pcie: { ...pcieGen2x8, latencyNs: 132, memoryReadNs: 120 }, // fitted
  timing: {
    ...family,
    name: 'ConnectX-2',
    blueFlameBytes: 320, // inline up to 220 bytes in the published run
    blueFlameInlineOnly: true, // rdma-core, providers/mlx4/qp.c: mlx4_post_send
    portBitsPerSecond: 32e9, // 4 lanes of 10 Gb/s, 8b/10b (IBA volume 2, QDR)
    entryLatencyNs: 110, // fitted
    txEntryNs: 60, // fitted
    txPacketNs: 60, // fitted
    txAnswerNs: 30, // fitted
    txLatencyNs: 50, // fitted
    rxPacketNs: 60, // fitted
    rxLatencyNs: 40, // fitted
    rxDataNs: 5, // fitted
    rxAtomicNs: 60, // fitted
    answerNs: 30, // fitted
    misses: 4, // fitted
    // Cards of this time slow down from some hundred queue pairs on (FaRM, NSDI 2014; FaSST, OSDI 2016).
    qpc: lru(256, 256), // fitted
    wqe: lru(1024, 64), // fitted
    mtt: lru(512, 64), // fitted; FaRM has pages of 2 GiB because translations of smaller ones do not fit
    mpt: lru(512, 64), // fitted
  },
};

/** ConnectX-3, FDR InfiniBand (54.3 Gb/s of data) or 40 Gb/s Ethernet, 8 lanes of PCI Express 3.0. */
export const connectX3: NicProfile = {
  name: 'ConnectX-3',
  pcie: { ...pcieGen3x8, latencyNs: 165 }, // fitted
  timing: {
    ...connectX2.timing,
    name: 'ConnectX-3',
    portBitsPerSecond: (56.25e9 * 64) / 66, // 4 lanes of 14.0625 Gb/s, 64b/66b (FDR)
    txEntryNs: 8, // fitted: 35 million WRITEs a second in and out (HERD, SIGCOMM 2014)
    txPacketNs: 20, // fitted: the same
    txAnswerNs: 12, // fitted
    rxPacketNs: 28, // fitted: the same
    rxAtomicNs: 300, // fitted: they are far slower than READs (Kalia et al., ATC 2016)
    misses: 8, // fitted: a factor of 2 to 4 is lost at hundreds to thousands of queue pairs (see ConnectX-2)
    qpc: lru(280, 256), // fitted
  },
};

/**
 * Connect-IB, two ports of FDR InfiniBand, 16 lanes of PCI Express 3.0. Fitted on the verb rates of Kalia et al. (ATC
 * 2016, table 4): a packet takes 6.4 ns to send (157 million header-only SENDs a second) and 8.2 to receive (122).
 */
export const connectIB: NicProfile = {
  name: 'Connect-IB',
  pcie: { ...pcieGen3x16, latencyNs: 182, outstandingReads: 256 }, // fitted: 2.24 million atomics on one address a second
  timing: {
    ...family,
    name: 'Connect-IB',
    blueFlameBytes: 256, // mlx5: half of the 512-byte register (log_bf_reg_size)
    sendBatch: 16, // fitted
    portBitsPerSecond: (2 * 56.25e9 * 64) / 66, // both ports
    txFrames: 256, // fitted
    txPacketNs: 6.37, // fitted: 157 million a second
    txAnswerNs: 6.37, // fitted: the same
    txLatencyNs: 120, // fitted
    rxPacketNs: 8.2, // fitted: 122 million a second
    rxDataNs: 4, // fitted: 82 million RECVs with data
    rxAtomicNs: 11, // fitted: 52 million atomics on many addresses
    rxLatencyNs: 100, // fitted
    answerNs: 20, // fitted
    misses: 8, // fitted
    qpc: lru(1024, 256), // fitted
    wqe: lru(8192, 64), // fitted
    mtt: lru(2048, 64), // fitted
    mpt: lru(2048, 64), // fitted
  },
};

/**
 * ConnectX-4, EDR InfiniBand or 100 Gb/s Ethernet, 16 lanes of PCI Express 3.0. Fitted on SEND latencies of 32 bytes to
 * 32 KiB (Potter, RWTH Aachen 2018) and on perftest's at 2 bytes; the slope between 1 and 4 KiB says that the card
 * stores packets on either side.
 */
export const connectX4: NicProfile = {
  name: 'ConnectX-4',
  pcie: { ...pcieGen3x16, latencyNs: 180, outstandingReads: 256 }, // fitted
  timing: {
    ...connectIB.timing,
    name: 'ConnectX-4',
    portBitsPerSecond: 100e9, // 4 lanes of 25.78 Gb/s, 64b/66b (EDR, 100GBASE)
    entryLatencyNs: 190, // fitted
    txLatencyNs: 60, // fitted
    rxLatencyNs: 65, // fitted
    answerNs: 80, // fitted: READs of 2 and 128 bytes
    // A ConnectX-5 has half of its READs left at 5000 connections, older cards lose them earlier (eRPC, NSDI 2019;
    // Storm, SYSTOR 2019).
    qpc: lru(1536, 256), // fitted
  },
};

/** ConnectX-5, as ConnectX-4 with more contexts at hand and more reads of tables at once (Storm, SYSTOR 2019). */
export const connectX5: NicProfile = {
  name: 'ConnectX-5',
  pcie: connectX4.pcie,
  timing: {
    ...connectX4.timing,
    name: 'ConnectX-5',
    txUnits: 2, // fitted
    rxUnits: 2, // fitted
    txPacketNs: 9.5, // fitted: each unit
    txAnswerNs: 9.5, // fitted
    rxPacketNs: 9.5, // fitted
    misses: 16, // fitted
    qpc: lru(2560, 256), // fitted
    wqe: lru(16384, 64), // fitted
    mtt: lru(8192, 64), // fitted
    mpt: lru(8192, 64), // fitted
  },
};

/** ConnectX-6, HDR InfiniBand or 200 Gb/s Ethernet, 16 lanes of PCI Express 4.0: 215 million messages a second (data sheet). */
export const connectX6: NicProfile = {
  name: 'ConnectX-6',
  pcie: { ...pcieGen4x16, latencyNs: 175 }, // fitted
  timing: {
    ...connectX5.timing,
    name: 'ConnectX-6',
    portBitsPerSecond: 200e9, // 4 lanes of 53.125 Gb/s (HDR)
    txPacketNs: 9.3, // two units: 215 million a second, NVIDIA's product brief
    txAnswerNs: 9.3, // fitted
    qpc: lru(4096, 256), // fitted
  },
};

/**
 * Intel E810: 100 Gb/s Ethernet, iWARP and RoCE v2, 16 lanes of PCI Express 4.0 (Intel's product brief of the E810-CQDA2). Of its engines
 * nothing is published that they could be fitted on: times are those of ConnectX-4, an estimate without a source, without what is
 * Mellanox's own: entries come by DMA alone (rdma-core, providers/irdma: a doorbell has no entry).
 */
export const e810: NicProfile = {
  name: 'E810',
  pcie: { ...pcieGen4x16, latencyNs: 180 }, // estimate
  timing: { ...connectX4.timing, name: 'E810', blueFlameBytes: 0 },
};

/**
 * Chelsio T5: 40 Gb/s Ethernet, iWARP, 8 lanes of PCI Express 3.0; "sub 1 us through hardware" (Chelsio's announcement, 2013). Engines
 * as ConnectX-3's, an estimate without a source, but for that microsecond.
 */
export const t5: NicProfile = {
  name: 'T5',
  pcie: { ...pcieGen3x8, latencyNs: 165 }, // estimate: as ConnectX-3
  timing: {
    ...connectX3.timing,
    name: 'T5',
    portBitsPerSecond: 40e9, // 40GBASE
    blueFlameBytes: 64, // rdma-core, providers/cxgb4: one write-combined unit (T5 on)
    blueFlameInlineOnly: false,
    txLatencyNs: 450, // half of the microsecond each, with the TCP engine
    rxLatencyNs: 450,
  },
};

/** Intel 82599: 10 Gb/s Ethernet without RDMA, 8 lanes of PCI Express 2.0 (Intel's data sheet of the 82599). Its Ethernet side: `kernel.ts`. */
export const i82599: NicProfile = {
  name: '82599',
  pcie: { ...pcieGen2x8, latencyNs: 165 }, // estimate: as ConnectX-3
  timing: { ...idealTiming, name: '82599', portBitsPerSecond: 10e9 },
};
