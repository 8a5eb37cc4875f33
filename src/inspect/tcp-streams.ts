// TCP connections as a capture shows them: segments are put in order, the protocol on top is recognised, and
// its units are found wherever segments cut them. A unit inside one segment is dissected in its place; one
// that was cut becomes a message of the frame that completes it. All memory is bounded, and a bound that
// is hit is said.

import type {
  Framing,
  From,
  Layer,
  Malformed,
  Piece,
  Protocol,
  StreamProtocol,
  Unit,
  Walk,
} from '../../protocols/index.js';
import { isMalformed, outer, TCP, tcpSegment } from '../../protocols/index.js';
import { InOrder } from './in-order.js';
import { type Finds, Gathering, type Part } from './message.js';
import type { Host, Service } from './service.js';

/** Connections that are kept; the one that was silent longest is forgotten first. */
export const MAX_CONNECTIONS = 8192;
/** Bytes that one direction may hold: a unit that is not whole, and segments behind a hole. */
export const MAX_DIRECTION_BYTES = 16 << 20;
/** The same for all directions together. */
export const MAX_STREAM_BYTES = 64 << 20;

class Direction {
  readonly order = new InOrder();
  readonly gathering = new Gathering();
  /** Set when the units of this direction cannot be followed any further. */
  lost = '';

  get kept(): number {
    return this.order.heldBytes + this.gathering.length;
  }

  lose(why: string): void {
    this.lost = why;
    this.order.drop();
    this.gathering.drop();
  }
}

class Connection {
  readonly directions: readonly [Direction, Direction] = [new Direction(), new Direction()];
  protocol: StreamProtocol | undefined;
  framing: Framing | undefined;
  service: Service | undefined;
  /** True once no stream protocol can be on it. */
  opaque = false;

  /** `opener` is the end that opened the connection, as far as the capture tells. */
  constructor(readonly opener: string) {}
}

export class TcpStreams {
  readonly #connections = new Map<string, Connection>();
  #keptBytes = 0;

  /** `serviceOf` makes the service of a stream that carries a protocol, where it has one. */
  constructor(
    readonly protocols: readonly StreamProtocol[],
    readonly serviceOf: (protocol: StreamProtocol) => Service | undefined,
    readonly host: Host,
  ) {}

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
    const side = known.directions[from];
    const before = side.kept;
    this.host.enter(known.service);
    const segment = new SegmentReader(this, known, from, walk, frame, finds);
    const answer = segment.read(sequence(walk.layers[at]!));
    this.#keptBytes += side.kept - before;
    if (side.kept > MAX_DIRECTION_BYTES || this.#keptBytes > MAX_STREAM_BYTES) {
      const bound = side.kept > MAX_DIRECTION_BYTES ? 'MAX_DIRECTION_BYTES' : 'MAX_STREAM_BYTES';
      finds.notes.push(`stream given up: ${side.kept} bytes waited (bound: ${bound})`);
      this.#keptBytes -= side.kept;
      side.lose(`bound ${bound}`);
    }
    return answer;
  }

  /** Takes note of SYN, FIN and RST once the frame is dissected. */
  flags(layers: readonly Layer[], walk: Walk): void {
    const at = layers.findIndex((layer) => layer.key === 'tcp' && layer.depth === 0);
    const tcp = layers[at];
    if (!tcp || (!tcp.number('syn') && !tcp.number('rst'))) return;
    const connection = this.#connection(walk, at);
    if (!connection) return;
    const [known, from] = connection;
    if (tcp.number('rst')) return this.#forget(this.#key(walk, at)!.key, known);
    const side = known.directions[from];
    side.order.next ??= (tcp.number('seq') + 1) >>> 0;
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
      stale.next !== (tcp.number('seq') + 1) >>> 0
    ) {
      this.#forget(key, known);
      known = undefined;
    }
    if (!known) {
      known = new Connection(this.#opener(tcp, ends));
      if (this.#connections.size >= MAX_CONNECTIONS) {
        const [oldest, connection] = this.#connections.entries().next().value!;
        this.#forget(oldest, connection);
      }
    } else {
      this.#connections.delete(key);
    }
    this.#connections.set(key, known);
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
    for (const side of connection.directions) this.#keptBytes -= side.kept;
    this.#connections.delete(key);
  }
}

const sequence = (tcp: Layer) => TCP.get.seq(tcp.bytes, tcp.at);

/** Reads the payload of one segment. */
class SegmentReader {
  readonly #side: Direction;

  constructor(
    readonly streams: TcpStreams,
    readonly connection: Connection,
    readonly from: From,
    readonly walk: Walk,
    readonly frame: number,
    readonly finds: Finds,
  ) {
    this.#side = connection.directions[from];
  }

  read(seq: number): Protocol | null | undefined {
    const { walk, finds } = this;
    const side = this.#side;
    const length = walk.left;
    if (length === 0) return null;
    if (side.lost !== '') return undefined;
    const old = side.order.offer(seq, length);
    if (old < 0) {
      side.order.hold(seq, walk.bytes.subarray(walk.at, walk.boundary), this.frame);
      finds.notes.push(`TCP segment out of order: ${side.order.hole} bytes before it are missing`);
      this.#segment(length);
      return null;
    }
    if (old > 0) {
      finds.notes.push(
        old === length ? 'TCP retransmission' : `TCP overlap: ${old} bytes were seen before`,
      );
      this.#segment(old);
    }
    if (old === length) return null;
    const next = this.#inPlace();
    for (
      let held = side.order.due();
      held && side.lost === '' && !this.connection.opaque;
      held = side.order.due()
    ) {
      side.gathering.add(held.bytes, 0, held.bytes.length, held.frame);
      side.order.deliver(held.bytes.length);
      while (this.#complete());
    }
    return next;
  }

  /** Dissects the units that begin and end in this segment where they stand. */
  #inPlace(): Protocol | null | undefined {
    const { walk } = this;
    const side = this.#side;
    side.order.deliver(walk.left);
    if (side.gathering.length > 0) this.#fill();
    while (walk.left > 0 && side.lost === '' && !this.connection.opaque) {
      const piece = this.#piece(walk.bytes, walk.at, walk.boundary, walk.left);
      const unit = this.#measure(piece);
      if (unit === undefined) return undefined;
      if (unit === null || unit.size > walk.left) {
        side.gathering.add(walk.bytes, walk.at, walk.boundary, this.frame);
        this.#segment(walk.left);
        return null;
      }
      const whole = { ...piece, end: walk.at + unit.size };
      const first = walk.layers.length;
      walk.within(whole.end, unit.boundBy, unit.protocol);
      this.#learn(walk.layers.slice(first));
      this.#uncut(unit, whole, [{ frame: this.frame, size: unit.size }]);
      this.connection.framing!.accept(whole, unit);
    }
    return walk.left > 0 ? undefined : null;
  }

  /** Adds as many bytes of this segment to the unit that is gathered as it still needs. */
  #fill(): void {
    const { walk } = this;
    const { gathering } = this.#side;
    const before = gathering.length;
    const start = walk.at;
    while (walk.at < walk.boundary) {
      const piece = this.#gathered();
      const unit = this.#measure(piece);
      if (unit === undefined) return;
      // Step by step until the unit tells its size: headers are short, units may be long.
      const wanted = unit === null ? 64 : unit.size - gathering.length;
      if (wanted <= 0) break;
      const step = Math.min(wanted, walk.left);
      gathering.add(walk.bytes, walk.at, walk.at + step, this.frame);
      walk.at += step;
    }
    const unit = this.#measure(this.#gathered());
    if (unit === undefined) {
      walk.at = start;
      return;
    }
    const excess = unit === null ? 0 : Math.max(0, gathering.length - Math.max(unit.size, before));
    gathering.giveBack(excess);
    const used = walk.at - start - excess;
    walk.at = start;
    this.#segment(used);
    this.#complete();
  }

  /** Turns what is gathered into a message when it is whole. */
  #complete(): boolean {
    const { gathering } = this.#side;
    if (gathering.length === 0 || this.connection.opaque) return false;
    const piece = this.#gathered();
    const unit = this.#measure(piece);
    if (!unit || unit.size > gathering.length) return false;
    const { bytes, parts } = gathering.take(unit.size);
    const walk = this.streams.host.dissectUnit(bytes, unit.protocol, unit.boundBy);
    const title = `${this.connection.protocol!.key} unit`;
    this.finds.messages.push({
      title,
      parts,
      bytes,
      start: 0,
      end: bytes.length,
      layers: walk.layers,
      stop: walk.stop,
      bindings: walk.bindings,
    });
    this.finds.notes.push(...walk.notes);
    this.#learn(walk.layers);
    const whole = { ...piece, bytes, at: 0, end: bytes.length };
    this.#uncut(unit, whole, parts);
    this.connection.framing!.accept(whole, unit);
    return true;
  }

  /** Shows a unit whose headers its framing cut once more, as a message without the cuts. */
  #uncut(unit: Unit, whole: Piece, parts: readonly Part[]): void {
    const copy = unit.message?.(whole);
    if (!copy) return;
    const { bytes, protocol } = copy;
    const { layers, stop, bindings } = this.streams.host.dissectUnit(bytes, protocol, unit.boundBy);
    const title = `${this.connection.protocol!.key} unit without markers`;
    const end = bytes.length;
    this.finds.messages.push({ title, parts, bytes, start: 0, end, layers, stop, bindings });
  }

  #learn(layers: readonly Layer[]): void {
    const { service } = this.connection;
    service?.learn(layers, this.from === 0 ? 'active' : 'passive', this.frame, this.finds.notes);
  }

  #gathered(): Piece {
    const { bytes } = this.#side.gathering;
    const later = this.walk.left; // delivered already, not gathered
    return this.#piece(bytes, 0, bytes.length, bytes.length + later);
  }

  /** `behind` bytes of what was delivered lie at or behind the piece's start. */
  #piece(bytes: Uint8Array, at: number, end: number, behind: number): Piece {
    return { bytes, at, end, from: this.from, position: this.#side.order.position - behind };
  }

  /** The unit at the start of the piece; null: more bytes are needed; undefined: it cannot be told. */
  #measure(piece: Piece): Unit | null | undefined {
    const { connection } = this;
    if (!connection.framing) {
      const recognised = this.#recognise(piece);
      if (recognised === 'more') return null;
      if (!recognised) {
        connection.opaque = true;
        for (const side of connection.directions) side.gathering.drop();
        return undefined;
      }
      connection.protocol = recognised;
      connection.framing = recognised.open();
      connection.service = this.streams.serviceOf(recognised);
      this.streams.host.enter(connection.service);
    }
    const answer = connection.framing.measure(piece);
    if (!isMalformed(answer)) return answer;
    this.#lose(answer);
    return undefined;
  }

  #lose(why: Malformed): void {
    this.#side.lose(why.code);
    this.walk.stop ??= { ...why, at: this.walk.at };
    this.finds.notes.push(
      `${this.connection.protocol!.key} cannot be followed any further in this direction`,
    );
  }

  #recognise(piece: Piece): StreamProtocol | 'more' | undefined {
    let more = false;
    for (const protocol of this.streams.protocols) {
      const answer = protocol.recognise(piece);
      if (answer === true) return protocol;
      more ||= answer === 'more';
    }
    return more ? 'more' : undefined;
  }

  #segment(size: number): void {
    if (size > 0) this.walk.take(tcpSegment, size);
  }
}
