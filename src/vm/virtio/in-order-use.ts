// VIRTIO_F_IN_ORDER on the driver's side (virtio 1.2, 2.7.9, 2.8.8): one used entry stands for all buffers up to the one that
// it names; those before it were used completely.

export class InOrderUse {
  /** Set by `next`. */
  id = 0;
  bytes = 0;
  readonly #ids: Int32Array;
  readonly #writable: Float64Array;
  /** Counters of buffers: given to the device, known to be used, and handed to their owner. */
  #given = 0;
  #used = 0;
  #taken = 0;
  /** Of the last one that is known to be used. */
  #written = 0;

  constructor(size: number) {
    this.#ids = new Int32Array(size);
    this.#writable = new Float64Array(size);
  }

  // hot
  add(id: number, writableBytes: number): void {
    this.#ids[this.#given % this.#ids.length] = id;
    this.#writable[this.#given % this.#ids.length] = writableBytes;
    this.#given++;
  }

  /** The device names this one: how many buffers it stands for; 0 when it was not given. */
  // hot
  use(id: number, written: number): number {
    for (let i = this.#used; i < this.#given; i++) {
      if (this.#ids[i % this.#ids.length] !== id) continue;
      const count = i + 1 - this.#used;
      this.#used = i + 1;
      this.#written = written;
      return count;
    }
    return 0;
  }

  /** Of the buffers that the device last named: descriptors of all of them together. */
  slotsOf(slots: Uint16Array): number {
    let sum = 0;
    for (let i = this.#taken; i < this.#used; i++) sum += slots[this.#ids[i % this.#ids.length]!]!;
    return sum;
  }

  get waits(): boolean {
    return this.#taken < this.#used;
  }

  /** The next used one, in order. */
  // hot
  next(): boolean {
    if (this.#taken === this.#used) return false;
    const place = this.#taken % this.#ids.length;
    this.#taken++;
    this.id = this.#ids[place]!;
    this.bytes = this.#taken === this.#used ? this.#written : this.#writable[place]!;
    return true;
  }
}
