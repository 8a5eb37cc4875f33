// Reading capture files: records a second of both formats, out of memory, without looking into the packets.

import { CaptureReader, PcapngWriter, PcapWriter } from '../protocols/index.js';
import { COUNT, framesOf } from './frames.js';
import { compare, type Row } from './support.js';

const { bytes, places } = framesOf('RoCE v2 WRITE 1 KiB');

function fileOf(writer: PcapWriter | PcapngWriter): Uint8Array {
  for (const { at, end } of places) writer.packet({ bytes, at, end, seconds: 1, nanoseconds: at });
  return writer.take().slice();
}

const pcapng = new PcapngWriter();
pcapng.interface({ linkType: 1 });
const files = { pcap: fileOf(new PcapWriter()), pcapng: fileOf(pcapng) };

function read(file: Uint8Array, piece = file.length): number {
  const reader = new CaptureReader();
  let sum = 0;
  for (let at = 0; at < file.length; at += piece) {
    reader.push(file, at, Math.min(at + piece, file.length));
    while (reader.next()) sum += reader.record.end;
  }
  return sum;
}

export const suite = (): Promise<Row[]> =>
  compare(
    'read a record of 1 KiB',
    {
      pcap: () => read(files.pcap),
      'pcap in pieces of 4 KiB': () => read(files.pcap, 4096),
      pcapng: () => read(files.pcapng),
    },
    { per: COUNT },
  );
