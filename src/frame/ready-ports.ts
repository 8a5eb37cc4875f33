// Ports that have become ready to send and were not told yet, in the order in which they did.

export class ReadyPorts {
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
    if (this.#marked[port] === 1) return;
    this.#marked[port] = 1;
    this.#order[(this.#head + this.#count++) % this.ports] = port;
  }

  /** Takes one, or -1. */
  // hot
  take(): number {
    if (this.#count === 0) return -1;
    const port = this.#order[this.#head]!;
    this.#head = (this.#head + 1) % this.ports;
    this.#count--;
    this.#marked[port] = 0;
    return port;
  }
}
