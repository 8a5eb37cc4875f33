// Bytes that a writer has made and nobody has taken yet, in one growing buffer.

export class Sink {
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  /** Bytes that wait to be taken. */
  get pending(): number {
    return this.#length;
  }

  /** Room for `size` bytes, all zeros: returns the buffer; the place is the old `pending`. */
  grow(size: number): Uint8Array {
    const length = this.#length + size;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    } else {
      this.#bytes.fill(0, this.#length, length);
    }
    this.#length = length;
    return this.#bytes;
  }

  /** What was written so far; gone from here. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }
}
