// What a packet-hop of a bulk TCP transfer costs: two hosts, a cable, full segments one way and acknowledgments the other,
// every byte copied in and out of rings and summed at both ends.

import type { CongestionName } from '../src/tcp/index.js';
import { RingSink, RingSource } from '../src/tcp/index.js';
import { End, TcpPair } from '../test/support/tcp-pair.js';
import type { Row } from './support.js';

const BYTES = 60e6;
const RING = 1 << 21;
/** By turns, the least counts: load makes runs slower, never faster. */
const ROUNDS = 3;

/** CPU nanoseconds a packet-hop. */
export function bulkCost(congestion: CongestionName): number {
  const buffers = () => ({ source: new RingSource(RING), sink: new RingSink(RING) });
  const pair = new TcpPair({
    bitsPerSecond: 1e10,
    delay: 50_000,
    client: { congestion, buffers: buffers() },
    server: { receiveBytes: RING, buffers },
  });
  const { client, accept } = pair.open();
  const sender = new End(pair.hosts[0], client, new Uint8Array(BYTES));
  const { sim } = pair;
  let receiver: RingSink | undefined;
  const start = process.cpuUsage();
  while ((receiver?.taken ?? 0) < BYTES && sim.step()) {
    sender.turn(sim.now);
    const accepted = receiver ? undefined : accept();
    if (accepted) receiver = accepted.sink as RingSink;
    // Whoever reads little at a time pays for windows that move little.
    if (receiver && receiver.ready >= RING / 16) {
      receiver.taken = receiver.delivered;
      const [connection] = pair.hosts[1].tcp.connections.all;
      connection!.consumed(sim.now);
      sim.settle(pair.hosts[1].stack);
    } else if (receiver && receiver.delivered === BYTES) break;
  }
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1000) / sim.hops;
}

export const suite = async (): Promise<Row[]> => {
  const names: readonly CongestionName[] = ['cubic', 'reno'];
  const least = names.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, name] of names.entries()) least[i] = Math.min(least[i]!, bulkCost(name));
  }
  return names.map((name, i) => ({
    task: 'packet-hop of bulk TCP, 1448 bytes a segment',
    name,
    nsPerOp: least[i]!,
    ratio: least[0]! / least[i]!,
    errorPercent: 0,
  }));
};
