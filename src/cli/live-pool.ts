// The storage pool for `wireverbs live`: volumes that a guest finds by NVMe over Fabrics, over RDMA and over TCP, on
// one port of both.

import { createHash } from 'node:crypto';
import type { Host } from '../host/index.js';
import { formatIp } from '../stack/index.js';
import { type OpenVolume, openVolume, type VolumeSpec } from '../storage/backing.js';
import {
  NvmeTarget,
  newServed,
  type RdmaServed,
  rdmaServer,
  StackService,
  type Subsystem,
} from '../storage/nvmeof/index.js';
import { TcpStack } from '../tcp/index.js';
import { START } from '../time/index.js';
import type { LiveWorld } from '../world/live.js';
import { counted, print } from './terminal.js';

/** What hosts connect to unless told otherwise. */
export const POOL_NQN = 'nqn.2026-11.io.wireverbs:pool';
/** NVMe over Fabrics has it, on TCP as on RDMA. */
const NVME_PORT = 4420;
const UUID_SIZE = 16;
const SERIAL_SIZE = 20;

export interface ServedPool {
  readonly target: NvmeTarget;
  readonly subsystem: Subsystem;
  readonly rdma: RdmaServed;
  readonly tcp: StackService;
  close(): Promise<void>;
}

/** Sixteen bytes that are the same for the same names, so that a host knows a volume again. */
const uuidOf = (nqn: string, name: string): Uint8Array =>
  new Uint8Array(createHash('sha256').update(`${nqn} ${name}`).digest().subarray(0, UUID_SIZE));

const serialOf = (nqn: string): string =>
  createHash('sha256').update(nqn).digest('hex').slice(0, SERIAL_SIZE);

/** Serves volumes, the first as namespace 1, until the host ends. */
export async function servePool(
  world: LiveWorld,
  host: Host,
  specs: readonly VolumeSpec[],
  nqn = POOL_NQN,
): Promise<ServedPool> {
  const stack = host.stack!;
  const target = new NvmeTarget();
  const subsystem = target.addSubsystem(START, { nqn, serial: serialOf(nqn) });
  const open: OpenVolume[] = [];
  for (const [i, spec] of specs.entries()) {
    const opened = await openVolume(spec);
    open.push(opened);
    const uuid = uuidOf(nqn, spec.name);
    subsystem.addNamespace(world.now, { nsid: i + 1, volume: opened.volume, uuid });
  }
  const address = formatIp(stack.addresses[0]!.ip);
  const rdma = newServed();
  host.spawn('nvme target', rdmaServer(host, { target, address }, rdma));
  const stackTcp = new TcpStack(stack, { random: host.random.fork('nvme tcp') });
  stack.attach(stackTcp);
  const tcp = new StackService(stackTcp, target, { address, port: NVME_PORT, portid: 2 });
  const before = world.onSettled;
  let isTurning = false;
  world.onSettled = (now) => {
    before(now);
    // What was moved may have to be sent: the host is driven again, but not from within itself.
    if (isTurning || (!tcp.turn(now) && !stackTcp.hasWork())) return;
    isTurning = true;
    setImmediate(() => {
      isTurning = false;
      world.settle();
    });
  };
  print(`${nqn}: ${counted(specs.length, 'namespace')} on port ${NVME_PORT}, over RDMA and TCP`);
  const close = async () => {
    for (const volume of open) await volume.close();
  };
  return { target, subsystem, rdma, tcp, close };
}

export function reportPool({ rdma, tcp }: ServedPool): void {
  print(
    `pool: ${counted(rdma.connections, 'queue')} over RDMA and ${tcp.connections} over TCP served`,
  );
}
