// A transport protocol on a host's IP, as HostStack sees it: it is handed packets and errors, and asked for packets when
// the wire is free.

import type { Machine, Nanos } from '../time/index.js';
import type { Datagram } from './datagram.js';
import type { IcmpError } from './icmp-error.js';
import type { IpRoute } from './ip-route.js';

export interface Transport extends Machine {
  /** IANA's number. */
  readonly protocol: number;
  receive(now: Nanos, datagram: Datagram): void;
  /** An ICMP error quotes a packet of ours with this protocol. */
  icmpError(now: Nanos, error: IcmpError): void;
  /** Whether `transmit` may have something. */
  hasWork(): boolean;
  /**
   * The slot of the next packet, everything behind the link addresses filled in, or -1. The transport gives it up.
   */
  transmit(now: Nanos): number;
  /** Where the packet that `transmit` gave goes to. */
  readonly route: IpRoute;
}
