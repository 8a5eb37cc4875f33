// Run as a program by test/src/tcp/heap.test.ts: a bulk transfer over sockets, over TCP alone or by iWARP WRITEs until
// nothing new is made any more, then 100,000 segments; prints what each segment allocated, and what of it was kept. Needs
// --expose-gc and a young generation that is large enough for no collection to come in between.

import { sharedPacketMemory } from '../../protocols/core/checksum/index.js';
import type { Rnic } from '../../src/iwarp/index.js';
import { MSG_WAITALL } from '../../src/kernel/index.js';
import { RingSink, RingSource } from '../../src/tcp/index.js';
import { seconds } from '../../src/time/index.js';
import { KernelPair } from '../src/kernel/pair.js';
import { iwarpPair } from './iwarp-pair.js';
import { TcpPair } from './tcp-pair.js';

const SEGMENTS = 100_000;
const WARM = 60_000;
const CALL_BYTES = 1 << 16;
const MESSAGE = 1 << 17;
/** Events between two looks at the completion queue, fewer than a message takes. */
const STEPS = 64;

/** Goes on until so many more segments with text have arrived. */
type Transfer = (segments: number) => void;

function overSockets(gro: boolean): Transfer {
  const pair = new KernelPair({ kernel: { gro } });
  const { sim } = pair;
  pair.run(
    function* (thread, socket, host) {
      const address = host.space.allocate(CALL_BYTES);
      for (;;) yield* socket.send(thread, address, CALL_BYTES);
    },
    function* (thread, socket, host) {
      const address = host.space.allocate(CALL_BYTES);
      for (;;) yield* socket.recv(thread, address, CALL_BYTES, MSG_WAITALL);
    },
  );
  const { counters } = pair.hosts[0].kernel!.tcp;
  return (segments) => {
    const until = counters.TCPOrigDataSent + segments;
    while (counters.TCPOrigDataSent < until) sim.step();
  };
}

const ring = (size: number) => ({
  source: new RingSource(size, sharedPacketMemory(size)),
  sink: new RingSink(size, sharedPacketMemory(size)),
});

function overTcp(): Transfer {
  const buffers = () => ring(1 << 19);
  const pair = new TcpPair({
    bitsPerSecond: 1e10,
    client: { buffers: buffers() },
    server: { receiveBytes: 1 << 19, buffers },
  });
  const { sim, hosts } = pair;
  const { client, accept } = pair.open();
  sim.run(seconds(1));
  const server = accept()!;
  const source = client.source as RingSource;
  const sink = server.sink as RingSink;
  const bytes = new Uint8Array(CALL_BYTES);
  const { counters } = hosts[0].tcp;
  return (segments) => {
    const until = counters.TCPOrigDataSent + segments;
    while (counters.TCPOrigDataSent < until) {
      if (source.room >= CALL_BYTES) {
        source.write(bytes);
        client.push(sim.now);
        sim.settle(hosts[0].stack);
      }
      if (sink.ready >= CALL_BYTES) {
        sink.read(bytes);
        server.consumed(sim.now);
        sim.settle(hosts[1].stack);
      }
      sim.step();
    }
  };
}
/** WRITEs of 128 KiB, four on their way; the counter is the NIC's own TCP's. */
function overIwarp(): Transfer {
  const { client, server, sim, hosts } = iwarpPair({ uncaptured: true });
  const { counters } = (hosts[0]!.device.transport as Rnic).port.tcp;
  const opcode = 'IBV_WR_RDMA_WRITE';
  const write = { opcode, sgList: [client.piece(0, MESSAGE)], rdma: server.remote(0) } as const;
  let open = 0;
  return (segments) => {
    const until = counters.TCPOrigDataSent + segments;
    while (counters.TCPOrigDataSent < until) {
      open -= client.completions().length;
      for (; open < 4; open++) client.send(write);
      for (let i = 0; i < STEPS; i++) sim.step();
    }
  };
}

const ways: Readonly<Record<string, () => Transfer>> = {
  tcp: overTcp,
  sockets: () => overSockets(true),
  'sockets without GRO': () => overSockets(false),
  iwarp: overIwarp,
};

const { gc } = globalThis as { gc?: () => void };
const used = (): number => process.memoryUsage().heapUsed;
const transfer = ways[process.argv[2]!]!();
transfer(WARM);
gc?.();
const before = used();
transfer(SEGMENTS);
const after = used();
gc?.();
const kept = used();
console.log(
  JSON.stringify({ allocated: (after - before) / SEGMENTS, kept: (kept - before) / SEGMENTS }),
);
