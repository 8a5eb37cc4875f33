// Reads what one frame adds to one direction of a TCP connection: units that begin and end in its segment are
// dissected in their place, those that were cut become messages.

import type {
  From,
  Layer,
  Piece,
  Protocol,
  StreamProtocol,
  Unit,
  Walk,
} from '../../protocols/index.js';
import { isMalformed, tcpSegment } from '../../protocols/index.js';
import type { Finds, Part } from './message.js';
import type { Host, Service, Side } from './service.js';
import type { Connection, Direction } from './tcp-connection.js';

/** Segments of a connection on an unknown port, its start not seen, in which a stream is looked for. */
const MAX_TRIES = 64;

/** Bytes that are added at once to a unit whose size is not known yet: headers are short, units may be long. */
const HEADER_STEP = 64;

/** What can be found on streams, and where it is dissected. */
export interface StreamKnowledge {
  readonly protocols: readonly StreamProtocol[];
  readonly host: Host;
  /** What keeps the state of a stream of that protocol, where it has any. */
  serviceOf(protocol: StreamProtocol, connection: Connection): Service | undefined;
}

export class StreamReader {
  readonly #side: Direction;
  /** Bytes of the present segment behind the cursor: delivered, not gathered. */
  #later = 0;

  constructor(
    readonly knowledge: StreamKnowledge,
    readonly connection: Connection,
    readonly from: From,
    readonly frame: number,
    readonly finds: Finds,
  ) {
    this.#side = connection.directions[from];
  }

  /** Reads the segment at the walk's cursor, whose first byte has the sequence number `seq`. */
  read(walk: Walk, seq: number): Protocol | null | undefined {
    const { finds } = this;
    const side = this.#side;
    const length = walk.left;
    if (length === 0) return null;
    if (side.lost) return undefined;
    const old = side.order.offer(seq, length);
    if (old < 0) {
      side.order.hold(seq, walk.bytes.subarray(walk.at, walk.boundary), this.frame);
      finds.notes.push(`TCP segment out of order: ${side.order.hole} bytes before it are missing`);
      takeSegment(walk, length);
      return null;
    }
    if (old > 0) {
      finds.notes.push(
        old === length ? 'TCP retransmission' : `TCP overlap: ${old} bytes were seen before`,
      );
      takeSegment(walk, old);
    }
    if (old === length) return null;
    const next = this.#inPlace(walk);
    this.release();
    return next;
  }

  /** Reads what waited for the bytes that are there now. */
  release(): void {
    const side = this.#side;
    this.#later = 0;
    while (!side.lost && !this.connection.opaque) {
      const held = side.order.due();
      if (!held) return;
      const { bytes, frame } = held;
      side.order.deliver(bytes.length);
      if (!this.#found(bytes, 0, bytes.length)) continue;
      side.gathering.add(bytes, 0, bytes.length, frame);
      while (this.#complete());
      this.#retry(bytes, frame);
    }
  }

  /** What was gathered made no sense: can a unit begin where the run of bytes does? */
  #retry(bytes: Uint8Array, frame: number): void {
    const side = this.#side;
    if (!side.searching || side.lost || !this.#found(bytes, 0, bytes.length)) return;
    side.gathering.add(bytes, 0, bytes.length, frame);
    while (this.#complete());
  }

  /** Dissects the units that begin and end in this segment where they stand. */
  #inPlace(walk: Walk): Protocol | null | undefined {
    const side = this.#side;
    const start = walk.at;
    side.order.deliver(walk.left);
    this.#later = walk.left;
    if (!this.#found(walk.bytes, walk.at, walk.boundary)) return undefined;
    if (side.gathering.length > 0) this.#fill(walk);
    while (walk.left > 0 && !this.connection.opaque) {
      this.#later = walk.left;
      const piece = this.#piece(walk.bytes, walk.at, walk.boundary, walk.left);
      const unit = side.searching ? undefined : this.#measure(piece, walk);
      if (unit === undefined) {
        if (walk.at !== start || !this.#found(walk.bytes, walk.at, walk.boundary)) return undefined;
        continue;
      }
      if (unit === null || unit.size > walk.left) {
        side.gathering.add(walk.bytes, walk.at, walk.boundary, this.frame);
        takeSegment(walk, walk.left);
        return null;
      }
      const whole = { ...piece, end: walk.at + unit.size };
      const first = walk.layers.length;
      this.#enter(unit);
      walk.within(whole.end, unit.boundBy, unit.protocol);
      this.#learn(walk.layers.slice(first));
      this.#uncut(unit, whole, [{ frame: this.frame, size: unit.size }]);
      this.connection.framing!.accept(whole, unit);
    }
    return walk.left > 0 ? undefined : null;
  }

  /** Adds as many bytes of this segment to the unit that is gathered as it still needs. */
  #fill(walk: Walk): void {
    const { gathering } = this.#side;
    const start = walk.at;
    for (;;) {
      this.#later = walk.left;
      const unit = this.#measure(this.#gathered(), walk);
      if (unit === undefined) {
        walk.at = start;
        this.#later = walk.left;
        return;
      }
      const wanted = unit === null ? HEADER_STEP : unit.size - gathering.length;
      if (wanted <= 0) {
        // The step before may have gone beyond the end of a short unit.
        const excess = Math.min(-wanted, walk.at - start);
        gathering.giveBack(excess);
        walk.at -= excess;
        break;
      }
      if (walk.left === 0) break;
      const step = Math.min(wanted, walk.left);
      gathering.add(walk.bytes, walk.at, walk.at + step, this.frame);
      walk.at += step;
    }
    const used = walk.at - start;
    this.#later = walk.left;
    walk.at = start;
    takeSegment(walk, used);
    while (this.#complete());
  }

  /** Turns what is gathered into a message when it is whole. */
  #complete(): boolean {
    const { gathering } = this.#side;
    if (gathering.length === 0 || this.connection.opaque) return false;
    const piece = this.#gathered();
    const unit = this.#measure(piece);
    if (!unit || unit.size > gathering.length) return false;
    const { bytes, parts } = gathering.take(unit.size);
    this.#enter(unit);
    const walk = this.knowledge.host.dissectUnit(bytes, unit.protocol, unit.boundBy);
    const title = `${this.connection.protocol!.key} unit`;
    const { layers, stop, bindings } = walk;
    const end = bytes.length;
    this.finds.messages.push({ title, parts, bytes, start: 0, end, layers, stop, bindings });
    this.finds.notes.push(...walk.notes);
    this.#learn(layers);
    const whole = { ...piece, bytes, at: 0, end };
    this.#uncut(unit, whole, parts);
    this.connection.framing!.accept(whole, unit);
    return true;
  }

  /** Shows a unit whose headers its framing cut once more, as a message without the cuts. */
  #uncut(unit: Unit, whole: Piece, parts: readonly Part[]): void {
    const copy = unit.message?.(whole);
    if (!copy) return;
    const { bytes, protocol } = copy;
    this.knowledge.host.enter(this.connection.service, this.#sender);
    const { layers, stop, bindings } = this.knowledge.host.dissectUnit(
      bytes,
      protocol,
      unit.boundBy,
    );
    const title = `${this.connection.protocol!.key} unit without markers`;
    const end = bytes.length;
    this.finds.messages.push({ title, parts, bytes, start: 0, end, layers, stop, bindings });
    this.#learn(layers);
  }

  /** A unit that is shown once more without its cuts is learned from only then. */
  #enter(unit: Unit): void {
    this.knowledge.host.enter(unit.message ? undefined : this.connection.service, this.#sender);
  }

  #learn(layers: readonly Layer[]): void {
    const { service } = this.connection;
    service?.learn(layers, this.#sender, this.frame, this.finds.notes);
  }

  get #sender(): Side {
    return this.from === 0 ? 'active' : 'passive';
  }

  #gathered(): Piece {
    const { bytes } = this.#side.gathering;
    return this.#piece(bytes, 0, bytes.length, bytes.length + this.#later);
  }

  /** `behind` bytes of what was delivered lie at or behind the piece's start. */
  #piece(bytes: Uint8Array, at: number, end: number, behind: number): Piece {
    return { bytes, at, end, from: this.from, position: this.#side.order.position - behind };
  }

  /** The unit at the start of the piece; null: more bytes are needed; undefined: it cannot be told. */
  #measure(piece: Piece, walk?: Walk): Unit | null | undefined {
    const { connection, finds } = this;
    if (!connection.framing) {
      const recognised = this.#recognise(piece);
      if (recognised === 'more') return null;
      if (!recognised) {
        if (connection.opened) connection.giveUp();
        else this.#side.search(undefined);
        return undefined;
      }
      this.#adopt(recognised, recognised.open());
    }
    const answer = connection.framing!.measure(piece);
    if (!isMalformed(answer)) return answer;
    this.#side.search(connection.framing);
    if (walk) walk.stop ??= { ...answer, at: walk.at };
    finds.notes.push(
      this.#side.lost
        ? `${connection.protocol!.key} cannot be followed any further in this direction`
        : `${connection.protocol!.key} cannot be followed here; its next unit is looked for`,
    );
    return undefined;
  }

  #recognise(piece: Piece): StreamProtocol | 'more' | undefined {
    let more = false;
    for (const protocol of this.knowledge.protocols) {
      const answer = protocol.recognise(piece);
      if (answer === true) return protocol;
      more ||= answer === 'more';
    }
    return more ? 'more' : undefined;
  }

  #adopt(protocol: StreamProtocol, framing: NonNullable<Connection['framing']>): void {
    const { connection, knowledge } = this;
    connection.protocol = protocol;
    connection.framing = framing;
    connection.service = knowledge.serviceOf(protocol, connection);
    if (!connection.opened) {
      // Where units begin in the other direction is not known either.
      const other = connection.directions[this.from === 0 ? 1 : 0];
      if (other.order.position > 0 || other.order.next === undefined) other.search(framing);
    }
  }

  /** Is the start of the next unit known, or found here? `end` is that of the segment. */
  #found(bytes: Uint8Array, at: number, end: number): boolean {
    const side = this.#side;
    if (!side.searching) return true;
    const piece = this.#piece(bytes, at, end, end - at);
    const { framing } = this.connection;
    const found = framing ? (framing.resume?.(piece) ?? false) : this.#foundStream(piece);
    if (!found) return false;
    side.searching = false;
    this.finds.notes.push(
      `${this.connection.protocol!.key} goes on here; bytes before are missing`,
    );
    return true;
  }

  /** Looks for a stream whose start was not seen. */
  #foundStream(piece: Piece): boolean {
    const { connection, knowledge } = this;
    let known = false;
    for (const protocol of knowledge.protocols) {
      const onPort = protocol.ports.some((port) => connection.ports.includes(port));
      known ||= onPort;
      const framing = protocol.open();
      const begins = protocol.recognise(piece) === true;
      const may = onPort || protocol.ports.length === 0;
      if (!begins && !(may && framing.resume?.(piece))) continue;
      this.#adopt(protocol, framing);
      return true;
    }
    if (!known && ++connection.tries >= MAX_TRIES) connection.giveUp();
    return false;
  }
}

function takeSegment(walk: Walk, size: number): void {
  if (size > 0) walk.take(tcpSegment, size);
}
