// The PCI Express link between a device and memory as a resource: every transfer is cut into transactions with
// their headers, and each direction carries one after the other. No bytes are moved here, only time is told.

import { Busy } from '../time/busy.js';
import { exact, type Nanos } from '../time/nanos.js';
import { nodeOf } from './machine-memory.js';
import { UsageError } from './usage-error.js';

export interface PcieProfile {
  /** Of each direction, after line coding and what acknowledgements and credits take. */
  readonly bitsPerSecond: number;
  /** One way between the device and the memory controller. */
  readonly latencyNs: number;
  /** From a read request at the memory controller to its first byte. */
  readonly memoryReadNs: number;
  /** More latency, each way, to the memory of each NUMA node; 0 for nodes that are not listed. */
  readonly nodeLatencyNs?: readonly number[];
  /** Device control register: largest data of a write or completion, largest read request (PCIe 7.5.3.4). */
  readonly maxPayloadSize: number;
  readonly maxReadRequestSize: number;
  /** Where completions of one request may be cut: 64 or 128 bytes (PCIe 2.3.1.1). */
  readonly readCompletionBoundary: number;
  /** Bytes beside the data: framing, sequence number, TLP header, LCRC. */
  readonly writeOverheadBytes: number;
  readonly requestOverheadBytes: number;
  readonly completionOverheadBytes: number;
  /** Read requests in flight at most: tags. */
  readonly outstandingReads: number;
  /**
   * What a read takes inside the device beside the link: its request, and its bytes when the last one has come, where the
   * device stores them before it hands them on. Nothing unless given: cards have times of their own.
   */
  readonly deviceNs?: number;
  readonly deviceBitsPerSecond?: number;
}

/** Framing 4 with the sequence number, header 16 (64-bit address) or 12, LCRC 4 (PCIe 3.0 sections 2.2, 3.5, 4.2.2). */
export const tlpOverhead = {
  writeOverheadBytes: 24,
  requestOverheadBytes: 24,
  completionOverheadBytes: 20,
} as const;

/** No request crosses a boundary of 4 KiB (PCIe 2.2.7), and sizes divide it. */
const PAGE = 4096;
/** Tags have at most 10 bits (PCIe 4.0 2.2.6.2). */
const MAX_OUTSTANDING = 1024;

/** A core's buffers for writes to a device are cache lines (Intel SDM 11.3.1). */
const WRITE_COMBINING_BYTES = 64;

export class PcieLink {
  /** Transactions and the bytes of each direction, headers included. */
  writes = 0;
  readRequests = 0;
  completions = 0;
  messages = 0;
  upBytes = 0;
  downBytes = 0;
  /** Of those towards the device: what cores wrote to it. */
  registerBytes = 0;
  readonly #profile: PcieProfile;
  readonly #nsPerByte: number;
  readonly #deviceNs: number;
  readonly #deviceNsPerByte: number;
  /** When each tag is free again: requests take them in turn. */
  readonly #tags: Float64Array;
  #tag = 0;
  readonly #up = new Busy();
  readonly #down = new Busy();
  /** Registers and entries that cores write pass what the device is still to be sent of its reads. */
  readonly #registers = new Busy();
  /** No posted write becomes visible before the ones in front of it (PCIe 2.4.1, table 2-40). */
  #lastVisible = 0;

  constructor(profile: PcieProfile) {
    checkProfile(profile);
    this.#profile = profile;
    this.#nsPerByte = 8e9 / profile.bitsPerSecond;
    this.#deviceNs = exact(profile.deviceNs ?? 0);
    this.#deviceNsPerByte = 8e9 / (profile.deviceBitsPerSecond ?? Number.POSITIVE_INFINITY);
    this.#tags = new Float64Array(profile.outstandingReads);
  }

  // hot
  /** Posted writes of contiguous bytes; when the last of them is in memory. */
  write(now: Nanos, address: number, lengthBytes: number): Nanos {
    const { maxPayloadSize, writeOverheadBytes } = this.#profile;
    const tlps = cuts(pageOffset(address), lengthBytes, maxPayloadSize);
    this.writes += tlps;
    this.#send(now, lengthBytes + tlps * writeOverheadBytes);
    const visible = now + Math.ceil(this.#up.after(now) + this.#latencyTo(address));
    if (visible > this.#lastVisible) this.#lastVisible = visible;
    return this.#lastVisible as Nanos;
  }

  // hot
  /** Reads of contiguous bytes; when the last completion has come. Requests follow the writes before them. */
  read(now: Nanos, address: number, lengthBytes: number): Nanos {
    const { maxReadRequestSize: most, requestOverheadBytes, memoryReadNs } = this.#profile;
    const { completionOverheadBytes } = this.#profile;
    const latency = this.#latencyTo(address);
    const tags = this.#tags;
    // Only where in its page the address lies counts for the cuts: small numbers from here on.
    const begin = pageOffset(address);
    const end = begin + lengthBytes;
    // From here on instants count from now.
    const busy = this.#up.after(now);
    let up = busy > 0 ? busy : 0;
    let down = this.#down.after(now);
    let done = 0;
    for (let at = begin; at < end; ) {
      const whole = at - (at & (most - 1)) + most;
      const next = whole < end ? whole : end;
      const tag = this.#tag;
      this.#tag = tag + 1 === tags.length ? 0 : tag + 1;
      const free = tags[tag]! - now;
      // A request that waits for a tag does not keep writes from the link.
      up += this.#timeOf(requestOverheadBytes);
      this.upBytes += requestOverheadBytes;
      this.readRequests++;
      const tlps = this.#completionsOf(at, next - at);
      const bytes = next - at + tlps * completionOverheadBytes;
      const ready = (up > free ? up : free) + latency + memoryReadNs;
      down = (down > ready ? down : ready) + this.#timeOf(bytes);
      this.completions += tlps;
      this.downBytes += bytes;
      done = down + latency;
      tags[tag] = now + Math.ceil(done);
      at = next;
    }
    if (lengthBytes > 0) {
      this.#up.until(now, up);
      this.#down.until(now, down);
    }
    done += this.#deviceNs + exact(lengthBytes * this.#deviceNsPerByte);
    return (now + Math.ceil(done)) as Nanos;
  }

  // hot
  /** Nanoseconds that so many bytes take with their headers, as the device reads them. */
  readTimeOf(lengthBytes: number): number {
    const { maxPayloadSize, completionOverheadBytes } = this.#profile;
    const tlps = Math.ceil(lengthBytes / maxPayloadSize);
    return this.#timeOf(lengthBytes + tlps * completionOverheadBytes);
  }

  // hot
  /** How long a read of so many bytes takes when nothing else is under way. */
  idleReadTimeOf(address: number, lengthBytes: number): number {
    const { memoryReadNs, requestOverheadBytes } = this.#profile;
    const ways = 2 * this.#latencyTo(address) + memoryReadNs;
    return ways + this.#timeOf(requestOverheadBytes) + this.readTimeOf(lengthBytes);
  }

  // hot
  /** A core writes a register of the device, or a queue entry by whole write-combining buffers: when it is there. */
  doorbell(now: Nanos, lengthBytes: number): Nanos {
    const tlps = Math.ceil(lengthBytes / WRITE_COMBINING_BYTES);
    const bytes = lengthBytes + tlps * this.#profile.writeOverheadBytes;
    const took = bytes * this.#nsPerByte;
    this.#registers.serve(now, took);
    if (this.#down.after(now) > 0) this.#down.serve(now, took);
    this.downBytes += bytes;
    this.registerBytes += bytes;
    this.messages++;
    return (now + Math.ceil(this.#registers.after(now) + this.#profile.latencyNs)) as Nanos;
  }

  /** From `now` on, the instant at which every write so far is in memory. */
  visibleAfter(now: Nanos): Nanos {
    return Math.max(now, this.#lastVisible) as Nanos;
  }

  /** The device raises an interrupt by a posted write of 4 bytes (MSI-X): it follows the data before it. */
  interrupt(now: Nanos): Nanos {
    this.messages++;
    this.#send(now, 4 + this.#profile.writeOverheadBytes);
    const arrives = now + Math.ceil(this.#up.after(now) + this.#profile.latencyNs);
    this.#lastVisible = Math.max(this.#lastVisible, arrives);
    return this.#lastVisible as Nanos;
  }

  /** Nanoseconds that each direction was busy so far: towards memory, and towards the device. */
  get upNs(): number {
    return this.#timeOf(this.upBytes);
  }

  get downNs(): number {
    return this.#timeOf(this.downBytes);
  }

  // hot
  #timeOf(bytes: number): number {
    return exact(bytes * this.#nsPerByte);
  }

  #send(from: number, bytes: number): void {
    this.#up.serve(from, bytes * this.#nsPerByte);
    this.upBytes += bytes;
  }

  #latencyTo(address: number): number {
    const { latencyNs, nodeLatencyNs } = this.#profile;
    return nodeLatencyNs === undefined
      ? latencyNs
      : latencyNs + (nodeLatencyNs[nodeOf(address)] ?? 0);
  }

  /** The first completion ends on a completion boundary, the others are as long as may be (PCIe 2.3.1.1). */
  #completionsOf(address: number, lengthBytes: number): number {
    const { maxPayloadSize, readCompletionBoundary } = this.#profile;
    const stop = address + maxPayloadSize;
    const boundary = stop - (stop & (readCompletionBoundary - 1));
    const first = boundary - address;
    return first >= lengthBytes ? 1 : 1 + Math.ceil((lengthBytes - first) / maxPayloadSize);
  }
}

/**
 * How many pieces when cut at multiples of `size`. Sizes divide 4096, so no transaction crosses a 4 KiB boundary
 * (PCIe 2.2.7).
 */
function cuts(at: number, lengthBytes: number, size: number): number {
  if (lengthBytes === 0) return 0;
  const last = at + lengthBytes - 1;
  return (last - (last & (size - 1)) - (at - (at & (size - 1)))) / size + 1;
}

/** Where in its page an address lies: a small integer, so that all that follows is integer arithmetic. */
const pageOffset = (address: number): number => (address - Math.floor(address / PAGE) * PAGE) | 0;

function checkProfile(profile: PcieProfile): void {
  const sizes = [128, 256, 512, 1024, 2048, 4096];
  const { maxPayloadSize, maxReadRequestSize, readCompletionBoundary, outstandingReads } = profile;
  const isGood =
    profile.bitsPerSecond > 0 &&
    profile.latencyNs >= 0 &&
    profile.memoryReadNs >= 0 &&
    sizes.includes(maxPayloadSize) &&
    sizes.includes(maxReadRequestSize) &&
    (readCompletionBoundary === 64 || readCompletionBoundary === 128) &&
    Number.isInteger(outstandingReads) &&
    outstandingReads >= 1 &&
    outstandingReads <= MAX_OUTSTANDING;
  if (!isGood) throw new UsageError('EINVAL', `PCIe profile ${JSON.stringify(profile)}`);
}
