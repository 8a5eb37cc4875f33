// A UDP datagram for which nobody here has a port: one that is whole is answered with ICMP's port unreachable
// (RFC 1122 3.2.2.1), others are dropped by name.

import { sumIsGood } from '../../protocols/core/checksum/index.js';
import { UDP } from '../../protocols/index.js';
import type { Nanos } from '../time/index.js';
import type { Datagram } from './datagram.js';
import type { DropCounters } from './drop.js';
import { type Icmp, messageSum } from './icmp.js';

export function refuseDatagram(
  now: Nanos,
  datagram: Datagram,
  drops: DropCounters,
  icmp: Icmp,
): void {
  const { source, target, protocol, bytes, at, end } = datagram;
  if (end - at < UDP.size) return drops.add('too short');
  const udpEnd = at + UDP.get.length(bytes, at);
  if (udpEnd < at + UDP.size || udpEnd > end) return drops.add('malformed');
  const sum = messageSum(source, target, protocol, bytes, at, udpEnd);
  if (UDP.get.checksum(bytes, at) !== 0 && !sumIsGood(sum)) return drops.add('bad checksum');
  drops.add('no protocol');
  icmp.portUnreachable(now, datagram);
}
