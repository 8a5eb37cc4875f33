// Ports that have become ready to send and were not told yet, in the order in which they did.

const NONE = -1;

export class ReadyPorts {
  /** The one to be told next: mostly the only one. */
  #first = NONE;
  readonly #marked: Uint8Array;
  readonly #order: Int32Array;
  #head = 0;
  #count = 0;

  constructor(readonly ports: number) {
    this.#marked = new Uint8Array(ports);
    this.#order = new Int32Array(ports);
  }

  // hot
  mark(port: number): void {
    if (this.#first === NONE) this.#first = port;
    else if (this.#first !== port) this.#queue(port);
  }

  #queue(port: number): void {
    if (this.#marked[port] === 1) return;
    this.#marked[port] = 1;
    const at = this.#head + this.#count++;
    this.#order[at < this.ports ? at : at - this.ports] = port; // a remainder would take a division
  }

  /** Takes one, or -1. */
  // hot
  take(): number {
    const port = this.#first;
    if (port !== NONE) this.#first = this.#count === 0 ? NONE : this.#dequeue();
    return port;
  }

  #dequeue(): number {
    const port = this.#order[this.#head++]!;
    if (this.#head === this.ports) this.#head = 0;
    this.#count--;
    this.#marked[port] = 0;
    return port;
  }
}
