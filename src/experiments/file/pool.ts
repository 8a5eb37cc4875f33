// The pool of a block job, from the text of one combination: its nodes, its volume, and what must be refused.

import type { BlockJobParameters } from '../../apps/blockjob/index.js';
import { media } from '../../profiles/catalogue.js';
import { readSize, readTime } from '../../scenario/quantity.js';
import type { MediaProfile } from '../../storage/media.js';
import type { Limits } from '../../storage/rate-limit.js';
import { at, PlaceError } from './place.js';
import { profileOf } from './profile-value.js';
import type { PointText, PoolText } from './text.js';

/** What serves a disk. */
export interface PoolSettings {
  /** The first has the volume; as many of the others as there are more copies have one. */
  readonly nodes: readonly string[];
  readonly replicas: number;
  readonly volumeBytes: number;
  readonly media: MediaProfile;
  readonly thin: boolean;
  readonly clone: boolean;
  readonly snapshotNs: number | undefined;
  readonly limits: Limits | undefined;
  readonly queues: number | undefined;
  readonly entries: number;
  readonly digests: boolean;
}

/** Nodes of a pool, as many as copies unless given. */
export const nodesOf = ({ nodes, replicas = 1 }: PoolText): number => nodes ?? replicas;

/** What a volume has beyond what a job needs, so that it does not end where the job does. */
const VOLUME_UNIT = 1 << 20;
const QUEUE_ENTRIES = 128;

/** @throws PlaceError that says what cannot be, and where */
export function poolOf(
  { pool = {} }: PointText,
  hosts: readonly string[],
  from: string,
  first: string,
  { jobs, areaBytes }: BlockJobParameters,
): PoolSettings {
  const need = Math.ceil((jobs * areaBytes) / VOLUME_UNIT) * VOLUME_UNIT;
  const { volume, replicas = 1, backend = 'memory' } = pool;
  const volumeBytes = volume === undefined ? need : readSize('volume', volume);
  if (volumeBytes < need)
    throw new PlaceError(['pool', 'volume'], `${volumeBytes} bytes, and the job needs ${need}`);
  if (backend !== 'memory')
    throw new PlaceError(
      ['pool', 'backend'],
      `${backend} answers in real time, and an experiment has a time of its own: choose 'media' for how a disk takes its time, or serve ${backend} by 'wireverbs pool serve'`,
    );
  const snapshot = pool['snapshot-every'];
  return {
    nodes: nodeNames(pool, hosts, from, first),
    replicas,
    volumeBytes,
    media: at(['pool', 'media'], () => profileOf(media, pool.media, 'memory')),
    thin: pool.thin ?? true,
    clone: pool.clone ?? false,
    snapshotNs: snapshot === undefined ? undefined : readTime('snapshot-every', snapshot),
    limits: limitsOf(pool),
    queues: pool.queues,
    entries: pool.entries ?? QUEUE_ENTRIES,
    digests: pool.digests ?? false,
  };
}

/** The last hosts of the topology, the one that has the volume first. */
function nodeNames(
  pool: PoolText,
  hosts: readonly string[],
  from: string,
  first: string,
): readonly string[] {
  const count = nodesOf(pool);
  const { replicas = 1 } = pool;
  if (replicas > count)
    throw new PlaceError(
      ['pool', 'replicas'],
      `${replicas} copies need as many nodes, not ${count}`,
    );
  const others = hosts.filter((name) => name !== from && name !== first);
  if (others.length < count - 1)
    throw new PlaceError(
      ['pool', 'nodes'],
      `${count} nodes and the host that uses the disk: ${count + 1} hosts, and there are ${hosts.join(', ')}`,
    );
  return [first, ...others.slice(others.length - (count - 1))];
}

function limitsOf({ limits }: PoolText): Limits | undefined {
  if (!limits) return undefined;
  const { iops, bandwidth, burst } = limits;
  return {
    ...(iops !== undefined && { opsPerSecond: iops }),
    ...(bandwidth !== undefined && { bytesPerSecond: readSize('bandwidth', bandwidth) }),
    ...(burst !== undefined && { burstNs: readTime('burst', burst) }),
  };
}
