export { formatIp, linkLocalOf, parseHostAddress, parseIp } from './address.js';
export { type StackDrop, stackDrops } from './drop.js';
export { HostStack, type HostStackOptions } from './host-stack.js';
export type { EchoReply } from './icmp.js';
export {
  type NeighbourEvent,
  type NeighbourState,
  type Transition,
  transitions,
} from './neighbour-state.js';
export { type Neighbour, NeighbourTable } from './neighbour-table.js';
