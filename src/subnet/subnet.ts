// The subnet as a sweep found it: nodes, their ports, and which port leads to which. What routing needs is made of it.

import { NODE_TYPE, PORT_STATE } from './constant.js';
import type { SubnetGraph } from './routing.js';
import { NodeInfo, PortInfo } from './wire.js';

export interface SubnetPort {
  readonly number: number;
  /** PortInfo as the node told it last. */
  info: Uint8Array;
  peer: { readonly node: SubnetNode; readonly port: number } | undefined;
}

export interface SubnetNode {
  readonly guid: bigint;
  readonly isSwitch: boolean;
  /** NodeInfo as told; its port GUID and number are those of the port that was asked. */
  readonly info: Uint8Array;
  /** Ports from the manager's own node on. */
  readonly path: readonly number[];
  description: Uint8Array;
  /** By number; of an adapter only ports that were reached. */
  readonly ports: Map<number, SubnetPort>;
  switchInfo: Uint8Array | undefined;
}

export const stateOf = ({ info }: SubnetPort): number => PortInfo.get.portState(info, 0);

/** End ports have LIDs: those of adapters, and port 0 of switches. */
export interface EndPort {
  readonly node: SubnetNode;
  readonly port: SubnetPort;
  readonly guid: bigint;
  readonly lid: number;
}

export class Subnet {
  readonly nodes = new Map<bigint, SubnetNode>();
  /** End ports by LID and by port GUID, when LIDs have been given. */
  readonly byLid = new Map<number, EndPort>();
  readonly byGuid = new Map<bigint, EndPort>();

  /** The node that `info` tells of, new unless it was found before on another way. */
  found(
    info: Uint8Array,
    path: readonly number[],
  ): { readonly node: SubnetNode; readonly isNew: boolean } {
    const guid = NodeInfo.get.nodeGuid(info, 0);
    const known = this.nodes.get(guid);
    if (known) return { node: known, isNew: false };
    const node: SubnetNode = {
      guid,
      isSwitch: NodeInfo.get.nodeType(info, 0) === NODE_TYPE.switch,
      info: info.slice(),
      path,
      description: new Uint8Array(0),
      ports: new Map(),
      switchInfo: undefined,
    };
    this.nodes.set(guid, node);
    return { node, isNew: true };
  }

  join(a: SubnetNode, portA: number, b: SubnetNode, portB: number): void {
    portIn(a, portA).peer = { node: b, port: portB };
    portIn(b, portB).peer = { node: a, port: portA };
  }

  endPorts(): { readonly node: SubnetNode; readonly port: SubnetPort; readonly guid: bigint }[] {
    return [...this.nodes.values()].flatMap((node) => {
      if (node.isSwitch) return [{ node, port: portIn(node, 0), guid: node.guid }];
      // An adapter has been asked at one port, whose GUID it told.
      const number = NodeInfo.get.localPortNum(node.info, 0);
      const guid = NodeInfo.get.portGuid(node.info, 0);
      return [{ node, port: portIn(node, number), guid }];
    });
  }

  setLid(end: Omit<EndPort, 'lid'>, lid: number): void {
    const known = { ...end, lid };
    this.byLid.set(lid, known);
    this.byGuid.set(end.guid, known);
  }

  /** For routing: switches in the order in which they were found. */
  graph(): { readonly graph: SubnetGraph; readonly switches: readonly SubnetNode[] } {
    const switches = [...this.nodes.values()].filter(({ isSwitch }) => isSwitch);
    const index = new Map(switches.map((node, i) => [node, i]));
    const ends: { lid: number; at: number; port: number }[] = [];
    const links = switches.map((node, at) =>
      [...node.ports.values()]
        .filter((port) => port.peer && stateOf(port) !== PORT_STATE.down)
        .sort((a, b) => a.number - b.number)
        .flatMap(({ number, peer }) => {
          const to = index.get(peer!.node);
          if (to !== undefined) return to === at ? [] : [{ port: number, to, toPort: peer!.port }];
          const end = this.byGuid.get(guidAt(peer!.node));
          if (end) ends.push({ lid: end.lid, at, port: number });
          return [];
        }),
    );
    const lids = switches.map(({ guid }) => this.byGuid.get(guid)?.lid ?? 0);
    return { graph: { switches: links, lids, ends }, switches };
  }
}

/** Port GUID of an adapter at the port that was reached. */
export const guidAt = ({ info }: SubnetNode): bigint => NodeInfo.get.portGuid(info, 0);

export function portIn(node: SubnetNode, number: number): SubnetPort {
  const known = node.ports.get(number);
  if (known) return known;
  const port: SubnetPort = { number, info: new Uint8Array(PortInfo.size), peer: undefined };
  node.ports.set(number, port);
  return port;
}
