// One bulk transfer of TCP between two hosts on a cable: full segments one way and acknowledgments the other, every byte
// copied in and out of rings and summed at both ends. `npm run bench:peers` runs the same on ns-3.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sharedPacketMemory } from '../protocols/core/checksum/index.js';
import { type CongestionName, RingSink, RingSource, type TcpConnection } from '../src/tcp/index.js';
import { TcpPair } from '../test/support/tcp-pair.js';

export const RATE = 1e10;
export const DELAY_NS = 50_000;
/** Text of a segment at an MTU of 1500 beside time stamps. */
export const SEGMENT = 1448;
/** Of each end; several times what is on its way. */
export const BUFFER = 1 << 19;
/** What the writer hands over at a time, and the reader takes. */
export const CHUNK = 1 << 16;
/** Frames of 1514 bytes lie close together. */
const SLOT_BYTES = 1536;
/** The first of so many parts is not measured: memory is touched for the first time, the compiler is still at work. */
const WARM_UP = 10;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What a run did, without its beginning. */
export interface BulkRun {
  /** Frames that reached a port, acknowledgments too. */
  readonly hops: number;
  readonly events: number;
  /** Of the process: what else the machine does counts for little. */
  readonly cpuSeconds: number;
}

const buffers = () => ({
  source: new RingSource(BUFFER, sharedPacketMemory(BUFFER)),
  sink: new RingSink(BUFFER, sharedPacketMemory(BUFFER)),
});

/** @throws Error when the stream does not arrive */
export function runBulk(bytes: number, congestion: CongestionName = 'cubic'): BulkRun {
  const pair = new TcpPair({
    bitsPerSecond: RATE,
    delay: DELAY_NS,
    slotBytes: SLOT_BYTES,
    client: { congestion, buffers: buffers() },
    server: { receiveBytes: BUFFER, buffers },
  });
  const { sim, hosts } = pair;
  const { client, accept } = pair.open();
  const source = client.source as RingSource;
  const chunk = Uint8Array.from({ length: CHUNK }, (_, i) => i);
  const into = new Uint8Array(CHUNK);
  let server: TcpConnection | undefined;
  let sink: RingSink | undefined;

  const until = (target: number): void => {
    while ((sink?.taken ?? 0) < target && sim.step()) {
      if (source.room >= CHUNK) {
        source.write(chunk);
        client.push(sim.now);
        sim.settle(hosts[0].stack);
      }
      if (sink === undefined) {
        server = accept();
        if (server) sink = server.sink as RingSink;
      } else if (sink.ready >= CHUNK) {
        sink.read(into);
        server!.consumed(sim.now);
        sim.settle(hosts[1].stack);
      }
    }
  };
  until(bytes / WARM_UP);
  collectGarbage();
  const [hopsBefore, eventsBefore] = [sim.hops, sim.events];
  const before = process.cpuUsage();
  until(bytes);
  const { user, system } = process.cpuUsage(before);
  if (sink!.taken < bytes) throw new Error(`only ${sink!.taken} of ${bytes} bytes arrived`);
  return {
    hops: sim.hops - hopsBefore,
    events: sim.events - eventsBefore,
    cpuSeconds: (user + system) / 1e6,
  };
}
