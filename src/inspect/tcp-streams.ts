// TCP connections as a capture shows them: segments are put in order, the protocol on top is recognised, and
// its units are found wherever segments cut them. A unit inside one segment is dissected in its place; one
// that was cut becomes a message of the frame that completes it. All memory is bounded, and a bound that
// is hit is said.

import type { From, Layer, Protocol, StreamProtocol, Walk } from '../../protocols/index.js';
import { outer, seqAdd, TCP } from '../../protocols/index.js';
import type { Finds } from './message.js';
import type { Host, Service } from './service.js';
import { StreamReader } from './stream-reader.js';
import { Connection } from './tcp-connection.js';

/** Connections that are kept; the one that was silent longest is forgotten first. */
export const MAX_CONNECTIONS = 8192;
/** Bytes that one direction may hold: a unit that is not whole, and segments behind a hole. */
export const MAX_DIRECTION_BYTES = 16 << 20;
/** The same for all directions together. */
export const MAX_STREAM_BYTES = 64 << 20;

export class TcpStreams {
  readonly #connections = new Map<string, Connection>();
  #keptBytes = 0;

  /** `makeService` makes the service of a stream that carries a protocol, where it has one. */
  constructor(
    readonly protocols: readonly StreamProtocol[],
    readonly makeService: (
      protocol: StreamProtocol,
      connection: Connection,
      host: Host,
    ) => Service | undefined,
    readonly host: Host,
  ) {}

  serviceOf(protocol: StreamProtocol, connection: Connection): Service | undefined {
    return this.makeService(protocol, connection, this.host);
  }

  /** Bytes kept for all connections. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /**
   * Takes over behind a TCP header: orders the payload, finds units. Leaves bytes that belong to no whole
   * unit of this segment as a tcp-segment layer.
   */
  payload(walk: Walk, frame: number, finds: Finds): Protocol | null | undefined {
    const at = walk.layers.findLastIndex((layer) => layer.key === 'tcp');
    const connection = this.#connection(walk, at);
    if (!connection || connection[0].opaque) return undefined;
    const [known, from] = connection;
    const reader = new StreamReader(this, known, from, frame, finds);
    const sent = walk.layers[at]!;
    const seq = TCP.get.seq(sent.bytes, sent.at);
    const before = known.kept;
    // A SYN takes a sequence number before the data that it may carry (RFC 7413).
    const answer = reader.read(walk, sent.number('syn') ? seqAdd(seq, 1) : seq);
    this.#account(known, before, finds);
    return answer;
  }

  /** Takes note of SYN, RST and acknowledgments once the frame is dissected. */
  settle(walk: Walk, frame: number, finds: Finds): void {
    const at = walk.layers.findIndex((layer) => layer.key === 'tcp' && layer.depth === 0);
    const tcp = walk.layers[at];
    if (!tcp) return;
    const { bytes } = tcp;
    const opens = TCP.get.syn(bytes, tcp.at) === 1;
    const resets = TCP.get.rst(bytes, tcp.at) === 1;
    const acknowledges = TCP.get.ackFlag(bytes, tcp.at) === 1 && this.#keptBytes > 0;
    if (!opens && !resets && !acknowledges) return;
    const connection = this.#connection(walk, at);
    if (!connection) return;
    const [known, from] = connection;
    if (resets) return this.#forget(this.#key(walk, at)!.key, known);
    if (opens) known.directions[from].order.next ??= seqAdd(TCP.get.seq(bytes, tcp.at), 1);
    if (acknowledges) this.#passHole(known, from, TCP.get.ack(bytes, tcp.at), frame, finds);
  }

  /** Who acknowledges bytes has them: what is missing before them is missing from the capture only. */
  #passHole(known: Connection, from: From, ack: number, frame: number, finds: Finds): void {
    const other: From = from === 0 ? 1 : 0;
    const side = known.directions[other];
    const before = known.kept;
    while (!side.lost && !known.opaque && side.order.isPassedBy(ack)) {
      const size = side.order.passHole();
      finds.notes.push(`${size} bytes of the other direction are missing from the capture`);
      side.search(known.framing);
      new StreamReader(this, known, other, frame, finds).release();
    }
    this.#account(known, before, finds);
  }

  /** Counts what a connection keeps, and lets a direction go that keeps too much. */
  #account(known: Connection, before: number, finds: Finds): void {
    this.#keptBytes += known.kept - before;
    for (const side of known.directions) {
      const { kept } = side;
      if (kept <= MAX_DIRECTION_BYTES && this.#keptBytes <= MAX_STREAM_BYTES) continue;
      if (kept === 0) continue;
      const bound = kept > MAX_DIRECTION_BYTES ? 'MAX_DIRECTION_BYTES' : 'MAX_STREAM_BYTES';
      finds.notes.push(`stream given up here: ${kept} bytes waited (bound: ${bound})`);
      side.search(known.framing);
      side.order.restart();
      this.#keptBytes -= kept;
    }
    const kept = known.service?.kept ?? 0;
    if (kept === 0 || this.#keptBytes <= MAX_STREAM_BYTES) return;
    finds.notes.push(`messages given up: ${kept} bytes waited (bound: MAX_STREAM_BYTES)`);
    known.service?.drop?.();
    this.#keptBytes -= kept;
  }

  #key(walk: Walk, tcpAt: number): { key: string; source: string } | undefined {
    const ip = outer(walk.layers, tcpAt, 'ipv4', 'ipv6');
    const tcp = walk.layers[tcpAt];
    if (ip < 0 || !tcp || tcp.depth > 0) return undefined;
    const [source, target] = walk.layers[ip]!.protocol.addresses!(walk.layers[ip]!);
    const a = `${source} ${TCP.get.srcPort(walk.bytes, tcp.at)}`;
    const b = `${target} ${TCP.get.dstPort(walk.bytes, tcp.at)}`;
    return { key: a < b ? `${a} ${b}` : `${b} ${a}`, source: a };
  }

  #connection(walk: Walk, tcpAt: number): readonly [Connection, From] | undefined {
    const ends = this.#key(walk, tcpAt);
    if (!ends) return undefined;
    const { key, source } = ends;
    const tcp = walk.layers[tcpAt]!;
    let known = this.#connections.get(key);
    const opens = tcp.number('syn') === 1;
    const stale = known?.directions[known.opener === source ? 0 : 1].order;
    // A new SYN with another sequence number reuses the ports (RFC 9293 3.6.1): what was known is over.
    if (
      known &&
      opens &&
      stale?.next !== undefined &&
      stale.next !== seqAdd(tcp.number('seq'), 1)
    ) {
      this.#forget(key, known);
      known = undefined;
    }
    if (!known) {
      known = new Connection(this.#opener(tcp, ends), [
        tcp.number('srcPort'),
        tcp.number('dstPort'),
      ]);
      if (this.#connections.size >= MAX_CONNECTIONS) {
        const [oldest, connection] = this.#connections.entries().next().value!;
        this.#forget(oldest, connection);
      }
    } else {
      this.#connections.delete(key);
    }
    this.#connections.set(key, known);
    known.opened ||= opens;
    return [known, known.opener === source ? 0 : 1];
  }

  /** Who opened the connection: the sender of a SYN, else the end without a well-known port. */
  #opener(tcp: Layer, ends: { key: string; source: string }): string {
    const [a, b] = [0, 1].map((i) =>
      ends.key
        .split(' ')
        .slice(i * 2, i * 2 + 2)
        .join(' '),
    );
    const target = ends.source === a ? b! : a!;
    if (tcp.number('syn')) return tcp.number('ackFlag') ? target : ends.source;
    const serves = (port: number) => this.protocols.some((p) => p.ports.includes(port));
    return serves(tcp.number('srcPort')) ? target : ends.source;
  }

  #forget(key: string, connection: Connection): void {
    this.#keptBytes -= connection.kept;
    this.#connections.delete(key);
  }
}
