// The disk of a block job: a pool on one host that serves a volume, and qbd on the computer that uses it.

import type { Precondition } from '../../apps/blockjob/index.js';
import type { BlockDevice } from '../../block/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import type { Computer, Host } from '../../host/index.js';
import type { Lab } from '../../scenario/lab.js';
import { parseIp } from '../../stack/index.js';
import { MediaVolume } from '../../storage/media.js';
import { MemoryVolume } from '../../storage/memory-volume.js';
import {
  NvmeTarget,
  newServed,
  newTcpServed,
  rdmaServer,
  tcpServer,
} from '../../storage/nvmeof/index.js';
import { Qbd } from '../../storage/qbd/index.js';
import type { Volume } from '../../storage/volume.js';
import type { Settings } from '../file/settings.js';
import type { Workload } from '../file/workload.js';

/** Of the pool of every experiment. */
export const POOL_NQN = 'nqn.2026-11.io.wireverbs:pool';
const UUID = new Uint8Array(16).fill(1);

export type BlockWorkload = Extract<Workload, { readonly kind: 'block' }>;

/** Starts what serves the volume; how its bytes are put in place beforehand. */
export function servePool(
  lab: Lab,
  { transport }: Settings,
  { to, pool }: BlockWorkload,
): Precondition {
  const host = lab.host(to);
  const target = new NvmeTarget();
  const subsystem = target.addSubsystem(lab.now, { nqn: POOL_NQN });
  const memory = new MemoryVolume(pool.volumeBytes, 'disk');
  subsystem.addNamespace(lab.now, { nsid: 1, volume: onMedia(lab, memory, pool), uuid: UUID });
  const address = lab.address(host);
  const program =
    transport === 'tcp'
      ? tcpServer(host, { target, address }, newTcpServed())
      : rdmaServer(host, { target, address }, newServed());
  host.spawn('nvme target', program);
  return (offset, bytes) => memory.write({ ...PLAIN, offset, length: bytes.length, bytes });
}
const PLAIN = { at: 0, fua: false, noHole: false, done: () => {} };

function onMedia(lab: Lab, memory: Volume, { media }: BlockWorkload['pool']): Volume {
  if (media.readNs === 0 && media.writeNs === 0) return memory;
  return new MediaVolume(memory, media, { now: () => lab.now, at: lab.at.bind(lab) });
}

/** Connects a computer to the pool; its first volume as a device, or what went wrong. */
export function* attach(
  computer: Computer,
  thread: Thread,
  pool: Host,
  lab: Lab,
  { transport }: Settings,
  { pool: { queues, entries, digests }, parameters }: BlockWorkload,
): Generator<Wait, BlockDevice | string, void> {
  const qbd = new Qbd(computer, {
    subnqn: POOL_NQN,
    paths: [
      { transport: transport === 'tcp' ? 'tcp' : 'rdma', target: parseIp(lab.address(pool)) },
    ],
    entries: Math.max(entries, 2 * parameters.depth),
    ...(queues !== undefined && { queues }),
    ...(digests && { digests: { header: true, data: true } }),
  });
  const failure = yield* qbd.ready(thread);
  return failure || qbd.devices[0]?.device || 'the pool has no volume';
}
