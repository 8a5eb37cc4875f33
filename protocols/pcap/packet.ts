// What a writer needs to know of a packet. A reader's record fits as it is.

/** A packet to be written to a capture file. */
export interface PacketToWrite {
  readonly bytes: Uint8Array;
  /** The packet's place in `bytes`; all of it unless given. */
  readonly at?: number;
  readonly end?: number;
  /** Since 1970-01-01 UTC; 0 unless given. */
  readonly seconds?: number;
  readonly nanoseconds?: number;
  /** Bytes on the wire; those captured unless given. */
  readonly originalLength?: number;
  /** pcapng only, as are all that follow. */
  readonly interfaceId?: number;
  readonly comments?: readonly string[];
  /** epb_flags; not written when 0. */
  readonly flags?: number;
  readonly dropCount?: bigint | undefined;
}
