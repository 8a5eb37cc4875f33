// Run as a program by test/src/tcp/heap.test.ts: a bulk transfer over sockets, over TCP alone or by iWARP WRITEs until
// nothing new is made any more, then 100,000 segments; prints what each segment allocated, and what of it was kept. Needs
// --expose-gc and a young generation that is large enough for no collection to come in between.

import { sharedPacketMemory } from '../../protocols/core/checksum/index.js';
import type { Thread, Wait } from '../../src/cpu/index.js';
import type { Station } from '../../src/frame/index.js';
import type { Host } from '../../src/host/index.js';
import type { Rnic } from '../../src/iwarp/index.js';
import { MSG_WAITALL, type Socket } from '../../src/kernel/index.js';
import { RingSink, RingSource, type TcpConnection } from '../../src/tcp/index.js';
import { seconds } from '../../src/time/index.js';
import type { Simulation } from '../../src/world/sim.js';
import { KernelPair } from '../src/kernel/pair.js';
import { iwarpPair } from './iwarp-pair.js';
import { TcpPair } from './tcp-pair.js';

const SEGMENTS = 100_000;
const WARM = 60_000;
const CALL_BYTES = 1 << 16;
const MESSAGE = 1 << 17;
/** Messages under way, and events between two looks at the completion queues, fewer than those take. */
const OPEN = 8;
const STEPS = 512;

/** Goes on until so many more segments with text have arrived. */
type Transfer = (segments: number) => void;

function* sends(thread: Thread, socket: Socket, host: Host): Generator<Wait, void, void> {
  const address = host.space.allocate(CALL_BYTES);
  for (;;) yield* socket.send(thread, address, CALL_BYTES);
}

function* receives(thread: Thread, socket: Socket, host: Host): Generator<Wait, void, void> {
  const address = host.space.allocate(CALL_BYTES);
  for (;;) yield* socket.recv(thread, address, CALL_BYTES, MSG_WAITALL);
}

/** From the first host to the second, or the other way, so that who connects receives. */
function overSockets(gro: boolean, back = false): Transfer {
  const pair = new KernelPair({ kernel: { gro } });
  const { sim } = pair;
  pair.run(back ? receives : sends, back ? sends : receives);
  const { counters } = pair.hosts[back ? 1 : 0].kernel!.tcp;
  return (segments) => {
    const until = counters.TCPOrigDataSent + segments;
    while (counters.TCPOrigDataSent < until) sim.step();
  };
}

const ring = (size: number) => ({
  source: new RingSource(size, sharedPacketMemory(size)),
  sink: new RingSink(size, sharedPacketMemory(size)),
});

/** One end that writes as much as there is room for, and reads what has come. */
class Pump {
  readonly #bytes = new Uint8Array(CALL_BYTES);

  constructor(
    readonly sim: Simulation,
    readonly station: Station,
    readonly connection: TcpConnection,
  ) {}

  write(): void {
    const source = this.connection.source as RingSource;
    if (source.room < CALL_BYTES) return;
    source.write(this.#bytes);
    this.connection.push(this.sim.now);
    this.sim.settle(this.station);
  }

  read(): void {
    const sink = this.connection.sink as RingSink;
    if (sink.ready < CALL_BYTES) return;
    sink.read(this.#bytes);
    this.connection.consumed(this.sim.now);
    this.sim.settle(this.station);
  }
}

/** From the active side to the passive one, back, or both ways at once. */
function overTcp(forth: boolean, back: boolean): Transfer {
  const buffers = () => ring(1 << 19);
  const pair = new TcpPair({
    bitsPerSecond: 1e10,
    client: { buffers: buffers() },
    server: { receiveBytes: 1 << 19, buffers },
  });
  const { sim, hosts } = pair;
  const { client, accept } = pair.open();
  sim.run(seconds(1));
  const active = new Pump(sim, hosts[0].stack, client);
  const passive = new Pump(sim, hosts[1].stack, accept()!);
  const [there, here] = [hosts[0].tcp.counters, hosts[1].tcp.counters];
  return (segments) => {
    const until = there.TCPOrigDataSent + here.TCPOrigDataSent + segments;
    while (there.TCPOrigDataSent + here.TCPOrigDataSent < until) {
      if (forth) active.write();
      if (back) passive.write();
      if (forth) passive.read();
      if (back) active.read();
      sim.step();
    }
  };
}

/** Messages of 128 KiB, some on their way; the counters are those of the NICs' own TCP. */
function overIwarp(opcode: 'IBV_WR_RDMA_WRITE' | 'IBV_WR_RDMA_READ' | 'IBV_WR_SEND'): Transfer {
  const { client, server, sim, hosts } = iwarpPair({ uncaptured: true });
  const [there, here] = hosts.map((host) => (host.device.transport as Rnic).port.tcp.counters);
  const request = { opcode, sgList: [client.piece(0, MESSAGE)], rdma: server.remote(0) };
  const takes = opcode === 'IBV_WR_SEND';
  let open = 0;
  return (segments) => {
    const until = there!.TCPOrigDataSent + here!.TCPOrigDataSent + segments;
    while (there!.TCPOrigDataSent + here!.TCPOrigDataSent < until) {
      open -= client.completions().length;
      if (takes) server.completions();
      for (; open < OPEN; open++) {
        if (takes) server.receive(0, MESSAGE);
        client.send(request);
      }
      for (let i = 0; i < STEPS; i++) sim.step();
    }
  };
}

const ways: Readonly<Record<string, () => Transfer>> = {
  tcp: () => overTcp(true, false),
  'tcp to the active side': () => overTcp(false, true),
  'tcp both ways': () => overTcp(true, true),
  'iwarp WRITE': () => overIwarp('IBV_WR_RDMA_WRITE'),
  'iwarp READ': () => overIwarp('IBV_WR_RDMA_READ'),
  'iwarp SEND': () => overIwarp('IBV_WR_SEND'),
  sockets: () => overSockets(true),
  'sockets to the active side': () => overSockets(true, true),
  'sockets without GRO': () => overSockets(false),
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
