// The driver's side of one transmit queue: descriptors written into the ring, and what each refers to, until the card says
// that it is through with them.

import type { Cores } from '../cpu/index.js';
import type { Nanos } from '../time/index.js';
import type { TransmitSide } from './card.js';
import { Completion, TxDescriptor } from './descriptor.js';
import type { EthernetNic } from './ethernet-nic.js';
import type { Keeper } from './page-pool.js';
import { WORD_SPAN } from './ring.js';

const { set } = TxDescriptor;

export class TransmitRing implements TransmitSide {
  /** Descriptors written, told to the card, and given back. */
  tail = 0;
  told = 0;
  cleaned = 0;
  /** Bytes that the card is not through with. */
  waitingBytes = 0;
  /** Somebody found no room. */
  stopped = false;
  /** Completions that were read. */
  #seen = 0;
  readonly #keepers: (Keeper | null)[];
  readonly #blocks: Int32Array;
  /** Of the last descriptor of a frame: bytes of the frame. */
  readonly #bytes: Float64Array;
  #first = true;
  #mss = 0;
  #headerLength = 0;
  #sums = false;

  constructor(
    readonly nic: EthernetNic,
    readonly queue: number,
    readonly cores: Cores,
  ) {
    const { entries } = nic.transmitQueues[queue]!.ring;
    this.#keepers = new Array<Keeper | null>(entries).fill(null);
    this.#blocks = new Int32Array(entries);
    this.#bytes = new Float64Array(entries);
  }

  get room(): number {
    return this.#keepers.length - (this.tail - this.cleaned);
  }

  /** A frame begins: what its first descriptor says beside its piece. */
  // hot
  begin(mss: number, headerLength: number, sums: boolean): void {
    this.#first = true;
    this.#mss = mss;
    this.#headerLength = headerLength;
    this.#sums = sums;
  }

  /** One piece of memory, which is referred to until the card has read it. */
  // hot
  piece(address: number, length: number, keeper: Keeper, block: number): void {
    const { ring } = this.nic.transmitQueues[this.queue]!;
    const b = ring.bytes;
    const at = ring.at(this.tail);
    set.addressLow(b, at, address % WORD_SPAN);
    set.addressHigh(b, at, Math.floor(address / WORD_SPAN));
    set.length(b, at, length);
    set.mss(b, at, this.#first ? this.#mss : 0);
    set.headerLength(b, at, this.#first ? this.#headerLength : 0);
    set.checksum(b, at, this.#first && this.#sums ? 1 : 0);
    set.end(b, at, 0);
    this.#first = false;
    const i = this.tail % this.#keepers.length;
    keeper.hold(block);
    this.#keepers[i] = keeper;
    this.#blocks[i] = block;
    this.#bytes[i] = 0;
    this.tail++;
  }

  /** The frame of `bytes` bytes is complete. */
  // hot
  end(bytes: number): void {
    const { ring } = this.nic.transmitQueues[this.queue]!;
    set.end(ring.bytes, ring.at(this.tail - 1), 1);
    this.#bytes[(this.tail - 1) % this.#keepers.length] = bytes;
    this.waitingBytes += bytes;
  }

  /** Tells the card, if there is news. */
  // hot
  ring(now: Nanos, core: number): void {
    if (this.told === this.tail) return;
    this.told = this.tail;
    this.nic.ringTransmit(now, this.queue, this.tail, this.cores.cores[core]!.actor);
  }

  // hot
  get hasNews(): boolean {
    return this.told !== this.tail;
  }

  /** Whether the card has left a completion that nobody has read. */
  // hot
  get hasCompletion(): boolean {
    const { ring } = this.nic.sent[this.queue]!;
    return Completion.get.lap(ring.bytes, ring.at(this.#seen)) === ring.lap(this.#seen);
  }

  /** Completions that the card has left and nobody has read. */
  get unseen(): number {
    return this.nic.sent[this.queue]!.landed - this.#seen;
  }

  /** Reads one completion and gives back what its frame referred to. */
  // hot
  clean(): void {
    const { ring } = this.nic.sent[this.queue]!;
    const last = Completion.get.index(ring.bytes, ring.at(this.#seen));
    this.#seen++;
    const { length } = this.#keepers;
    for (;;) {
      const i = this.cleaned % length;
      this.#keepers[i]!.release(this.#blocks[i]!);
      this.#keepers[i] = null;
      this.waitingBytes -= this.#bytes[i]!;
      this.cleaned++;
      if (i === last) return;
    }
  }
}
