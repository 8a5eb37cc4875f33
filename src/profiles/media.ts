// What a pool's volumes lie on: how long a request takes beside its way there, and how many are served at once.

import type { MediaProfile } from '../storage/media.js';

/** Memory of the pool's host: what is beside the way there is what the pool's cores do. */
export const memory: MediaProfile = {
  name: 'memory',
  readNs: 0,
  writeNs: 0,
  channels: 1,
  readBitsPerSecond: Number.POSITIVE_INFINITY,
  writeBitsPerSecond: Number.POSITIVE_INFINITY,
};

/** Intel Optane DC P5800X, 1.6 TB (Intel's product brief, 2020). */
export const optaneP5800x: MediaProfile = {
  name: 'Optane P5800X',
  readNs: 5000, // "below 6 us", of which the driver and its interrupt take one
  writeNs: 5000, // the same
  channels: 8, // 1.5 million reads of 4 KiB a second
  readBitsPerSecond: 8 * 7.2e9, // sequential read
  writeBitsPerSecond: 8 * 6.2e9, // sequential write
};

/** Intel Optane DC P4800X, 375 GB (Intel's product brief, 2017). */
export const optaneP4800x: MediaProfile = {
  name: 'Optane P4800X',
  readNs: 5450, // "below 10 us", of which slot and driver take some; 550,000 reads of 4 KiB a second
  writeNs: 6000, // the same; 500,000 writes
  channels: 3,
  readBitsPerSecond: 8 * 2.4e9, // sequential read
  writeBitsPerSecond: 8 * 2e9, // sequential write
};

/** Intel DC P4600, 1.6 TB, TLC (Intel's product specifications, 2017). */
export const flashP4600: MediaProfile = {
  name: 'DC P4600',
  readNs: 84_000, // 85 us typical
  writeNs: 14_000, // 15 us typical, into its capacitor-backed buffer
  channels: 47, // 559,550 reads of 4 KiB a second
  readBitsPerSecond: 8 * 3.2e9, // sequential read
  writeBitsPerSecond: 8 * 1.325e9, // sequential write
};

/** Intel D7-P5510, 7.68 TB, TLC (Intel's product specifications, 2020). */
export const flashP5510: MediaProfile = {
  name: 'D7-P5510',
  readNs: 81_000, // 82 us typical
  writeNs: 14_000, // 15 us typical, into its capacitor-backed buffer
  channels: 76, // 930,000 reads of 4 KiB a second
  readBitsPerSecond: 8 * 7e9, // sequential read
  writeBitsPerSecond: 8 * 4.2e9, // sequential write
};
