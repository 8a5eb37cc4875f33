// A capture to measure with: RoCE v2 frames with their right ICRC, each an RDMA WRITE, the same bytes every time.

import { closeSync, openSync, writeSync } from 'node:fs';
import { packetMemory } from '../protocols/core/checksum/index.js';
import {
  bth,
  build,
  eth,
  FrameTemplate,
  ipv4,
  PcapWriter,
  RETH,
  reth,
  udp,
} from '../protocols/index.js';

export interface RoceCapture {
  readonly frames: number;
  /** Bytes that each frame carries. */
  readonly payload: number;
}

/** The template of one queue pair's WRITE ONLY packets. */
export function writeTemplate(destQp = 0x11): FrameTemplate {
  return new FrameTemplate(
    build([
      eth({ src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' }),
      ipv4({ src: '10.0.0.1', dst: '10.0.0.2', ttl: 64, df: 1 }),
      udp({ srcPort: 0xc580 + (destQp % 0x100), checksum: 0 }),
      bth({ opcode: 'RC_RDMA_WRITE_ONLY', destQp, pkey: 0xffff }),
      reth({ rkey: 0x1ee }),
    ]),
  );
}

const PSNS = 2 ** 24;
const NANOS = 1e9;
/** Between two frames: 10 Gb/s or so. */
const STEP_NANOS = 1000;
const PIECE = 1 << 20;

/** Appends WRITE frames to `writer`, from frame number `first` on; `flush` when a piece has gathered. */
export function writeRoceFrames(
  writer: PcapWriter,
  first: number,
  { frames, payload }: RoceCapture,
  flush: () => void,
): void {
  const template = writeTemplate();
  const memory = packetMemory(2 * 8192);
  for (let i = 0; i < 8192; i++) memory[8192 + i] = (i * 31) ^ (i >> 3);
  RETH.set.dmaLen(template.head, template.at.reth!, payload);
  for (let i = 0; i < frames; i++) {
    const number = first + i;
    template.setAddress(0x7f, (number * payload) >>> 0);
    const end = template.encode(memory, 0, number % PSNS, 1, memory, 8192, 8192 + payload);
    const nanoseconds = (number * STEP_NANOS) % NANOS;
    const seconds = 1_700_000_000 + Math.floor((number * STEP_NANOS) / NANOS);
    writer.packet({ bytes: memory, at: 0, end, seconds, nanoseconds });
    if (writer.pending > PIECE) flush();
  }
  flush();
}

/** Writes such a capture to `path`; microseconds, which every tool reads. */
export function writeRoceCapture(path: string, what: RoceCapture): void {
  const file = openSync(path, 'w');
  try {
    const writer = new PcapWriter({ nanoseconds: false });
    writeRoceFrames(writer, 0, what, () => {
      const bytes = writer.take();
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    });
  } finally {
    closeSync(file);
  }
}
