// How long a RoCE v2 frame takes from a template, against the least that any way would take: copying the
// payload and computing a CRC over it. `node dist/bench/encode.js` prints the figures.

import { crc32, packetMemory } from '../protocols/core/checksum/index.js';
import { bth, build, eth, FrameTemplate, ipv4, RETH, reth, udp } from '../protocols/index.js';

const slots = 64;
/** No power of two, so that slots do not fight for the same lines of the cache. */
const slotBytes = 4480;
const memory = packetMemory(2 * slots * slotBytes);
const sources = slots * slotBytes;
for (let i = sources; i < memory.length; i++) memory[i] = i * 31;

const template = new FrameTemplate(
  build([
    eth({ src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' }),
    ipv4({ src: '10.0.0.1', dst: '10.0.0.2', ttl: 64, df: 1 }),
    udp({ srcPort: 0xc580, checksum: 0 }),
    bth({ opcode: 'RC_RDMA_WRITE_ONLY', destQp: 0x11, pkey: 0xffff }),
    reth({ rkey: 0x1ee }),
  ]),
);

const { dmaLen: setDmaLen } = RETH.set;

let sink = 0;

/** The least: payload copied to its place in the frame, and a CRC over it there. */
function bare(i: number, length: number): void {
  const at = (i % slots) * slotBytes + template.head.length;
  const from = sources + (i % slots) * slotBytes;
  memory.copyWithin(at, from, from + length);
  sink ^= crc32(memory, at, at + length);
}

function whole(i: number, length: number): void {
  const from = sources + (i % slots) * slotBytes;
  template.setAddress(0x7f, i);
  setDmaLen(template.head, template.at.reth!, length);
  sink ^= template.encode(memory, (i % slots) * slotBytes, i, 1, memory, from, from + length);
}

const elsewhere = new Uint8Array(slotBytes);

/** The payload comes from another array, as from an application's buffer. */
function foreign(i: number, length: number): void {
  template.setAddress(0x7f, i);
  setDmaLen(template.head, template.at.reth!, length);
  sink ^= template.encode(memory, (i % slots) * slotBytes, i, 1, elsewhere, 0, length);
}

function ns(run: (i: number, length: number) => void, length: number, times = 200_000): number {
  const start = process.hrtime.bigint();
  for (let i = 0; i < times; i++) run(i, length);
  return Number(process.hrtime.bigint() - start) / times;
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1]!;

const columns = ['bytes', 'bare ns', 'frame ns', 'ratio', 'foreign ns'];
const line = (cells: readonly (string | number)[]) =>
  cells.map((cell) => String(cell).padStart(11)).join('');

console.log(
  'bare: copy and CRC alone; frame: from a template; foreign: payload from another array',
);
console.log(line(columns));
for (const length of [64, 256, 1024, 4096]) {
  const rounds: Record<string, number[]> = { bare: [], whole: [], foreign: [] };
  for (let round = 0; round < 9; round++) {
    rounds.bare!.push(ns(bare, length));
    rounds.whole!.push(ns(whole, length));
    rounds.foreign!.push(ns(foreign, length));
  }
  const [a, b, c] = [median(rounds.bare!), median(rounds.whole!), median(rounds.foreign!)];
  const row = [length, a.toFixed(0), b.toFixed(0), (b / a).toFixed(2), c.toFixed(0)];
  console.log(line(row));
}
if (sink === 1) console.log(''); // so that nothing is optimised away
