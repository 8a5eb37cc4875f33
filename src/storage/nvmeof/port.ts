// Where a target can be reached, and what follows from the transport there.

/** What transports differ in, as far as controllers show it. */
export interface TransportFacts {
  readonly name: 'rdma' | 'tcp';
  /** TRTYPE of discovery. */
  readonly trtype: number;
  /** MQES: entries of the largest I/O queue, less one. */
  readonly mqes: number;
  /** Data that a command capsule of an I/O queue may carry, in bytes. */
  readonly inlineBytes: number;
  /** MDTS: largest transfer, as a power of two of 4 KiB pages. */
  readonly mdts: number;
  /** Data lies in host memory that keyed SGL descriptors name. */
  readonly keyed: boolean;
}

/** MQES, in-capsule data and MDTS of RDMA are those of Linux's target; over TCP it has no MDTS, and we need a bound. */
export const TRANSPORTS = {
  rdma: { name: 'rdma', trtype: 1, mqes: 127, inlineBytes: 4096, mdts: 8, keyed: true },
  tcp: { name: 'tcp', trtype: 3, mqes: 1023, inlineBytes: 16384, mdts: 10, keyed: false },
} as const satisfies Record<string, TransportFacts>;

/** Pages in which MDTS counts: CAP.MPSMIN. */
const PAGE = 4096;

/** By MDTS. */
const transfers = Float64Array.from({ length: 32 }, (_, mdts) => PAGE * 2 ** mdts);

// hot
export const largestTransfer = ({ mdts }: TransportFacts): number => transfers[mdts]!;

/** A port of a subsystem (Base 2.0 1.5.47): a transport at an address. */
export interface Port {
  readonly portid: number;
  readonly transport: TransportFacts;
  /** As hosts are to dial it: '10.0.0.1', 'fd00::1'. */
  readonly address: string;
  readonly service: string;
}
