// What a queue pair must be set to for a stream, in the shape of rdma_cm's events. All that is InfiniBand's is nought.

import type { QueuePairSettings } from '../rdma/cm/index.js';
import type { Stream } from './stream.js';

export const settingsOf = (
  stream: Stream,
  maxRdAtomic: number,
  maxDestRdAtomic: number,
): QueuePairSettings => ({
  destQpNum: 0,
  rqPsn: 0,
  sqPsn: 0,
  pathMtu: 0,
  maxRdAtomic,
  maxDestRdAtomic,
  timeout: 0,
  retryCnt: 0,
  rnrRetry: 0,
  minRnrTimer: 0,
  pkey: 0,
  address: { lid: 0, gid: stream.tcp!.remote, localGid: stream.tcp!.local },
  llpStream: stream.id,
});
