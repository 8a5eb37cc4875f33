// RC WRITE of 1 MiB messages between two NICs through one link, every frame with its ICRC made and checked, against a
// loop that only makes both copies and both CRCs of the same packets. `node dist/bench/rc-write.js` prints the figures.

import { fileURLToPath } from 'node:url';
import { byteSwap32 } from '../protocols/core/byte-order.js';
import { crc32, packetMemory } from '../protocols/core/checksum/index.js';
import { inlineMore } from '../src/cli/engine.js';
import { Simulation } from '../src/world/sim.js';
import { allocation } from './heap.js';
import { pairOnLink, type WriteEnd } from './rdma-pair.js';
import { type Row, sink, table } from './support.js';

const MESSAGE = 2 ** 20;
/** Ethernet, IPv4, UDP, BTH. */
const HEAD = 54;
const ICRC = 4;
const SLOT = 4608;
const SLOTS = 64;
/** Messages until the compiler is through, and turns of a message each. */
const WARM_UP = 200;
const TURNS = 300;

/** Copies a message packet by packet into slots and out of them, with a CRC on either side. */
function bareLoop(mtu: number): () => number {
  const memory = packetMemory(2 * MESSAGE + SLOTS * SLOT);
  const head = new Uint8Array(HEAD).fill(7);
  const slots = 2 * MESSAGE;
  let slot = 0;
  return () => {
    let good = 0;
    for (let at = 0; at < MESSAGE; at += mtu) {
      slot = (slot + 1) % SLOTS;
      const frame = slots + slot * SLOT;
      const end = frame + HEAD + mtu;
      memory.set(head, frame);
      memory.copyWithin(frame + HEAD, at, at + mtu);
      const made = byteSwap32(crc32(memory, frame + 14, end));
      memory[end + ICRC - 1] = made;
      if (byteSwap32(crc32(memory, frame + 14, end)) === made) good++;
      memory.copyWithin(MESSAGE + at, frame + HEAD, end);
    }
    return good;
  };
}

/** Posts a message and runs the world until it is complete; some messages are always under way. */
function twoNics(mtu: 1024 | 4096): () => number {
  const sim = new Simulation({ seed: 1 });
  const end: WriteEnd = pairOnLink(sim, mtu, MESSAGE);
  for (let i = 1; i < 4; i++) end.post();
  return () => {
    end.post();
    end.awaitOne();
    return sim.now;
  };
}

/** Nanoseconds that a call of each way takes. By turns, the least counts: load makes turns longer, never shorter. */
function leastOf(ways: readonly (() => number)[]): number[] {
  for (const way of ways) for (let i = 0; i < WARM_UP; i++) sink.value ^= way();
  const least = ways.map(() => Infinity);
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [i, way] of ways.entries()) {
      const begun = performance.now();
      sink.value ^= way();
      least[i] = Math.min(least[i]!, (performance.now() - begun) * 1e6);
    }
  }
  return least;
}

/** Compiled as the commands are. */
export async function suite(): Promise<Row[]> {
  inlineMore();
  return ([4096, 1024] as const).flatMap((mtu) => {
    const least = leastOf([bareLoop(mtu), twoNics(mtu)]);
    return ['both copies and both CRCs', 'two NICs, one link'].map((name, i) => ({
      task: `RC WRITE of 1 MiB, a packet of ${mtu}`,
      name,
      nsPerOp: (least[i]! * mtu) / MESSAGE,
      ratio: least[0]! / least[i]!,
      errorPercent: 0,
      goal: i === 0 ? undefined : { atLeast: 0.4, robust: 0.3 },
    }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(table(await suite()));
  for (const mtu of [4096, 1024] as const) {
    const { allocated } = allocation('ideal', mtu);
    console.log(`a packet of ${mtu} allocates ${allocated.toFixed(1)} bytes on the heap`);
  }
}
