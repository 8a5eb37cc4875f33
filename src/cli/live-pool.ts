// The storage pool for `wireverbs live`: volumes that a guest finds by NVMe over Fabrics, over RDMA and over TCP.

import type { Host } from '../host/index.js';
import { formatIp } from '../stack/index.js';
import { OpenVolumes, type VolumeSpec } from '../storage/backing.js';
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
import { addVolume, POOL_NQN, poolSubsystem } from './pool-subsystem.js';
import { counted, print, remark } from './terminal.js';

/** NVMe over Fabrics has it, on TCP as on RDMA. */
const NVME_PORT = 4420;
/** A port of iWARP is the TCP port of that number, at the same address: NVMe/TCP has the next one there. */
const BESIDE_IWARP = NVME_PORT + 1;

export interface ServedPool {
  readonly target: NvmeTarget;
  readonly subsystem: Subsystem;
  readonly rdma: RdmaServed;
  readonly tcp: StackService;
  close(): Promise<void>;
}

/** Serves volumes, the first as namespace 1, until the host ends. */
export async function servePool(
  world: LiveWorld,
  host: Host,
  specs: readonly VolumeSpec[],
  nqn = POOL_NQN,
): Promise<ServedPool> {
  const stack = host.stack!;
  const target = new NvmeTarget();
  const subsystem = poolSubsystem(target, START, nqn);
  const open = new OpenVolumes({ say: (name, what) => remark(`${name}: ${what}`) });
  for (const [i, spec] of specs.entries())
    addVolume(subsystem, world.now, i + 1, spec.name, await open.open(spec));
  const address = formatIp(stack.addresses[0]!.ip);
  const rdma = newServed();
  host.spawn('nvme target', rdmaServer(host, { target, address }, rdma));
  const stackTcp = new TcpStack(stack, { random: host.random.fork('nvme tcp') });
  stack.attach(stackTcp);
  const port = host.rnic ? BESIDE_IWARP : NVME_PORT;
  const tcp = new StackService(stackTcp, target, { address, port, portid: 2 });
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
  const namespaces = counted(specs.length, 'namespace');
  print(`${nqn}: ${namespaces} over RDMA on port ${NVME_PORT} and over TCP on port ${port}`);
  return { target, subsystem, rdma, tcp, close: () => open.close() };
}

export function reportPool({ rdma, tcp }: ServedPool): void {
  print(
    `pool: ${counted(rdma.connections, 'queue')} over RDMA and ${tcp.connections} over TCP served`,
  );
}
