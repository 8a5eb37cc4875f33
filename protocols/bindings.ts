// Which protocol stands behind which number: the one table that dissector and builder share, and the only
// file that knows all protocols. Each space is named after the field that selects in it.

import type { Protocol } from './core/protocol.js';
import type { Bindings } from './core/walk.js';
import { arp } from './ethernet/arp.js';
import { bsdLoop, bsdNull } from './ethernet/bsd-loopback.js';
import { eth } from './ethernet/ethernet.js';
import { sll, sll2 } from './ethernet/linux-sll.js';
import { snap } from './ethernet/llc.js';
import { lldp } from './ethernet/lldp.js';
import { macControl, PAUSE_OPCODE, PFC_OPCODE, pause, pfc } from './ethernet/mac-control.js';
import { svlan, vlan } from './ethernet/vlan.js';
import { icmpNumbers, icmpSpaces } from './icmp/all.js';
import { bth } from './infiniband/bth.js';
import { flowctl, LINKTYPE_INFINIBAND_FLOW } from './infiniband/flow-control.js';
import { grh, lrh, rwh } from './infiniband/link.js';
import { GRH_NEXT_BTH } from './infiniband/link-header.js';
import { madSpaces } from './infiniband/mad/table.js';
import { ipNumbers, ipv6Extensions } from './ip/all.js';
import { ipv4 } from './ip/ipv4.js';
import { ipv6 } from './ip/ipv6.js';
import { rawIp } from './ip/raw-ip.js';
import { iwarpSpaces } from './iwarp/table.js';
import { NVME_RDMA_PORT, nvmeRdmaReq } from './nvme/rdma.js';
import { nvmeSpaces } from './nvme/table.js';
import { tcp } from './tcp/tcp.js';
import { udp } from './udp/udp.js';

type Table = readonly (readonly [number, Protocol])[];

/** Link types of capture files (tcpdump's list of LINKTYPE_ values). */
const link: Table = [
  [0, bsdNull],
  [1, eth],
  [101, rawIp],
  // DLT_RAW has other numbers on some systems, and old files have them.
  [12, rawIp],
  [14, rawIp],
  [108, bsdLoop],
  [113, sll],
  [228, ipv4],
  [229, ipv6],
  [247, lrh],
  [276, sll2],
  [LINKTYPE_INFINIBAND_FLOW, flowctl],
];

const ethertype: Table = [
  [0x0800, ipv4],
  [0x0806, arp],
  [0x8100, vlan],
  [0x8808, macControl],
  [0x88a8, svlan],
  [0x88cc, lldp],
  [0x9100, svlan],
  [0x86dd, ipv6],
  [0x8915, grh],
];

/** AF_INET and the numbers that AF_INET6 has on BSDs and macOS. */
const addressFamily: Table = [
  [2, ipv4],
  [24, ipv6],
  [28, ipv6],
  [30, ipv6],
];

/** LLC.DSAP. */
const sap: Table = [[0xaa, snap]];

/** MACControl.opcode. */
const macControlOpcode: Table = [
  [PAUSE_OPCODE, pause],
  [PFC_OPCODE, pfc],
];

/** IANA protocol numbers. */
const ipproto: Table = [[6, tcp], [17, udp], ...ipNumbers, ...icmpNumbers];

/** UDP destination ports. */
const udpPort: Table = [[4791, bth]];

/** LRH.LNH: what follows an InfiniBand link header (IBA 7.7.5). */
const lnh: Table = [
  [0, rwh],
  [1, ipv6],
  [2, bth],
  [3, grh],
];

/** GRH.NxtHdr. */
const nxthdr: Table = [[GRH_NEXT_BTH, bth]];

/** User's private data in connection requests, by the port of an RDMA IP CM service. */
const cmPrivate: Table = [[NVME_RDMA_PORT, nvmeRdmaReq]];

const nvmeBindings: Bindings = Object.fromEntries(
  Object.entries(nvmeSpaces).map(([space, rows]) => [space, new Map(rows)]),
);

/** Which protocol stands behind which number, by the name of the space: what dissector and builder share. */
export const bindings: Bindings = {
  link: new Map(link),
  ethertype: new Map(ethertype),
  'address-family': new Map(addressFamily),
  sap: new Map(sap),
  'mac-control': new Map(macControlOpcode),
  ipproto: new Map(ipproto),
  'ipv6-ext': new Map(ipv6Extensions),
  ...icmpSpaces,
  udp: new Map(udpPort),
  mad: new Map(madSpaces.mad),
  'mad-class': new Map(madSpaces['mad-class']),
  'cm-attribute': new Map(madSpaces['cm-attribute']),
  'sm-attribute': new Map(madSpaces['sm-attribute']),
  'sa-attribute': new Map(madSpaces['sa-attribute']),
  'pm-attribute': new Map(madSpaces['pm-attribute']),
  'rdma-ip-cm': new Map(madSpaces['rdma-ip-cm']),
  'cm-private': new Map(cmPrivate),
  lnh: new Map(lnh),
  nxthdr: new Map(nxthdr),
  ...nvmeBindings,
  rdmap: new Map(iwarpSpaces.rdmap),
};
