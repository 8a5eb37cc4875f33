// What a port shall be told (IBA 14.2.5.6): its LID, where the manager is, the MTU and the lanes that both ends of its
// link can, and its next state.

import { PORT_STATE } from './constant.js';
import { portIn, type SubnetNode, type SubnetPort, stateOf } from './subnet.js';
import { PortInfo } from './wire.js';

export interface PortPlan {
  /** End ports have one. */
  readonly lid: number | undefined;
  readonly managerLid: number;
  readonly gidPrefix: bigint;
  readonly mKey: bigint;
}

/** opensm's subnet_timeout: 1.07 s, within which traps are not repeated. */
const SUBNET_TIMEOUT = 18;
/** M_Key protection: requests with a wrong key are not answered, but for Get of what is no secret (IBA 14.2.4.1). */
const PROTECT = 1;

/** PortInfo to be set, or undefined when the port is as it shall be. */
export function planPort(
  node: SubnetNode,
  port: SubnetPort,
  plan: PortPlan,
): Uint8Array | undefined {
  const { info } = port;
  const wanted = info.slice(0, PortInfo.size);
  if (plan.lid !== undefined) {
    PortInfo.set.lid(wanted, 0, plan.lid);
    PortInfo.set.masterSmLid(wanted, 0, plan.managerLid);
    PortInfo.set.gidPrefix(wanted, 0, plan.gidPrefix);
    PortInfo.set.mKey(wanted, 0, plan.mKey);
    PortInfo.set.mKeyProtectBits(wanted, 0, plan.mKey === 0n ? 0 : PROTECT);
    PortInfo.set.subnetTimeOut(wanted, 0, SUBNET_TIMEOUT);
  }
  const far = port.peer && portIn(port.peer.node, port.peer.port).info;
  if (far) {
    const less = (field: 'mtuCap' | 'vlCap') =>
      Math.min(PortInfo.get[field](info, 0), PortInfo.get[field](far, 0));
    PortInfo.set.neighborMtu(wanted, 0, less('mtuCap'));
    PortInfo.set.operationalVls(wanted, 0, less('vlCap'));
  }
  const rises = port.peer !== undefined && stateOf(port) === PORT_STATE.initialize;
  if (!rises && wanted.every((byte, i) => byte === info[i])) return undefined;
  const isNew = plan.lid !== undefined && PortInfo.get.masterSmLid(info, 0) !== plan.managerLid;
  // Clients of subnet administration must register with a manager that is new (IBA 14.4.11).
  if (isNew && !node.isSwitch) PortInfo.set.clientReregister(wanted, 0, 1);
  PortInfo.set.portState(wanted, 0, rises ? PORT_STATE.armed : PORT_STATE.none);
  PortInfo.set.portPhysicalState(wanted, 0, PORT_STATE.none);
  PortInfo.set.linkDownDefaultState(wanted, 0, 0);
  return wanted;
}

/** PortInfo that makes an armed port ACTIVE and leaves the rest. */
export function planActive({ info }: SubnetPort): Uint8Array {
  const wanted = info.slice(0, PortInfo.size);
  PortInfo.set.portState(wanted, 0, PORT_STATE.active);
  PortInfo.set.portPhysicalState(wanted, 0, PORT_STATE.none);
  PortInfo.set.linkDownDefaultState(wanted, 0, 0);
  PortInfo.set.clientReregister(wanted, 0, 0);
  return wanted;
}
