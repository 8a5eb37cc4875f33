// Records of subnet administration (IBA 15.2.5), made of what the last sweep found.

import { NO_PORT, SA_STATUS } from './constant.js';
import { gidBytes, guidOfGid, prefixOfGid } from './gid.js';
import { linkRateBy } from './rate.js';
import { isGiven, NODE_COMPONENT, PATH_COMPONENT, PORT_COMPONENT } from './sa-query.js';
import { type EndPort, portIn, type SubnetPort } from './subnet.js';
import type { Sweep } from './sweep.js';
import { NodeInfo, NodeRecord, PathRecord, PortInfo, PortInfoRecord } from './wire.js';

export interface QueryScene {
  readonly sweep: Sweep;
  readonly lifeTime: number;
  /** The record of the query, of which `mask` says which components count. */
  readonly record: Uint8Array;
  readonly mask: bigint;
  readonly askerLid: number;
}

const DEFAULT_P_KEY = 0xffff;
/** Codes of the largest MTU and of the fastest rate, for the way from a port to itself. */
const MOST_MTU = 5;
const MOST_RATE = { code: 21, rate: Number.POSITIVE_INFINITY };

/** End ports that a LID or a GID in the query stands for; all when neither is given. */
function endsOf(
  { sweep, record, mask }: QueryScene,
  lidField: 'sLid' | 'dLid',
  gidField: 'sGid' | 'dGid',
): EndPort[] {
  const { subnet, gidPrefix } = sweep;
  let ends = [...subnet.byLid.values()];
  if (isGiven(mask, PATH_COMPONENT[lidField])) {
    const lid = PathRecord.get[lidField](record, 0);
    ends = ends.filter((end) => end.lid === lid);
  }
  if (isGiven(mask, PATH_COMPONENT[gidField])) {
    const at = PathRecord.at[gidField];
    const local = prefixOfGid(record, at) === gidPrefix;
    ends = ends.filter((end) => local && end.guid === guidOfGid(record, at));
  }
  return ends;
}

/** What the links of a way let through. */
interface Limits {
  mtu: number;
  rate: { readonly code: number; readonly rate: number };
}

function narrow(limits: Limits, { info }: SubnetPort): void {
  limits.mtu = Math.min(limits.mtu, PortInfo.get.neighborMtu(info, 0) || 1);
  const [width, speed, extended] = [
    PortInfo.get.linkWidthActive(info, 0),
    PortInfo.get.linkSpeedActive(info, 0),
    PortInfo.get.linkSpeedExtActive(info, 0),
  ];
  const rate = linkRateBy(width, speed, extended);
  if (rate && rate.rate < limits.rate.rate) limits.rate = rate;
}

/** Follows the tables from one end port to another; undefined when they lead nowhere. */
export function limitsOf(sweep: Sweep, from: EndPort, to: EndPort): Limits | undefined {
  const limits: Limits = { mtu: MOST_MTU, rate: MOST_RATE };
  if (from.guid === to.guid) return limits;
  let { node } = from;
  let out = from.node.isSwitch ? sweep.portTowards(node, to.lid) : from.port.number;
  for (let hops = 0; hops <= sweep.subnet.nodes.size; hops++) {
    if (out === undefined || out === NO_PORT) return undefined;
    const port = portIn(node, out);
    if (!port.peer) return undefined;
    narrow(limits, port);
    node = port.peer.node;
    if (node.guid === to.node.guid) return limits;
    out = sweep.portTowards(node, to.lid);
  }
  return undefined;
}

/** How a value stands to one that is asked for (IBA 15.2.5.16). */
const fits: readonly ((has: number, asked: number) => boolean)[] = [
  (has, asked) => has > asked,
  (has, asked) => has < asked,
  (has, asked) => has === asked,
  () => true,
];
const EXACTLY = 2;

/** Rates are compared as codes when equal is asked for, else by what they are. */
function isWanted({ record, mask }: QueryScene, { mtu, rate }: Limits): boolean {
  const { mtuSelector, rateSelector } = PATH_COMPONENT;
  const asked = (selector: number, value: number) =>
    isGiven(mask, selector) && isGiven(mask, value);
  if (asked(mtuSelector, PATH_COMPONENT.mtu)) {
    const how = fits[PathRecord.get.mtuSelector(record, 0)]!;
    if (!how(mtu, PathRecord.get.mtu(record, 0))) return false;
  }
  if (!asked(rateSelector, PATH_COMPONENT.rate)) return true;
  return fits[PathRecord.get.rateSelector(record, 0)]!(rate.code, PathRecord.get.rate(record, 0));
}

/** PathRecord (IBA 15.2.5.16): one way from each port to each, as there is one LID a port. */
export function pathRecords(scene: QueryScene): Uint8Array[] | number {
  const { sweep, record, mask, lifeTime, askerLid } = scene;
  const named = (field: 'sLid' | 'sGid') => isGiven(mask, PATH_COMPONENT[field]);
  const asker = sweep.subnet.byLid.get(askerLid);
  const sources =
    named('sLid') || named('sGid') ? endsOf(scene, 'sLid', 'sGid') : asker ? [asker] : [];
  const pKey = PathRecord.get.pKey(record, 0);
  if (isGiven(mask, PATH_COMPONENT.pKey) && pKey % 0x8000 !== DEFAULT_P_KEY % 0x8000) return [];
  const sl = PathRecord.get.sl(record, 0);
  if (isGiven(mask, PATH_COMPONENT.sl) && sl !== 0) return [];
  return sources.flatMap((from) =>
    endsOf(scene, 'dLid', 'dGid').flatMap((to) => {
      const limits = limitsOf(sweep, from, to);
      if (!limits || !isWanted(scene, limits)) return [];
      return [
        PathRecord.encode({
          dGid: gidBytes(sweep.gidPrefix, to.guid),
          sGid: gidBytes(sweep.gidPrefix, from.guid),
          dLid: to.lid,
          sLid: from.lid,
          reversible: 1,
          numbPath: 1,
          pKey: DEFAULT_P_KEY,
          mtuSelector: EXACTLY,
          mtu: limits.mtu,
          rateSelector: EXACTLY,
          rate: limits.rate.code,
          packetLifeTimeSelector: EXACTLY,
          packetLifeTime: lifeTime,
        }),
      ];
    }),
  );
}

/** NodeRecord (IBA 15.2.5.2): one an end port. */
export function nodeRecords({ sweep, record, mask }: QueryScene): Uint8Array[] {
  const info = NodeRecord.size;
  const asked = {
    lid: NodeRecord.get.lid(record, 0),
    nodeType: NodeInfo.get.nodeType(record, info),
    nodeGuid: NodeInfo.get.nodeGuid(record, info),
    portGuid: NodeInfo.get.portGuid(record, info),
  };
  const isOther = (component: keyof typeof asked, has: number | bigint) =>
    isGiven(mask, NODE_COMPONENT[component]) && has !== asked[component];
  return [...sweep.subnet.byLid.values()]
    .filter(
      ({ lid, guid, node }) =>
        !isOther('lid', lid) &&
        !isOther('nodeType', NodeInfo.get.nodeType(node.info, 0)) &&
        !isOther('nodeGuid', node.guid) &&
        !isOther('portGuid', guid),
    )
    .map(({ lid, node }) =>
      joined(NodeRecord.encode({ lid }), node.info.subarray(0, NodeInfo.size), node.description),
    );
}

/** PortInfoRecord (IBA 15.2.5.3): one a port, those of a switch under the LID of its port 0. */
export function portRecords({ sweep, record, mask }: QueryScene): Uint8Array[] | number {
  if (!isGiven(mask, PORT_COMPONENT.endPortLid)) return SA_STATUS.insufficientComponents;
  const end = sweep.subnet.byLid.get(PortInfoRecord.get.endPortLid(record, 0));
  const number = PortInfoRecord.get.portNum(record, 0);
  const one = isGiven(mask, PORT_COMPONENT.portNum);
  return [...(end?.node.ports.values() ?? [])]
    .filter((port) => !one || port.number === number)
    .map((port) => {
      const info = port.info.slice(0, PortInfo.size);
      PortInfo.set.mKey(info, 0, 0n); // nobody's business
      return joined(PortInfoRecord.encode({ endPortLid: end!.lid, portNum: port.number }), info);
    });
}

function joined(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
