// Large receive offload, of the card: segments of a flow that follow each other wait inside for a moment and become one packet
// in the host's memory, the first one's headers in front of all texts. Unlike GRO it keeps no segment's own headers: the packet
// tells the last acknowledgment, window and options, and may not be forwarded.

import { seqAdd } from '../../protocols/core/serial.js';
import { TCP } from '../../protocols/index.js';
import type { FramePool } from '../frame/index.js';
import { after, type Nanos, NEVER } from '../time/index.js';
import { MOST_MERGED } from './arrival.js';
import { isPlain, sameFlow, sameMark, tellLength } from './gro.js';
import type { PacketView } from './packet-view.js';

/** Flows that wait at once. */
const SESSIONS = 8;
/** Frames of one packet: 64 KiB of full segments, fewer than the driver's packets hold. */
const MOST_FRAMES = 44;
/** A packet waits so long for more (mlx5: MLX5E_PARAMS_DEFAULT_LRO_TIMEOUT, 32 us). */
const TIMEOUT_NS = 32_000;

/** The frames of one flow that wait. */
export class LroSession {
  count = 0;
  queue = 0;
  hash = 0;
  /** Of the packet so far, with its headers. */
  length = 0;
  headerLength = 0;
  /** Text of its first frame. */
  unit = 0;
  nextSeq = 0;
  until: Nanos = NEVER;
  readonly slots = new Int32Array(MOST_FRAMES);
}

/** A place of the flow's headers in a frame, as GRO compares them. */
interface Head {
  readonly bytes: Uint8Array;
  readonly at: number;
}

export class Lro {
  ended: LroSession | null = null;
  readonly #sessions = Array.from({ length: SESSIONS }, () => new LroSession());
  readonly #head: { bytes: Uint8Array; at: number } = { bytes: new Uint8Array(0), at: 0 };

  constructor(readonly pool: FramePool) {}

  /** When the first packet has waited long enough. */
  get due(): Nanos {
    let due: Nanos = NEVER;
    for (const { count, until } of this.#sessions) if (count > 0 && until < due) due = until;
    return due;
  }

  /**
   * A frame has come; true when it waits. `ended` is a packet that is whole now, or that the frame does not follow: it goes to
   * the host, and before a frame that does not wait.
   */
  // hot
  take(
    now: Nanos,
    slot: number,
    b: Uint8Array,
    view: PacketView,
    queue: number,
    hash: number,
    checked: boolean,
  ): boolean {
    this.ended = null;
    const mergeable = checked && view.isTcp && view.end > view.textAt && isPlain(b, view);
    const session = this.#find(hash, b, view);
    if (session !== undefined) {
      const marks = mergeable && sameMark(this.#headOf(session), b, view);
      const follows = marks && fits(session, b, view);
      if (!follows || this.#add(session, slot, view)) this.ended = session;
      if (follows) return true;
    }
    if (!mergeable || TCP.get.psh(b, view.transportAt) !== 0) return false;
    return this.#begin(now, slot, view, queue, hash);
  }

  /** A packet that waits of the frame's flow, or undefined. */
  // hot
  #find(hash: number, b: Uint8Array, view: PacketView): LroSession | undefined {
    if (!view.isTcp) return undefined;
    for (let i = 0; i < SESSIONS; i++) {
      const session = this.#sessions[i]!;
      if (session.count > 0 && session.hash === hash && sameFlow(this.#headOf(session), b, view))
        return session;
    }
    return undefined;
  }

  #headOf(session: LroSession): Head {
    const slot = session.slots[0]!;
    this.#head.bytes = this.pool.bytes(slot);
    this.#head.at = this.pool.at(slot);
    return this.#head;
  }

  /** A packet begins; false where no session is free. */
  // hot
  #begin(now: Nanos, slot: number, view: PacketView, queue: number, hash: number): boolean {
    const session = this.#sessions.find((one) => one.count === 0);
    if (session === undefined) return false;
    const text = view.end - view.textAt;
    session.slots[0] = slot;
    session.count = 1;
    session.queue = queue;
    session.hash = hash;
    session.length = view.end - view.at;
    session.headerLength = view.textAt - view.at;
    session.unit = text;
    session.nextSeq = seqAdd(TCP.get.seq(this.pool.bytes(slot), view.transportAt), text);
    session.until = after(now, TIMEOUT_NS);
    return true;
  }

  /** Adds a frame that fits; true when the packet is whole then. */
  // hot
  #add(session: LroSession, slot: number, view: PacketView): boolean {
    const { pool } = this;
    const b = pool.bytes(slot);
    const text = view.end - view.textAt;
    session.slots[session.count++] = slot;
    session.length += text;
    session.nextSeq = seqAdd(session.nextSeq, text);
    // Acknowledgment, window and options of the latest stand in the first one's header.
    const first = this.#headOf(session);
    const from = view.transportAt;
    const to = first.at + view.transportAt - view.at;
    TCP.set.ack(first.bytes, to, TCP.get.ack(b, from));
    TCP.set.window(first.bytes, to, TCP.get.window(b, from));
    for (let i = TCP.size; from + i < view.textAt; i++) first.bytes[to + i] = b[from + i]!;
    const pushes = TCP.get.psh(b, from) !== 0;
    if (pushes) TCP.set.psh(first.bytes, to, 1);
    return pushes || text < session.unit || session.count === MOST_FRAMES;
  }

  /** The packet that has waited too long, or undefined. */
  late(now: Nanos): LroSession | undefined {
    return this.#sessions.find(({ count, until }) => count > 0 && until <= now);
  }

  /** Ends a packet: of several frames the header tells the length of all `length` bytes. The session is free then. */
  // hot
  end(session: LroSession, length: number): void {
    if (session.count > 1) {
      const { bytes, at } = this.#headOf(session);
      tellLength(bytes, at, length);
    }
    session.count = 0;
  }
}

/** Does the frame follow what waits, and does the packet still have room for it? */
// hot
function fits(session: LroSession, b: Uint8Array, view: PacketView): boolean {
  const text = view.end - view.textAt;
  return (
    TCP.get.seq(b, view.transportAt) === session.nextSeq &&
    text <= session.unit &&
    view.textAt - view.at === session.headerLength &&
    session.length + text <= MOST_MERGED
  );
}
