// What a driver in user space takes of its core, as data. Numbers are in `profiles/user-driver.ts`, with their sources.

export interface UserDriverProfile {
  readonly name: string;
  /** Cycles of a frame: its descriptors of both directions, its buffer, what the program does with it. */
  readonly frame: number;
  /** Cycles of a lot of frames: the doorbells of both queues, uncached writes. */
  readonly lot: number;
  /** Cycles of a look at a ring that has nothing. */
  readonly emptyPoll: number;
}
