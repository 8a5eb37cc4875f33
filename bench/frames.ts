// Frames of several kinds to measure with, in packet memory one behind the other as a capture's piece has them.

import { packetMemory } from '../protocols/core/checksum/index.js';
import { aeth, bth, build, eth, ipv4, ipv6, reth, tcp, udp } from '../protocols/index.js';

export interface Place {
  readonly at: number;
  readonly end: number;
}

const ether = () => eth({ src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' });
const ip = () => ipv4({ src: '10.0.0.1', dst: '10.0.0.2' });
const payload = new Uint8Array(1024).map((_, i) => i * 31);

const made = {
  'RoCE v2 WRITE 1 KiB': (i: number) =>
    build([
      ether(),
      ip(),
      udp({ srcPort: 0xc580 }),
      bth({ opcode: 'RC_RDMA_WRITE_ONLY', destQp: 0x11, psn: i }),
      reth({ rkey: 0x1ee, va: 0x7f00000000n + BigInt(i) * 1024n }),
      payload,
    ]),
  'RoCE v2 ACK over IPv6': (i: number) =>
    build([
      ether(),
      ipv6({ src: 'fe80::1', dst: 'fe80::2' }),
      udp({ srcPort: 0xc580 }),
      bth({ opcode: 'RC_ACKNOWLEDGE', destQp: 0x12, psn: i }),
      aeth({ msn: i }),
    ]),
  'UDP 1 KiB': (i: number) =>
    build([ether(), ip(), udp({ srcPort: 5000 + (i % 8), dstPort: 9 }), payload]),
  'TCP segment 1 KiB': (i: number) =>
    build([
      ether(),
      ip(),
      tcp({ srcPort: 5000, dstPort: 9, seq: i * 1024, ackFlag: 1, psh: 1, window: 512 }),
      payload,
    ]),
} as const;

export const kinds = Object.keys(made) as (keyof typeof made)[];

/** Frames of each kind. */
export const COUNT = 256;

/** `COUNT` frames of that kind. */
export function framesOf(kind: keyof typeof made): { bytes: Uint8Array; places: readonly Place[] } {
  const frames = Array.from({ length: COUNT }, (_, i) => made[kind](i).bytes);
  const bytes = packetMemory(frames.reduce((sum, frame) => sum + frame.length, 0));
  let at = 0;
  const places = frames.map((frame) => {
    bytes.set(frame, at);
    at += frame.length;
    return { at: at - frame.length, end: at };
  });
  return { bytes, places };
}
