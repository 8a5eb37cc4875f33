// What a router is told, and why it drops frames.

import type { StackDrop } from '../stack/index.js';
import type { IpFault } from './ip-forward.js';
import type { Refusal } from './router-message.js';
import type { BufferDrop, BufferOptions } from './shared-buffer.js';

export interface RouterPort {
  readonly mac: string;
  /** Such as '10.0.0.1/24' and 'fd00::1/64'; their subnets are on this port. */
  readonly addresses: readonly string[];
  /** Longest IP packet; 4,200 unless given: the largest RoCE packet with all its headers. */
  readonly mtu?: number;
}

export interface RouteOptions {
  /** Such as '10.1.0.0/16', '::/0'. */
  readonly to: string;
  /** Routers that are as good as each other: flows are spread over them. */
  readonly via: readonly { readonly port: number; readonly gateway: string }[];
}

export interface RouterOptions extends BufferOptions {
  readonly ports: readonly RouterPort[];
  readonly routes?: readonly RouteOptions[];
  /** Link addresses that need not be asked for. */
  readonly neighbours?: readonly {
    readonly port: number;
    readonly ip: string;
    readonly mac: string;
  }[];
  readonly dscpPriority?: Uint8Array;
}

/** Why a router dropped a frame. */
export type RouterDrop =
  | IpFault
  | Refusal
  | BufferDrop
  | 'other host'
  | 'not routable: RoCE v1'
  | 'not routable: no IP'
  | 'not routable: tagged'
  | 'not routable: link local or group'
  | 'for the router itself'
  | 'neighbour asked for'
  | StackDrop;
