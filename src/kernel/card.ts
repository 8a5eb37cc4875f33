// What a kernel needs of a network card and its driver, whatever the card: queues of both directions, each with a driver's side,
// and how flows find theirs.

import type { Station } from '../frame/index.js';
import type { Nanos } from '../time/index.js';
import type { Arrival } from './arrival.js';
import type { PacketView } from './packet-view.js';
import type { Keeper } from './page-pool.js';
import type { Steering } from './toeplitz.js';

/** The driver's side of a queue of frames that are sent. */
export interface TransmitSide {
  /** Pieces that still fit, and bytes that the card is not through with. */
  readonly room: number;
  readonly waitingBytes: number;
  /** Somebody found no room. */
  stopped: boolean;
  /** Pieces were written that the card was not told of. */
  readonly hasNews: boolean;
  /** The card has left a completion that nobody has read. */
  readonly hasCompletion: boolean;
  /** A frame begins: the text of each frame that it is cut into, its headers, and whether its checksum is to be completed. */
  begin(mss: number, headerLength: number, sums: boolean): void;
  /** One piece of memory, which is referred to until the card has read it. */
  piece(address: number, length: number, keeper: Keeper, block: number): void;
  /** The frame of `bytes` bytes is complete. */
  end(bytes: number): void;
  /** Tells the card, if there is news, as work of this core. */
  ring(now: Nanos, core: number): void;
  /** Reads one completion and gives back what its frames referred to. */
  clean(): void;
}

/** The driver's side of a queue of frames that come. */
export interface ReceiveSide {
  readonly entries: number;
  /** Buffers that the card has, and those that it has filled and nobody has looked at. */
  readonly outstanding: number;
  readonly arrived: boolean;
  post(address: number, length: number, block: number): void;
  /** Tells the card of buffers, as work of this core. */
  ring(now: Nanos, core: number): void;
  /** Makes an arrival of the next frame, whose headers `view` has read afterwards; the frame's bytes. */
  take(into: Arrival, view: PacketView): number;
  /** Interrupts again; true when something has come for which there will be none. */
  arm(now: Nanos): boolean;
  /** None any more. */
  disarm(): void;
  /** When interrupts come, where a card can be told. */
  moderate(us: number, frames: number): void;
}

export interface NetCard extends Station {
  readonly steering: Steering;
  /** Bytes that were put into memory so far. */
  readonly receivedBytes: number;
  readonly transmitSides: readonly TransmitSide[];
  readonly receiveSides: readonly ReceiveSide[];
}
