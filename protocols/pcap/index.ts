// Capture files as streams: pcap and pcapng, read and written, without node.

import type { AnyHeader } from '../core/header.js';
import { ErfRecord, ErfTime } from './erf.js';
import { pcapOrder } from './pcap-format.js';
import * as P from './pcap-header.js';
import { isPcapng } from './pcapng-format.js';
import * as H from './pcapng-header.js';

export { type CaptureDamage, describeDamage } from './bound.js';
export type { CaptureFile, SkippedBlock } from './format.js';
export { linkTypes } from './link-type.js';
export type { PacketToWrite } from './packet.js';
export { PcapWriter, type PcapWriterOptions } from './pcap-writer.js';
export { blockTypes } from './pcapng-header.js';
export { type InterfaceToWrite, PcapngWriter, type SectionToWrite } from './pcapng-writer.js';
export { CaptureReader, type CaptureReaderOptions } from './reader.js';
export { type CaptureInterface, CaptureRecord } from './record.js';
export { fromNanoseconds, type Instant, type Resolution, toNanoseconds } from './timestamp.js';

/** Every header of capture files, in both byte orders, for documentation and tests. */
export const captureHeaders = [
  P.PcapFile,
  P.PcapRecord,
  P.PcapModifiedRecord,
  H.Block,
  H.BlockEnd,
  H.Option,
  H.SectionHeader,
  H.InterfaceDescription,
  H.EnhancedPacket,
  H.SimplePacket,
  H.ObsoletePacket,
  H.PacketFlags,
  H.TimestampResolution,
  H.Number64,
]
  .flatMap(({ be, le }) => [be, le] as unknown as AnyHeader[])
  .concat(ErfTime as AnyHeader, ErfRecord as AnyHeader);

/** Do these bytes (four of them at least) begin a capture file? */
export const isCaptureFile = (b: Uint8Array, at = 0): boolean =>
  pcapOrder(b, at) !== null || isPcapng(b, at);
