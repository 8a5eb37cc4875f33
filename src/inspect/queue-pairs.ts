// Queue pairs as a capture shows them: what runs on them is learned from connection management, packets are put
// together to messages, READ responses are matched with their requests. A message in one packet is dissected
// in its place; a longer one becomes a message of the frame that completes it. All memory is bounded.

import { type Protocol, payload, type Walk } from '../../protocols/index.js';
import {
  BTH,
  bth,
  type Opcode,
  opcodeByCode,
  RETH,
  reth,
} from '../../protocols/infiniband/index.js';
import { type Address, addressAt } from './address.js';
import { Assembler } from './assembler.js';
import type { Finds } from './message.js';
import type { Host, Link, Service, Side, Target } from './service.js';

/** Queue pairs that are kept; the one that was silent longest is forgotten first. */
export const MAX_QUEUE_PAIRS = 16384;
/** Longest message that is put together; longer ones are followed without their bytes. */
export const MAX_MESSAGE_BYTES = 16 << 20;
/** Bytes kept for all messages under way. */
export const MAX_ASSEMBLY_BYTES = 64 << 20;
/** READ requests whose responses are awaited. */
const MAX_READS = 4096;

/** Packets on their way to one queue pair: its peer's requests, and the answers to its own. */
class QueuePair {
  readonly requests = new Assembler();
  readonly responses = new Assembler();
  service: Service | undefined;
  /** Role of the sender of these packets on the service's connection. */
  sender: Side = 'active';
  /** Largest packet payload seen: the path MTU once a message had several packets. */
  pathMtu = 0;

  constructor(
    readonly address: Address,
    readonly qpn: number,
  ) {}

  get kept(): number {
    return this.requests.gathering.kept + this.responses.gathering.kept;
  }
}

interface PendingRead {
  readonly target: Target;
  readonly link: Link | undefined;
  readonly frame: number;
}

export class QueuePairs {
  readonly #byNumber = new Map<number, Map<Address, QueuePair>>();
  /** By age: the queue pair that was used last stands last, as far as it was asked for when they were many. */
  readonly #order = new Set<QueuePair>();
  readonly #reads = new Map<string, PendingRead>();
  #keptBytes = 0;
  /** The message in one packet that is being dissected; its service learns from it when that is done. */
  #open: { readonly pair: QueuePair; readonly from: number } | undefined;

  constructor(readonly host: Host) {}

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Says that packets from `sender` to that queue pair belong to a connection of `service`. */
  connect(
    address: Address,
    qpn: number,
    sender: Side,
    service: Service | undefined,
    pathMtu: number,
  ): void {
    this.forget(address, qpn);
    const pair = this.#pair(address, qpn);
    pair.sender = sender;
    pair.service = service;
    pair.pathMtu = pathMtu;
  }

  forget(address: Address, qpn: number): void {
    const pair = this.#byNumber.get(qpn)?.get(address);
    if (pair) this.#drop(pair);
  }

  #drop(pair: QueuePair): void {
    const known = this.#byNumber.get(pair.qpn);
    if (known?.get(pair.address) !== pair) return;
    this.#keptBytes -= pair.kept;
    this.#order.delete(pair);
    known.delete(pair.address);
    if (known.size === 0) this.#byNumber.delete(pair.qpn);
  }

  // hot
  #pair(address: Address, qpn: number): QueuePair {
    let known = this.#byNumber.get(qpn);
    const found = known?.get(address);
    if (found !== undefined) {
      // Ages matter only where some may have to go.
      if (this.#order.size > MAX_QUEUE_PAIRS / 2) {
        this.#order.delete(found);
        this.#order.add(found);
      }
      return found;
    }
    if (this.#order.size >= MAX_QUEUE_PAIRS) this.#drop(this.#order.values().next().value!);
    known = this.#byNumber.get(qpn) ?? new Map<Address, QueuePair>();
    this.#byNumber.set(qpn, known);
    const pair = new QueuePair(address, qpn);
    known.set(address, pair);
    this.#order.add(pair);
    return pair;
  }

  /**
   * Looks at one packet of a connected service. Takes over behind the extended headers (`walk.at` is the
   * payload); for packets without payload it is called when the frame is dissected.
   */
  packet(walk: Walk, frame: number, finds: Finds): Protocol | null | undefined {
    const bthAt = walk.layers.findLastIndex((layer) => layer.protocol === bth);
    const layer = walk.layers[bthAt]!;
    const opcode = opcodeByCode[BTH.get.opcode(layer.bytes, layer.at)];
    if (
      !opcode ||
      opcode.service === 'UD' ||
      opcode.service === 'CNP' ||
      layer.depth > 0 ||
      layer.partial
    )
      return undefined;
    const target = addressAt(walk.layers, bthAt, 'target');
    if (target === undefined) return undefined;
    const pair = this.#pair(target, BTH.get.destQp(layer.bytes, layer.at));
    const before = pair.kept;
    this.host.enter(pair.service);
    const packet = new Packet(this, pair, walk, bthAt, opcode, frame, finds);
    const answer = opcode.kind === 'request' ? packet.request() : packet.response();
    if (answer && opcode.does === 'SEND') this.#open = { pair, from: walk.layers.length };
    this.#keptBytes += pair.kept - before;
    if (this.#keptBytes > MAX_ASSEMBLY_BYTES) {
      finds.notes.push(`message given up (bound: MAX_ASSEMBLY_BYTES ${MAX_ASSEMBLY_BYTES})`);
      this.#drop(pair);
    }
    return answer;
  }

  /** The frame is dissected: whoever runs on the queue pair learns from a message that was in it. */
  settle(walk: Walk, frame: number, finds: Finds): void {
    const open = this.#open;
    this.#open = undefined;
    open?.pair.service?.learn(walk.layers.slice(open.from), open.pair.sender, frame, finds.notes);
  }

  expectRead(requester: Address, responder: Address, psn: number, read: PendingRead): void {
    if (this.#reads.size >= MAX_READS) this.#reads.delete(this.#reads.keys().next().value!);
    this.#reads.set(`${requester}<${responder}#${psn}`, read);
  }

  readOf(requester: Address, responder: Address, psn: number): PendingRead | undefined {
    return this.#reads.get(`${requester}<${responder}#${psn}`);
  }
}

/** One packet of a message. */
class Packet {
  constructor(
    readonly pairs: QueuePairs,
    readonly pair: QueuePair,
    readonly walk: Walk,
    readonly bthAt: number,
    readonly opcode: Opcode,
    readonly frame: number,
    readonly finds: Finds,
  ) {}

  /** Bytes of payload; none when the frame is dissected already, where the cursor stands behind its trailers. */
  get #size(): number {
    return Math.max(0, this.walk.left);
  }

  get #psn(): number {
    const bth = this.walk.layers[this.bthAt]!;
    return BTH.get.psn(bth.bytes, bth.at);
  }

  request(): Protocol | null | undefined {
    const { pair, opcode } = this;
    const isRead = opcode.does === 'RDMA_READ_REQUEST';
    // What a WRITE aims at is of interest to services only.
    const target = isRead || pair.service ? this.#target() : undefined;
    const arrival = pair.requests.arrive(this.#psn, isRead && target ? this.#readSpan(target) : 1);
    if (arrival !== 'next') this.#say(arrival);
    const link = target && pair.service?.link(target, isRead ? 'read' : 'write');
    if (link) this.finds.notes.push(link.note);
    if (isRead && target) this.#expect(target, link);
    return arrival === 'duplicate' || opcode.payload !== 'message'
      ? undefined
      : this.#gather(pair.requests, link);
  }

  response(): Protocol | null | undefined {
    const { pair, opcode, walk, bthAt, finds } = this;
    if (opcode.does !== 'RDMA_READ_RESPONSE') return undefined;
    let link: Link | undefined;
    if (opcode.place === 'first' || opcode.place === 'only') {
      const source = addressAt(walk.layers, bthAt, 'source') ?? '';
      const read = this.pairs.readOf(pair.address, source, this.#psn);
      link = read?.link;
      if (read) finds.notes.push(`answers the READ of frame ${read.frame}`);
      if (link) finds.notes.push(link.note);
      pair.responses.next = undefined; // a response begins at its request's PSN
    }
    const arrival = pair.responses.arrive(this.#psn, 1);
    if (arrival !== 'next') this.#say(arrival);
    return arrival === 'duplicate' ? undefined : this.#gather(pair.responses, link);
  }

  #say(arrival: 'duplicate' | 'gap'): void {
    this.finds.notes.push(
      arrival === 'gap' ? 'PSN gap: packets before this one are missing' : 'duplicate PSN',
    );
  }

  #target(): Target | undefined {
    const layer = this.walk.layers.find((l, i) => i > this.bthAt && l.protocol === reth);
    if (!layer) return undefined;
    const { bytes, at } = layer;
    const { va, rkey, dmaLen } = RETH.get;
    return { va: va(bytes, at), rkey: rkey(bytes, at), length: dmaLen(bytes, at) };
  }

  /** PSNs that a READ takes: one for each packet of its response. Unknown before the path MTU is. */
  #readSpan({ length }: Target): number | undefined {
    if (this.pair.pathMtu === 0) return undefined;
    return Math.max(1, Math.ceil(length / this.pair.pathMtu));
  }

  #expect(target: Target, link: Link | undefined): void {
    const requester = addressAt(this.walk.layers, this.bthAt, 'source');
    if (requester === undefined) return;
    this.pairs.expectRead(requester, this.pair.address, this.#psn, {
      target,
      link,
      frame: this.frame,
    });
  }

  /** Adds this packet's payload to its message; says what a message in one packet is. */
  #gather(assembler: Assembler, link: Link | undefined): Protocol | null | undefined {
    const { walk, opcode, pair, frame, finds } = this;
    if (opcode.place === 'only') {
      if (this.#size === 0) return undefined;
      return opcode.does === 'SEND' ? pair.service?.message(pair.sender) : link?.protocol;
    }
    if (opcode.place === 'first') {
      assembler.begin(opcode, link);
      pair.pathMtu = Math.max(pair.pathMtu, this.#size);
    }
    if (!assembler.current) return undefined;
    if (assembler.gathering.length + this.#size > MAX_MESSAGE_BYTES) {
      finds.notes.push(`message given up (bound: MAX_MESSAGE_BYTES ${MAX_MESSAGE_BYTES})`);
      assembler.abandon();
      return undefined;
    }
    assembler.gathering.add(walk.bytes, walk.at, walk.at + this.#size, frame);
    if (opcode.place === 'last') this.#complete(assembler);
    return undefined;
  }

  #complete(assembler: Assembler): void {
    const { pair, opcode, finds, frame } = this;
    const { link } = assembler.current!;
    const { bytes, parts } = assembler.gathering.take(assembler.gathering.length);
    assembler.abandon();
    const isSend = opcode.does === 'SEND';
    const protocol = (isSend ? pair.service?.message(pair.sender) : link?.protocol) ?? payload;
    const { layers, stop, bindings, notes } = this.pairs.host.dissectUnit(
      bytes,
      protocol,
      'message',
    );
    const title = `${opcode.does.replaceAll('_', ' ')} message`;
    finds.messages.push({
      title,
      parts,
      bytes,
      start: 0,
      end: bytes.length,
      layers,
      stop,
      bindings,
    });
    finds.notes.push(...notes);
    if (isSend) pair.service?.learn(layers, pair.sender, frame, finds.notes);
  }
}
