// A kernel's options with what stands for those that are not given. What could not work is refused here, by name: a card that
// has no buffers, or a ring that no packet fits into, would be silent.

import { type CongestionName, congestionNames } from '../tcp/index.js';
import type { KernelOptions, Machinery } from './context.js';
import { ENTRY_BYTES } from './descriptor.js';
import { frameBlockBytes } from './page-pool.js';
import { MOST_FRAGMENTS } from './send-buffer.js';
import type { SocketOptions } from './socket.js';

const MOST_QUEUES = 8;
/** What cards have at most (ConnectX: 63 channels). */
const LIMIT_QUEUES = 64;
const RING_ENTRIES = 1024;
/** Of mlx5's rings (MLX5E_PARAMS_MINIMUM_LOG_SQ_SIZE); the most that indices of completions count. */
const LEAST_ENTRIES = 64;
const LIMIT_ENTRIES = 65_536;
/** A pair of queues: transmit, receive, and completions of each. */
const RINGS = 4;
/** Entries for the frames of one packet that the kernel cuts, and GSO_MAX_SEGS. */
const PACKET_ENTRIES = 256;
const MOST_SEGMENTS = 65_535;
const BUFFER_BYTES = 128 * 2 ** 20;
/** Pools grow by so much: one for headers, one for users' text, and frames for which the rings have no buffer. */
const RUN_BYTES = 2 ** 21;
const POOLS = 3;
/** net.ipv4.tcp_rmem and tcp_wmem as Linux sets them; of the former half is for what text does not fill. */
const TCP_RMEM = [4096, 131_072, 6_291_456] as const;
const TCP_WMEM = [4096, 87_380, 4_194_304] as const;
const OVERHEAD = 2;
/** SOCK_MIN_RCVBUF and SOCK_MIN_SNDBUF, of which half is text. */
const LEAST_RECEIVE_BYTES = 1152;
const LEAST_SEND_BYTES = 2304;
/** Microseconds of ethtool's and sysctl's settings: a second is more than anybody waits. */
const MOST_US = 1e6;

interface BufferLimits {
  readonly first: number;
  readonly most: number;
}

export interface Settled {
  readonly queues: number;
  readonly ringEntries: number;
  /** Entries of a transmit ring that must be free for a packet to be begun, and the segments that it is cut into at most. */
  readonly entriesWanted: number;
  readonly segments: number;
  readonly bufferBytes: number;
  readonly receive: BufferLimits;
  readonly send: BufferLimits;
  /** Core of each queue's interrupt. */
  coreOf(queue: number): number;
}

/** @throws RangeError that names what cannot be, and what can */
export function settleOptions(machinery: Machinery, options: KernelOptions): Settled {
  const cores = machinery.cores.cores.length;
  const { receiveBytes = TCP_RMEM, sendBytes = TCP_WMEM, affinity } = options;
  const ringEntries = entries(options.ringEntries ?? RING_ENTRIES);
  const entriesWanted = Math.min(PACKET_ENTRIES, ringEntries / 2);
  const queues = whole('queues', options.queues ?? Math.min(cores, MOST_QUEUES), 1, LIMIT_QUEUES);
  const posted = queues * ringEntries * frameBlockBytes(machinery.stack.mtu);
  const usualBytes = Math.max(BUFFER_BYTES, posted + BUFFER_BYTES / 2);
  const settled: Settled = {
    queues,
    ringEntries,
    entriesWanted,
    // Each has a header, and of the pieces of the whole one more than would lie in it alone.
    segments:
      options.tso === false ? Math.floor((entriesWanted - MOST_FRAGMENTS) / 2) : MOST_SEGMENTS,
    bufferBytes: whole('bufferBytes', options.bufferBytes ?? usualBytes, 1, 2 ** 40),
    receive: limits('receiveBytes', receiveBytes, OVERHEAD, LEAST_RECEIVE_BYTES),
    send: limits('sendBytes', sendBytes, 1, LEAST_SEND_BYTES),
    coreOf: (queue) => (affinity?.[queue] ?? queue) % cores,
  };
  for (const core of affinity ?? []) whole('affinity', core, 0, Number.MAX_SAFE_INTEGER);
  const { coalesce = 0, coalesceFrames = 1, busyPoll = 0, congestion } = options;
  if (coalesce !== 'adaptive') among('coalesce', coalesce, 0, MOST_US, 'microseconds');
  whole('coalesceFrames', coalesceFrames, 1, Number.MAX_SAFE_INTEGER);
  among('busyPoll', busyPoll, 0, MOST_US, 'microseconds');
  if (congestion !== undefined) demandCongestion(congestion);
  if (![undefined, 'off', 'accept', 'on'].includes(options.ecn))
    throw new RangeError(`ecn: expected off, accept, on, found ${options.ecn}`);
  if (options.card === undefined) demandMemory(machinery, settled);
  return settled;
}

/** setsockopt(2) makes buffers as large as they must be. @throws RangeError */
export function settleSocket(options: SocketOptions): SocketOptions {
  const { receiveBytes, sendBytes, congestion } = options;
  if (congestion !== undefined) demandCongestion(congestion);
  return {
    ...options,
    ...(receiveBytes !== undefined && { receiveBytes: atLeast(receiveBytes, LEAST_RECEIVE_BYTES) }),
    ...(sendBytes !== undefined && { sendBytes: atLeast(sendBytes, LEAST_SEND_BYTES) }),
  };
}

const atLeast = (value: number, least: number): number => (value >= least ? value : least);

function demandCongestion(name: CongestionName): void {
  if (congestionNames.includes(name)) return;
  throw new RangeError(`congestion: expected ${congestionNames.join(', ')}, found ${name}`);
}

function entries(value: number): number {
  if (Number.isInteger(Math.log2(whole('ringEntries', value, LEAST_ENTRIES, LIMIT_ENTRIES))))
    return value;
  throw new RangeError(`ringEntries: expected a power of two, found ${value}`);
}

function limits(
  name: string,
  [least, first, most]: readonly [number, number, number],
  overhead: number,
  smallest: number,
): BufferLimits {
  if (!(least <= first && first <= most))
    throw new RangeError(
      `${name}: expected least, first and most in this order, found ${least}, ${first}, ${most}`,
    );
  const bytes = (value: number) =>
    Math.floor(among(name, value / overhead, smallest, 2 ** 40, 'bytes of text'));
  return { first: bytes(first), most: bytes(most) };
}

/** Every ring is full of buffers from the beginning. */
function demandMemory({ name, memory, stack }: Machinery, settled: Settled): void {
  const { queues, ringEntries, bufferBytes } = settled;
  const frameBytes = frameBlockBytes(stack.mtu);
  const posted = queues * ringEntries * frameBytes;
  const what = `${queues} rings of ${ringEntries} buffers of ${frameBytes} bytes`;
  if (bufferBytes < posted + POOLS * RUN_BYTES)
    throw new RangeError(
      `bufferBytes: ${what} and as much as is read at once want ${posted + POOLS * RUN_BYTES}, found ${bufferBytes}`,
    );
  const wanted = posted + queues * ringEntries * ENTRY_BYTES * RINGS + POOLS * RUN_BYTES;
  const free = memory.freeBytes(0);
  if (free < wanted)
    throw new RangeError(
      `${name}: ${what} want ${wanted} bytes of memory with what goes with them, ${free} are free`,
    );
}

function whole(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected a whole number from ${least} to ${most}, found ${value}`);
}

function among(name: string, value: number, least: number, most: number, unit: string): number {
  if (value >= least && value <= most) return value;
  throw new RangeError(`${name}: expected from ${least} to ${most} ${unit}, found ${value}`);
}
