// The port of a host's network card, behind which two live: the RDMA device, which takes its own frames, and the
// host's stack, which gets all others. Outside it is one station with one port.

import type { Station } from '../frame/index.js';
import { earlier, type Nanos } from '../time/index.js';

/** The RDMA device as a port sees it. */
export interface RdmaSide extends Station {
  /** A received frame that is not RDMA's, or -1. Who takes it owns it. */
  takeOther(): number;
}

export class HostPort implements Station {
  readonly ports = 1;
  /** Whose turn it is to send: each sends one frame, then the other, so that neither starves. */
  #stackFirst = true;

  constructor(
    readonly name: string,
    readonly rdma: RdmaSide,
    readonly stack: Station,
  ) {}

  // hot
  receive(now: Nanos, _port: number, slot: number): void {
    this.rdma.receive(now, 0, slot);
    for (let other = this.rdma.takeOther(); other >= 0; other = this.rdma.takeOther()) {
      this.stack.receive(now, 0, other);
    }
  }

  // hot
  takeReady(): number {
    const rdma = this.rdma.takeReady();
    const stack = this.stack.takeReady();
    return rdma >= 0 || stack >= 0 ? 0 : -1;
  }

  // hot
  transmit(now: Nanos, _port: number): number {
    const first = this.#stackFirst ? this.stack : this.rdma;
    const second = this.#stackFirst ? this.rdma : this.stack;
    this.#stackFirst = !this.#stackFirst;
    const slot = first.transmit(now, 0);
    return slot >= 0 ? slot : second.transmit(now, 0);
  }

  // hot
  wakeAt(): Nanos {
    return earlier(this.rdma.wakeAt(), this.stack.wakeAt());
  }

  expire(now: Nanos): void {
    if (this.rdma.wakeAt() <= now) this.rdma.expire(now);
    if (this.stack.wakeAt() <= now) this.stack.expire(now);
  }
}
