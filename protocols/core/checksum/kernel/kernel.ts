// One instance of the WebAssembly SIMD kernel for each memory, and the memories themselves. Where WebAssembly
// or its SIMD instructions are missing there is no kernel, and packet memory is plain memory.

import { tables } from '../table.js';
import {
  coverBytes,
  coversAt,
  coversLimit,
  maskAt,
  packetsAt,
  runBytes,
  runsAt,
  runsLimit,
  stageAt,
  tablesAt,
} from './memory-map.js';
import { kernelBase64 } from './module.js';

type Run = (at: number, lengthBytes: number, state: number) => number;

export interface Kernel {
  readonly crc32: Run;
  readonly crc32c: Run;
  readonly internetSum: Run;
  /** Computes and compares the runs of a table (assemble-each.ts). */
  readonly crc32Each: Run;
  readonly move: (target: number, source: number, lengthBytes: number) => number;
  /** That table, and the covers that its runs name. */
  readonly runs: Int32Array;
  readonly covers: Uint8Array;
  /** Where input from elsewhere is copied to, `chunkBytes` long; begins at `stageAt`. */
  readonly stage: Uint8Array;
}

// The parts of WebAssembly that are used: neither the ES nor the Node types declare it.
interface WasmApi {
  validate(code: Uint8Array): boolean;
  readonly Module: new (code: Uint8Array) => object;
  readonly Memory: new (pages: { initial: number; maximum: number }) => { buffer: ArrayBuffer };
  readonly Instance: new (
    module: object,
    imports: { env: { memory: object } },
  ) => { exports: unknown };
}

const pageBytes = 65536;
/** WebAssembly's own bound on a memory is 65,536 pages; this leaves the engines' lower ones unhurt. */
const packetMemoryLimitBytes = 1 << 30;

/**
 * A packet memory's buffer has its kernel as a property: a table of buffers would be asked for every packet, and takes
 * 20 ns to answer.
 */
const KERNEL = Symbol('kernel');
type MaybeKernels = ArrayBufferLike & { [KERNEL]?: Kernel };

let compiled: { readonly wasm: WasmApi; readonly module: object } | null | undefined;

/** Compiles on first use; null where it cannot. */
function compile(): { readonly wasm: WasmApi; readonly module: object } | null {
  const { WebAssembly: wasm } = globalThis as { WebAssembly?: WasmApi };
  const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
  if (wasm === undefined || !littleEndian) return null;
  try {
    const code = Uint8Array.from(atob(kernelBase64), (c) => c.charCodeAt(0));
    return wasm.validate(code) ? { wasm, module: new wasm.Module(code) } : null;
  } catch {
    return null; // forbidden by a content security policy, say
  }
}

/** A kernel with room for `lengthBytes` of packets; null where there is no SIMD. */
function instantiate(lengthBytes: number): { kernel: Kernel; buffer: ArrayBuffer } | null {
  if (compiled === undefined) compiled = compile();
  if (compiled === null) return null;
  const { wasm, module } = compiled;
  const pages = Math.ceil((packetsAt + lengthBytes) / pageBytes);
  const memory = new wasm.Memory({ initial: pages, maximum: pages }); // growing would detach every view
  const { buffer } = memory;
  new Uint32Array(buffer, tablesAt.crc32, 4096).set(tables.crc32);
  new Uint32Array(buffer, tablesAt.crc32c, 4096).set(tables.crc32c);
  new Uint8Array(buffer, maskAt + 16, 16).fill(255);
  const exported = new wasm.Instance(module, { env: { memory } }).exports as Kernel;
  const { crc32, crc32c, internetSum, crc32Each, move } = exported;
  const stage = new Uint8Array(buffer, stageAt, packetsAt - stageAt);
  const runs = new Int32Array(buffer, runsAt, (runBytes / 4) * runsLimit);
  const covers = new Uint8Array(buffer, coversAt, coverBytes * coversLimit);
  const kernel = { crc32, crc32c, internetSum, crc32Each, move, runs, covers, stage };
  (buffer as MaybeKernels)[KERNEL] = kernel;
  return { kernel, buffer };
}

/** The kernel in whose memory `buffer` is; undefined for every other buffer. */
export const kernelOf = (buffer: ArrayBufferLike): Kernel | undefined =>
  (buffer as MaybeKernels)[KERNEL];

let shared: Kernel | null | undefined;

/** The one kernel that serves bytes from anywhere, by copying; null where there is no SIMD. */
export function stagingKernel(): Kernel | null {
  if (shared === undefined) shared = instantiate(0)?.kernel ?? null;
  return shared;
}

/**
 * Zeroed memory for packets. Checksums over any view of it read the bytes where they lie, without the copy
 * that other arrays need. Take a few large ones rather than one a packet: each is a WebAssembly memory
 * of its own, which reserves address space; it is freed when no view is left.
 * @throws RangeError beyond 1 GiB
 */
export function packetMemory(lengthBytes: number): Uint8Array<ArrayBuffer> {
  if (!Number.isInteger(lengthBytes) || lengthBytes < 0 || lengthBytes > packetMemoryLimitBytes)
    throw new RangeError(`packet memory of ${lengthBytes} bytes`);
  const made = instantiate(lengthBytes);
  if (made === null) return new Uint8Array(lengthBytes);
  return new Uint8Array(made.buffer, packetsAt, lengthBytes);
}

/** Bytes of a memory that several share: room for a fabric of hosts; what nobody touches takes no memory. */
const arenaBytes = 1 << 29;
/** Cache lines, so that nobody's bytes share one with another's. */
const alignBytes = 64;

interface Arena {
  readonly whole: Uint8Array<ArrayBuffer>;
  used: number;
}

/**
 * The one that is given out from, which stays; earlier ones are freed when nobody has a share of them any more. A weak
 * reference would hold each of them until the present job ends: a loop that makes one world after the other never ends it.
 */
let current: Arena | undefined;

/**
 * Zeroed bytes in a packet memory that others share: bytes move from one share to another by `copyWithin` of the whole
 * array, which needs no view. Who has a share keeps to it.
 * @returns the whole array, and where the share begins
 */
export function sharedPacketMemory(lengthBytes: number): {
  whole: Uint8Array<ArrayBuffer>;
  at: number;
} {
  if (lengthBytes > arenaBytes / 4) return { whole: packetMemory(lengthBytes), at: 0 };
  if (current === undefined || current.used + lengthBytes > current.whole.length)
    current = { whole: packetMemory(arenaBytes), used: 0 };
  const at = current.used;
  current.used = at + Math.ceil(lengthBytes / alignBytes) * alignBytes;
  return { whole: current.whole, at };
}
