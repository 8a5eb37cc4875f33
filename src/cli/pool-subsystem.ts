// The volumes of a pool as namespaces of one NVMe subsystem, under names that stay the same.

import { createHash } from 'node:crypto';
import type { Volume } from '../storage/index.js';
import type { NvmeTarget, Subsystem } from '../storage/nvmeof/index.js';
import type { Nanos } from '../time/index.js';

/** What hosts connect to unless told otherwise. */
export const POOL_NQN = 'nqn.2026-11.io.wireverbs:pool';
const UUID_SIZE = 16;
const SERIAL_SIZE = 20;

/** Sixteen bytes that are the same for the same names, so that a host knows a volume again. */
const uuidOf = (nqn: string, name: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`${nqn} ${name}`).digest().subarray(0, UUID_SIZE));

const serialOf = (nqn: string): string =>
  createHash('sha256').update(nqn).digest('hex').slice(0, SERIAL_SIZE);

/** @throws RangeError for a name that cannot be one */
export const poolSubsystem = (target: NvmeTarget, now: Nanos, nqn: string): Subsystem =>
  target.addSubsystem(now, { nqn, serial: serialOf(nqn) });

export const addVolume = (
  subsystem: Subsystem,
  now: Nanos,
  nsid: number,
  name: string,
  volume: Volume,
): void => {
  subsystem.addNamespace(now, { nsid, volume, uuid: uuidOf(subsystem.nqn, name) });
};
