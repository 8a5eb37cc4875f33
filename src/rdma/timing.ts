// How long a device's parts take, as data: a device that is given such a profile waits for doorbells, DMA and its own
// engines; one without does everything at once. Numbers are in src/profiles/.

/** A cache of tables that lie in the host's memory (ICM: the device's share of it). */
export interface CacheProfile {
  readonly entries: number;
  /** Entries that compete for one place; all of them when it equals `entries`. */
  readonly ways: number;
  readonly replacement: 'lru' | 'fifo' | 'random';
  /** Bytes that a miss reads. */
  readonly lineBytes: number;
}

export interface NicTiming {
  readonly name: string;
  /** Longest work queue entry that the CPU may write with the doorbell (BlueFlame); 0: the device fetches all. */
  readonly blueFlameBytes: number;
  /** Only entries that bring their data inline are written so (mlx4); others are fetched. */
  readonly blueFlameInlineOnly: boolean;
  /** Work queue entries that one DMA fetches at most. */
  readonly sendBatch: number;
  readonly receiveBatch: number;
  /** Requests and answers are made by so many units, each of which takes so long for a new entry and for a packet. */
  readonly txUnits: number;
  readonly txEntryNs: number;
  readonly txPacketNs: number;
  /** An acknowledgement, NAK or answer of an atomic operation. */
  readonly txAnswerNs: number;
  /** From an entry's being there to its first packet, beside the unit's time: others are served meanwhile. */
  readonly entryLatencyNs: number;
  /** From the last byte of a packet, or the end of its service, to the wire. */
  readonly txLatencyNs: number;
  /** Packets in preparation: what waits for DMA or for the wire. */
  readonly txFrames: number;
  /** Bytes of them: what a card that goes back has still to send first. */
  readonly txBytes: number;
  /** A packet leaves as soon as its bytes are sure to come in time; otherwise when the last one is there. */
  readonly cutThrough: boolean;
  /** Of the port, for cutting through. */
  readonly portBitsPerSecond: number;
  /** Packets are judged by so many units, each of which takes so long, and longer with data or an atomic operation. */
  readonly rxUnits: number;
  readonly rxPacketNs: number;
  readonly rxDataNs: number;
  readonly rxAtomicNs: number;
  /** From the wire to the engine that judges. */
  readonly rxLatencyNs: number;
  /** Packets that wait for an engine at most; what comes then is lost. */
  readonly rxFrames: number;
  /** From judging a request to its answer; from finding a gap to its NAK; from a NAK to going back. */
  readonly answerNs: number;
  readonly nakNs: number;
  readonly goBackNs: number;
  /** Misses that may be under way. */
  readonly misses: number;
  /** Queue pair contexts, fetched send entries, translations, keys. */
  readonly qpc: CacheProfile;
  readonly wqe: CacheProfile;
  readonly mtt: CacheProfile;
  readonly mpt: CacheProfile;
}
