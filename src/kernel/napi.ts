// One pair of queues as the driver polls it (NAPI): completions of what was sent give memory back, those of what was
// received become packets, merged if they may be. What a step costs is charged as it is looked at; packets go up afterwards.

import { CHECKSUM_PASS } from '../memory/index.js';
import type { Nanos } from '../time/index.js';
import { Arrival } from './arrival.js';
import type { ReceiveSide, TransmitSide } from './card.js';
import { MM, NETDEV, SKB, TCP_IP } from './category.js';
import type { KernelOptions, KernelParts } from './context.js';
import { type ArrivalQueue, Gro } from './gro.js';
import { type Adaptive, AdaptiveModeration } from './moderation.js';
import { PacketView } from './packet-view.js';
import { RateModeration } from './rate-moderation.js';

/** Frames of one poll (NAPI_POLL_WEIGHT). */
export const POLL_WEIGHT = 64;
/** Buffers are given to the card in lots. */
const REFILL = 16;
const PAGE = 4096;

export class Napi implements ArrivalQueue {
  /** It is in the list of its core, or somebody polls it; interrupts are off meanwhile. */
  scheduled = false;
  /** Threads that poll it, or wait to (SO_BUSY_POLL). */
  pollers = 0;
  /** Frames that the poll may still take. */
  budget = POLL_WEIGHT;
  readonly #parts: KernelParts;
  readonly #gro: Gro;
  readonly #view = new PacketView();
  #starving = false;
  /** There is memory again for a ring that had none left. */
  onFed: () => void = () => {};
  readonly #adaptive: Adaptive | null;
  /** Packets that are to go up, oldest first, and those that can be filled again. */
  readonly #up: Arrival[] = [];
  readonly #spare: Arrival[] = [];
  /** The queue was found empty. */
  #ending = false;
  #received = 0;
  #receivedBytes = 0;

  constructor(
    parts: KernelParts,
    readonly side: ReceiveSide,
    readonly queue: number,
    readonly core: number,
    readonly ring: TransmitSide,
  ) {
    this.#parts = parts;
    this.#gro = new Gro(this);
    this.#adaptive = adaptiveOf(parts.options);
    this.#follow();
  }

  put(arrival: Arrival): void {
    this.#up.push(arrival);
  }

  /** Fills the ring with buffers, as a driver does when its interface comes up. */
  open(now: Nanos): void {
    const { side } = this;
    for (let i = 0; i < side.entries - 1; i++) if (!this.#post()) break;
    side.ring(now, this.core);
    side.arm(now);
  }

  /** The card has no buffer, and will not interrupt: who reads gives some back. */
  #starve(): void {
    if (this.#starving) return;
    this.#starving = true;
    this.#parts.buffers.whenFree(() => {
      this.#starving = false;
      this.onFed();
    });
  }

  // hot
  #post(): boolean {
    const { buffers } = this.#parts;
    const block = buffers.take();
    if (block < 0) return false;
    this.side.post(buffers.address(block), Math.min(buffers.blockBytes, 0xffff), block);
    return true;
  }

  get hasWork(): boolean {
    return this.side.arrived || this.ring.hasCompletion || this.#up.length > 0 || this.#gro.holds;
  }

  /** The packet that is to go up next. */
  // hot
  takeUp(): Arrival | undefined {
    return this.#up.shift();
  }

  /** It went up; whoever wants its bytes has referred to them. */
  // hot
  finished(arrival: Arrival): void {
    arrival.release();
    this.#spare.push(arrival);
  }

  /** Gives back what was sent; true when somebody waits for room and there is some now. */
  // hot
  clean(): boolean {
    const { bill, profile } = this.#parts;
    const { ring } = this;
    let any = false;
    while (ring.hasCompletion) {
      ring.clean();
      bill.charge(NETDEV, profile.cleaned);
      bill.charge(SKB, profile.skbFree);
      any = true;
    }
    const freed = any && ring.stopped;
    if (freed) ring.stopped = false;
    return freed;
  }

  /**
   * Looks at received frames: true when a packet can go up. What was held for more of its flow goes up when the queue was
   * found empty, and then the poll is over, whatever comes meanwhile (napi_complete). False with a bill: look again.
   */
  // hot
  poll(now: Nanos): boolean {
    let taken = 0;
    for (
      ;
      this.#up.length === 0 && !this.#ending && this.budget > 0 && this.side.arrived;
      taken++
    ) {
      this.budget--;
      this.#take(now);
    }
    if (taken === 0 && this.budget > 0 && !this.#ending) {
      this.#ending = true;
      this.#gro.flush();
    }
    this.#refill(now, REFILL);
    return this.#up.length > 0;
  }

  // hot
  #refill(now: Nanos, lot: number): void {
    const { side } = this;
    const missing = side.entries - 1 - side.outstanding;
    if (missing < lot) return;
    const { bill, profile } = this.#parts;
    let posted = 0;
    while (posted < missing && this.#post()) posted++;
    if (posted === 0) {
      if (side.outstanding === 0) this.#starve();
      return;
    }
    bill.charge(NETDEV, profile.doorbell);
    side.ring(now, bill.core);
  }

  // hot
  #take(now: Nanos): void {
    const { profile, bill, options } = this.#parts;
    const view = this.#view;
    const arrival = this.#spare.pop() ?? new Arrival(this.#parts.buffers);
    const length = this.side.take(arrival, view);
    arrival.headerLength = view.isTcp ? view.textAt - view.at : arrival.length;
    this.#received++;
    this.#receivedBytes += length;
    bill.charge(NETDEV, profile.deviceIn);
    if (options.lro) bill.charge(NETDEV, profile.descriptorOut * (arrival.count - 1));
    bill.charge(MM, profile.skbMemory + profile.pageAlloc * Math.ceil(length / PAGE));
    bill.charge(SKB, profile.skbAlloc);
    if (view.isTcp && !arrival.checked) this.#check(now, arrival);
    if (options.gro === false) {
      this.#up.push(arrival);
      return;
    }
    // What came as several buffers was merged before.
    if (arrival.count > 1) return this.#gro.pass(arrival.bytes, view, arrival);
    bill.charge(NETDEV, profile.groFrame);
    if (this.#gro.take(arrival.bytes, view, arrival.address, arrival.block, arrival))
      this.#spare.push(arrival);
  }

  /** The card did not say that the checksums are right: the kernel adds the bytes up itself. */
  #check(now: Nanos, arrival: Arrival): void {
    const { profile, bill, ledger, cores } = this.#parts;
    const bytes = this.#view.end - this.#view.transportAt;
    const cycles = profile.checksum * bytes;
    bill.charge(TCP_IP, cycles);
    const { actor } = cores.cores[bill.core]!;
    ledger.record(now, actor, CHECKSUM_PASS, bytes, Math.ceil(bill.nsOf(cycles)), 0);
    arrival.checked = this.#view.isGood(arrival.bytes);
  }

  /** All that was there is done: interrupts are on again. False when there is more than one poll may take. */
  complete(now: Nanos): boolean {
    const isThrough = this.#ending && this.#up.length === 0;
    this.#ending = false;
    if (!isThrough || this.side.arm(now)) return false;
    this.scheduled = false;
    this.budget = POLL_WEIGHT;
    if (this.#adaptive?.served(now, this.#received, this.#receivedBytes)) this.#follow();
    this.#received = 0;
    this.#receivedBytes = 0;
    return true;
  }

  /** Who polls without end begins anew: nothing that was left lies between one poll and the next (napi_busy_loop). */
  // hot
  pollAgain(budget: number): void {
    this.budget = budget;
    if (this.#up.length === 0) this.#ending = false;
  }

  #follow(): void {
    if (!this.#adaptive) return;
    this.side.moderate(this.#adaptive.us, this.#adaptive.frames);
  }
}

/** As the card's driver has it, or Linux's DIM where moderation is to be adaptive and the driver's is not. */
function adaptiveOf({ coalesce, coalesceFrames, nic: card }: KernelOptions): Adaptive | null {
  if (typeof coalesce === 'number') return null;
  const rule = card?.adaptive ?? 'dim';
  if (rule === false) return coalesce === 'adaptive' ? new AdaptiveModeration() : null;
  if (rule === 'dim') return new AdaptiveModeration();
  return new RateModeration(rule, card!.coalesceUs, coalesceFrames ?? card!.coalesceFrames);
}
