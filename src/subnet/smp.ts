// Subnet management packets as 256 bytes (IBA 14.2.1): where their parts lie, and how requests are made. The common
// header's fields lie in the same places in both forms; DirectedRoute names those of the directed form.

import { METHOD, PERMISSIVE } from './constant.js';
import {
  CLASS_SUBN_DIRECTED_ROUTE,
  CLASS_SUBN_LID_ROUTED,
  DirectedRoute,
  MAD,
  MAD_SIZE,
  SMPDR,
  SMPPath,
} from './wire.js';

/** Where the class's header, the attribute and the paths begin. */
export const SMP_AT = MAD.size;
export const DATA_AT = SMP_AT + SMPDR.size;
export const DATA_BYTES = 64;
export const PATH_AT = DATA_AT + DATA_BYTES;
const INITIAL_AT = PATH_AT + SMPPath.at.initialPath;
const RETURN_AT = PATH_AT + SMPPath.at.returnPath;

/** How to get to a node: by ports from the manager's own on, or by its LID. */
export type Route =
  | { readonly path: readonly number[] }
  | { readonly lid: number; readonly sl?: number };

export interface SmpRequest {
  readonly method: 'get' | 'set' | 'trap' | 'trapRepress';
  readonly attribute: number;
  readonly modifier?: number;
  readonly mKey?: bigint;
  /** 64 bytes at most. */
  readonly data?: Uint8Array;
}

/** An SMP with transaction ID `tid`. */
export function smpOf(route: Route, request: SmpRequest, tid: bigint): Uint8Array {
  const b = new Uint8Array(MAD_SIZE);
  const directed = 'path' in route;
  MAD.set.baseVersion(b, 0, 1);
  MAD.set.mgmtClass(b, 0, directed ? CLASS_SUBN_DIRECTED_ROUTE : CLASS_SUBN_LID_ROUTED);
  MAD.set.classVersion(b, 0, 1);
  MAD.set.method(b, 0, METHOD[request.method]);
  MAD.set.transactionId(b, 0, tid);
  MAD.set.attributeId(b, 0, request.attribute);
  MAD.set.attributeModifier(b, 0, request.modifier ?? 0);
  SMPDR.set.mKey(b, SMP_AT, request.mKey ?? 0n);
  if (request.data) b.set(request.data, DATA_AT);
  if (directed) {
    DirectedRoute.set.hopCount(b, 0, route.path.length);
    SMPDR.set.drSLid(b, SMP_AT, PERMISSIVE);
    SMPDR.set.drDLid(b, SMP_AT, PERMISSIVE);
    b.set(route.path, INITIAL_AT + 1);
  }
  return b;
}

/** The attribute's bytes. */
export const dataOf = (b: Uint8Array): Uint8Array => b.subarray(DATA_AT, DATA_AT + DATA_BYTES);

export const isDirected = (b: Uint8Array, at: number): boolean =>
  MAD.get.mgmtClass(b, at) === CLASS_SUBN_DIRECTED_ROUTE;

/** Output port of the hop `hop` (from 1) on the way out, and on the way back. */
export const initialPort = (b: Uint8Array, at: number, hop: number): number =>
  b[at + INITIAL_AT + hop]!;
export const returnPort = (b: Uint8Array, at: number, hop: number): number =>
  b[at + RETURN_AT + hop]!;
export function setReturnPort(b: Uint8Array, at: number, hop: number, port: number): void {
  b[at + RETURN_AT + hop] = port;
}
