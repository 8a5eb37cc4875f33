// The disk of a block job: qbd on the computer that uses it.

import type { BlockDevice } from '../../block/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { parseIp } from '../../stack/index.js';
import { Qbd } from '../../storage/qbd/index.js';
import { after, us } from '../../time/index.js';
import type { Workload } from '../file/workload.js';
import { POOL_NQN, type Pool } from './pool.js';

export type BlockWorkload = Extract<Workload, { readonly kind: 'block' }>;

/** So often a computer looks whether the pool serves. */
const LOOK = us(100);

/** Connects a computer to the pool; its first volume as a device, or what went wrong. */
export function* attach(
  computer: Computer,
  thread: Thread,
  pool: Pool,
  { pool: { queues, entries, digests }, parameters }: BlockWorkload,
): Generator<Wait, BlockDevice | string, void> {
  while (pool.failure === undefined) yield thread.sleep(after(thread.now, LOOK));
  if (pool.failure !== '') return pool.failure;
  const qbd = new Qbd(computer, {
    subnqn: POOL_NQN,
    paths: [
      {
        transport: pool.transport,
        target: parseIp(pool.lab.address(pool.host)),
        port: pool.port,
      },
    ],
    entries: Math.max(entries, 2 * parameters.depth),
    ...(queues !== undefined && { queues }),
    ...(digests && { digests: { header: true, data: true } }),
  });
  const failure = yield* qbd.ready(thread);
  return failure || qbd.devices[0]?.device || 'the pool has no volume';
}
