// What both directions of a virtio-net device share, and its numbers.

import type { Bridge, Kernel, Tap } from '../../kernel/index.js';
import type { Vm } from '../vm.js';
import type { DeviceThread } from './device-thread.js';
import type { VirtioProfile } from './profile.js';

export const RECEIVE = 0;
export const TRANSMIT = 1;
export const ETHERNET_BYTES = 14;
/** Frames of one turn before the other direction has one (VHOST_NET_PKT_WEIGHT). */
export const TURN = 256;

export interface NetCounters {
  sent: number;
  received: number;
  dropped: number;
  refused: number;
}

export interface NetParts {
  readonly vm: Vm;
  /** The host's, whose bridge and cores it is. */
  readonly kernel: Kernel;
  readonly bridge: Bridge;
  readonly tap: Tap;
  readonly device: DeviceThread;
  readonly profile: VirtioProfile;
  readonly counters: NetCounters;
  readonly mtu: number;
  /** Frames of the guest are sent from where they lie. */
  readonly lends: boolean;
}
