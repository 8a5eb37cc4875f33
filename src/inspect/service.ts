// What runs on a queue pair or a stream, as connection management or the bytes themselves told: it names the
// protocol of each message, and links what RDMA moves to the commands that asked for it.

import type { Layer, NvmeContext, Protocol, Walk } from '../../protocols/index.js';
import type { Finds } from './message.js';

/** Where a message goes or comes from in remote memory, as its first packet or its request says. */
export interface Target {
  readonly va: bigint;
  readonly rkey: number;
  readonly length: number;
}

/** Who sent it: the side that asked for the connection, or the one that accepted. */
export type Side = 'active' | 'passive';

/** Bytes that RDMA moves, linked to the command that they serve. */
export interface Link {
  /** How to dissect them; undefined where they have no structure. */
  readonly protocol: Protocol | undefined;
  /** Which command they serve, in words. */
  readonly note: string;
}

/** What runs on a queue pair or stream, and what it says of the messages there. */
export interface Service {
  readonly name: string;
  /** What readers of NVMe entries must know, where that is what runs. */
  readonly nvme?: NvmeContext | undefined;
  /** The protocol of the private data with which a connection is accepted ('cm-rep') or refused ('cm-rej'). */
  answer(message: string): Protocol | undefined;
  /** The protocol of a SEND message. */
  message(from: Side): Protocol | undefined;
  /** Bytes kept for messages under way. */
  readonly kept?: number;
  /** Forgets them. */
  drop?(): void;
  /** Takes over behind a DDP header, where that is what carries messages. */
  segment?(walk: Walk, from: Side, frame: number, finds: Finds): Protocol | null | undefined;
  /** Takes note of a whole message once it is dissected. */
  learn(layers: readonly Layer[], from: Side, frame: number, notes: string[]): void;
  /** What lies at that key and address of the side that offered it. */
  link(target: Target, operation: 'read' | 'write'): Link | undefined;
}

/** What streams and queue pairs need of the inspector. */
export interface Host {
  /** Dissects a unit that was put together from several frames. */
  dissectUnit(bytes: Uint8Array, protocol: Protocol, boundBy: string): Walk;
  /** What is dissected from now on in this frame belongs to that service. */
  enter(service: Service | undefined, from?: Side): void;
}
