// Every protocol of this folder, in the order of the documentation.

import type { Protocol } from '../core/protocol.js';
import { arp, arpOther } from './arp.js';
import { bsdLoop, bsdNull } from './bsd-loopback.js';
import { eth } from './ethernet.js';
import { fcs } from './fcs.js';
import { sll, sll2 } from './linux-sll.js';
import { llc, llcInformation, llcSupervisory, llcUnnumbered, snap } from './llc.js';
import { lldp } from './lldp.js';
import { macControl, pause, pfc } from './mac-control.js';
import { svlan, vlan } from './vlan.js';

export const ethernetProtocols: readonly Protocol[] = [
  eth,
  vlan,
  svlan,
  llc,
  llcUnnumbered,
  llcSupervisory,
  llcInformation,
  snap,
  macControl,
  pause,
  pfc,
  arp,
  arpOther,
  lldp,
  fcs,
  sll,
  sll2,
  bsdNull,
  bsdLoop,
];
