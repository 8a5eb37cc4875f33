// Something with ports, through which frames go in and out: a NIC, a switch, a router. Frames are slots of one
// pool; whoever holds a slot owns it, and releases it or passes it on.

import type { Machine } from '../time/machine.js';
import type { Nanos } from '../time/nanos.js';

export interface Station extends Machine {
  readonly name: string;
  /** Ports are numbered from 0. */
  readonly ports: number;
  /**
   * Nanoseconds from the frame's last bit at a port until `receive` gets it: a pipeline in front of all queues, in which
   * nothing is decided, so that one event does for both. None unless given.
   */
  latencyOf?(slot: number): number;
  /** The frame in `slot` is whole at `port`, and through the pipeline. The station owns the slot from now on. */
  receive(now: Nanos, port: number, slot: number): void;
  /**
   * A port that has something to send and was not told since, or -1. Whoever drives the station asks after
   * every call into it, and then takes frames with `transmit` as its wire is free.
   */
  takeReady(): number;
  /**
   * False: `transmit` has nothing for `port` until `takeReady` names it again, so that nobody need ask when its wire
   * is free. Stations that do not say are asked every time.
   */
  waits?(port: number): boolean;
  /** The wire behind `port` is free: the slot to be sent on it, or -1. The station gives the slot up. */
  transmit(now: Nanos, port: number): number;
  /**
   * Frames leave while they still come in: what `transmit` gives has been on its way since its first bit could be, if the
   * wire was free. Its times count from first bit to first bit then, and a frame's length is waited for once, not twice.
   */
  readonly cutsThrough?: boolean;
  /** The link behind `port` went down or came up, for stations that care. */
  linkChanged?(now: Nanos, port: number, up: boolean): void;
}
