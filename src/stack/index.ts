export {
  formatIp,
  isMapped,
  linkLocalOf,
  parseHostAddress,
  parseIp,
  sameBytes,
} from './address.js';
export type { Datagram } from './datagram.js';
export { type StackDrop, stackDrops } from './drop.js';
export { HostStack, type HostStackOptions } from './host-stack.js';
export type { EchoReply } from './icmp.js';
export { IcmpError, type IcmpKind, readIcmpError } from './icmp-error.js';
export { IpPacket } from './ip-packet.js';
export { type IpRoute, routeTo } from './ip-route.js';
export { IpTemplate } from './ip-template.js';
export {
  type NeighbourEvent,
  type NeighbourState,
  type Transition,
  transitions,
} from './neighbour-state.js';
export { type Neighbour, NeighbourTable } from './neighbour-table.js';
export type { Transport } from './transport.js';
