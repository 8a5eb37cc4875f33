// A large capture of what holds memory while it is inspected: RDMA messages of many packets, and NVMe/TCP streams
// whose PDUs are cut by segments; some streams have holes that are never filled, as captures under load do.

import { closeSync, openSync, writeSync } from 'node:fs';
import { updateChecksum } from '../protocols/core/checksum/index.js';
import {
  bth,
  build,
  eth,
  ipv4,
  nvme,
  PcapWriter,
  reth,
  TCP,
  tcp,
  udp,
} from '../protocols/index.js';
import { writeRoceFrames } from './roce-capture.js';

const PIECE = 1 << 20;
/** Frames of one kind behind one another. */
const RUN = 64;
const CONNECTIONS = 300;
/** Of these, one in ten loses a segment now and then, for good. */
const LOSSY = 10;
const LOSS_EVERY = 500;
const MSS = 1448;
/** A PDU fills so many segments. */
const SEGMENTS = 20;
const C2H_DATA = { type: 7, hlen: 24, pdo: 24, plen: SEGMENTS * MSS } as const;
/** Packets of an RDMA WRITE of 1 MiB. */
const MESSAGE_PACKETS = 1024;

const ends = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };
const hosts = { src: '10.0.1.1', dst: '10.0.1.2' };

/** The segments of one data PDU, from sequence number 0 on. */
function segments(): Uint8Array[] {
  const pdu = new Uint8Array(SEGMENTS * MSS).map((_, i) => i * 7);
  pdu.fill(0, 0, C2H_DATA.hlen);
  pdu.set(nvme.TCP.encode(C2H_DATA));
  const length = C2H_DATA.plen - C2H_DATA.hlen;
  pdu.set(nvme.C2HData.encode({ length }), nvme.TCP.size);
  return Array.from({ length: SEGMENTS }, (_, i) => {
    const header = { srcPort: 4420, dstPort: 0, seq: 0, ackFlag: 1, window: 512 };
    return build([eth(ends), ipv4(hosts), tcp(header), pdu.subarray(i * MSS, (i + 1) * MSS)]).bytes;
  });
}

/** Packets of one RDMA WRITE: the first, those between, the last. */
function packets(): Uint8Array[] {
  const data = new Uint8Array(1024).map((_, i) => i * 13);
  return Array.from({ length: MESSAGE_PACKETS }, (_, psn) => {
    const place = psn === 0 ? 'FIRST' : psn === MESSAGE_PACKETS - 1 ? 'LAST' : 'MIDDLE';
    const opcode = `RC_RDMA_WRITE_${place}`;
    const head = [eth(ends), ipv4(hosts), udp(), bth({ opcode, destQp: 0x77, psn })];
    const dmaLen = MESSAGE_PACKETS * 1024;
    return build([...head, ...(psn === 0 ? [reth({ rkey: 1, dmaLen })] : []), data]).bytes;
  });
}

const TCP_AT = 34;
const { checksum: checksumOf } = TCP.get;
const { seq: setSeq, dstPort: setPort, checksum: setChecksum } = TCP.set;

/** Writes a capture of at least `size` bytes and returns how many frames it has. */
export function writeMixedCapture(
  path: string,
  size: number,
  progress: (n: number) => void,
): number {
  const file = openSync(path, 'w');
  const writer = new PcapWriter({ nanoseconds: false });
  let written = 0;
  let frames = 0;
  const flush = () => {
    const bytes = writer.take();
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    written += bytes.length;
    progress(written);
  };
  const put = (bytes: Uint8Array) => {
    writer.packet({
      bytes,
      seconds: 1_700_000_000 + Math.floor(frames / 1e6),
      nanoseconds: frames,
    });
    frames++;
    if (writer.pending > PIECE) flush();
  };
  const pdu = segments();
  const message = packets();
  const checksums = pdu.map((frame) => checksumOf(frame, TCP_AT));
  const sent = new Uint32Array(CONNECTIONS);
  for (let round = 0; written < size; round++) {
    writeRoceFrames(writer, frames, { frames: RUN, payload: 1024 }, () => {});
    frames += RUN;
    for (let i = 0; i < RUN; i++) put(message[(round * RUN + i) % MESSAGE_PACKETS]!);
    for (let i = 0; i < RUN; i++) {
      const connection = (round * RUN + i) % CONNECTIONS;
      const number = sent[connection]!++;
      const frame = pdu[number % SEGMENTS]!;
      const seq = (number * MSS) >>> 0;
      const port = 30000 + connection;
      setSeq(frame, TCP_AT, seq);
      setPort(frame, TCP_AT, port);
      let sum = checksums[number % SEGMENTS]!;
      for (const word of [port, seq >>> 16, seq & 0xffff]) sum = updateChecksum(sum, 0, word);
      setChecksum(frame, TCP_AT, sum);
      if (connection % LOSSY === 0 && number % LOSS_EVERY === LOSS_EVERY - 1) continue;
      put(frame);
    }
  }
  flush();
  closeSync(file);
  return frames;
}
