// What reached a host for one protocol above IP: a whole packet, or one put together from fragments.

export interface Datagram {
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  readonly protocol: number;
  readonly hopLimit: number;
  /** The ECN field of the IP header (RFC 3168 5). */
  readonly ecn: number;
  readonly bytes: Uint8Array;
  /** The message of that protocol. */
  readonly at: number;
  readonly end: number;
  /** The IP packet as it came, for errors that quote it; -1 when it came in fragments. */
  readonly headerAt: number;
  /** A NIC has found its checksums right. */
  readonly checked?: boolean;
  /** Text of each of the segments that were merged into it; 0 for one that came alone. */
  readonly unit?: number;
}
