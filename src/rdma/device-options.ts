// What a device is made of, and what it tells.

import type { FramePool } from '../frame/index.js';
import type { Nanos, Random } from '../time/index.js';
import type { Neighbours, PortAddress } from './address.js';
import type { Clockwork } from './clockwork.js';
import type { CompletionQueue } from './completion-queue.js';
import type { PortPriorities } from './congestion.js';
import type { AsyncEventType } from './constant.js';
import type { RdmaDevice } from './device.js';
import type { Tracer } from './engine.js';
import type { MemoryPort } from './memory-port.js';
import type { DeviceProfile } from './profile.js';
import type { QueuePair } from './queue-pair.js';
import type { ReceiveQueue } from './receive-queue.js';
import type { NicTiming } from './timing.js';
import type { Transport } from './transport.js';

/** struct ibv_async_event. */
export interface AsyncEvent {
  readonly type: AsyncEventType;
  readonly qp?: QueuePair;
  readonly cq?: CompletionQueue;
  readonly srq?: ReceiveQueue;
}

/** Where a device's interrupts go: to a core, which raises the channel's signal when it has served one. */
export interface InterruptLine {
  interrupt(now: Nanos, cq: CompletionQueue): void;
}

export interface DeviceOptions {
  readonly name: string;
  readonly pool: FramePool;
  readonly memory: MemoryPort;
  readonly profile: DeviceProfile;
  readonly address: PortAddress;
  readonly neighbours: Neighbours;
  readonly random: Random;
  readonly tracer?: Tracer;
  /** Largest path MTU of the port. */
  readonly mtu?: number;
  /** Bits a second of its link, at which flows begin; 100 Gb/s unless given. */
  readonly rate?: number;
  /** The port in front of it tells it of pauses (`pause`), and tells priorities like this. */
  readonly port?: PortPriorities;
  /** Partition keys by index; the default partition alone unless given. */
  readonly pkeys?: readonly number[];
  /** How long its parts take; without it everything happens at once. */
  readonly timing?: NicTiming;
  /** Of another function of the same card: engines and caches are its too. */
  readonly sharedClock?: Clockwork;
  /** Carries requests in place of InfiniBand's transport. */
  readonly transport?: (device: RdmaDevice) => Transport;
}
