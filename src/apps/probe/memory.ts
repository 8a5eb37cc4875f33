// Memory as cores see it: one that reads a line after the other, or all cores of some nodes that read as much as they can.

import type { Host } from '../../host/index.js';
import { CACHE_LINE_BYTES } from '../../memory/index.js';
import { us } from '../../time/index.js';
import type { ProbeParameters } from './parameters.js';

const PAGE = 4096;
const WARM = us(5);
const WATCHED = us(20);

function run(host: Host, until: number): void {
  while (host.wakeAt() <= until) host.expire(host.wakeAt());
}

/** Nanoseconds of each of many reads, of which each waits for the one before. */
export function lineLatencies(host: Host, { iters, remote }: ProbeParameters): readonly number[] {
  const address = host.memory.allocate(PAGE, 1, remote ? 1 : 0);
  const took: number[] = [];
  host.spawn(
    'latency',
    function* (thread) {
      while (took.length < iters) {
        const began = thread.now;
        yield host.read(thread, address, CACHE_LINE_BYTES);
        took.push(thread.now - began);
      }
    },
    { core: 0 },
  );
  while (took.length < iters) host.expire(host.wakeAt());
  return took;
}

/** Bytes that the cores of the first nodes read in so many nanoseconds, each from its own node or the next one. */
export function readTogether(
  host: Host,
  { cpu, nodes, readers, remote }: ProbeParameters,
): { readonly bytes: number; readonly ns: number } {
  const each = cpu.cores / nodes;
  const bytes = cpu.memory!.linesInFlight * CACHE_LINE_BYTES;
  let read = 0;
  for (let node = 0; node < readers; node++) {
    const address = host.memory.allocate(PAGE, 1, remote ? (node + 1) % nodes : node);
    for (let i = 0; i < each; i++)
      host.spawn(
        'bandwidth',
        function* (thread) {
          for (;;) {
            yield host.read(thread, address, bytes);
            read += bytes;
          }
        },
        { core: node * each + i },
      );
  }
  run(host, WARM);
  const before = read;
  run(host, WARM + WATCHED);
  return { bytes: read - before, ns: WATCHED };
}
