// The wires by the names that people give them.

import type { WireName } from '../apps/perftest/index.js';
import type { GidType } from '../rdma/index.js';

export const gidTypes: Readonly<Record<WireName, GidType>> = {
  ib: 'IB',
  rocev1: 'RoCE v1',
  rocev2: 'RoCE v2',
  iwarp: 'iWARP',
};
