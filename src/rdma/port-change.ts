// What a subnet manager does to the port of a device over InfiniBand: LID, GID prefix, where the manager is, and
// whether packets pass.

import { gidBytes, type PortView } from '../subnet/index.js';
import { sameBytes } from './address.js';
import type { RdmaDevice } from './device.js';

export function portChanged(device: RdmaDevice, view: PortView): void {
  const { address } = device;
  if (view.lid > 0) {
    address.lid = view.lid;
    address.managerLid = view.managerLid;
    address.managerSl = view.managerSl;
    const gid = gidBytes(view.gidPrefix, view.guid);
    const [first] = address.gids;
    if (first?.type === 'IB' && !sameBytes(first.bytes, 0, gid, 0, gid.length))
      address.gids = [{ bytes: gid, type: 'IB' }, ...address.gids.slice(1)];
  }
  if (view.reregistrations !== (address.reregistrations ?? 0)) {
    address.reregistrations = view.reregistrations;
    device.report({ type: 'IBV_EVENT_CLIENT_REREGISTER' });
  }
  if (device.portIsUp === view.active) return;
  device.portIsUp = view.active;
  // A port that waits for its first manager has not failed.
  if (view.active) device.report({ type: 'IBV_EVENT_PORT_ACTIVE' });
  else if (view.lid > 0) device.report({ type: 'IBV_EVENT_PORT_ERR' });
}
