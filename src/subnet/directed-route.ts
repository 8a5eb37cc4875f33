// What a node does with a directed-route SMP (IBA 14.2.2): the hop pointer runs along the path, out and back. The
// conditions are those of C14-9 on the way out and of C14-13 on the way back.

import { PERMISSIVE } from './constant.js';
import { initialPort, returnPort, SMP_AT, setReturnPort } from './smp.js';
import { DirectedRoute, SMPDR } from './wire.js';

/** It goes on by a port from 1 on; or one of these. */
export const HERE = 0;
export const DISCARD = -1;
/** To the subnet manager at this node. */
export const TO_MANAGER = -2;
/** The directed part is over: it goes on to DrDLID (out) or DrSLID (back). */
export const BY_LID = -3;

/** Room for hops in a path: indices 1 to 63. */
const MOST_HOPS = 63;

export interface HopNode {
  readonly isSwitch: boolean;
  readonly numPorts: number;
}

/** Where a directed-route SMP that came in by `port` goes from here; sets hop pointer and return path. */
export function hop(b: Uint8Array, at: number, node: HopNode, port: number): number {
  const count = DirectedRoute.get.hopCount(b, at);
  const pointer = DirectedRoute.get.hopPointer(b, at);
  if (count > MOST_HOPS || pointer > count + 1) return DISCARD;
  if (DirectedRoute.get.d(b, at) === 1) return back(b, at, node);
  if (count > 0 && pointer === 0) {
    // C14-9:1 is the sender's, or of the node where a part by LID ends.
    if (SMPDR.get.drSLid(b, at + SMP_AT) === PERMISSIVE) return DISCARD;
    return sendOff(b, at, node);
  }
  if (pointer > 0 && pointer < count) {
    // C14-9:2, in the middle: only switches pass on.
    if (!node.isSwitch) return DISCARD;
    setReturnPort(b, at, pointer, port);
    DirectedRoute.set.hopPointer(b, at, pointer + 1);
    return through(node, initialPort(b, at, pointer + 1));
  }
  if (pointer === count) {
    // C14-9:3, the end of the directed part.
    if (count > 0) setReturnPort(b, at, pointer, port);
    DirectedRoute.set.hopPointer(b, at, pointer + 1);
    if (SMPDR.get.drDLid(b, at + SMP_AT) === PERMISSIVE) return HERE;
    return node.isSwitch ? BY_LID : DISCARD;
  }
  return HERE; // C14-9:4, it came on by LID
}

/** The way back, from the node that answers on. */
export function back(b: Uint8Array, at: number, node: HopNode): number {
  const count = DirectedRoute.get.hopCount(b, at);
  const pointer = DirectedRoute.get.hopPointer(b, at);
  if (count > MOST_HOPS || pointer > count + 1) return DISCARD;
  if (pointer === 0) return TO_MANAGER; // C14-13:4
  DirectedRoute.set.hopPointer(b, at, pointer - 1);
  // C14-13:1, the first hop back, and C14-13:2, the middle.
  if (pointer > 1) {
    const first = pointer === count + 1;
    return first || node.isSwitch ? through(node, returnPort(b, at, pointer - 1)) : DISCARD;
  }
  // C14-13:3, the end of the directed part.
  return SMPDR.get.drSLid(b, at + SMP_AT) === PERMISSIVE ? TO_MANAGER : BY_LID;
}

/** C14-9:1: the manager's own node sends it off. */
export function sendOff(b: Uint8Array, at: number, node: HopNode): number {
  DirectedRoute.set.hopPointer(b, at, 1);
  return DirectedRoute.get.hopCount(b, at) === 0 ? HERE : through(node, initialPort(b, at, 1));
}

const through = (node: HopNode, port: number): number =>
  port >= 1 && port <= node.numPorts ? port : DISCARD;
