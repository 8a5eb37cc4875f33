// An RNIC of ours against a peer that is no more than TCP: tests write its bytes of MPA, DDP and RDMAP themselves, and read
// what the RNIC says.

import { parseMac } from '../../protocols/index.js';
import { Host } from '../../src/host/index.js';
import type { IwarpOptions } from '../../src/iwarp/index.js';
import type { CmEvent, CmId } from '../../src/rdma/cm/index.js';
import {
  allocPd,
  type CompletionQueue,
  type Context,
  createCq,
  createQp,
  type DeviceProfile,
  modifyQp,
  openDevice,
  type Pd,
  pollCq,
  type QueuePair,
  type Wc,
} from '../../src/rdma/index.js';
import { parseIp } from '../../src/stack/index.js';
import type { RingSink, RingSource, TcpConnection } from '../../src/tcp/index.js';
import { ms, type Nanos, seconds } from '../../src/time/index.js';
import { Simulation } from '../../src/world/sim.js';
import { assert } from './spec.js';
import { TcpHost } from './tcp-pair.js';

const PORT = 4711;
const RIGHTS = 0xf;

export interface RawOptions {
  readonly iwarp?: Partial<IwarpOptions>;
  readonly profile?: DeviceProfile;
  readonly seed?: number;
  /** READs that are served and asked for. */
  readonly depth?: number;
}

export class RawIwarp {
  readonly sim: Simulation;
  readonly host: Host;
  readonly peer: TcpHost;
  readonly context: Context;
  readonly pd: Pd;
  readonly cq: CompletionQueue;
  readonly qp: QueuePair;
  readonly depth: number;
  tcp: TcpConnection | undefined;
  id: CmId | undefined;
  readonly events: string[] = [];

  constructor({ iwarp, profile, seed = 1, depth = 4 }: RawOptions = {}) {
    this.depth = depth;
    this.sim = new Simulation({ seed });
    this.host = new Host({
      name: 'rnic',
      pool: this.sim.pool,
      mac: parseMac('52:54:00:00:00:02'),
      addresses: ['10.0.0.2/24'],
      random: this.sim.random,
      wire: 'iWARP',
      ...(iwarp && { iwarp }),
      ...(profile && { nic: profile }),
    });
    this.peer = new TcpHost(this.sim, 0, {}, { defaults: { nagle: false } });
    this.sim.add(this.host);
    this.sim.connect(this.peer.stack, 0, this.host, 0, { rate: 10e9, metres: 10 });
    this.context = openDevice(this.host.device, this.host.space, this.host.ledger.actor('cpu'));
    this.pd = allocPd(this.context);
    this.cq = createCq(this.context, 1024);
    const cap = { maxSendWr: 128, maxRecvWr: 128, maxSendSge: 4, maxRecvSge: 4 };
    const cqs = { sendCq: this.cq, recvCq: this.cq };
    this.qp = createQp(this.pd, { qpType: 'IBV_QPT_RC', ...cqs, cap });
  }

  run(duration: Nanos = ms(1)): void {
    this.sim.settle(this.host);
    this.sim.run((this.sim.now + duration) as Nanos);
  }

  /** The peer connects by TCP to a listener of ours; MPA is the test's. */
  listen(): void {
    const { rdmaCm } = this.host;
    const id = rdmaCm.createId();
    rdmaCm.bindAddr(id, undefined, PORT);
    rdmaCm.listen(id);
    this.tcp = this.peer.act(() =>
      this.peer.tcp.connect(this.sim.now, { remote: parseIp('10.0.0.2'), port: PORT }),
    );
    this.run();
  }

  /** We connect to a listener of the peer's; our request is what it reads first. */
  connect(depth: { readonly ird: number; readonly ord: number }, privateData?: Uint8Array): void {
    const { rdmaCm } = this.host;
    const listener = this.peer.act(() => this.peer.tcp.listen({ port: PORT }));
    const id = rdmaCm.createId();
    this.id = id;
    rdmaCm.resolveAddr(this.sim.now, id, parseIp('10.0.0.1'), PORT);
    this.run();
    assert.is(this.event()?.type, 'RDMA_CM_EVENT_ADDR_RESOLVED');
    rdmaCm.resolveRoute(this.sim.now, id);
    assert.is(this.event()?.type, 'RDMA_CM_EVENT_ROUTE_RESOLVED');
    rdmaCm.connect(this.sim.now, id, {
      qpn: this.qp.qpn,
      responderResources: depth.ird,
      initiatorDepth: depth.ord,
      ...(privateData && { privateData }),
    });
    this.run();
    this.tcp = listener.accept();
    assert.ok(this.tcp, 'the RNIC did not connect');
  }

  event(): CmEvent | undefined {
    const event = this.host.rdmaCm.event(this.sim.now);
    if (event) this.events.push(event.type.slice('RDMA_CM_EVENT_'.length));
    return event;
  }

  /** Gives the queue pair to the stream of a request or a response, and answers it. */
  answer(event: CmEvent | undefined): void {
    const { settings, id, type } = event!;
    const { rdmaCm } = this.host;
    this.id = id;
    modifyQp(this.context, this.qp, { qpState: 'INIT', qpAccessFlags: RIGHTS });
    modifyQp(this.context, this.qp, {
      qpState: 'RTS',
      llpStream: settings!.llpStream!,
      maxRdAtomic: settings!.maxRdAtomic,
      maxDestRdAtomic: settings!.maxDestRdAtomic,
    });
    if (type === 'RDMA_CM_EVENT_CONNECT_RESPONSE') rdmaCm.establish(this.sim.now, id);
    else {
      const { responderResources, initiatorDepth } = event!;
      const depth = {
        responderResources: Math.min(this.depth, responderResources!),
        initiatorDepth: Math.min(this.depth, initiatorDepth!),
      };
      rdmaCm.accept(this.sim.now, id, { qpn: this.qp.qpn, ...depth });
    }
    this.run();
  }

  /** The peer says these bytes. */
  write(bytes: Uint8Array): void {
    this.peer.act(() => {
      assert.is((this.tcp!.source as RingSource).write(bytes), bytes.length);
      this.tcp!.push(this.sim.now);
    });
    this.run();
  }

  /** All that the RNIC has said since it was asked last. */
  read(): Uint8Array {
    const sink = this.tcp!.sink as RingSink;
    const bytes = new Uint8Array(sink.ready);
    sink.read(bytes);
    this.peer.act(() => this.tcp!.consumed(this.sim.now));
    return bytes;
  }

  completions(): Wc[] {
    const all: Wc[] = [];
    for (;;) {
      const wc: Wc[] = [];
      if (pollCq(this.context, this.cq, 64, wc) === 0) return all;
      all.push(...wc);
    }
  }

  /** Everything has had its time. */
  rest(): void {
    this.run(seconds(20));
  }
}
