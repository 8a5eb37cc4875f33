// What a node of the subnet is to its management agent: ports with their PortInfo as the wire has it, and, in a
// switch, its tables. Whoever owns the node (a switch, an adapter) reads from here what the subnet manager set.

import { NODE_TYPE, PHYSICAL_STATE, PORT_STATE } from './constant.js';
import type { LaneMap } from './lane-map.js';
import { laneCodes, linkRateOf, mtuCode } from './rate.js';
import { NodeInfo, PortInfo } from './wire.js';

/** The state of a port's link layer, shared with the port itself, which moves it too (IBA 7.2.7). */
export interface LinkState {
  state: number;
}

/** One port as its owner describes it. */
export interface PortDescription {
  readonly link: LinkState;
  /** Bits a second. */
  readonly rate: number;
  readonly lanes: number;
  readonly mtu: number;
}

/** The forwarding tables of a switch, which it forwards by. */
export interface SwitchTables {
  /** Output port by LID. */
  readonly forwarding: Uint8Array;
  /** Bits of output ports, sixteen a word, by multicast LID. */
  readonly multicast: Uint16Array;
  /** Words of each multicast LID. */
  readonly multicastWords: number;
}

export interface NodeDescriptionOptions {
  readonly name: string;
  readonly guid: bigint;
  readonly ports: readonly PortDescription[];
  readonly tables?: SwitchTables;
  /** Lanes of service levels, which the owner sends by. */
  readonly lanes: LaneMap;
}

/** Entries of the tables: P_Keys of a port, LIDs of the linear table. */
export const P_KEYS = 32;
const DEFAULT_P_KEY = 0xffff;
const DEFAULT_MTU_CODE = 5;

/** A port: PortInfo's bytes, and what does not lie in them. */
export class ManagedPort {
  readonly info = new Uint8Array(PortInfo.size);
  readonly pKeys = new Uint16Array(P_KEYS);
  /** How often its clients were told to register again (PortInfo:ClientReregister). */
  reregistrations = 0;
  /** Grows with every Set and every change of the link, so that owners see that something is new. */
  version = 0;

  constructor(
    readonly number: number,
    readonly guid: bigint,
    readonly link: LinkState,
  ) {
    this.pKeys[0] = DEFAULT_P_KEY;
    PortInfo.set.guidCap(this.info, 0, 1);
  }

  get lid(): number {
    return PortInfo.get.lid(this.info, 0);
  }

  get managerLid(): number {
    return PortInfo.get.masterSmLid(this.info, 0);
  }
}

export class ManagedNode {
  readonly guid: bigint;
  readonly name: string;
  readonly isSwitch: boolean;
  readonly numPorts: number;
  /** By number; of adapters port 1 on, of switches port 0, which is management's own, too. */
  readonly ports: readonly (ManagedPort | undefined)[];
  readonly tables: SwitchTables | undefined;
  readonly lanes: LaneMap;
  /** SwitchInfo:LinearFDBTop, MulticastFDBTop and PortStateChange. */
  linearTop = 0;
  multicastTop = 0;
  portStateChange = false;
  /** SMInfo of the manager at this node, where there is one. */
  managerInfo: (() => Uint8Array) | undefined;
  /** Set(SMInfo) with a modifier came for it; gives the status. */
  managerControl: ((modifier: number, info: Uint8Array) => number) | undefined;

  constructor({ name, guid, ports, tables, lanes }: NodeDescriptionOptions) {
    this.lanes = lanes;
    this.name = name;
    this.guid = guid;
    this.tables = tables;
    this.isSwitch = tables !== undefined;
    this.numPorts = ports.length;
    const all = ports.map((port, i) => external(i + 1, this.#portGuid(i + 1), port));
    this.ports = [this.isSwitch ? managementPort(guid) : undefined, ...all];
  }

  #portGuid(port: number): bigint {
    return this.isSwitch ? this.guid : this.guid + BigInt(port - 1);
  }

  /** NodeInfo as asked for at `port`. */
  nodeInfo(port: number): Uint8Array {
    return NodeInfo.encode({
      baseVersion: 1,
      classVersion: 1,
      nodeType: this.isSwitch ? NODE_TYPE.switch : NODE_TYPE.adapter,
      numPorts: this.numPorts,
      systemImageGuid: this.guid,
      nodeGuid: this.guid,
      portGuid: this.#portGuid(port),
      partitionCap: P_KEYS,
      localPortNum: port,
    });
  }
}

/** Bits of the capability mask and the like that every port of ours has. */
function common(port: ManagedPort): ManagedPort {
  const { info } = port;
  PortInfo.set.isTrapSupported(info, 0, 1);
  PortInfo.set.isSlMappingSupported(info, 0, 1);
  PortInfo.set.isSystemImageGuidSupported(info, 0, 1);
  PortInfo.set.isCommunicationManagementSupported(info, 0, 1);
  PortInfo.set.isExtendedSpeedsSupported(info, 0, 1);
  PortInfo.set.isClientReregistrationSupported(info, 0, 1);
  PortInfo.set.linkDownDefaultState(info, 0, 2);
  return port;
}

function external(number: number, guid: bigint, port: PortDescription): ManagedPort {
  const made = common(new ManagedPort(number, guid, port.link));
  const { info } = made;
  const { width, speed, extended } = linkRateOf(port.rate);
  PortInfo.set.linkWidthSupported(info, 0, width);
  PortInfo.set.linkWidthEnabled(info, 0, width);
  PortInfo.set.linkWidthActive(info, 0, width);
  PortInfo.set.linkSpeedSupported(info, 0, speed);
  PortInfo.set.linkSpeedEnabled(info, 0, speed);
  PortInfo.set.linkSpeedActive(info, 0, speed);
  PortInfo.set.linkSpeedExtSupported(info, 0, extended);
  PortInfo.set.linkSpeedExtEnabled(info, 0, extended);
  PortInfo.set.linkSpeedExtActive(info, 0, extended);
  PortInfo.set.vlCap(info, 0, laneCodes[port.lanes] ?? 1);
  PortInfo.set.operationalVls(info, 0, laneCodes[port.lanes] ?? 1);
  PortInfo.set.mtuCap(info, 0, mtuCode(port.mtu));
  PortInfo.set.neighborMtu(info, 0, 1);
  return made;
}

/** Port 0 of a switch has no link: it is where management packets for the switch end. */
function managementPort(guid: bigint): ManagedPort {
  const port = common(new ManagedPort(0, guid, { state: PORT_STATE.active }));
  PortInfo.set.vlCap(port.info, 0, 1);
  PortInfo.set.operationalVls(port.info, 0, 1);
  PortInfo.set.mtuCap(port.info, 0, DEFAULT_MTU_CODE);
  PortInfo.set.neighborMtu(port.info, 0, DEFAULT_MTU_CODE);
  return port;
}

/** PortInfo's bytes with the states as they are now. */
export function portInfoOf(port: ManagedPort, askedAt: number): Uint8Array {
  const { info, link } = port;
  const down = link.state === PORT_STATE.down;
  PortInfo.set.portState(info, 0, link.state);
  PortInfo.set.portPhysicalState(info, 0, down ? PHYSICAL_STATE.polling : PHYSICAL_STATE.linkUp);
  PortInfo.set.localPortNum(info, 0, askedAt);
  return info;
}
