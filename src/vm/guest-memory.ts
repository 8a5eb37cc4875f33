// What a guest takes for its memory: guest-physical addresses from 0 on, behind which lie pages of the machine's memory. The
// second-stage table says which; a page is taken when it is first touched.

import {
  type MachineMemory,
  PAGE_2M,
  type PageBytes,
  type PhysicalMemory,
  UsageError,
} from '../memory/index.js';
import { PageAllocator } from '../memory/page-allocator.js';

export interface GuestMemoryOptions {
  readonly name: string;
  readonly machine: MachineMemory;
  readonly bytes: number;
  /** Chunks of machine memory: 2 MiB unless given. */
  readonly pageBytes?: PageBytes;
  /** Nodes of the machine from which chunks are taken in turn; the first unless given. */
  readonly nodes?: readonly number[];
}

const SMALL = 4096;

export class GuestMemory implements PhysicalMemory {
  at = 0;
  end = 0;
  machine = 0;
  readonly nodeCount = 1;
  readonly bytes: number;
  readonly pageBytes: PageBytes;
  /** Pages of the machine that were taken because the guest touched them. */
  faults = 0;
  readonly #machine: MachineMemory;
  readonly #name: string;
  readonly #nodes: readonly number[];
  readonly #free: PageAllocator;
  /** By page: machine address; -1 while there is none. */
  readonly #pages: Float64Array;

  constructor(options: GuestMemoryOptions) {
    const { name, machine, bytes, pageBytes = PAGE_2M, nodes = [0] } = options;
    if (!(bytes > 0 && bytes % pageBytes === 0))
      throw new UsageError('EINVAL', `${name}: ${bytes} bytes are no pages of ${pageBytes}`);
    this.#machine = machine;
    this.#name = name;
    this.bytes = bytes;
    this.pageBytes = pageBytes;
    this.#nodes = nodes;
    this.#free = new PageAllocator(bytes / SMALL);
    this.#pages = new Float64Array(bytes / pageBytes).fill(-1);
  }

  nodeBytes(): number {
    return this.bytes;
  }

  freeBytes(): number {
    return this.#free.freePages * SMALL;
  }

  allocate(pageBytes: PageBytes, count = 1, _node = 0, _use = ''): number {
    const small = pageBytes / SMALL;
    const page = this.#free.take(small * count, small);
    if (page < 0) throw new UsageError('ENOMEM', `${this.#name} has no ${count} pages left`);
    const address = page * SMALL;
    for (let at = address; at < address + count * pageBytes; at += SMALL)
      this.view(at, SMALL).fill(0);
    return address;
  }

  free(address: number, lengthBytes: number): void {
    this.#free.give(address / SMALL, lengthBytes / SMALL);
  }

  useOf(address: number): string {
    return this.#machine.useOf(this.translate(address));
  }

  pin(address: number, lengthBytes: number): void {
    this.#each(address, lengthBytes, (at, length) => this.#machine.pin(at, length));
  }

  unpin(address: number, lengthBytes: number): void {
    this.#each(address, lengthBytes, (at, length) => this.#machine.unpin(at, length));
  }

  /** Takes all pages that are not there yet, pins them for good, and tells where each is: what a device may reach. */
  pinAll(tell: (address: number, machine: number) => void): void {
    for (let address = 0; address < this.bytes; address += this.pageBytes) {
      const machine = this.translate(address);
      this.#machine.pin(machine, this.pageBytes);
      tell(address, machine);
    }
  }

  #each(address: number, lengthBytes: number, what: (at: number, length: number) => void): void {
    for (let done = 0; done < lengthBytes; ) {
      const at = address + done;
      const length = Math.min(lengthBytes - done, this.pageBytes - (at % this.pageBytes));
      what(this.translate(at), length);
      done += length;
    }
  }

  holds(address: number, lengthBytes: number): boolean {
    return address >= 0 && address + lengthBytes <= this.bytes;
  }

  /** The machine address behind a guest-physical one; takes the page if this is the first touch. */
  // hot
  translate(address: number): number {
    const page = Math.floor(address / this.pageBytes);
    const found = this.#pages[page] ?? Number.NaN;
    if (found >= 0) return found + (address - page * this.pageBytes);
    return this.#touch(page) + (address - page * this.pageBytes);
  }

  #touch(page: number): number {
    if (!(page >= 0 && page < this.#pages.length))
      throw new RangeError(`${this.#name} has no memory at page ${page}`);
    const node = this.#nodes[page % this.#nodes.length]!;
    const address = this.#machine.allocate(this.pageBytes, 1, node, this.#name);
    this.#pages[page] = address;
    this.faults++;
    return address;
  }

  // hot
  locate(address: number): Uint8Array<ArrayBuffer> {
    const machine = this.translate(address);
    const bytes = this.#machine.locate(machine);
    this.machine = machine;
    this.at = this.#machine.at;
    const room = this.pageBytes - (address % this.pageBytes);
    this.end = Math.min(this.#machine.end, this.at + room);
    return bytes;
  }

  view(address: number, lengthBytes: number): Uint8Array<ArrayBuffer> {
    const bytes = this.locate(address);
    if (this.at + lengthBytes > this.end)
      throw new RangeError(`${lengthBytes} bytes at ${address} do not lie in one piece`);
    return bytes.subarray(this.at, this.at + lengthBytes);
  }
}
