// Which protocol stands behind which number: the one table that dissector and builder share, and the only
// file that knows all protocols. Each space is named after the field that selects in it.

import type { Protocol } from './core/protocol.js';
import type { Bindings } from './core/walk.js';
import { eth } from './ethernet/ethernet.js';
import { madSpaces } from './infiniband/mad/table.js';
import { ipv4 } from './ip/ipv4.js';
import { udp } from './udp/udp.js';

type Table = readonly (readonly [number, Protocol])[];

/** Link types of capture files (tcpdump's list of LINKTYPE_ values). */
const link: Table = [[1, eth]];

const ethertype: Table = [[0x0800, ipv4]];

/** IANA protocol numbers. */
const ipproto: Table = [[17, udp]];

/** UDP destination ports. */
const udpPort: Table = [];

/** User's private data in connection requests, by the port of an RDMA IP CM service. */
const cmPrivate: Table = [];

export const bindings: Bindings = {
  link: new Map(link),
  ethertype: new Map(ethertype),
  ipproto: new Map(ipproto),
  udp: new Map(udpPort),
  mad: new Map(madSpaces.mad),
  'mad-class': new Map(madSpaces['mad-class']),
  'cm-attribute': new Map(madSpaces['cm-attribute']),
  'rdma-ip-cm': new Map(madSpaces['rdma-ip-cm']),
  'cm-private': new Map(cmPrivate),
};
