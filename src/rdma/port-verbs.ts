// The verbs for the device and its port: what they can do, GIDs and partition keys, multicast, asynchronous events; and
// what happens to hardware: the port goes up and down, the device fails.

import { gidOf, isMulticast } from './address.js';
import { type Mtu, mtuBytes, WC } from './constant.js';
import type { AsyncEvent } from './device-options.js';
import { UsageError } from './memory-parts.js';
import type { Context } from './objects.js';
import type { DeviceProfile } from './profile.js';
import type { QueuePair } from './queue-pair.js';
import { fetchJob } from './requester.js';
import { demandFacility } from './transport.js';

/** struct ibv_device_attr: the limits. */
export const queryDevice = ({ device }: Context): DeviceProfile => device.profile;

/** struct ibv_port_attr. */
export interface PortAttr {
  readonly state: 'IBV_PORT_ACTIVE' | 'IBV_PORT_DOWN';
  readonly maxMtu: Mtu;
  readonly activeMtu: Mtu;
  readonly gidTblLen: number;
  readonly pkeyTblLen: number;
  readonly lid: number;
  readonly linkLayer: 'IBV_LINK_LAYER_INFINIBAND' | 'IBV_LINK_LAYER_ETHERNET';
  readonly badPkeyCntr: number;
  readonly qkeyViolCntr: number;
}

export function queryPort({ device }: Context): PortAttr {
  const { address, counters } = device;
  const active = Object.entries(mtuBytes).find(([, bytes]) => bytes === device.mtu);
  return {
    state: device.portIsUp ? 'IBV_PORT_ACTIVE' : 'IBV_PORT_DOWN',
    maxMtu: 'IBV_MTU_4096',
    activeMtu: active![0] as Mtu,
    gidTblLen: address.gids.length,
    pkeyTblLen: device.pkeyCount,
    lid: address.lid,
    linkLayer: address.native ? 'IBV_LINK_LAYER_INFINIBAND' : 'IBV_LINK_LAYER_ETHERNET',
    badPkeyCntr: counters.get('bad_pkey_cntr'),
    qkeyViolCntr: counters.get('qkey_viol_cntr'),
  };
}

/** ibv_query_gid. */
export const queryGid = ({ device }: Context, index: number): Uint8Array => {
  const gid = device.address.gids[index];
  if (!gid) throw new UsageError('EINVAL', `there is no GID ${index}`);
  return gid.bytes;
};

export function queryPkey({ device }: Context, index: number): number {
  if (!(index >= 0 && index < device.pkeyCount))
    throw new UsageError('EINVAL', `there is no partition key ${index}`);
  return device.pkey(index);
}

function groupOf(qp: QueuePair, gid: Uint8Array | string): string {
  if (qp.type !== 'IBV_QPT_UD') throw new UsageError('EINVAL', 'datagram queue pairs join groups');
  const bytes = typeof gid === 'string' ? gidOf(gid) : gid;
  if (!isMulticast(bytes)) throw new UsageError('EINVAL', 'no group has this GID');
  return bytes.join();
}

/** Joining twice is joining once. @throws UsageError EINVAL; ENOMEM when the device's limits are reached */
export function attachMcast({ device }: Context, qp: QueuePair, gid: Uint8Array | string): void {
  demandFacility(device, 'multicast');
  const { groups, profile } = device;
  const key = groupOf(qp, gid);
  const group = groups.get(key) ?? new Set();
  if (group.has(qp)) return;
  if (!groups.has(key) && groups.size >= profile.maxMcastGrp)
    throw new UsageError('ENOMEM', `${groups.size} groups`);
  if (group.size >= profile.maxMcastQpAttach)
    throw new UsageError('ENOMEM', `${group.size} members`);
  let all = 0;
  for (const members of groups.values()) all += members.size;
  if (all >= profile.maxTotalMcastQpAttach) throw new UsageError('ENOMEM', `${all} memberships`);
  groups.set(key, group.add(qp));
}

/** ibv_detach_mcast. */
export function detachMcast({ device }: Context, qp: QueuePair, gid: Uint8Array | string): void {
  const key = groupOf(qp, gid);
  const group = device.groups.get(key);
  if (!group?.delete(qp)) throw new UsageError('EINVAL', 'the queue pair is no member');
  if (group.size === 0) device.groups.delete(key);
}

/** The next asynchronous event; undefined when none waits. */
export const getAsyncEvent = ({ device }: Context): AsyncEvent | undefined => device.events.shift();

/** The link of the port came up or went down; packets are the link's business. */
export function setPort({ device }: Context, isUp: boolean): void {
  if (device.portIsUp === isUp) return;
  device.portIsUp = isUp;
  device.report({ type: isUp ? 'IBV_EVENT_PORT_ACTIVE' : 'IBV_EVENT_PORT_ERR' });
}

/**
 * The hardware fails for good (IBA 11.6.3.3, local catastrophic error): of each send queue the request that was in
 * work ends with IBV_WC_FATAL_ERR, all others are flushed, and nothing works from then on.
 */
export function failDevice({ device }: Context): void {
  if (device.failed) return;
  device.failed = true;
  const { now } = device;
  for (const qp of device.qps.values()) {
    if (qp.state === 'RESET' || qp.state === 'ERR') continue;
    if (qp.allows.postSend && qp.tail < qp.rung) {
      const job = qp.tail < qp.fetched ? qp.job(qp.tail) : fetchJob(device, qp, now);
      qp.tail++;
      if (qp.cursor < qp.tail) qp.cursor = qp.tail;
      device.completeSend(now, qp, job, WC.FATAL_ERR);
    }
    qp.responseCount = 0;
    device.toError(now, qp);
  }
  device.report({ type: 'IBV_EVENT_DEVICE_FATAL' });
}
