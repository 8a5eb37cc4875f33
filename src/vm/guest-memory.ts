// What a guest takes for its memory: guest-physical addresses from 0 on, behind which lie pages of the machine's memory. The
// second-stage table, in the machine's memory, says which; a page is taken when it is first touched. The bytes of a guest lie
// in arrays of its own in its own order, so that what is one piece to the guest is one piece here, wherever its pages are.

import { sharedPacketMemory } from '../../protocols/core/checksum/index.js';
import {
  eptFormat,
  type MachineMemory,
  PAGE_2M,
  PAGE_4K,
  PageAllocator,
  type PageBytes,
  type PhysicalMemory,
  TableBytes,
  UsageError,
} from '../memory/index.js';

export interface GuestMemoryOptions {
  readonly name: string;
  readonly machine: MachineMemory;
  readonly bytes: number;
  /** Chunks of machine memory: 2 MiB unless given. */
  readonly pageBytes?: PageBytes;
  /** Nodes of the machine from which chunks are taken in turn; the first unless given. */
  readonly nodes?: readonly number[];
}

/** Bytes that lie in one array; what a guest allocates in one piece does not cross its end. */
const REGION_BYTES = 2 ** 26;
const NONE = -1;
/** A chunk that the guest has given back. */
const BALLOONED = -2;

interface Region {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly begin: number;
}

export class GuestMemory implements PhysicalMemory {
  at = 0;
  end = 0;
  machine = 0;
  readonly nodeCount = 1;
  readonly name: string;
  readonly bytes: number;
  readonly pageBytes: PageBytes;
  /** The second-stage table, whose root is what the EPT pointer holds. */
  readonly table: TableBytes;
  /** Chunks that were taken because somebody touched them. */
  faults = 0;
  /** Is told of each: where the time goes. */
  touched: ((lengthBytes: number) => void) | null = null;
  readonly #host: MachineMemory;
  readonly #nodes: readonly number[];
  readonly #free: PageAllocator;
  /** What the second-stage table says, by chunk: machine address, NONE, BALLOONED. */
  readonly #chunks: Float64Array;
  readonly #regions: (Region | undefined)[] = [];
  readonly #pins: Uint16Array;
  /** Pages that were freed while pinned: they go back when the last pin goes. */
  readonly #doomed = new Set<number>();
  readonly #uses = new Map<number, string>();
  #pinned = false;

  constructor(options: GuestMemoryOptions) {
    const { name, machine, bytes, pageBytes = PAGE_2M, nodes = [0] } = options;
    if (!(bytes > 0 && bytes % pageBytes === 0))
      throw new UsageError('EINVAL', `${name}: ${bytes} bytes are no chunks of ${pageBytes}`);
    if (nodes.length === 0) throw new UsageError('EINVAL', `${name}: memory of no node`);
    this.#host = machine;
    this.name = name;
    this.bytes = bytes;
    this.pageBytes = pageBytes;
    this.#nodes = nodes;
    this.#free = new PageAllocator(bytes / PAGE_4K);
    this.#chunks = new Float64Array(bytes / pageBytes).fill(NONE);
    this.#pins = new Uint16Array(bytes / PAGE_4K);
    this.table = new TableBytes(machine, eptFormat, nodes[0]!);
  }

  // PhysicalMemory

  nodeBytes(): number {
    return this.bytes;
  }

  freeBytes(): number {
    return this.#free.freePages * PAGE_4K;
  }

  allocate(pageBytes: PageBytes, count = 1, _node = 0, use = ''): number {
    const small = pageBytes / PAGE_4K;
    const page = this.#free.take(small * count, small);
    if (page < 0) {
      const need = `${count} pages of ${pageBytes} bytes are needed in one piece`;
      throw new UsageError('ENOMEM', `${this.name}: ${need}, ${this.freeBytes()} bytes are free`);
    }
    const address = page * PAGE_4K;
    if (use !== '') this.#uses.set(page, use);
    // The guest's kernel clears what it hands out, which touches it.
    for (let at = address, end = address + count * pageBytes; at < end; ) {
      const bytes = this.locate(at);
      const length = Math.min(end - at, this.end - this.at);
      bytes.fill(0, this.at, this.at + length);
      at += length;
    }
    return address;
  }

  free(address: number, lengthBytes: number): void {
    const first = address / PAGE_4K;
    const count = lengthBytes / PAGE_4K;
    if (!Number.isInteger(first) || !Number.isInteger(count) || !this.#free.holds(first, count))
      throw new UsageError('EINVAL', `${lengthBytes} bytes at ${address} are no allocated pages`);
    this.#uses.delete(first);
    for (let page = first; page < first + count; page++) {
      if (this.#pins[page] === 0) this.#free.give(page, 1);
      else this.#doomed.add(page);
    }
  }

  useOf(address: number): string {
    return this.#uses.get(Math.floor(address / PAGE_4K)) ?? '';
  }

  /** Pins the guest's pages, and the machine's behind them. */
  pin(address: number, lengthBytes: number): void {
    this.#each(address, lengthBytes, (at, length) => this.#host.pin(at, length));
    const end = Math.ceil((address + lengthBytes) / PAGE_4K);
    for (let page = Math.floor(address / PAGE_4K); page < end; page++) this.#pins[page]!++;
  }

  unpin(address: number, lengthBytes: number): void {
    this.#each(address, lengthBytes, (at, length) => this.#host.unpin(at, length));
    const end = Math.ceil((address + lengthBytes) / PAGE_4K);
    for (let page = Math.floor(address / PAGE_4K); page < end; page++) {
      this.#pins[page]!--;
      if (this.#pins[page] === 0 && this.#doomed.delete(page)) this.#free.give(page, 1);
    }
  }

  /** The range by pieces that lie together in the machine. */
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

  // hot
  locate(address: number): Uint8Array<ArrayBuffer> {
    this.machine = this.translate(address);
    const region = this.#regions[Math.floor(address / REGION_BYTES)]!;
    this.at = region.begin + (address % REGION_BYTES);
    this.end = this.at + Math.min(this.pageBytes - (address % this.pageBytes), REGION_BYTES);
    return region.bytes;
  }

  view(address: number, lengthBytes: number): Uint8Array<ArrayBuffer> {
    if (lengthBytes > REGION_BYTES - (address % REGION_BYTES) || !this.holds(address, lengthBytes))
      throw new RangeError(`${lengthBytes} bytes at ${address} do not lie in one piece`);
    for (let at = address; at < address + lengthBytes; at += this.pageBytes) this.translate(at);
    if (lengthBytes > 0) this.translate(address + lengthBytes - 1);
    const bytes = this.locate(address);
    return bytes.subarray(this.at, this.at + lengthBytes);
  }

  // The host's side.

  /** The machine address behind a guest-physical one; takes the chunk if this is the first touch. */
  // hot
  translate(address: number): number {
    const chunk = Math.floor(address / this.pageBytes);
    const found = this.#chunks[chunk] ?? Number.NaN;
    const machine = found >= 0 ? found : this.#touch(chunk, address);
    return machine + (address - chunk * this.pageBytes);
  }

  /** Bytes that the guest was promised and that have no page of the machine yet. */
  get untouchedBytes(): number {
    let count = 0;
    for (const chunk of this.#chunks) if (chunk === NONE) count++;
    return count * this.pageBytes;
  }

  /** Of those, what is to come from this node. */
  untouchedOf(node: number): number {
    let count = 0;
    for (let chunk = 0; chunk < this.#chunks.length; chunk++)
      if (this.#chunks[chunk] === NONE && this.#nodeOf(chunk) === node) count++;
    return count * this.pageBytes;
  }

  #nodeOf(chunk: number): number {
    return this.#nodes[chunk % this.#nodes.length]!;
  }

  /** Bytes that the balloon holds. */
  get balloonBytes(): number {
    let count = 0;
    for (const chunk of this.#chunks) if (chunk === BALLOONED) count++;
    return count * this.pageBytes;
  }

  #touch(chunk: number, address: number): number {
    const state = this.#chunks[chunk];
    if (state === undefined)
      throw new RangeError(`${this.name} has no memory at guest-physical address ${address}`);
    if (state === BALLOONED)
      throw new UsageError('EFAULT', `${this.name}: ${address} was given back to the host`);
    const machine = this.#host.allocate(this.pageBytes, 1, this.#nodeOf(chunk), this.name);
    this.#chunks[chunk] = machine;
    this.table.enter(chunk * this.pageBytes, machine, this.pageBytes, true);
    this.#lend(chunk * this.pageBytes, machine);
    this.faults++;
    this.touched?.(this.pageBytes);
    return machine;
  }

  /** The machine's page has its bytes where the guest's are. */
  #lend(address: number, machine: number): void {
    for (let done = 0; done < this.pageBytes; done += REGION_BYTES) {
      const at = address + done;
      const index = Math.floor(at / REGION_BYTES);
      const lengthBytes = Math.min(REGION_BYTES, this.bytes - index * REGION_BYTES);
      let region = this.#regions[index];
      if (region === undefined) {
        const { whole, at: begin } = sharedPacketMemory(lengthBytes);
        region = { bytes: whole, begin };
        this.#regions[index] = region;
      }
      const length = Math.min(this.pageBytes - done, REGION_BYTES);
      this.#host.lend(machine + done, length, region.bytes, region.begin + (at % REGION_BYTES));
    }
  }

  /** Takes all chunks that are not there yet, pins them for good, and tells where each is: what a device may reach. */
  pinAll(tell: (address: number, machine: number) => void): void {
    if (this.balloonBytes > 0)
      throw new UsageError('EBUSY', `${this.name}: ${this.balloonBytes} bytes are in the balloon`);
    this.populate();
    this.#pinned = true;
    this.#chunks.forEach((machine, chunk) => {
      this.#host.pin(machine, this.pageBytes);
      tell(chunk * this.pageBytes, machine);
    });
  }

  /** Takes all chunks now, without waiting for touches. */
  populate(): void {
    const { touched } = this;
    this.touched = null;
    for (let at = 0; at < this.bytes; at += this.pageBytes)
      if (this.#chunks[at / this.pageBytes] === NONE) this.translate(at);
    this.touched = touched;
  }

  /**
   * The balloon grows: the guest gives free memory back to the host, in whole chunks.
   * @throws UsageError where a device may reach all of it, or the guest has not so much to spare in whole chunks
   */
  inflate(lengthBytes: number): void {
    this.#wholeChunks(lengthBytes);
    if (this.#pinned)
      throw new UsageError('EBUSY', `${this.name}: a device may reach its memory, which stays`);
    const small = this.pageBytes / PAGE_4K;
    const taken: number[] = [];
    while (taken.length * this.pageBytes < lengthBytes) {
      const page = this.#free.take(small, small);
      if (page < 0) {
        for (const first of taken) this.#free.give(first, small);
        const had = taken.length * this.pageBytes;
        throw new UsageError(
          'ENOMEM',
          `${this.name}: ${lengthBytes} bytes are to be given back, ${had} are free in whole chunks`,
        );
      }
      taken.push(page);
    }
    for (const first of taken) this.#giveBack(first / small);
  }

  #giveBack(chunk: number): void {
    const machine = this.#chunks[chunk]!;
    this.#chunks[chunk] = BALLOONED;
    if (machine < 0) return;
    this.table.remove(chunk * this.pageBytes);
    const region = this.#regions[Math.floor((chunk * this.pageBytes) / REGION_BYTES)]!;
    const begin = region.begin + ((chunk * this.pageBytes) % REGION_BYTES);
    region.bytes.fill(0, begin, begin + Math.min(this.pageBytes, REGION_BYTES));
    for (let done = 0; done < this.pageBytes; done += REGION_BYTES)
      this.#host.takeBack(machine + done, Math.min(this.pageBytes - done, REGION_BYTES));
    this.#host.free(machine, this.pageBytes);
  }

  /** The balloon shrinks: the guest has its memory again, and touches it anew. */
  deflate(lengthBytes: number): void {
    this.#wholeChunks(lengthBytes);
    const had = this.balloonBytes;
    if (lengthBytes > had)
      throw new UsageError(
        'EINVAL',
        `${this.name}: ${lengthBytes} bytes are wanted from the balloon, which has ${had}`,
      );
    const small = this.pageBytes / PAGE_4K;
    for (let chunk = 0, left = lengthBytes; left > 0; chunk++) {
      if (this.#chunks[chunk] !== BALLOONED) continue;
      this.#chunks[chunk] = NONE;
      this.#free.give(chunk * small, small);
      left -= this.pageBytes;
    }
  }

  #wholeChunks(lengthBytes: number): void {
    if (!(lengthBytes > 0 && lengthBytes % this.pageBytes === 0))
      throw new UsageError(
        'EINVAL',
        `${this.name}: ${lengthBytes} bytes are no chunks of ${this.pageBytes}`,
      );
  }
}
