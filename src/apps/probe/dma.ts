// DMA by a device into its host's memory: one transfer after the other, or as many as the device has under way.

import type { Host } from '../../host/index.js';
import { DmaEngine, Iommu, type PageBytes, physicalTranslation } from '../../memory/index.js';
import { type Nanos, type Random, START } from '../../time/index.js';
import type { ProbeParameters } from './parameters.js';

const RUN = 2 ** 21;

/** Places in the window at which transfers begin: each its own size from the next, at random. */
class Window {
  readonly #base: number;
  readonly #places: number;

  constructor(
    host: Host,
    readonly parameters: ProbeParameters,
    readonly random: Random,
  ) {
    const { windowBytes, size, remote } = parameters;
    this.#places = Math.max(1, Math.floor(windowBytes / stepOf(size)));
    const count = Math.ceil(windowBytes / RUN);
    this.#base = host.memory.allocate(RUN, count, remote ? 1 : 0);
  }

  get base(): number {
    return this.#base;
  }

  next(): number {
    return this.#base + this.random.below(this.#places) * stepOf(this.parameters.size);
  }
}

/** Transfers begin on cache lines, and sizes that are no power of two do not overlap. */
const LINE = 64;
const stepOf = (size: number): number => Math.ceil(size / LINE) * LINE;

/** The device's way to memory: its own, or behind an IOMMU that maps the window one to one. */
function engineOf(host: Host, { iommu, pageBytes, windowBytes }: ProbeParameters, base: number) {
  if (iommu === undefined) return host.dma;
  const domain = new Iommu(iommu, host.memory, host.ledger).domain('probe');
  for (let at = base; at < base + windowBytes; at += pageBytes)
    domain.map(at, at, pageBytes as PageBytes);
  return new DmaEngine(host.pcie, host.ledger, host.dma.device, domain);
}

/** Nanoseconds of each transfer, which begins when the one before has ended. */
export function dmaLatencies(host: Host, p: ProbeParameters, random: Random): readonly number[] {
  const window = new Window(host, p, random);
  const dma = engineOf(host, p, window.base);
  const memory = physicalTranslation(host.memory);
  const bytes = new Uint8Array(p.size);
  let now: Nanos = START;
  return Array.from({ length: p.iters }, () => {
    const at = window.next();
    if (p.probe === 'dma_write_read_lat') dma.write(now, memory, at, bytes, 0, p.size);
    const took = dma.read(now, memory, at, p.size, bytes, 0) - now;
    now = (now + took) as Nanos;
    return took;
  });
}

/** Nanoseconds until all transfers are through, of which the device has as many under way as it has tags. */
export function dmaTogether(host: Host, p: ProbeParameters, random: Random): number {
  const window = new Window(host, p, random);
  const dma = engineOf(host, p, window.base);
  const memory = physicalTranslation(host.memory);
  const bytes = new Uint8Array(p.size);
  const free = new Float64Array(p.pcie.outstandingReads);
  let now: Nanos = START;
  let last: Nanos = START;
  for (let i = 0; i < p.iters; i++) {
    const slot = i % free.length;
    now = Math.max(now, free[slot]!) as Nanos;
    const writes = p.probe !== 'dma_read_bw';
    const reads = p.probe !== 'dma_write_bw';
    const wrote = writes ? dma.write(now, memory, window.next(), bytes, 0, p.size) : now;
    const read = reads ? dma.read(now, memory, window.next(), p.size, bytes, 0) : now;
    free[slot] = Math.max(wrote, read);
    last = Math.max(last, wrote, read) as Nanos;
  }
  return last - START;
}
