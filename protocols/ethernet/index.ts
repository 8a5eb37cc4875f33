export * from './arp.js';
export * from './bsd-loopback.js';
export { etherTypes } from './ether-type.js';
export { Ethernet, eth } from './ethernet.js';
export { FCS, fcs } from './fcs.js';
export { isGroupAddress } from './group-address.js';
export { LinuxSLL, LinuxSLL2, sll, sll2 } from './linux-sll.js';
export {
  LLC,
  LLCInformation,
  LLCSupervisory,
  LLCUnnumbered,
  llc,
  llcInformation,
  llcSupervisory,
  llcUnnumbered,
  SNAP,
  snap,
} from './llc.js';
export * from './lldp.js';
export { MACControl, macControl, Pause, PFC, pause, pfc } from './mac-control.js';
export * from './vlan.js';
