// Writes down what happens from one instant on: the ledgers of both hosts, what their cores did, the frames between them, and
// the calls of the programs. Nothing is reckoned here: it is what the operations themselves left behind.

import { type DissectOptions, dissect, mpa, summarize } from '../../../protocols/index.js';
import type { Core, CoreObserver, Thread } from '../../cpu/index.js';
import type { FramePool } from '../../frame/index.js';
import type { Computer, Host } from '../../host/index.js';
import type { LedgerEvent } from '../../memory/index.js';
import { type Nanos, NEVER } from '../../time/index.js';
import { type Tally, tallyBetween, tallyOf } from '../perftest/index.js';
import type { Call, CoreSpan, FrameOnWire, Mark, Move, SideCounts, SideName } from './model.js';
import { sides } from './model.js';

/** A flow-control packet of InfiniBand's links (IBA 7.9.4): the link's own, not the message's. */
const LINK_PACKET_BYTES = 6;
/** Layers of a frame that are neither header nor trailer. */
const PAYLOAD = 'payload';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What was written down of one message. */
export interface Recording {
  readonly moves: readonly Move[];
  readonly marks: readonly Mark[];
  readonly frames: readonly FrameOnWire[];
  readonly spans: readonly CoreSpan[];
  readonly calls: readonly Call[];
  readonly counts: Readonly<Record<SideName, SideCounts>>;
}

export class Recorder {
  #begin: Nanos = NEVER;
  readonly #frames: Mutable<FrameOnWire>[] = [];
  readonly #spans: Mutable<CoreSpan>[] = [];
  readonly #calls: Mutable<Call>[] = [];
  #before: Readonly<Record<SideName, Tally>> | null = null;

  constructor(
    readonly hosts: Readonly<Record<SideName, Host>>,
    readonly linkType: number,
    /** TCP carries FPDUs, one a segment at least (RFC 5044 5). */
    readonly iwarp = false,
  ) {
    for (const side of sides)
      for (const core of hosts[side].cores.cores) core.observer = this.#observer(side, core);
  }

  get #context(): DissectOptions {
    const { linkType, iwarp } = this;
    return {
      linkType,
      ...(iwarp && {
        tcpPayload: (walk: { readonly left: number }) => (walk.left > 0 ? mpa : undefined),
      }),
    };
  }

  get begun(): boolean {
    return this.#before !== null;
  }

  get beginAt(): Nanos {
    return this.#begin;
  }

  /** From now on all is written down. */
  begin(now: Nanos): void {
    this.#begin = now;
    const { initiator, target } = this.hosts;
    for (const side of sides) this.hosts[side].ledger.clear();
    this.#before = { initiator: tallyOf(initiator, now), target: tallyOf(target, now) };
  }

  /** A program makes a call; what is given back is called when it is over. */
  call(host: Computer, thread: Thread, name: string, kernel: boolean): (now: Nanos) => void {
    const side = host === this.hosts.target ? 'target' : 'initiator'; // whose guest may call, too
    const core = `core${thread.core}`;
    const call = { side, name, kernel, core, fromNs: thread.now, untilNs: NEVER } as Mutable<Call>;
    this.#calls.push(call);
    return (now) => {
      call.untilNs = now;
    };
  }

  #observer(side: SideName, { index }: Core): CoreObserver {
    return {
      spent: (_, doing, from, until, thread) => {
        if (!this.begun) return;
        const core = `core${index}`;
        const last = this.#spans.findLast((span) => span.side === side && span.core === core);
        if (last?.doing === doing && last.thread === thread && last.untilNs === from)
          last.untilNs = until;
        else this.#spans.push({ side, core, doing, thread, fromNs: from, untilNs: until });
      },
    };
  }

  /** Of the port of a side's host. */
  tap(side: SideName) {
    const other = side === 'initiator' ? 'target' : 'initiator';
    return {
      frame: (now: Nanos, direction: 'out' | 'in' | 'lost', pool: FramePool, slot: number) => {
        const length = pool.length(slot);
        if (!this.begun || length <= LINK_PACKET_BYTES) return;
        if (direction === 'out') this.#left(now, side, pool, slot, length);
        else if (direction === 'in') {
          // A cable does not reorder.
          const frame = this.#frames.find((one) => one.from === other && one.arrivedNs === null);
          if (frame) frame.arrivedNs = now;
        }
      },
    };
  }

  #left(now: Nanos, from: SideName, pool: FramePool, slot: number, bytes: number): void {
    const at = pool.at(slot);
    const data = pool.bytes(slot).slice(at, at + bytes);
    const { payloadBytes, protocol, summary } = readFrame(data, this.#context);
    const about = { from, bytes, payloadBytes, protocol, summary, data };
    this.#frames.push({ ...about, leftNs: now, arrivedNs: null });
  }

  /** All that was written down, in nanoseconds since the beginning. */
  take(now: Nanos): Recording {
    const begin = this.#begin;
    const within = (at: number) => Math.max(0, Math.min(at, now) - begin);
    const counts = {
      initiator: this.#counts('initiator', now),
      target: this.#counts('target', now),
    };
    const moves: Move[] = [];
    const marks: Mark[] = [];
    for (const side of sides) this.#events(side, moves, marks);
    const byTime = (a: { readonly atNs: number }, b: { readonly atNs: number }) => a.atNs - b.atNs;
    return {
      counts,
      moves: moves.sort(byTime),
      marks: marks.sort(byTime),
      frames: this.#frames.map((frame) => ({
        ...frame,
        leftNs: frame.leftNs - begin,
        arrivedNs: frame.arrivedNs === null ? null : frame.arrivedNs - begin,
      })),
      spans: this.#spans.map((span) => ({
        ...span,
        fromNs: within(span.fromNs),
        untilNs: within(span.untilNs),
      })),
      calls: this.#calls
        .filter((call) => call.untilNs > begin)
        .map((call) => ({
          ...call,
          fromNs: within(call.fromNs),
          untilNs: within(call.untilNs),
        })),
    };
  }

  #counts(side: SideName, now: Nanos): SideCounts {
    const { cpuNs, pollNs, bytesCopied, ...tally } = tallyBetween(
      this.#before![side],
      tallyOf(this.hosts[side], now),
    );
    const sent = this.#frames.filter((frame) => frame.from === side);
    const sum = (value: (frame: FrameOnWire) => number) =>
      sent.reduce((total, frame) => total + value(frame), 0);
    return {
      ...tally,
      copiedBytes: bytesCopied,
      cpuNs,
      pollNs,
      framesSent: sent.length,
      frameBytes: sum((frame) => frame.bytes),
      headerBytes: sum((frame) => frame.bytes - frame.payloadBytes),
    };
  }

  #events(side: SideName, moves: Move[], marks: Mark[]): void {
    const { ledger } = this.hosts[side];
    if (ledger.lost > 0) throw new RangeError(`${ledger.lost} events did not fit the ledger's log`);
    for (const event of ledger.events()) {
      const { kind, actor: by, timeNs } = event;
      const atNs = event.at - this.#begin;
      if (kind === 'copy' || kind === 'dma-read' || kind === 'dma-write')
        moves.push(this.#move(side, event, kind, moves.at(-1)));
      else marks.push({ side, kind, by, atNs, tookNs: timeNs });
    }
  }

  #move(side: SideName, event: LedgerEvent, kind: Move['kind'], before: Move | undefined): Move {
    const { memory } = this.hosts[side];
    const device = kind === 'copy' ? 'registers' : 'NIC';
    const place = (address: number) =>
      address < 0 ? device : memory.useOf(address) || 'other memory';
    const { actor: by, bytes, timeNs, source, target } = event;
    let atNs = event.at - this.#begin;
    // The pieces of one copy are dated alike, but a core moves one after the other.
    const follows = kind === 'copy' && before?.kind === 'copy' && before.by === by;
    if (follows && before.side === side && before.untilNs > atNs) atNs = before.untilNs;
    const from = place(source);
    const to = place(target);
    return { side, kind, by, from, to, bytes, atNs, untilNs: atNs + timeNs };
  }
}

/** What a frame carries, and what it is in words. */
function readFrame(data: Uint8Array, context: DissectOptions) {
  const frame = dissect(data, context);
  const { info, protocol } = summarize(frame);
  const payloadBytes = frame.layers
    .filter((layer) => layer.key === PAYLOAD)
    .reduce((sum, layer) => sum + layer.end - layer.at, 0);
  return { payloadBytes, protocol, summary: info };
}
