// Two hosts with kernels and a cable between them, and programs that carry a stream over a socket.

import type { Thread, Wait } from '../../../src/cpu/index.js';
import { Host, type HostOptions } from '../../../src/host/index.js';
import type { KernelOptions, Socket, SocketOptions } from '../../../src/kernel/index.js';
import { parseIp } from '../../../src/stack/index.js';
import { Simulation } from '../../../src/world/sim.js';

export interface KernelPairOptions {
  readonly kernel?: KernelOptions;
  readonly kernels?: readonly [KernelOptions, KernelOptions];
  readonly host?: Partial<HostOptions>;
  readonly mtu?: number;
  readonly rate?: number;
  readonly v6?: boolean;
  readonly seed?: number;
}

export const PORT = 5001;
const ETHERNET_BYTES = 18;

export const pattern = (length: number, salt = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + Math.floor(i / 256) * 7 + salt) % 256);

export class KernelPair {
  readonly sim: Simulation;
  readonly hosts: readonly [Host, Host];

  constructor(readonly options: KernelPairOptions = {}) {
    const { mtu = 1500, rate = 100e9, seed = 1 } = options;
    this.sim = new Simulation({ seed, slotBytes: mtu + ETHERNET_BYTES });
    const host = (i: 0 | 1) =>
      this.sim.add(
        new Host({
          name: `h${i}`,
          pool: this.sim.pool,
          random: this.sim.random,
          mac: `52:54:00:00:00:0${i + 1}`,
          addresses: [`10.0.0.${i + 1}/24`, `fd00::${i + 1}/64`],
          mtu,
          rate,
          kernel: options.kernels?.[i] ?? options.kernel ?? {},
          ...options.host,
        }),
      );
    this.hosts = [host(0), host(1)];
    this.sim.connect(this.hosts[0], 0, this.hosts[1], 0, { rate });
  }

  ip(i: 0 | 1): Uint8Array {
    return parseIp(this.options.v6 ? `fd00::${i + 1}` : `10.0.0.${i + 1}`);
  }

  /** Starts a program on each host: the first connects, the second accepts. */
  run(
    client: (thread: Thread, socket: Socket, host: Host) => Generator<Wait, void, void>,
    server: (thread: Thread, socket: Socket, host: Host) => Generator<Wait, void, void>,
    socketOptions: SocketOptions = {},
    cores: readonly [number, number] = [0, 0],
  ): void {
    const [a, b] = this.hosts;
    const target = this.ip(1);
    b.spawn(
      'server',
      function* (thread) {
        const listening = b.socket(socketOptions);
        yield* listening.bind(thread, PORT);
        yield* listening.listen(thread);
        const socket = (yield* listening.accept(thread))!;
        yield* server(thread, socket, b);
        yield* listening.close(thread);
      },
      { core: cores[1] },
    );
    a.spawn(
      'client',
      function* (thread) {
        const socket = a.socket(socketOptions);
        const failed = yield* socket.connect(thread, target, PORT);
        if (failed !== 0) throw new Error(`connect: ${socket.errno}`);
        yield* client(thread, socket, a);
      },
      { core: cores[0] },
    );
    this.sim.settle(b);
    this.sim.settle(a);
  }
}

/** Sends a whole stream from the host's memory, `size` bytes a call. */
export function* sendAll(
  thread: Thread,
  socket: Socket,
  host: Host,
  bytes: Uint8Array,
  size: number,
  flags = 0,
): Generator<Wait, void, void> {
  const address = host.space.allocate(bytes.length);
  host.space.write(address, bytes);
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(size, bytes.length - at);
    const sent = yield* socket.send(thread, address + BigInt(at), length, flags);
    if (sent < 0) throw new Error(`send: ${socket.errno}`);
    at += sent;
  }
}

/** Receives until the peer ends. */
export function* receiveAll(
  thread: Thread,
  socket: Socket,
  host: Host,
  size: number,
): Generator<Wait, Uint8Array, void> {
  const address = host.space.allocate(size);
  const parts: Uint8Array[] = [];
  for (;;) {
    const got = yield* socket.recv(thread, address, size);
    if (got < 0) throw new Error(`recv: ${socket.errno}`);
    if (got === 0) return Buffer.concat(parts);
    parts.push(host.space.read(address, got));
  }
}
