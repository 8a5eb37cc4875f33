// The cursor of one dissection. Protocols take their bytes from it, narrow its end and register trailers;
// it keeps the layers so that they tile the frame, whatever the bytes say. The end only ever shrinks.

import { Layer } from './layer.js';
import type { Malformed } from './malformed.js';
import { padding, payload } from './payload.js';
import type { Protocol, Scene, Space } from './protocol.js';

/** Which protocol stands behind a number of a space, such as ('ethertype', 0x0800). */
export type Bindings = Readonly<Record<Space, ReadonlyMap<number, Protocol>>>;

/** What is known of the NVMe queue whose capsules and data PDUs are dissected. */
export interface NvmeContext {
  /** Opcodes mean other commands on an I/O queue than on the admin queue; not given: not known. */
  readonly queue?: 'admin' | 'io' | undefined;
  /** In which form the command `cid` returns its result. */
  resultOf?(cid: number): Protocol | undefined;
  /** What the data of the command `cid` is, where a data PDU carries the whole of it. */
  dataOf?(cid: number): Protocol | undefined;
}

/** What is known beside the frame's bytes. All of it is optional knowledge of the caller. */
export interface Context {
  /** True: the last four bytes of an Ethernet frame are its FCS; 'auto': where they match. */
  readonly fcs?: boolean | 'auto';
  /** What is known of the NVMe queue that the frame belongs to. */
  readonly nvme?: NvmeContext | undefined;
  /** What the private data behind the connection management message taken last is, where the request told it. */
  cmPrivate?(walk: Walk): Protocol | undefined;
  /** Takes over behind a TCP header: streams are reassembled by whoever keeps them. */
  tcpPayload?(walk: Walk): Protocol | null | undefined;
  /** Takes over behind the extended headers of an InfiniBand packet of a queue pair that is known. */
  rdmaPayload?(walk: Walk): Protocol | null | undefined;
  /** The same behind a DDP header that carries data. */
  ddpPayload?(walk: Walk): Protocol | null | undefined;
}

/** More layers than this in one frame are not dissected: no standard nests so deep, and it bounds hostile frames. */
export const MAX_LAYERS = 512;

/**
 * The cursor of one dissection, as a protocol's `read` sees it: take a layer, narrow the end, look up what
 * follows.
 */
export class Walk implements Scene {
  readonly layers: Layer[] = [];
  readonly notes: string[] = [];
  stop: Malformed | null = null;
  /** Next byte to be read. */
  at: number;
  /** End of the innermost layer. */
  boundary: number;
  /** Which length set it. */
  boundBy = 'frame';
  depth = 0;
  /** True inside a packet that is there in part (quoted in ICMP errors, first fragments): lengths may point beyond the bytes. */
  quoted = false;
  readonly #trailers: Layer[] = [];

  constructor(
    readonly bytes: Uint8Array,
    readonly start: number,
    readonly end: number,
    readonly bindings: Bindings,
    readonly context: Context,
  ) {
    this.at = start;
    this.boundary = end;
  }

  /** Bytes between the cursor and the innermost end. */
  get left(): number {
    return this.boundary - this.at;
  }

  /** The layer taken last. */
  get last(): Layer {
    return this.layers[this.layers.length - 1]!;
  }

  /**
   * Takes the layer `protocol` of `size` bytes (its fixed size unless given) and moves behind it.
   * Returns where it starts, or -1 and stops the walk when it does not fit.
   */
  take(protocol: Protocol, size = protocol.header.size): number {
    const { at, boundary } = this;
    if (boundary - at < size || size < protocol.header.size) {
      if (this.quoted) return -1; // what was not quoted is not missing
      const end = Math.min(boundary, at + size);
      this.stop ??= protocol.header.check(this.bytes, at, end, this.boundBy) ?? {
        code: 'truncated',
        layer: protocol.key,
        field: protocol.header.tail?.name ?? '',
        at,
        need: size,
        have: Math.max(0, boundary - at),
        boundBy: this.boundBy,
      };
      return -1;
    }
    const layer = new Layer(protocol, this.bytes, at, at + size, boundary, this.depth);
    if (this.quoted) layer.partial = true;
    this.layers.push(layer);
    this.at = at + size;
    return at;
  }

  /**
   * Ends everything inside the layer taken last at `end`, because `boundBy` says so. What lies between there
   * and the old end becomes padding. A length beyond the bytes stops the walk with a length conflict and
   * returns false; dissecting of what is there may go on.
   */
  limit(end: number, boundBy: string, named?: string): boolean {
    const layer = this.last;
    if (end > this.boundary || end < this.at) {
      if (end > this.boundary && this.quoted) return true;
      const field = named ?? boundBy.slice(boundBy.indexOf('.') + 1);
      const need = end - layer.at;
      const have = end > this.boundary ? this.boundary - layer.at : this.at - layer.at;
      const at = layer.at + (layer.protocol.header.span(field)?.at ?? 0);
      this.stop ??= {
        code: 'length-conflict',
        layer: layer.key,
        field,
        at,
        need,
        have,
        boundBy: this.boundBy,
      };
      return false;
    }
    if (end < this.boundary) this.#cut(padding, end, this.boundary, this.layers.length - 1);
    this.boundary = end;
    layer.bodyEnd = end;
    this.boundBy = boundBy;
    return true;
  }

  /** Reserves the last `size` bytes for a trailer of the layer `owner` (the one taken last unless given). */
  trailer(
    protocol: Protocol,
    size = protocol.header.size,
    owner = this.layers.length - 1,
  ): boolean {
    if (this.left < size) {
      if (this.quoted) return false;
      const { at, boundBy } = this;
      this.stop ??= {
        code: 'truncated',
        layer: protocol.key,
        field: '',
        at,
        need: size,
        have: Math.max(0, this.left),
        boundBy,
      };
      return false;
    }
    this.#cut(protocol, this.boundary - size, this.boundary, owner);
    this.boundary -= size;
    return true;
  }

  #cut(protocol: Protocol, at: number, end: number, owner: number): void {
    const depth = this.layers[owner]?.depth ?? 0;
    this.#trailers.push(new Layer(protocol, this.bytes, at, end, end, depth, owner));
  }

  /** Stops the walk at a field of the layer taken last. Always null, so that readers can return it. */
  fail(code: Malformed['code'], field: string, need: number, have: number): null {
    const layer = this.last;
    const at = layer.at + (layer.protocol.header.span(field)?.at ?? 0);
    this.stop ??= { code, layer: layer.key, field, at, need, have, boundBy: this.boundBy };
    return null;
  }

  /** What stands behind `key` in that space; undefined where nothing is known. */
  next(space: Space, key: number): Protocol | undefined {
    return this.bindings[space]?.get(key);
  }

  /** Runs the protocols from `first` on until the bytes or the knowledge end. */
  run(first: Protocol | null | undefined): void {
    let protocol = first;
    while (protocol) {
      if (this.layers.length >= MAX_LAYERS) {
        const have = this.layers.length + 1;
        this.stop ??= {
          code: 'limit',
          layer: protocol.key,
          field: '',
          at: this.at,
          need: MAX_LAYERS,
          have,
          boundBy: 'MAX_LAYERS',
        };
        break;
      }
      protocol = protocol.read(this);
    }
  }

  /**
   * Dissects the bytes up to `end` as a unit of its own, from `first` on (one PDU among several in a
   * segment), and goes on behind it. `end` must not lie behind the innermost end.
   */
  within(end: number, boundBy: string, first: Protocol): void {
    const { boundary, boundBy: outerBy, depth } = this;
    const pending = this.#trailers.length;
    this.boundary = Math.min(end, boundary);
    this.boundBy = boundBy;
    this.run(first);
    this.#close(pending);
    this.boundary = boundary;
    this.boundBy = outerBy;
    this.depth = depth;
  }

  /** Takes everything up to the innermost end as payload, then the trailers from the inside out. */
  finish(): this {
    this.#close(0);
    if (this.stop && this.start > 0) this.stop = { ...this.stop, at: this.stop.at - this.start };
    return this;
  }

  #close(pending: number): void {
    if (this.at < this.boundary) {
      const { bytes, at, boundary, depth } = this;
      this.layers.push(new Layer(payload, bytes, at, boundary, boundary, depth));
      this.at = boundary;
    }
    while (this.#trailers.length > pending) {
      const trailer = this.#trailers.pop()!;
      this.layers.push(trailer);
      this.at = trailer.end;
    }
  }
}
