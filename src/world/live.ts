// The driver in real time: one station, one real wire, one timer. Everything behind the station is the same code as
// in the simulation. Impairments and taps stand on our side of the wire.

import { Fate, type Impairment } from '../fabric/impairment.js';
import { FramePool, type Station } from '../frame/index.js';
import { EventQueue, earlier, type Nanos, NEVER } from '../time/index.js';
import type { Tap } from './sim.js';
import { openWire, type Wire } from './wire.js';

/** Frames that are held back on their way, by direction. */
const OUT = 0;
const IN = 1;
/** Longest wait of a timer; it wakes, finds nothing due, and waits on. */
const LONGEST_MS = 3_600_000;
/** Longest frame: a jumbo frame with all headers. */
const SLOT_BYTES = 9216;
const MOST_FRAMES = 8192;
const MS = 1_000_000n;

export class LiveWorld {
  readonly pool: FramePool;
  /** Frames both ways, and those lost, by reason. */
  sent = 0;
  received = 0;
  readonly lost = new Map<string, number>();
  /** Called when the peer comes or goes, and when the wire fails. */
  onPeer: (there: boolean) => void = () => {};
  onFailure: (why: string) => void = () => {};
  /** Called after anything happened: where applications look for what they wait for. */
  onSettled: (now: Nanos) => void = () => {};

  #station: Station | undefined;
  #wire: Wire | undefined;
  readonly #impairments: { readonly impairment: Impairment; readonly ways: readonly number[] }[] =
    [];
  readonly #taps: Tap[] = [];
  readonly #held = new EventQueue();
  readonly #fate = new Fate();
  /** The second of the calendar (Unix time) in which this world began; its own time counts from there. */
  readonly epochSeconds = Math.floor(Date.now() / 1000);
  readonly #start = process.hrtime.bigint() - BigInt(Date.now() - this.epochSeconds * 1000) * MS;
  #timer: NodeJS.Timeout | undefined;
  #timerAt: Nanos = NEVER;
  #closed = false;

  constructor(slotBytes = SLOT_BYTES, mostFrames = MOST_FRAMES) {
    this.pool = new FramePool(slotBytes, mostFrames);
  }

  /** Nanoseconds since the second in which this world began. */
  get now(): Nanos {
    return Number(process.hrtime.bigint() - this.#start) as Nanos;
  }

  /** Puts `station`, whose frames lie in this world's pool, on the wire that `text` names. */
  async connect(station: Station, text: string): Promise<Wire> {
    this.#station = station;
    this.#wire = await openWire(text, {
      frame: (b, at, end) => this.#arrived(b, at, end),
      drained: () => this.settle(),
      peer: (there) => this.onPeer(there),
      failed: (why) => this.onFailure(why),
    });
    this.settle();
    return this.#wire;
  }

  /** Impairs what we send, what we receive, or both. */
  impair(impairment: Impairment, way: 'out' | 'in' | 'both' = 'both'): void {
    const ways = way === 'both' ? [OUT, IN] : [way === 'out' ? OUT : IN];
    this.#impairments.push({ impairment, ways });
  }

  tap(tap: Tap): void {
    this.#taps.push(tap);
  }

  /** Must be called after anything from outside changed the station's state. */
  settle(): void {
    const station = this.#station;
    const wire = this.#wire;
    if (!station || !wire || this.#closed) return;
    const now = this.now;
    this.#due(now);
    if (station.wakeAt() <= now) station.expire(now);
    while (station.takeReady() >= 0);
    // A port may have become ready while the wire was full: it is asked each time.
    while (wire.writable) {
      const slot = station.transmit(now, 0);
      if (slot < 0) break;
      this.#pass(now, OUT, slot);
    }
    this.onSettled(now);
    this.#schedule(earlier(station.wakeAt(), this.#held.due()));
  }

  #arrived(b: Uint8Array, at: number, end: number): void {
    if (this.#closed) return;
    const length = end - at;
    const slot = length > this.pool.slotBytes ? -1 : this.pool.take();
    if (slot < 0) return this.#count(length > this.pool.slotBytes ? 'too long' : 'no slot');
    this.pool.bytes(slot).set(b.subarray(at, end), this.pool.at(slot));
    this.pool.setLength(slot, length);
    this.#pass(this.now, IN, slot);
    this.settle();
  }

  /** The frame through the impairments of its way. */
  #pass(now: Nanos, way: number, slot: number): void {
    // Taps see what the wire carries: what we send before, what we get before anything is done to it.
    this.#show(now, way === OUT ? 'out' : 'in', slot, '');
    const fate = this.#fate;
    fate.reset();
    for (const { impairment, ways } of this.#impairments) {
      if (!ways.includes(way)) continue;
      impairment.apply(now, way === OUT ? 0 : 1, this.pool, slot, fate);
      if (fate.lost === '') continue;
      this.#count(fate.lost);
      this.#show(now, 'lost', slot, fate.lost);
      return this.pool.release(slot);
    }
    for (let copy = 1; copy <= fate.copies; copy++) {
      const twin = this.pool.clone(slot);
      if (twin >= 0) this.#held.put((now + fate.delay + copy * fate.copyGap) as Nanos, way, twin);
    }
    if (fate.delay > 0) this.#held.put((now + fate.delay) as Nanos, way, slot);
    else this.#deliver(now, way, slot);
  }

  #deliver(now: Nanos, way: number, slot: number): void {
    if (way === IN) {
      this.received++;
      this.#station!.receive(now, 0, slot);
      return;
    }
    this.sent++;
    const at = this.pool.at(slot);
    this.#wire!.send(this.pool.bytes(slot), at, at + this.pool.length(slot));
    this.pool.release(slot);
  }

  /** What was held back and is due now. */
  #due(now: Nanos): void {
    while (this.#held.due() <= now && this.#held.next()) {
      this.#deliver(now, this.#held.kind, this.#held.a);
    }
  }

  #show(now: Nanos, direction: 'out' | 'in' | 'lost', slot: number, why: string): void {
    for (const tap of this.#taps) tap.frame(now, direction, this.pool, slot, why);
  }

  #count(why: string): void {
    this.lost.set(why, (this.lost.get(why) ?? 0) + 1);
  }

  #schedule(at: Nanos): void {
    if (at === this.#timerAt && this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#timerAt = at;
    if (at === NEVER) return;
    const wait = Math.min(LONGEST_MS, Math.max(0, Math.ceil((at - this.now) / 1e6)));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.settle();
    }, wait);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#wire?.close();
  }
}
