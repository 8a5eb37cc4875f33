// The attributes of subnet management as an agent has them (IBA 14.2.5): a table from AttributeID to what Get writes
// into the packet and what Set takes from it.

import {
  ATTRIBUTE,
  LAST_UNICAST,
  LINEAR_BLOCK,
  MULTICAST_BLOCK,
  PORT_STATE,
  STATUS,
} from './constant.js';
import { ALL_INPUTS, ALL_OUTPUTS, INPUT } from './lane-plan.js';
import { type ManagedNode, type ManagedPort, P_KEYS, portInfoOf } from './node.js';
import { GUIDInfo, PortInfo, SLtoVLMappingTable, SwitchInfo } from './wire.js';

export interface AttributeRequest {
  readonly node: ManagedNode;
  /** Where the request came in. */
  readonly port: number;
  readonly modifier: number;
  /** The packet's 64 bytes, read by Set and written by Get. */
  readonly data: Uint8Array;
}

type Treat = (request: AttributeRequest) => number;

interface Attribute {
  readonly get: Treat;
  readonly set?: Treat;
}

const { ok, attributeNotSupported, invalidValue } = STATUS;
const BYTE = 256;
const WORD = 0x10000;

function give(data: Uint8Array, bytes: Uint8Array): number {
  data.fill(0);
  data.set(bytes.subarray(0, data.length));
  return ok;
}

/** The port that a modifier names; adapters may say 0 for the one that the request came in by. */
function portOf({ node, port }: AttributeRequest, number: number): ManagedPort | undefined {
  return node.ports[number === 0 && !node.isSwitch ? port : number];
}

// NodeDescription, NodeInfo, SwitchInfo, GUIDInfo

const getDescription: Treat = ({ node, data }) => give(data, new TextEncoder().encode(node.name));

const getSwitch: Treat = ({ node, data }) => {
  const { tables } = node;
  if (!tables) return attributeNotSupported;
  return give(
    data,
    SwitchInfo.encode({
      linearFdbCap: tables.forwarding.length,
      multicastFdbCap: tables.multicast.length / tables.multicastWords,
      linearFdbTop: node.linearTop,
      portStateChange: node.portStateChange ? 1 : 0,
      optimizedSlToVlMappingProgramming: 1,
      multicastFdbTop: node.multicastTop,
    }),
  );
};

const setSwitch: Treat = ({ node, data }) => {
  if (!node.tables) return attributeNotSupported;
  const top = SwitchInfo.get.linearFdbTop(data, 0);
  if (top >= node.tables.forwarding.length) return invalidValue;
  node.linearTop = top;
  node.multicastTop = SwitchInfo.get.multicastFdbTop(data, 0);
  // Writing a one clears it (IBA 14.2.5.4).
  if (SwitchInfo.get.portStateChange(data, 0) === 1) node.portStateChange = false;
  return ok;
};

const getGuids: Treat = (request) => {
  const { node, port, modifier, data } = request;
  const guid = (node.ports[port] ?? node.ports[0])!.guid;
  return give(data, GUIDInfo.encode(modifier === 0 ? { guid0: guid } : {}));
};

// PortInfo

const getPort: Treat = (request) => {
  const port = portOf(request, request.modifier);
  if (!port) return invalidValue;
  return give(request.data, portInfoOf(port, request.port));
};

type PortField = 'mKey' | 'gidPrefix' | 'lid' | 'masterSmLid' | 'mKeyLeasePeriod';
type PortNumber = 'mKeyProtectBits' | 'lmc' | 'masterSmSl' | 'subnetTimeOut' | 'neighborMtu';

/** What belongs to an end port: all of an adapter's, port 0 of a switch. */
const endPortFields: readonly (Exclude<PortField, 'mKey' | 'gidPrefix'> | PortNumber)[] = [
  'lid',
  'masterSmLid',
  'mKeyLeasePeriod',
  'mKeyProtectBits',
  'lmc',
  'masterSmSl',
  'subnetTimeOut',
];

/** Which states a Set may ask for in each (IBA 14.2.5.6): asked again for what is there, it is a repeated request. */
const mayBecome: Readonly<Record<number, readonly number[]>> = {
  [PORT_STATE.down]: [],
  [PORT_STATE.initialize]: [PORT_STATE.armed],
  [PORT_STATE.armed]: [PORT_STATE.armed, PORT_STATE.active],
  [PORT_STATE.active]: [PORT_STATE.active],
};

const setPort: Treat = (request) => {
  const { node, modifier, data } = request;
  const port = portOf(request, modifier);
  if (!port) return invalidValue;
  const { info, link } = port;
  const state = PortInfo.get.portState(data, 0);
  const wanted = state === PORT_STATE.none ? undefined : state;
  if (wanted !== undefined && !mayBecome[link.state]?.includes(wanted)) return invalidValue;
  const mtu = PortInfo.get.neighborMtu(data, 0);
  if (mtu > PortInfo.get.mtuCap(info, 0)) return invalidValue;
  if (!node.isSwitch || port.number === 0) {
    const lid = PortInfo.get.lid(data, 0);
    if (lid === 0 || lid > LAST_UNICAST || PortInfo.get.masterSmLid(data, 0) > LAST_UNICAST)
      return invalidValue;
    for (const field of endPortFields) PortInfo.set[field](info, 0, PortInfo.get[field](data, 0));
    PortInfo.set.mKey(info, 0, PortInfo.get.mKey(data, 0));
    PortInfo.set.gidPrefix(info, 0, PortInfo.get.gidPrefix(data, 0));
    // An order, not a state: what is read of it is 0.
    port.reregistrations += PortInfo.get.clientReregister(data, 0);
    // A switch forwards packets for its own LID to port 0.
    if (node.tables) node.tables.forwarding[lid] = 0;
  }
  if (mtu > 0) PortInfo.set.neighborMtu(info, 0, mtu);
  const lanes = PortInfo.get.operationalVls(data, 0);
  if (lanes > 0) PortInfo.set.operationalVls(info, 0, lanes);
  if (wanted !== undefined) link.state = wanted;
  port.version++;
  return ok;
};

// Tables

const pKeysOf = (request: AttributeRequest): Uint16Array | undefined => {
  const block = request.modifier % WORD;
  const number = request.node.isSwitch ? Math.floor(request.modifier / WORD) : request.port;
  return block === 0 ? request.node.ports[number]?.pKeys : undefined;
};

const words = (data: Uint8Array, count: number): DataWords => new DataWords(data, count);

/** Words of sixteen bits as the wire has them. */
class DataWords {
  constructor(
    readonly data: Uint8Array,
    readonly count: number,
  ) {}
  get(i: number): number {
    return this.data[2 * i]! * BYTE + this.data[2 * i + 1]!;
  }
  set(i: number, value: number): void {
    this.data[2 * i] = Math.floor(value / BYTE);
    this.data[2 * i + 1] = value % BYTE;
  }
}

const getPKeys: Treat = (request) => {
  const pKeys = pKeysOf(request);
  if (!pKeys) return invalidValue;
  const to = words(request.data, P_KEYS);
  for (let i = 0; i < to.count; i++) to.set(i, pKeys[i]!);
  return ok;
};

const setPKeys: Treat = (request) => {
  const pKeys = pKeysOf(request);
  if (!pKeys) return invalidValue;
  const from = words(request.data, P_KEYS);
  for (let i = 0; i < from.count; i++) pKeys[i] = from.get(i);
  return ok;
};

const levels = Array.from({ length: 16 }, (_, level) => `sl${level}` as const);

/** Ports that a modifier names, of an adapter none: its packets come from itself and leave by the port that is asked. */
function pairOf({
  node,
  modifier,
}: AttributeRequest): { input: number; output: number } | undefined {
  if (!node.isSwitch) return { input: 0, output: 0 };
  const [input, output] = [Math.floor(modifier / INPUT) % INPUT, modifier % INPUT];
  return input <= node.numPorts && output <= node.numPorts ? { input, output } : undefined;
}

const getLanes: Treat = (request) => {
  const { node, data } = request;
  const pair = pairOf(request);
  if (!pair) return invalidValue;
  const entries = levels.map(
    (field, level) => [field, node.lanes.lane(pair.input, pair.output, level)] as const,
  );
  return give(data, SLtoVLMappingTable.encode(Object.fromEntries(entries)));
};

/** For one pair of ports, or for all inputs or outputs at once (SwitchInfo:OptimizedSLtoVLMappingProgramming). */
const setLanes: Treat = (request) => {
  const { node, modifier, data } = request;
  const pair = pairOf(request);
  if (!pair) return invalidValue;
  const table = SLtoVLMappingTable.decode(data, 0) as Readonly<Record<string, number>>;
  const lanes = levels.map((field) => table[field]!);
  const sides = (all: number, one: number) =>
    node.isSwitch && Math.floor(modifier / all) % 2 === 1
      ? Array.from({ length: node.numPorts + 1 }, (_, port) => port)
      : [one];
  for (const input of sides(ALL_INPUTS, pair.input))
    for (const output of sides(ALL_OUTPUTS, pair.output)) node.lanes.set(input, output, lanes);
  return ok;
};

/** The part of the linear forwarding table that a block is. */
const linearOf = ({ node, modifier }: AttributeRequest): Uint8Array | undefined => {
  const from = modifier * LINEAR_BLOCK;
  return node.tables && from < node.tables.forwarding.length
    ? node.tables.forwarding.subarray(from, from + LINEAR_BLOCK)
    : undefined;
};

const getLinear: Treat = (request) => {
  const block = linearOf(request);
  return block ? give(request.data, block) : invalidValue;
};

const setLinear: Treat = (request) => {
  const block = linearOf(request);
  if (!block) return invalidValue;
  block.set(request.data.subarray(0, block.length));
  return ok;
};

/** Bits 8 to 0 of the modifier are the block, bits 31 to 28 which sixteen ports (IBA 14.2.5.12). */
const BLOCKS = 512;
const POSITION = 2 ** 28;

function eachMask(
  { node, modifier, data }: AttributeRequest,
  treat: (masks: Uint16Array, index: number, data: DataWords, i: number) => void,
): number {
  const { tables } = node;
  const first = (modifier % BLOCKS) * MULTICAST_BLOCK;
  const word = Math.floor(modifier / POSITION);
  if (!tables || word >= tables.multicastWords) return invalidValue;
  if ((first + MULTICAST_BLOCK) * tables.multicastWords > tables.multicast.length)
    return invalidValue;
  const all = words(data, MULTICAST_BLOCK);
  for (let i = 0; i < all.count; i++)
    treat(tables.multicast, (first + i) * tables.multicastWords + word, all, i);
  return ok;
}

const getMasks: Treat = (request) =>
  eachMask(request, (masks, index, data, i) => data.set(i, masks[index]!));

const setMasks: Treat = (request) =>
  eachMask(request, (masks, index, data, i) => {
    masks[index] = data.get(i);
  });

const getManager: Treat = ({ node, data }) =>
  node.managerInfo ? give(data, node.managerInfo()) : attributeNotSupported;

/** One manager to another, which makes of it what it is in (IBA 14.4.1). */
const setManager: Treat = ({ node, modifier, data }) =>
  node.managerControl ? node.managerControl(modifier, data) : attributeNotSupported;

export const attributes: ReadonlyMap<number, Attribute> = new Map<number, Attribute>([
  [ATTRIBUTE.nodeDescription, { get: getDescription }],
  [ATTRIBUTE.nodeInfo, { get: ({ node, port, data }) => give(data, node.nodeInfo(port)) }],
  [ATTRIBUTE.switchInfo, { get: getSwitch, set: setSwitch }],
  [ATTRIBUTE.guidInfo, { get: getGuids }],
  [ATTRIBUTE.portInfo, { get: getPort, set: setPort }],
  [ATTRIBUTE.pKeyTable, { get: getPKeys, set: setPKeys }],
  [ATTRIBUTE.slToVl, { get: getLanes, set: setLanes }],
  [ATTRIBUTE.linearForwarding, { get: getLinear, set: setLinear }],
  [ATTRIBUTE.multicastForwarding, { get: getMasks, set: setMasks }],
  [ATTRIBUTE.smInfo, { get: getManager, set: setManager }],
]);
