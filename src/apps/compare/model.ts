// What a comparison of paths is, as data: plain records that JSON carries as they are. Renderers read it, and nothing else.
// Times are nanoseconds from when the initiator's program began the one message that is measured.

import type { LedgerKind } from '../../memory/index.js';

/** What is done with the message. Over TCP a READ is a request and its answer. */
export const operations = ['write', 'read', 'send'] as const;
/** An operation by name: a WRITE, a READ, or a SEND that is received. */
export type Operation = (typeof operations)[number];

export const paths = ['tcp', 'iwarp', 'rocev1', 'rocev2', 'ib'] as const;
/** The ways from one application to the other, the kernel's first. */
export type PathName = (typeof paths)[number];

export const pathTitles: Readonly<Record<PathName, string>> = {
  tcp: 'kernel TCP',
  iwarp: 'iWARP',
  rocev1: 'RoCE v1',
  rocev2: 'RoCE v2',
  ib: 'InfiniBand',
};

/** Who begins, and whom that is done to. */
export type SideName = 'initiator' | 'target';
export const sides: readonly SideName[] = ['initiator', 'target'];

/** Bytes that somebody moved from one place to another, in one piece. */
export interface Move {
  readonly side: SideName;
  readonly kind: 'copy' | 'dma-read' | 'dma-write';
  /** 'core0', 'nic'. */
  readonly by: string;
  /** What the memory is for, as whoever took it said, or the device. */
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  readonly atNs: number;
  readonly untilNs: number;
}

/** Something that happened and moved nothing. */
export interface Mark {
  readonly side: SideName;
  readonly kind: Exclude<LedgerKind, Move['kind']>;
  readonly by: string;
  readonly atNs: number;
  readonly tookNs: number;
}

/** A frame on the wire. Its bytes are without the frame check sequence. */
export interface FrameOnWire {
  readonly from: SideName;
  readonly leftNs: number;
  /** Its last bit; null when it never came. */
  readonly arrivedNs: number | null;
  readonly bytes: number;
  /** What is neither header nor trailer. */
  readonly payloadBytes: number;
  readonly protocol: string;
  readonly summary: string;
  readonly data: Uint8Array;
}

/** What a core did all the while. */
export interface CoreSpan {
  readonly side: SideName;
  readonly core: string;
  readonly doing: 'busy' | 'spin' | 'interrupt' | 'switch';
  readonly thread: string;
  readonly fromNs: number;
  readonly untilNs: number;
}

/** A call that the program made, and when it was back. */
export interface Call {
  readonly side: SideName;
  readonly name: string;
  /** It goes through the kernel. */
  readonly kernel: boolean;
  readonly core: string;
  readonly fromNs: number;
  readonly untilNs: number;
}

/** Sums of one side, as ledger and cores have them. */
export interface SideCounts {
  readonly copies: number;
  readonly copiedBytes: number;
  readonly systemCalls: number;
  readonly interrupts: number;
  readonly contextSwitches: number;
  readonly doorbells: number;
  readonly dmaReads: number;
  readonly dmaReadBytes: number;
  readonly dmaWrites: number;
  readonly dmaWriteBytes: number;
  /** Cores at work: programs, kernel, interrupts, switches; and cores that looked again and again. */
  readonly cpuNs: number;
  readonly pollNs: number;
  readonly framesSent: number;
  readonly frameBytes: number;
  readonly headerBytes: number;
}

/** One stop of the message on its way, or of what its sending takes beside it. */
export interface Station {
  /** 0 until all was quiet for a while for the first time, then 1 ...: a delayed acknowledgement is one of those. */
  readonly phase: number;
  readonly side: SideName | 'wire';
  readonly kind: Move['kind'] | Mark['kind'] | 'call' | 'frame';
  readonly by: string;
  readonly what: string;
  readonly from: string;
  readonly to: string;
  readonly times: number;
  readonly bytes: number;
  readonly atNs: number;
  readonly untilNs: number;
}

/** One message over one path. */
export interface PathRecord {
  readonly path: PathName;
  readonly title: string;
  /** What its program calls to have it done, such as 'RDMA WRITE'. */
  readonly operation: string;
  readonly hosts: Readonly<Record<SideName, string>>;
  readonly linkType: number;
  /** All bytes lie where they are wanted, and are the right ones. */
  readonly verified: boolean;
  /** When the last byte lay in the memory of the application that wants it. */
  readonly placedNs: number;
  /** When that application, or for a WRITE the one that asked, knew of it. */
  readonly knownNs: number;
  readonly knownBy: SideName;
  /** When all was quiet for the first time. */
  readonly quietNs: number;
  readonly counts: Readonly<Record<SideName, SideCounts>>;
  readonly stations: readonly Station[];
  readonly findings: readonly string[];
  readonly moves: readonly Move[];
  readonly marks: readonly Mark[];
  readonly frames: readonly FrameOnWire[];
  readonly spans: readonly CoreSpan[];
  readonly calls: readonly Call[];
}

/** The same message over several paths. */
export interface Comparison {
  readonly schema: 'wireverbs-compare-1';
  readonly size: number;
  readonly op: Operation;
  readonly nic: string;
  readonly cpu: string;
  readonly kernel: string;
  readonly mtu: number;
  readonly bitsPerSecond: number;
  readonly seed: number;
  /** Messages that went before the measured one. */
  readonly warmUp: number;
  readonly paths: readonly PathRecord[];
  /** What holds for all of them together. */
  readonly findings: readonly string[];
}
