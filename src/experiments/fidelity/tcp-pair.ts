// Two hosts with kernels on one cable or around one switch, and programs on their sockets.

import type { CpuProfile, Thread, Wait } from '../../cpu/index.js';
import { EthernetSwitch } from '../../fabric/index.js';
import { type Computer, Host } from '../../host/index.js';
import type { KernelOptions, Socket } from '../../kernel/index.js';
import type { NicProfile } from '../../profiles/nic.js';
import { parseIp } from '../../stack/index.js';
import { Simulation } from '../../world/sim.js';

export interface TcpPairOptions {
  /** Of both, or of each. */
  readonly kernel: KernelOptions | readonly [KernelOptions, KernelOptions];
  readonly cpu: CpuProfile;
  readonly card: NicProfile;
  readonly mtu?: number;
  readonly rate?: number;
  /** Of a switch between them. */
  readonly switchNs?: number;
  readonly metres?: number;
  /** Bytes of memory of each node. */
  readonly nodes?: readonly number[];
  /** That the ledgers keep. */
  readonly ledgerEvents?: number;
}

const ETHERNET_BYTES = 18;
const PORT = 5001;
const RATE = 100e9;

type Work = (thread: Thread, socket: Socket, host: Computer) => Generator<Wait, void, void>;

/** Who connects in the first host's place: a guest of it, and what must be done before it has a network. */
export interface Caller {
  readonly computer: Computer;
  prepare(thread: Thread): Generator<Wait, unknown, void>;
}

export class TcpPair {
  readonly sim: Simulation;
  readonly hosts: readonly [Host, Host];

  constructor(options: TcpPairOptions) {
    const {
      kernel,
      cpu,
      card,
      mtu = 1500,
      rate = RATE,
      switchNs,
      metres = 2,
      ledgerEvents = 0,
    } = options;
    const sim = new Simulation({ seed: 1, slotBytes: mtu + ETHERNET_BYTES });
    this.sim = sim;
    const { pool, random } = sim;
    const kernels = 'length' in kernel ? kernel : ([kernel, kernel] as const);
    const host = (i: 0 | 1) =>
      sim.add(
        new Host({
          name: `h${i}`,
          pool,
          random,
          mac: `52:54:00:00:00:0${i + 1}`,
          addresses: [`10.0.0.${i + 1}/24`],
          mtu,
          rate,
          kernel: kernels[i],
          cpu,
          card,
          ledgerEvents,
          ...(options.nodes && { nodes: options.nodes }),
        }),
      );
    this.hosts = [host(0), host(1)];
    const [a, b] = this.hosts;
    if (switchNs === undefined) sim.connect(a, 0, b, 0, { rate, metres });
    else {
      const set = { ports: 2, rate, latencyNs: switchNs, cutThrough: true };
      const between = sim.add(new EthernetSwitch('s0', pool, set, random.fork('s0')));
      sim.connect(a, 0, between, 0, { rate, metres });
      sim.connect(b, 0, between, 1, { rate, metres });
    }
  }

  /** The first host connects, the second accepts; both on their cores 0. */
  start(client: Work, server: Work, caller?: Caller): void {
    const [first, b] = this.hosts;
    const a = caller?.computer ?? first;
    const target = parseIp('10.0.0.2');
    const options = { noDelay: true };
    b.spawn(
      'server',
      function* (thread) {
        const listening = b.socket(options);
        yield* listening.bind(thread, PORT);
        yield* listening.listen(thread);
        yield* server(thread, (yield* listening.accept(thread))!, b);
      },
      { core: 0 },
    );
    a.spawn(
      'client',
      function* (thread) {
        if (caller) yield* caller.prepare(thread);
        const socket = a.socket(options);
        if ((yield* socket.connect(thread, target, PORT)) !== 0) throw new Error(socket.errno);
        yield* client(thread, socket, a);
      },
      { core: 0 },
    );
    this.sim.settle(b);
    this.sim.settle(first);
  }
}
