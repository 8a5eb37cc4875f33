// Finding the subnet (IBA 14.4.3.1): NodeInfo of what is behind each port that is not down, and of each node that is new
// its description, its ports, and of a switch what it can.

import { ATTRIBUTE, PORT_STATE } from './constant.js';
import type { SmpRequest } from './smp.js';
import { portIn, type Subnet, type SubnetNode, type SubnetPort, stateOf } from './subnet.js';
import { NodeInfo } from './wire.js';

/** Sends a request on a path; the answer is undefined when there was none or it was a refusal. */
export type Ask = (
  path: readonly number[],
  request: SmpRequest,
  done: (data: Uint8Array | undefined) => void,
) => void;

/** Hops of a directed route, and so the depth of a subnet that can be found. */
const MOST_HOPS = 63;

interface Behind {
  readonly node: SubnetNode;
  readonly port: number;
}

const get = (attribute: number, modifier = 0): SmpRequest => ({
  method: 'get',
  attribute,
  modifier,
});

/** Asks for all; `subnet` is whole when no request is under way any more. */
export function discover(subnet: Subnet, ask: Ask): void {
  askNode([], undefined);

  function askNode(path: readonly number[], behind: Behind | undefined): void {
    if (path.length > MOST_HOPS) return;
    ask(path, get(ATTRIBUTE.nodeInfo), (info) => {
      if (!info) return;
      const number = NodeInfo.get.localPortNum(info, 0);
      const { node, isNew } = subnet.found(info.slice(0, NodeInfo.size), path);
      if (behind) subnet.join(behind.node, behind.port, node, number);
      if (isNew) askDetails(node, number);
    });
  }

  function askDetails(node: SubnetNode, number: number): void {
    const { path } = node;
    ask(path, get(ATTRIBUTE.nodeDescription), (data) => {
      if (data) node.description = data.slice();
    });
    if (!node.isSwitch) return askPort(node, number);
    ask(path, get(ATTRIBUTE.switchInfo), (data) => {
      if (data) node.switchInfo = data.slice();
    });
    for (let port = 0; port <= NodeInfo.get.numPorts(node.info, 0); port++) askPort(node, port);
  }

  function askPort(node: SubnetNode, number: number): void {
    ask(node.path, get(ATTRIBUTE.portInfo, number), (data) => {
      if (!data) return;
      const port: SubnetPort = portIn(node, number);
      port.info = data.slice();
      // Nothing is behind port 0; an adapter passes nothing on, but the manager's own sends.
      const leads = node.isSwitch ? number > 0 : node.path.length === 0;
      if (!leads || port.peer || stateOf(port) === PORT_STATE.down) return;
      askNode([...node.path, number], { node, port: number });
    });
  }
}
