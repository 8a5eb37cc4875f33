// VIRTIO_F_IN_ORDER on the device's side (virtio 1.2, 2.7.9, 2.8.8): buffers go back in the order in which they came, and one
// used entry may stand for a run of them, if the device has written all that it might have.

interface Entry {
  readonly id: number;
  readonly slots: number;
  written: number;
  writable: number;
  done: boolean;
}

export class Ordered {
  readonly #taken: Entry[] = [];

  take(id: number, slots: number): void {
    this.#taken.push({ id, slots, written: 0, writable: 0, done: false });
  }

  give(id: number, written: number, writable: number): void {
    const entry = this.#taken.find((one) => one.id === id && !one.done);
    if (entry === undefined) throw new RangeError(`buffer ${id} is not the device's`);
    entry.done = true;
    entry.written = written;
    entry.writable = writable;
  }

  /** Runs that can go back now: the last one's ID and bytes, how many buffers and how many slots it stands for. */
  release(give: (id: number, written: number, buffers: number, slots: number) => void): void {
    const taken = this.#taken;
    let buffers = 0;
    let slots = 0;
    while (taken[0]?.done) {
      const { id, written, writable, ...entry } = taken.shift()!;
      buffers++;
      slots += entry.slots;
      if (taken[0]?.done && written === writable) continue;
      give(id, written, buffers, slots);
      buffers = 0;
      slots = 0;
    }
  }
}
