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
   * What a transfer takes inside the device beside the link: its request, and its bytes, which the device stores when the last one
   * has come, or fetches before the first one goes. Nothing unless given: cards have times of their own.
   */
  readonly deviceNs?: number;
  readonly deviceBitsPerSecond?: number;
  /** The device begins no read, and no write, sooner after the one before: what its engine takes for a descriptor. 0 unless given. */
  readonly readEveryNs?: number;
  readonly writeEveryNs?: number;
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
  // Of the profile, at hand: a device asks several times a packet.
  readonly #nsPerByte: number;
  readonly #latency: number;
  readonly #memoryRead: number;
  readonly #mostRead: number;
  readonly #payloadBits: number;
  readonly #writeOverhead: number;
  readonly #requestOverhead: number;
  readonly #completionOverhead: number;
  readonly #requestNs: number;
  /** Of the largest request, from where it may begin on. */
  readonly #mostCompletions: number;
  readonly #mostNs: number;
  readonly #deviceTakes: boolean;
  readonly #deviceNs: number;
  readonly #deviceNsPerByte: number;
  readonly #readEvery: number;
  readonly #writeEvery: number;
  readonly #readEngine = new Busy();
  readonly #writeEngine = new Busy();
  /** A transfer is mostly as long as the one before. */
  #lastBytes = 0;
  #lastNs = 0;
  /** When each tag is free again: requests take them in turn. */
  readonly #tags: Float64Array;
  #tag = 0;
  // The hot functions do what Busy's do where they stand: V8 makes an object of a fraction that one function gives another.
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
    this.#latency = profile.latencyNs;
    this.#memoryRead = profile.memoryReadNs;
    this.#mostRead = profile.maxReadRequestSize;
    this.#payloadBits = Math.log2(profile.maxPayloadSize);
    this.#writeOverhead = profile.writeOverheadBytes;
    this.#requestOverhead = profile.requestOverheadBytes;
    this.#completionOverhead = profile.completionOverheadBytes;
    this.#requestNs = exact(profile.requestOverheadBytes * this.#nsPerByte);
    this.#mostCompletions = this.#completionsOf(0, this.#mostRead);
    this.#mostNs = this.#timeOf(this.#mostRead + this.#mostCompletions * this.#completionOverhead);
    this.#deviceTakes = profile.deviceNs !== undefined;
    this.#deviceNs = exact(profile.deviceNs ?? 0);
    this.#deviceNsPerByte = 8e9 / (profile.deviceBitsPerSecond ?? Number.POSITIVE_INFINITY);
    this.#readEvery = profile.readEveryNs ?? 0;
    this.#writeEvery = profile.writeEveryNs ?? 0;
    this.#tags = new Float64Array(profile.outstandingReads);
  }

  // hot
  /** Posted writes of contiguous bytes; when the last of them is in memory. */
  write(now: Nanos, address: number, lengthBytes: number): Nanos {
    return (now + this.writeNs(now, address, lengthBytes)) as Nanos;
  }

  // hot
  /** The same counted from now. */
  writeNs(now: Nanos, address: number, lengthBytes: number): number {
    if (!this.#deviceTakes) return this.#writeNs(now, address, lengthBytes);
    const inside = Math.ceil(this.#deviceNs + exact(lengthBytes * this.#deviceNsPerByte));
    const wait = inside + begins(this.#writeEngine, now, this.#writeEvery);
    return wait + this.#writeNs((now + wait) as Nanos, address, lengthBytes);
  }

  // hot
  #writeNs(now: Nanos, address: number, lengthBytes: number): number {
    const begin = pageOffset(address);
    const bits = this.#payloadBits;
    const tlps = lengthBytes === 0 ? 0 : ((begin + lengthBytes - 1) >> bits) - (begin >> bits) + 1;
    const bytes = lengthBytes + tlps * this.#writeOverhead;
    this.writes += tlps;
    this.upBytes += bytes;
    if (bytes !== this.#lastBytes) this.#measure(bytes);
    const up = this.#up;
    const waits = up.at > now;
    const took = waits ? this.#lastNs - up.early : this.#lastNs;
    const whole = Math.ceil(took);
    const at = (waits ? up.at : now) + whole;
    up.at = at;
    up.early = whole - took;
    const visible = now + Math.ceil(at - now - (whole - took) + this.#latencyTo(address));
    if (visible > this.#lastVisible) this.#lastVisible = visible;
    return this.#lastVisible - now;
  }

  // hot
  /** Reads of contiguous bytes; when the last completion has come. Requests follow the writes before them. */
  read(now: Nanos, address: number, lengthBytes: number): Nanos {
    return (now + this.readNs(now, address, lengthBytes)) as Nanos;
  }

  // hot
  /** The same counted from now. */
  readNs(now: Nanos, address: number, lengthBytes: number): number {
    if (!this.#deviceTakes) return this.#readNs(now, address, lengthBytes);
    const wait = begins(this.#readEngine, now, this.#readEvery);
    const inside = Math.ceil(this.#deviceNs + exact(lengthBytes * this.#deviceNsPerByte));
    return wait + this.#readNs((now + wait) as Nanos, address, lengthBytes) + inside;
  }

  // hot
  #readNs(now: Nanos, address: number, lengthBytes: number): number {
    const latency = this.#latencyTo(address);
    const wait = latency + this.#memoryRead;
    const most = this.#mostRead;
    const tags = this.#tags;
    // Only where in its page the address lies counts for the cuts: small numbers from here on.
    const begin = pageOffset(address);
    const end = begin + lengthBytes;
    // From here on instants count from now.
    const busyUp = this.#up;
    const busyDown = this.#down;
    let up = busyUp.at - now - busyUp.early;
    if (up < 0) up = 0;
    let down = busyDown.at - now - busyDown.early;
    let done = 0;
    let requests = 0;
    let completions = 0;
    for (let at = begin; at < end; requests++) {
      const whole = at - (at & (most - 1)) + most;
      const next = whole < end ? whole : end;
      const tag = this.#tag;
      this.#tag = tag + 1 === tags.length ? 0 : tag + 1;
      const free = tags[tag]! - now;
      // A request that waits for a tag does not keep writes from the link.
      up += this.#requestNs;
      const ready = (up > free ? up : free) + wait;
      down = down > ready ? down : ready;
      if (next - at === most) {
        completions += this.#mostCompletions;
        down += this.#mostNs;
      } else {
        const tlps = this.#completionsOf(at, next - at);
        completions += tlps;
        const bytes = next - at + tlps * this.#completionOverhead;
        if (bytes !== this.#lastBytes) this.#measure(bytes);
        down += this.#lastNs;
      }
      done = down + latency;
      tags[tag] = now + Math.ceil(done);
      at = next;
    }
    if (requests > 0) {
      this.readRequests += requests;
      this.upBytes += requests * this.#requestOverhead;
      this.completions += completions;
      this.downBytes += lengthBytes + completions * this.#completionOverhead;
      const wholeUp = Math.ceil(up);
      busyUp.at = now + wholeUp;
      busyUp.early = wholeUp - up;
      const wholeDown = Math.ceil(down);
      busyDown.at = now + wholeDown;
      busyDown.early = wholeDown - down;
    }
    return Math.ceil(done);
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

  /** A core asks for a register of the device: when the request, which follows what was written before, is there. */
  registerRequest(now: Nanos): Nanos {
    const { requestOverheadBytes, latencyNs } = this.#profile;
    this.messages++;
    this.downBytes += requestOverheadBytes;
    this.#registers.serve(now, requestOverheadBytes * this.#nsPerByte);
    return (now + Math.ceil(this.#registers.after(now) + latencyNs)) as Nanos;
  }

  /** The device answers: when the core has it. */
  registerAnswer(now: Nanos, lengthBytes: number): Nanos {
    const { completionOverheadBytes, latencyNs } = this.#profile;
    this.#send(now, lengthBytes + completionOverheadBytes);
    return (now + Math.ceil(this.#up.after(now) + latencyNs)) as Nanos;
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

  #measure(bytes: number): void {
    this.#lastBytes = bytes;
    this.#lastNs = this.#timeOf(bytes);
  }

  #send(from: number, bytes: number): void {
    this.#up.serve(from, bytes * this.#nsPerByte);
    this.upBytes += bytes;
  }

  #latencyTo(address: number): number {
    const { nodeLatencyNs } = this.#profile;
    return nodeLatencyNs === undefined
      ? this.#latency
      : this.#latency + (nodeLatencyNs[nodeOf(address)] ?? 0);
  }

  /** The first completion ends on a completion boundary, the others are as long as may be (PCIe 2.3.1.1). */
  #completionsOf(address: number, lengthBytes: number): number {
    const { maxPayloadSize, readCompletionBoundary } = this.#profile;
    const stop = address + maxPayloadSize;
    const boundary = stop - (stop & (readCompletionBoundary - 1));
    const first = boundary - address;
    if (first >= lengthBytes) return 1;
    return 1 + ((lengthBytes - first + maxPayloadSize - 1) >> this.#payloadBits);
  }
}

/** Whole nanoseconds until an engine begins what came now; it is busy with that for `everyNs`. */
function begins(engine: Busy, now: number, everyNs: number): number {
  const wait = Math.max(0, Math.ceil(engine.after(now)));
  engine.serve(now, everyNs);
  return wait;
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
