// Queue pairs as connection management wants them: from the settings of an event to a queue pair that is ready to send.

import type { Thread, Wait } from '../cpu/index.js';
import type { QueuePairSettings } from '../rdma/cm/index.js';
import { type Mtu, modifyQp, type QueuePair } from '../rdma/index.js';
import { after, ms } from '../time/index.js';
import type { Computer } from './computer.js';

/** IBV_MTU_256 has code 1 (IBA 14.2.5.6). */
const mtuCodes: readonly (Mtu | undefined)[] = [
  undefined,
  'IBV_MTU_256',
  'IBV_MTU_512',
  'IBV_MTU_1024',
  'IBV_MTU_2048',
  'IBV_MTU_4096',
];
/** A neighbour that is asked for is looked up again so often: it is asked three times, a second apart, before it has failed. */
const LOOKUP_INTERVAL = ms(1);
const LOOKUPS = 4000;

/**
 * Takes a queue pair from RESET to RTS, towards the peer that the settings name; rights are those of IBV_ACCESS_*.
 * Gives false when the peer's link address cannot be found out.
 */
export function* makeReady(
  host: Computer,
  thread: Thread,
  qp: QueuePair,
  settings: QueuePairSettings,
  qpAccessFlags: number,
): Generator<Wait, boolean, void> {
  const { stack, device } = host;
  if (settings.llpStream !== undefined) return carry(host, thread, qp, settings, qpAccessFlags);
  const { gid } = settings.address;
  for (let tries = 0; stack && gid && stack.way(thread.now, gid) === 'pending'; tries++) {
    if (tries === LOOKUPS) return false;
    yield thread.sleep(after(thread.now, LOOKUP_INTERVAL));
  }
  if (stack && gid && stack.way(thread.now, gid) === undefined) return false;
  const context = host.open(thread);
  const { maxQpRdAtom, maxQpInitRdAtom } = device.profile;
  const reliable = qp.type !== 'IBV_QPT_UC';
  modifyQp(context, qp, { qpState: 'INIT', pkeyIndex: 0, portNum: 1, qpAccessFlags });
  modifyQp(context, qp, {
    qpState: 'RTR',
    ahAttr: host.services.vectorOf(settings.address),
    pathMtu: mtuCodes[settings.pathMtu]!,
    destQpNum: settings.destQpNum,
    rqPsn: settings.rqPsn,
    ...(reliable && {
      maxDestRdAtomic: Math.min(maxQpRdAtom, settings.maxDestRdAtomic),
      minRnrTimer: settings.minRnrTimer,
    }),
  });
  modifyQp(context, qp, {
    qpState: 'RTS',
    sqPsn: settings.sqPsn,
    ...(reliable && {
      timeout: settings.timeout,
      retryCnt: settings.retryCnt,
      rnrRetry: settings.rnrRetry,
      maxRdAtomic: Math.min(maxQpInitRdAtom, settings.maxRdAtomic),
    }),
  });
  return true;
}

/** The same over iWARP: the stream is there, and gets its queue pair. */
function carry(
  host: Computer,
  thread: Thread,
  qp: QueuePair,
  settings: QueuePairSettings,
  qpAccessFlags: number,
): boolean {
  const context = host.open(thread);
  const { maxQpRdAtom, maxQpInitRdAtom } = host.device.profile;
  const { llpStream } = settings;
  if (host.rnic?.connector.streamOf(llpStream!)?.phase !== 'ready') return false;
  modifyQp(context, qp, { qpState: 'INIT', qpAccessFlags });
  modifyQp(context, qp, {
    qpState: 'RTS',
    llpStream: llpStream!,
    maxDestRdAtomic: Math.min(maxQpRdAtom, settings.maxDestRdAtomic),
    maxRdAtomic: Math.min(maxQpInitRdAtom, settings.maxRdAtomic),
  });
  return true;
}
