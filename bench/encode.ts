// How long a RoCE v2 frame takes from a template, against the least that any way would take: copying the
// payload and computing a CRC over it. And what the builder takes, which derives everything anew.

import { crc32, packetMemory } from '../protocols/core/checksum/index.js';
import { bth, build, eth, ipv4, RETH, reth, udp } from '../protocols/index.js';
import { writeTemplate } from './roce-capture.js';
import { compare, type Row } from './support.js';

const slots = 64;
/** No power of two, so that slots do not fight for the same lines of the cache. */
const slotBytes = 4480;
const memory = packetMemory(2 * slots * slotBytes);
const sources = slots * slotBytes;
for (let i = sources; i < memory.length; i++) memory[i] = i * 31;
const elsewhere = new Uint8Array(slotBytes);
const template = writeTemplate();
const { dmaLen: setDmaLen } = RETH.set;
let turn = 0;

/** The least: payload copied to its place in the frame, and a CRC over it there. */
const bare = (length: number) => () => {
  const slot = turn++ % slots;
  const at = slot * slotBytes + template.head.length;
  const from = sources + slot * slotBytes;
  memory.copyWithin(at, from, from + length);
  return crc32(memory, at, at + length);
};

const whole = (length: number) => () => {
  const slot = turn++ % slots;
  const from = sources + slot * slotBytes;
  template.setAddress(0x7f, turn);
  setDmaLen(template.head, template.at.reth!, length);
  return template.encode(memory, slot * slotBytes, turn, 1, memory, from, from + length);
};

/** The payload comes from another array, as from an application's buffer. */
const foreign = (length: number) => () => {
  template.setAddress(0x7f, turn++);
  setDmaLen(template.head, template.at.reth!, length);
  return template.encode(memory, (turn % slots) * slotBytes, turn, 1, elsewhere, 0, length);
};

const built = (length: number) => () => {
  const layers = [
    eth({ src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' }),
    ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }),
    udp({ srcPort: 0xc580 }),
    bth({ opcode: 'RC_RDMA_WRITE_ONLY', destQp: 0x11, psn: turn++ & 0xffffff }),
    reth({ rkey: 0x1ee, va: turn }),
    elsewhere.subarray(0, length),
  ];
  return build(layers).bytes.length;
};

export async function suite(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const length of [64, 1024, 4096]) {
    const ways = {
      'copy and CRC alone': bare(length),
      'frame from a template': whole(length),
      'its payload from elsewhere': foreign(length),
      ...(length === 1024 && { 'build() from layers': built(length) }),
    };
    // The ratio is near its goal, so that load on the machine may hide it: CI asks only for twice.
    const goals =
      length === 1024 ? { 'frame from a template': { atMost: 1.5, robust: 3 } } : undefined;
    rows.push(
      ...(await compare(`RDMA WRITE of ${length} B with ICRC`, ways, { ...(goals && { goals }) })),
    );
  }
  return rows;
}
