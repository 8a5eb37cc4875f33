// RDMA network cards: how long their parts take. A number has its source, or is marked `fitted`: chosen so that
// experiments on that card, all of them together, come out as published. None is for one experiment only.

import type { PcieProfile } from '../memory/pcie.js';
import type { CacheProfile, NicTiming } from '../rdma/timing.js';
import { pcieGen3x16 } from './pcie.js';

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
  sendBatch: 1,
  receiveBatch: 1,
  txUnits: 1,
  txEntryNs: 0,
  txPacketNs: 0,
  txAnswerNs: 0,
  txLatencyNs: 0,
  txFrames: 64,
  cutThrough: false,
  portBitsPerSecond: 100e9,
  rxUnits: 1,
  rxPacketNs: 0,
  rxDataNs: 0,
  rxAtomicNs: 0,
  rxLatencyNs: 0,
  rxFrames: 4096,
  answerNs: 0,
  nakNs: 0,
  goBackNs: 0,
  misses: 16,
  qpc: lru(65536, 256),
  wqe: lru(65536, 64),
  mtt: lru(65536, 64),
  mpt: lru(65536, 64),
};

/** ConnectX-4, 100 Gb/s, in a slot of 16 lanes of PCI Express 3.0. */
export const connectX4: NicProfile = {
  name: 'ConnectX-4',
  pcie: pcieGen3x16,
  timing: {
    ...idealTiming,
    name: 'ConnectX-4',
    blueFlameBytes: 256, // mlx5: log_bf_reg_size 9, half of it at a time (mlx5_ifc.h, mlx5/qp.c)
    sendBatch: 4, // fitted
    receiveBatch: 8, // fitted
    txUnits: 2, // fitted
    txEntryNs: 8, // fitted
    txPacketNs: 12, // fitted
    txAnswerNs: 8, // fitted
    txLatencyNs: 100, // fitted
    txFrames: 128, // fitted
    cutThrough: true, // fitted
    rxPacketNs: 8, // fitted
    rxDataNs: 2, // fitted
    rxAtomicNs: 12, // fitted
    rxLatencyNs: 80, // fitted
    answerNs: 20, // fitted
    nakNs: 2000, // as ConnectX-5's: Lumina (SIGCOMM 2023) 6.1
    goBackNs: 4000, // the same: 2 to 6 us
    qpc: lru(1024, 256), // fitted
    wqe: lru(4096, 64), // fitted
    mtt: lru(2048, 64), // fitted
    mpt: lru(2048, 64), // fitted
  },
};
