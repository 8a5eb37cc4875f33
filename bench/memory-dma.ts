// What checking a key and moving a packet's payload by DMA costs, against the bare copy of the same bytes: through
// pages that lie together, and through pages that lie apart. `node dist/bench/memory-dma.js` prints the figures.

import { fileURLToPath } from 'node:url';
import { packetMemory } from '../protocols/core/checksum/index.js';
import {
  AddressSpace,
  DmaEngine,
  IBV_ACCESS_LOCAL_WRITE,
  IBV_ACCESS_REMOTE_READ,
  IBV_ACCESS_REMOTE_WRITE,
  KeyTable,
  Ledger,
  MachineMemory,
  PcieLink,
  type Region,
  tlpOverhead,
} from '../src/memory/index.js';
import { type Nanos, START } from '../src/time/nanos.js';
import { compare, type Row, table } from './support.js';

const BUFFER = 2 ** 20;
const ACCESS = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ | IBV_ACCESS_REMOTE_WRITE;

const memory = new MachineMemory({ nodes: [2 ** 26] });
const space = new AddressSpace(memory);
const keys = new KeyTable(memory);
const pd = keys.allocatePd();
const together = space.allocate(BUFFER, { contiguous: true });
const apart = 0x10_0000_0000n;
for (let page = 0; page < BUFFER / 4096; page++)
  space.map(apart + BigInt(BUFFER - (page + 1) * 4096), memory.allocate(4096), 4096);
const regions = {
  together: keys.register(pd, space, together, BUFFER, ACCESS, { iova: 0n }),
  apart: keys.register(pd, space, apart, BUFFER, ACCESS, { iova: 0n }),
};
const ledger = new Ledger();
const pcie = new PcieLink({
  bitsPerSecond: 100e9,
  latencyNs: 250,
  memoryReadNs: 100,
  maxPayloadSize: 256,
  maxReadRequestSize: 512,
  readCompletionBoundary: 64,
  outstandingReads: 64,
  ...tlpOverhead,
});
const dma = new DmaEngine(pcie, ledger, ledger.actor('nic'));
const frames = packetMemory(2 ** 20);
const bare = memory.view(memory.allocate(4096, BUFFER / 4096), BUFFER);

let now = START;
let turn = 0;

/** Another place each time, so that the next one is not in the same cache line. */
const next = (length: number): number => {
  turn = (turn + 1) % 200;
  return turn * (length + 64);
};

function write(region: Region, length: number): number {
  const at = next(length);
  const verdict = keys.check(region.rkey, pd, 1, 0, at, length, IBV_ACCESS_REMOTE_WRITE);
  if (verdict !== 'allowed') return -1;
  now = dma.write(now, keys.translation, keys.offset, frames, 58, 58 + length) as Nanos;
  return now;
}

function read(region: Region, length: number): number {
  const at = next(length);
  if (keys.check(region.rkey, pd, 1, 0, at, length, IBV_ACCESS_REMOTE_READ) !== 'allowed')
    return -1;
  now = dma.read(now, keys.translation, keys.offset, length, frames, 58) as Nanos;
  return now;
}

export async function suite(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const length of [64, 1024, 4096])
    rows.push(
      ...(await compare(`${length} bytes`, {
        'copy alone': () => {
          const at = next(length);
          bare.set(frames.subarray(58, 58 + length), at);
          return at;
        },
        'DMA write, pages together': () => write(regions.together, length),
        'DMA write, pages apart': () => write(regions.apart, length),
        'DMA read, pages together': () => read(regions.together, length),
      })),
    );
  return rows;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(table(await suite()));
