// F15 is not there yet: it needs a driver that forwards frames on the Ethernet card, and drives in slots.

import type { Experiments } from './row.js';

const published = ['poll', 'interrupt', 'interrupt 10 us'].flatMap((how) =>
  ['median', 'p99', 'p99.99'].map((what) => `${how} ${what}`),
);

export const forwarding: Experiments = Object.fromEntries([
  ...published.map((name) => [name, 'there is no driver that forwards frames'] as const),
  ['polled NVMe I/O of one core', 'there is no drive on a PCIe slot'],
]);
