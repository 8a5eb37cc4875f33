// The target over RDMA as programs of a host: one listens and keeps time for keep-alive, one serves each connection,
// which is one queue.

import type { Program, Thread } from '../../../cpu/index.js';
import type { Computer } from '../../../host/index.js';
import { type CmEvent, EventChannel } from '../../../rdma/cm/index.js';
import { allocPd, deallocPd, type Pd } from '../../../rdma/index.js';
import { type Port, TRANSPORTS } from '../port.js';
import type { NvmeTarget } from '../target.js';
import { RdmaConnection } from './connection.js';
import { DataPool } from './data-pool.js';
import { acceptance, REFUSED, readRequest, refusal } from './private-data.js';

export const NVME_PORT = 4420;
/** Through which the data of all connections goes. */
const POOL_BYTES = 32 << 20;
/** Queues at once. */
const MOST_CONNECTIONS = 1024;
/** As Linux's target answers: RNR is tried for ever. */
const FOR_EVER = 7;

export interface RdmaServerOptions {
  readonly target: NvmeTarget;
  /** As discovery tells it. */
  readonly address: string;
  readonly port?: number;
  readonly portid?: number;
  readonly poolBytes?: number;
}

/** What has been served so far. */
export interface RdmaServed {
  connections: number;
  refused: number;
  readonly open: Set<RdmaConnection>;
}

export const newServed = (): RdmaServed => ({ connections: 0, refused: 0, open: new Set() });

/** The program that listens. `served` is written as things happen. */
export const rdmaServer = (
  host: Computer,
  options: RdmaServerOptions,
  served: RdmaServed,
): Program =>
  function* listen(thread) {
    const { target, address, port: service = NVME_PORT, portid = 1 } = options;
    const { rdmaCm } = host;
    const channel = new EventChannel();
    const id = rdmaCm.createId('RDMA_PS_TCP', channel);
    rdmaCm.bindAddr(id, undefined, service);
    rdmaCm.listen(id);
    const pd = allocPd(host.open(thread));
    const pool = new DataPool(host, pd, options.poolBytes ?? POOL_BYTES);
    const port: Port = { portid, transport: TRANSPORTS.rdma, address, service: String(service) };
    const server: Server = { host, target, pd, pool, port, served, serving: 0, ended: false };
    const before = target.onDeadline;
    target.onDeadline = (now) => {
      before(now);
      channel.signal.raise(now);
    };
    try {
      for (;;) {
        const event = rdmaCm.event(thread.now, channel);
        if (event?.type === 'RDMA_CM_EVENT_CONNECT_REQUEST') request(server, thread, event);
        else if (event)
          rdmaCm.destroyId(thread.now, event.id); // gave up before it was accepted
        else {
          if (target.wakeAt() <= thread.now) target.expire(thread.now);
          yield thread.block(channel.signal, target.wakeAt());
        }
      }
    } finally {
      target.onDeadline = before;
      server.ended = true;
      for (const connection of served.open) connection.close('the target ends');
      rdmaCm.destroyId(thread.now, id);
      release(server);
    }
  };

interface Server {
  readonly host: Computer;
  readonly target: NvmeTarget;
  readonly pd: Pd;
  readonly pool: DataPool;
  readonly port: Port;
  readonly served: RdmaServed;
  /** Threads that serve a connection. */
  serving: number;
  ended: boolean;
}

/** The last one who leaves gives the memory back. */
function release({ ended, serving, pool, pd }: Server): void {
  if (ended && serving === 0) pool.retire(() => deallocPd(pd));
}

function request(server: Server, { now }: Thread, event: CmEvent): void {
  const { host, port, served } = server;
  const asked = readRequest(event.privateData, port.transport.mqes);
  const reason = typeof asked === 'number' ? asked : refusedFor(server, event);
  if (typeof asked === 'number' || reason !== undefined) {
    served.refused++;
    host.rdmaCm.reject(now, event.id, refusal(reason!));
    host.rdmaCm.destroyId(now, event.id);
    return;
  }
  served.connections++;
  host.spawn(`nvme queue ${asked.qid}`, serve(server, event, asked.depth));
}

function refusedFor({ served }: Server, { settings }: CmEvent): number | undefined {
  // What hosts write is fetched by READ.
  if (settings?.maxRdAtomic === 0) return REFUSED.ird;
  return served.open.size === MOST_CONNECTIONS ? REFUSED.resources : undefined;
}

const serve = (server: Server, event: CmEvent, depth: number): Program =>
  function* queue(thread) {
    const { host, served } = server;
    const { id, settings } = event;
    if (server.ended) return host.rdmaCm.destroyId(thread.now, id);
    server.serving++;
    const connection = new RdmaConnection(host, thread, server, depth);
    id.channel = connection.watch.events;
    served.open.add(connection);
    try {
      const isReady = settings !== undefined && (yield* connection.ready(settings));
      // The host may have gone while the way was asked for.
      if (!isReady || id.state !== 'CONNECT') return;
      host.rdmaCm.accept(thread.now, id, {
        qpn: connection.qp.qpn,
        privateData: acceptance(depth),
        responderResources: 0,
        initiatorDepth: Math.min(settings.maxRdAtomic, host.device.profile.maxQpInitRdAtom),
        flowControl: true,
        rnrRetryCount: FOR_EVER,
      });
      yield* connection.serve();
    } finally {
      served.open.delete(connection);
      connection.end(id);
      server.serving--;
      release(server);
    }
  };
