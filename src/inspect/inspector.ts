// A capture, frame by frame: each frame is dissected with what the frames before it told (streams, queue pairs,
// connections, open commands). State is bounded; nothing here reads clocks or files.

import { dissectWith } from '../../protocols/core/dissect.js';
import { type Bindings, Walk } from '../../protocols/core/walk.js';
import {
  type Dissection,
  type DissectOptions,
  type Layer,
  type Protocol,
  standardWire,
  type Wire,
} from '../../protocols/index.js';
import { bth } from '../../protocols/infiniband/index.js';
import { mad } from '../../protocols/infiniband/mad/index.js';
import { tcp } from '../../protocols/tcp/index.js';
import { Connections } from './connections.js';
import { IpFragments } from './ip-fragments.js';
import type { Finds, Message } from './message.js';
import { QueuePairs } from './queue-pairs.js';
import type { Host, Service, Side } from './service.js';
import { serviceOf, streamProtocols, streamService } from './services.js';
import { TcpStreams } from './tcp-streams.js';

/** A frame with what was learned beside its own layers. */
export interface Inspected extends Dissection {
  /** Its number in the capture, from 1 on. */
  readonly number: number;
  /** Units that began in earlier frames and became whole with this one. */
  readonly messages: readonly Message[];
}

/** Where the frame is, and what the capture says of it. */
export type FramePlace = Pick<DissectOptions, 'start' | 'end' | 'linkType' | 'fcs'>;

/** The context is one object that is filled again for each frame. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * A capture, frame by frame, in its order: TCP streams, IP fragments, queue pairs and messages are put together as
 * their frames come. One inspector a capture; its memory is bounded (README.md lists the bounds).
 * @example
 * const inspector = new Inspector();
 * const reader = new CaptureReader();
 * for await (const chunk of file) {
 *   reader.push(chunk);
 *   while (reader.next()) {
 *     const { bytes, at, end, linkType } = reader.record;
 *     const frame = inspector.inspect(bytes, { start: at, end, linkType });
 *     for (const message of frame.messages) console.log(message.title, message.layers.length);
 *   }
 * }
 */
export class Inspector {
  #number = 0;
  #finds: Finds = { messages: [], notes: [] };
  /** True once the present frame's InfiniBand packet was looked at. */
  #seen = false;
  /** What runs where the present unit was found, and who sent it. */
  #service: Service | undefined;
  #sender: Side = 'active';
  readonly #host: Host = {
    dissectUnit: (...unit) => this.#unit(...unit),
    enter: (service, from = 'active') => {
      this.#context.nvme = service?.nvme;
      this.#service = service;
      this.#sender = from;
    },
  };
  readonly #streams = new TcpStreams(streamProtocols, streamService, this.#host);
  readonly #pairs = new QueuePairs(this.#host);
  readonly #fragments = new IpFragments();
  readonly #connections = new Connections(this.#pairs, serviceOf);
  readonly #context: Mutable<DissectOptions> = {
    tcpPayload: (walk) => this.#streams.payload(walk, this.#number, this.#finds),
    rdmaPayload: (walk) => this.#packet(walk),
    cmPrivate: (walk) => this.#connections.privateData(walk),
    ddpPayload: (walk) => this.#service?.segment?.(walk, this.#sender, this.#number, this.#finds),
  };

  readonly #bindings: Bindings;

  /** @param wire the protocols that it knows; all of ours unless given */
  constructor(wire: Wire = standardWire) {
    this.#bindings = wire.bindings;
  }

  /** Bytes kept for streams and messages that are not whole. */
  get keptBytes(): number {
    return this.#streams.keptBytes + this.#pairs.keptBytes + this.#fragments.keptBytes;
  }

  /** Dissects the next frame of the capture. Never throws, whatever the bytes. */
  inspect(bytes: Uint8Array, place: FramePlace = {}): Inspected {
    this.#number++;
    this.#finds = { messages: [], notes: [] };
    this.#seen = false;
    const context = this.#context;
    context.start = place.start ?? 0;
    context.end = place.end ?? bytes.length;
    context.linkType = place.linkType ?? 1;
    context.fcs = place.fcs ?? false;
    context.nvme = undefined;
    this.#service = undefined;
    const walk = dissectWith(this.#bindings, bytes, context);
    this.#learn(walk);
    this.#reassemble(walk);
    const { messages, notes } = this.#finds;
    return {
      bytes,
      start: walk.start,
      end: walk.end,
      layers: walk.layers,
      bindings: this.#bindings,
      stop: walk.stop,
      number: this.#number,
      messages,
      notes: notes.length === 0 ? walk.notes : [...walk.notes, ...notes],
    };
  }

  /** Streams and queue pairs look at a packet that is dissected; those that are there in part tell nothing. */
  #learn(walk: Walk): void {
    for (const layer of walk.layers) {
      if (layer.partial) continue;
      if (layer.protocol === bth) this.#settle(walk);
      else if (layer.protocol === tcp) this.#streams.settle(walk, this.#number, this.#finds);
      else if (layer.protocol === mad) this.#connections.learn(walk.layers);
    }
  }

  /** A fragment may complete its datagram, which is then read as if it had come whole. */
  #reassemble({ layers }: Walk): void {
    const { messages, notes } = this.#finds;
    const datagram = this.#fragments.add(layers, this.#number, notes);
    if (!datagram) return;
    this.#seen = false;
    const { bytes, title, parts, protocol } = datagram;
    const walk = this.#unit(bytes, protocol, 'datagram');
    this.#learn(walk);
    const { start, end, stop } = walk;
    const { bindings, layers: inside } = walk;
    messages.push({ title, parts, bytes, start, end, stop, layers: inside, bindings });
    notes.push(...walk.notes);
  }

  #packet(walk: Walk): Protocol | null | undefined {
    this.#seen = true;
    return this.#pairs.packet(walk, this.#number, this.#finds);
  }

  /** Packets without payload are looked at now; messages in one packet are whole now. */
  #settle(walk: Walk): void {
    if (!this.#seen) this.#packet(walk);
    this.#pairs.settle(walk, this.#number, this.#finds);
  }

  #unit(bytes: Uint8Array, protocol: Protocol, boundBy: string): Walk {
    const walk = new Walk(bytes, 0, bytes.length, this.#bindings, this.#context);
    walk.boundBy = boundBy;
    walk.run(protocol);
    return walk.finish();
  }
}

/** The layers of a frame and of the messages that it completed. */
export function* allLayers(frame: Inspected): Generator<Layer> {
  yield* frame.layers;
  for (const message of frame.messages) yield* message.layers;
}
