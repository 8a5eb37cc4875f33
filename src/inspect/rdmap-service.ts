// RDMA over an MPA connection (RFC 5040): DDP segments become the messages that were sent, READs are matched with
// their responses. What runs on top is told by the server's port and the private data of the MPA request.

import {
  DDPTagged,
  DDPUntagged,
  ddpTagged,
  ddpUntagged,
  type Layer,
  mpaReq,
  type NvmeContext,
  type Protocol,
  payload,
  RDMAPReadRequest,
  rdmapOpcode,
  rdmapReadReq,
  type Walk,
} from '../../protocols/index.js';
import { type Finds, Gathering } from './message.js';
import type { Host, Link, Service, Side } from './service.js';

/** Longest message that is put together. */
const MAX_MESSAGE_BYTES = 16 << 20;
/** READ requests whose responses are awaited. */
const MAX_READS = 4096;

const READ_RESPONSE = 2;
/** RFC 5040 4.3: SEND with and without solicited event and invalidation. */
const isSend = (opcode: number): boolean => opcode >= 3 && opcode <= 6;

/** A message of which segments came. */
interface Open {
  readonly id: number;
  readonly start: bigint;
  readonly gathering: Gathering;
}

interface Read {
  readonly link: Link | undefined;
  readonly frame: number;
}

/** One DDP segment. */
interface Segment {
  readonly opcode: number;
  /** Message number or STag. */
  readonly id: number;
  /** Where its data goes in the message or the buffer. */
  readonly place: bigint;
  readonly last: boolean;
}

export class RdmapService implements Service {
  readonly name = 'rdmap';
  #inner: Service | undefined;
  /** Messages under way by direction and kind: RDMAP sends the segments of one after another. */
  readonly #open = new Map<string, Open>();
  readonly #reads = new Map<string, Read>();
  /** Protocols of SENDs in one segment are learned from when the segment is dissected. */
  #whole = false;

  /** `serviceOf` makes what runs on top, once the MPA request is known. */
  constructor(
    readonly host: Host,
    readonly serviceOf: (request: Layer) => Service | undefined,
  ) {}

  get nvme(): NvmeContext | undefined {
    return this.#inner?.nvme;
  }

  get kept(): number {
    let sum = 0;
    for (const { gathering } of this.#open.values()) sum += gathering.kept;
    return sum;
  }

  drop(): void {
    this.#open.clear();
  }

  message(from: Side): Protocol | undefined {
    return this.#inner?.message(from);
  }

  /** MPA's replies carry private data in a layer of their own. */
  answer(): undefined {
    return undefined;
  }

  link(): undefined {
    return undefined;
  }

  /**
   * Takes over behind a DDP header: what is the data of this segment? A segment that was cut counts as a part of the
   * frame that completed it.
   */
  segment(walk: Walk, from: Side, frame: number, finds: Finds): Protocol | null | undefined {
    const segment = segmentOf(walk.last);
    if (!segment) return undefined;
    const key = `${from} ${isSend(segment.opcode) ? 'send' : segment.opcode}`;
    const open = this.#open.get(key);
    const goesOn =
      open?.id === segment.id && open.start + BigInt(open.gathering.length) === segment.place;
    if (!goesOn) this.#open.delete(key);
    if (!goesOn && segment.last) return this.#single(segment, walk, from, finds);
    if (!goesOn && isSend(segment.opcode) && segment.place !== 0n) return undefined;
    const message = goesOn
      ? open
      : { id: segment.id, start: segment.place, gathering: new Gathering() };
    if (message.gathering.length + walk.left > MAX_MESSAGE_BYTES) {
      this.#open.delete(key);
      finds.notes.push(`message given up (bound: MAX_MESSAGE_BYTES ${MAX_MESSAGE_BYTES})`);
      return undefined;
    }
    message.gathering.add(walk.bytes, walk.at, walk.boundary, frame);
    this.#open.set(key, message);
    if (!segment.last) return undefined;
    this.#open.delete(key);
    this.#complete(segment, message, from, frame, finds);
    return undefined;
  }

  /** A message in one segment is dissected in its place. */
  #single(segment: Segment, walk: Walk, from: Side, finds: Finds): Protocol | undefined {
    if (walk.left === 0) return undefined;
    this.#whole = isSend(segment.opcode);
    if (this.#whole) return this.#inner?.message(from);
    return this.#linkOf(segment.opcode, segment.id, segment.place, walk.left, finds)?.protocol;
  }

  #complete({ opcode }: Segment, open: Open, from: Side, frame: number, finds: Finds): void {
    const { bytes, parts } = open.gathering.take(open.gathering.length);
    const link = isSend(opcode)
      ? undefined
      : this.#linkOf(opcode, open.id, open.start, bytes.length, finds);
    const known = isSend(opcode) ? this.#inner?.message(from) : link?.protocol;
    const { layers, stop, bindings, notes } = this.host.dissectUnit(
      bytes,
      known ?? payload,
      'message',
    );
    const title = `RDMAP ${rdmapOpcode(opcode)?.does ?? 'unknown'} message`;
    const end = bytes.length;
    finds.messages.push({ title, parts, bytes, start: 0, end, layers, stop, bindings });
    finds.notes.push(...notes);
    if (isSend(opcode)) this.#inner?.learn(layers, from, frame, finds.notes);
  }

  /** The command that tagged data serves: as the READ said that asked for it, or as its own place says. */
  #linkOf(
    opcode: number,
    stag: number,
    start: bigint,
    length: number,
    finds: Finds,
  ): Link | undefined {
    const read = opcode === READ_RESPONSE ? this.#reads.get(`${stag} ${start}`) : undefined;
    if (read) finds.notes.push(`answers the READ of frame ${read.frame}`);
    const link =
      opcode === READ_RESPONSE
        ? read?.link
        : this.#inner?.link({ va: start, rkey: stag, length }, 'write');
    if (link) finds.notes.push(link.note);
    return link;
  }

  learn(layers: readonly Layer[], from: Side, frame: number, notes: string[]): void {
    for (const layer of layers) {
      if (layer.protocol === mpaReq) this.#inner = this.serviceOf(layer);
      if (layer.protocol === rdmapReadReq) this.#expect(layer, frame, notes);
    }
    if (this.#whole) this.#inner?.learn(layers, from, frame, notes);
    this.#whole = false;
  }

  #expect({ bytes, at }: Layer, frame: number, notes: string[]): void {
    const { get } = RDMAPReadRequest;
    const target = {
      va: get.sourceTo(bytes, at),
      rkey: get.sourceStag(bytes, at),
      length: get.size(bytes, at),
    };
    const link = this.#inner?.link(target, 'read');
    if (link) notes.push(link.note);
    if (this.#reads.size >= MAX_READS) this.#reads.delete(this.#reads.keys().next().value!);
    this.#reads.set(`${get.sinkStag(bytes, at)} ${get.sinkTo(bytes, at)}`, { link, frame });
  }
}

/** The segment behind a DDP header; undefined where it carries a header of RDMAP instead of data. */
function segmentOf({ protocol, bytes, at }: Layer): Segment | undefined {
  if (protocol === ddpTagged) {
    const { opcode, stag, to, last } = DDPTagged.get;
    return {
      opcode: opcode(bytes, at),
      id: stag(bytes, at),
      place: to(bytes, at),
      last: last(bytes, at) === 1,
    };
  }
  const { opcode, msn, mo, last } = DDPUntagged.get;
  if (protocol !== ddpUntagged || !isSend(opcode(bytes, at))) return undefined;
  return {
    opcode: opcode(bytes, at),
    id: msn(bytes, at),
    place: BigInt(mo(bytes, at)),
    last: last(bytes, at) === 1,
  };
}
