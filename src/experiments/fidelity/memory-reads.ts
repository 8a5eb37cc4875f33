// F19: a core that reads one line after another, and all cores of one node or of both that read as much as they can.

import { FramePool } from '../../frame/index.js';
import { Host } from '../../host/index.js';
import { CACHE_LINE_BYTES } from '../../memory/index.js';
import { xeonGold6128 } from '../../profiles/cpu.js';
import { skylakeMemory } from '../../profiles/memory.js';
import { Random, us } from '../../time/index.js';
import type { Experiments } from './row.js';

const CORES = 56; // of two Platinum 8180: Intel's data sheet
const PAGE = 4096;
const LINES = 32;
const WARM = us(5);
const WATCHED = us(20);

const machine = (): Host =>
  new Host({
    name: 'h0',
    pool: new FramePool(),
    random: new Random(1),
    mac: '02:00:00:00:00:01',
    addresses: ['10.0.0.1/24'],
    nodes: [2 ** 24, 2 ** 24],
    cpu: { ...xeonGold6128, name: '2 x Xeon Platinum 8180', cores: CORES, memory: skylakeMemory },
  });

function run(host: Host, until: number): void {
  while (host.wakeAt() <= until) host.expire(host.wakeAt());
}

/** Nanoseconds of each of many reads that wait for the one before. */
function latency(node: number): number {
  const host = machine();
  const address = host.memory.allocate(PAGE, 1, node);
  let took = 0;
  host.spawn(
    'latency',
    function* (thread) {
      const began = thread.now;
      for (let i = 0; i < LINES; i++) yield host.read(thread, address, CACHE_LINE_BYTES);
      took = thread.now - began;
    },
    { core: 0 },
  );
  run(host, WATCHED);
  return took / LINES;
}

/** Gigabytes a second of the cores of some nodes, each from the node that `from` tells. */
function bandwidth(nodes: readonly number[], from: (node: number) => number): number {
  const host = machine();
  const bytes = skylakeMemory.linesInFlight * CACHE_LINE_BYTES;
  let read = 0;
  for (const node of nodes) {
    const address = host.memory.allocate(PAGE, 1, from(node));
    for (let i = 0; i < CORES / 2; i++) {
      host.spawn(
        'bandwidth',
        function* (thread) {
          for (;;) {
            yield host.read(thread, address, bytes);
            read += bytes;
          }
        },
        { core: (node * CORES) / 2 + i },
      );
    }
  }
  run(host, WARM);
  const before = read;
  run(host, WARM + WATCHED);
  return (read - before) / WATCHED;
}

export const memoryReads: Experiments = {
  'idle latency, local': () => latency(0),
  'idle latency, remote': () => latency(1),
  'local node': () => bandwidth([0], (node) => node),
  'remote node': () => bandwidth([0], (node) => 1 - node),
  'both nodes': () => bandwidth([0, 1], (node) => node),
};
