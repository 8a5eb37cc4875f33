// The captures that tests work on, read with our own reader; their bytes are judged elsewhere.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { CaptureReader } from '../../protocols/pcap/index.js';
import { type Inspected, Inspector } from '../../src/inspect/index.js';

/** Where the captures lie: beside the sources, not in dist. */
export const capturePath = (name: string): string =>
  fileURLToPath(new URL(`../../../test/captures/${name}`, import.meta.url));

/** The captures of real peers; see test/captures/README.md. */
export const captures = [
  'nvme-rdma-connect.pcap',
  'nvme-rxe.pcap.gz',
  'nvme-tcp-connect.pcap',
  'nvme-tcp-namespace-change.pcap',
  'nvme-tcp.pcap.gz',
  'rxe-v4.pcap',
  'siw.pcap',
] as const;

/** A capture file's bytes, unpacked. */
export function captureBytes(name: string): Uint8Array {
  const bytes = readFileSync(capturePath(name));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

/** One packet of a capture, kept. */
export interface CapturedFrame {
  /** Counts from 1, as tshark does. */
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly linkType: number;
  readonly timestamp: bigint;
  readonly comments: readonly string[];
}

/** All packets of a capture. @throws Error when the file is damaged */
export const capturedFrames = (name: string): CapturedFrame[] =>
  readCapture(captureBytes(name), name);

/** All packets of a capture file's bytes. @throws Error when they are damaged */
export function readCapture(file: Uint8Array, name = 'capture'): CapturedFrame[] {
  const reader = new CaptureReader();
  const frames: CapturedFrame[] = [];
  reader.push(file);
  while (reader.next()) {
    const { number, linkType, timestamp, comments, bytes, at, end } = reader.record;
    frames.push({ number, linkType, timestamp, comments, bytes: bytes.slice(at, end) });
  }
  const damage = reader.finish();
  if (damage) throw new Error(`${name}: ${JSON.stringify(damage)}`);
  return frames;
}

const inspected = new Map<string, readonly Inspected[]>();

/** All frames of a capture, dissected in their order with what the ones before told; the same ones each time. */
export function inspectedFrames(name: string): readonly Inspected[] {
  const known = inspected.get(name);
  if (known) return known;
  const inspector = new Inspector();
  const frames = capturedFrames(name).map(({ bytes, linkType }) =>
    inspector.inspect(bytes, { linkType }),
  );
  inspected.set(name, frames);
  return frames;
}
