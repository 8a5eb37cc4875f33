// What a subnet manager has told a port, for the device behind it.

import { PORT_STATE } from './constant.js';
import type { ManagedPort } from './node.js';
import { PortInfo } from './wire.js';

export interface PortView {
  /** False while nothing but management passes. */
  readonly active: boolean;
  readonly lid: number;
  readonly gidPrefix: bigint;
  readonly guid: bigint;
  /** LID and service level of the subnet manager; 0 while there is none. */
  readonly managerLid: number;
  readonly managerSl: number;
  /** How often its clients were told to register with subnet administration again. */
  readonly reregistrations: number;
  /** Code of the link's MTU (IBA 14.2.5.6). */
  readonly mtu: number;
}

export const viewOf = ({ info, link, guid, reregistrations }: ManagedPort): PortView => ({
  active: link.state === PORT_STATE.active,
  lid: PortInfo.get.lid(info, 0),
  gidPrefix: PortInfo.get.gidPrefix(info, 0),
  guid,
  managerLid: PortInfo.get.masterSmLid(info, 0),
  managerSl: PortInfo.get.masterSmSl(info, 0),
  reregistrations,
  mtu: PortInfo.get.neighborMtu(info, 0),
});
