// Messages of megabytes over unreliable datagrams, in the manner of eRPC (NSDI 2019): the sender has so many pieces under way
// as it has credits, the receiver takes them in order alone and answers each, and when no credit has come for long the sender goes
// back to the first that is missing. Both sides are software on one core each.

import type { Program, Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { copy } from '../../memory/index.js';
import { pollCq, type Wc } from '../../rdma/index.js';
import { after, ms, type Nanos } from '../../time/index.js';
import { DatagramEndpoint } from './endpoint.js';
import { CREDIT, PIECE, PIECE_BYTES, PieceHeader, piecesOf } from './packet.js';

/** Pieces without a credit (eRPC: kSessionCredits), and completions and requests at a time (kPostlist). */
const CREDITS = 32;
const BATCH = 16;

export interface TransferOptions {
  readonly messageBytes: number;
  readonly messages: number;
  /** No credit for so long means a loss; looked at so often. */
  readonly timeout?: Nanos;
  readonly scan?: Nanos;
}

/**
 * eRPC's timeout (kRpcRTOUs). How often it looks for one has changed with its versions; its published rates at losses from 1e-5 to
 * 1e-3 leave some six milliseconds for each loss. Where losses follow each other closely the next look begins with the last loss, so
 * that it takes a whole number of looks: fitted on F21, towards what the paper has for a loss of 1e-3.
 */
const TIMEOUT = ms(5);
const SCAN = ms(2.2);

export class Transfer {
  /** Messages that are whole at the receiver, and times that the sender went back. */
  done = 0;
  wentBack = 0;
  #sender: DatagramEndpoint | null = null;
  #receiver: DatagramEndpoint | null = null;

  constructor(
    readonly from: Computer,
    readonly to: Computer,
    readonly options: TransferOptions,
  ) {}

  start(): void {
    const { messageBytes } = this.options;
    const receive: Program = (thread) => {
      const end = new DatagramEndpoint(
        this.to,
        thread,
        this.to.space.allocate(messageBytes),
        messageBytes,
      );
      this.#receiver = end;
      return this.#receive(thread, end);
    };
    const send: Program = (thread) => {
      const end = new DatagramEndpoint(
        this.from,
        thread,
        this.from.space.allocate(messageBytes),
        messageBytes,
      );
      this.#sender = end;
      return this.#send(thread, end);
    };
    this.to.spawn('receiver', receive, { core: 0 });
    this.from.spawn('sender', send, { core: 0 });
  }

  *#met(thread: Thread, end: DatagramEndpoint): Generator<Wait, void, void> {
    yield thread.spend(1); // the other side's program has begun
    end.meet(end === this.#sender ? this.#receiver! : this.#sender!);
  }

  *#send(thread: Thread, end: DatagramEndpoint): Generator<Wait, void, void> {
    yield* this.#met(thread, end);
    const { messageBytes: length, messages, timeout = TIMEOUT, scan = SCAN } = this.options;
    const total = piecesOf(length);
    let looked = thread.now;
    for (let message = 0; message < messages; message++) {
      let sent = 0;
      let credited = 0;
      let progress = thread.now;
      while (credited < total) {
        const came = yield* this.#credits(thread, end, message, credited);
        if (came > 0) {
          credited += came;
          progress = thread.now;
        }
        const count = Math.min(BATCH, total - sent, credited + CREDITS - sent);
        if (count > 0) {
          yield* this.#pieces(thread, end, message, sent, count);
          sent += count;
        } else if (came === 0) yield thread.spin(end.cq.signal, after(looked, scan));
        if (thread.now < after(looked, scan)) continue;
        looked = thread.now;
        if (sent === credited || thread.now < after(progress, timeout)) continue;
        this.wentBack++;
        sent = credited;
        progress = thread.now;
      }
    }
  }

  *#pieces(
    thread: Thread,
    end: DatagramEndpoint,
    message: number,
    first: number,
    count: number,
  ): Generator<Wait, void, void> {
    const { messageBytes: length } = this.options;
    yield thread.spend(end.host.cores.profile.postNs * count);
    end.reap();
    end.send(
      Array.from({ length: count }, (_, i) => {
        const from = (first + i) * PIECE_BYTES;
        const fields = { message, piece: first + i, length, kind: PIECE };
        return end.request(fields, from, Math.min(PIECE_BYTES, length - from));
      }),
    );
  }

  /** How many of the credits that come next have come; others are of no use. */
  *#credits(
    thread: Thread,
    end: DatagramEndpoint,
    message: number,
    expected: number,
  ): Generator<Wait, number, void> {
    const wc: Wc[] = [];
    const found = pollCq(end.context, end.cq, BATCH, wc);
    const { pollNs, emptyPollNs } = end.host.cores.profile;
    yield thread.spend(found === 0 ? emptyPollNs : found * pollNs);
    let came = 0;
    for (let i = 0; i < found; i++) {
      const { wrId } = wc[i]!;
      const b = end.bytesAt(end.datagramAt(wrId), PieceHeader.size);
      const { get } = PieceHeader;
      if (
        get.kind(b, 0) === CREDIT &&
        get.message(b, 0) === message &&
        get.piece(b, 0) === expected + came
      )
        came++;
      end.repost(wrId);
    }
    return came;
  }

  *#receive(thread: Thread, end: DatagramEndpoint): Generator<Wait, void, void> {
    yield* this.#met(thread, end);
    const { messageBytes, messages } = this.options;
    const total = piecesOf(messageBytes);
    const { pollNs, postNs } = end.host.cores.profile;
    const wc: Wc[] = [];
    let message = 0;
    let expected = 0;
    while (message < messages) {
      const found = pollCq(end.context, end.cq, BATCH, wc);
      if (found === 0) {
        yield thread.spin(end.cq.signal);
        continue;
      }
      yield thread.spend(found * pollNs);
      const answers = [];
      for (let i = 0; i < found; i++) {
        const { wrId } = wc[i]!;
        const at = end.datagramAt(wrId);
        const { message: of, piece } = PieceHeader.decode(end.bytesAt(at, PieceHeader.size), 0);
        if (of === message && piece === expected) {
          yield thread.spend(this.#place(thread, end, at, piece));
          if (++expected === total) {
            this.done++;
            message++;
            expected = 0;
          }
        } else if (of > message || (of === message && piece > expected)) {
          end.repost(wrId); // behind a gap: it will come again
          continue;
        }
        answers.push({ message: of, piece, length: messageBytes, kind: CREDIT });
        end.repost(wrId);
      }
      if (answers.length === 0) continue;
      yield thread.spend(postNs);
      end.reap();
      end.send(answers.map((fields) => end.request(fields)));
    }
  }

  /** Copies a piece to its place in the message; its nanoseconds. */
  #place(thread: Thread, end: DatagramEndpoint, at: bigint, piece: number): number {
    const { space, ledger, cores } = end.host;
    const from = piece * PIECE_BYTES;
    const length = Math.min(PIECE_BYTES, end.length - from);
    const copier = { ledger, core: thread.actor, bitsPerSecond: cores.profile.copyBitsPerSecond };
    const source = at + BigInt(PieceHeader.size);
    return copy(thread.now, copier, space, source, space, end.message + BigInt(from), length);
  }
}
