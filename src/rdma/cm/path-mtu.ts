// The path MTU of a connection over Ethernet: smaller than the port's, because rdma_cm leaves room for the longest
// headers that any packet may have (trap 24).

import { AtomicETH, BTH, GRH } from '../../../protocols/infiniband/index.js';
import { UDP } from '../../../protocols/udp/index.js';

/** XRCETH (IBA A14) and ICRC. */
const XRCETH_SIZE = 4;
const ICRC_SIZE = 4;

/** 96 bytes, as iboe_get_mtu of Linux's ib_addr.h adds them up. */
const HEADERS = GRH.size + UDP.size + BTH.size + XRCETH_SIZE + AtomicETH.size + ICRC_SIZE;

/** Codes of path MTUs (IBA 14.2.5.6), the largest first. */
const codes = [
  [5, 4096],
  [4, 2048],
  [3, 1024],
  [2, 512],
  [1, 256],
] as const;

/** Code of the largest path MTU that fits a link's MTU; 0 when none does. */
export const pathMtuFor = (linkMtu: number): number =>
  codes.find(([, size]) => size <= linkMtu - HEADERS)?.[0] ?? 0;
