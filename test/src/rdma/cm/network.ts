// Two managers with a network between them that loses, doubles and reorders by seed, in virtual time.

import { MAD_SIZE } from '../../../../protocols/infiniband/mad/names.js';
import {
  type Connection,
  type ConnectionEvent,
  ConnectionManager,
  gidOfIp,
  type Message,
  type Path,
  type QueuePairSettings,
  readMessage,
} from '../../../../src/rdma/cm/index.js';
import { after, type Nanos, NEVER, Random, START, us } from '../../../../src/time/index.js';

export const SERVICE = 0x1061c06n;
export const path: Path = { localGid: gidOfIp('10.0.0.1'), remoteGid: gidOfIp('10.0.0.2'), mtu: 3 };

export interface Faults {
  readonly loss?: number;
  readonly duplicate?: number;
  /** The longest way; the shortest is 1 us, so that frames overtake each other. */
  readonly delay?: Nanos;
  /** Loses what it says true of. `count` is of messages of that name, from 1. */
  readonly lose?: (message: Message, count: number) => boolean;
}

interface Flying {
  readonly at: Nanos;
  readonly to: number;
  readonly bytes: Uint8Array;
}

export class Network {
  now = START;
  readonly random: Random;
  readonly managers: readonly ConnectionManager[];
  readonly events: [ConnectionEvent[], ConnectionEvent[]] = [[], []];
  /** All messages sent, lost ones too. */
  readonly sent: {
    readonly from: number;
    readonly message: Message;
    readonly bytes: Uint8Array;
  }[] = [];
  /** Called for each event, as an application would. */
  application: (end: number, event: ConnectionEvent) => void = () => {};
  #air: Flying[] = [];

  constructor(
    seed: number,
    public faults: Faults = {},
  ) {
    this.random = new Random(seed, 'network');
    this.managers = [1, 2].map(
      (n) => new ConnectionManager({ guid: BigInt(n), random: this.random.fork(`end ${n}`) }),
    );
  }

  /** Runs until nothing is left to happen, or until `end`. */
  run(end: Nanos = NEVER): void {
    for (let steps = 0; steps < 20000; steps++) {
      this.#settle();
      const next = Math.min(...this.managers.map((m) => m.wakeAt()), ...this.#air.map((f) => f.at));
      if (next === NEVER || next > end) return;
      this.now = next as Nanos;
      const due = this.#air.filter((f) => f.at <= this.now);
      this.#air = this.#air.filter((f) => f.at > this.now);
      for (const { to, bytes } of due) {
        this.managers[to]!.receive(this.now, bytes, 0, MAD_SIZE, { lid: 1 - to });
      }
      for (const m of this.managers) if (m.wakeAt() <= this.now) m.expire(this.now);
    }
    throw new Error('does not come to rest');
  }

  names(from: number): string {
    return this.sent
      .filter((s) => s.from === from)
      .map((s) => s.message.name)
      .join(' ');
  }

  #settle(): void {
    for (const [end, manager] of this.managers.entries()) {
      for (let e = manager.event(); e; e = manager.event()) {
        this.events[end]!.push(e);
        this.application(end, e);
      }
    }
    for (const [end, manager] of this.managers.entries()) {
      const bytes = new Uint8Array(MAD_SIZE);
      while (manager.transmit(bytes)) this.#send(end, bytes.slice());
    }
  }

  #send(from: number, bytes: Uint8Array): void {
    const message = readMessage(bytes, 0, MAD_SIZE) as Message;
    this.sent.push({ from, message, bytes });
    const count = this.sent.filter((s) => s.message.name === message.name).length;
    const { loss = 0, duplicate = 0, delay = us(10), lose } = this.faults;
    if (lose?.(message, count)) return;
    const copies = this.random.chance(duplicate) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (this.random.chance(loss)) continue;
      const at = after(this.now, us(1) + this.random.below(delay));
      this.#air.push({ at, to: 1 - from, bytes });
    }
  }
}

/** Applications that connect, accept and establish whatever comes, and say goodbye when the other one does. */
export function agreeable(network: Network): {
  settings: [QueuePairSettings[], QueuePairSettings[]];
} {
  const settings: [QueuePairSettings[], QueuePairSettings[]] = [[], []];
  network.application = (end, e) => {
    const manager = network.managers[end]!;
    const c = e.connection;
    if (e.type === 'RDMA_CM_EVENT_CONNECT_REQUEST' && c.state !== 'IDLE') {
      manager.accept(network.now, c, { localQpn: 0x20, startingPsn: 0x2000 });
    }
    if (e.type === 'RDMA_CM_EVENT_CONNECT_RESPONSE' && c.state !== 'TIMEWAIT') {
      manager.establish(network.now, c);
    }
    if (e.type === 'RDMA_CM_EVENT_ESTABLISHED' && e.settings)
      settings[end as 0 | 1].push(e.settings);
    if (c.state === 'DREQ_RCVD') manager.disconnect(network.now, c);
  };
  return { settings };
}

export const connect = (network: Network, localQpn = 0x10): Connection =>
  network.managers[0]!.connect(network.now, {
    serviceId: SERVICE,
    path,
    localQpn,
    startingPsn: 0x1000,
    responderResources: 4,
    initiatorDepth: 2,
  });
