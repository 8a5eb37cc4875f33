// The frames of a comparison as a capture file: an interface for each path and side, times since the message was begun.

import { PcapngWriter } from '../../../protocols/pcap/index.js';
import { type Comparison, sides } from './model.js';

const BILLION = 1e9;
/** epb_flags (pcapng 4.3.1): the frame leaves. */
const OUTBOUND = 2;

export function capturedBytes({ paths }: Pick<Comparison, 'paths'>): Uint8Array {
  const writer = new PcapngWriter({ application: 'wireverbs' });
  for (const { path, frames, linkType, title } of paths) {
    const numbers = new Map(
      sides.map((side) => {
        const about = { name: `${path}-${side}`, description: title, linkType };
        return [side, writer.interface(about)] as const;
      }),
    );
    for (const { data, from, leftNs } of frames)
      writer.packet({
        bytes: data,
        at: 0,
        end: data.length,
        seconds: Math.floor(leftNs / BILLION),
        nanoseconds: leftNs % BILLION,
        interfaceId: numbers.get(from)!,
        flags: OUTBOUND,
      });
  }
  return writer.take();
}
