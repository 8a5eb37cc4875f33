// Queries of subnet administration as 256 bytes (IBA 15.2.1): the record in them, which of its components are given, and
// answers.

import { METHOD, RESPONSE } from './constant.js';
import { CLASS_SUBN_ADM, MAD, MAD_SIZE, RMPP, SA } from './wire.js';

/** Where RMPP's header, the class's and the record begin, and how long the record may be. */
export const RMPP_AT = MAD.size;
export const SA_AT = RMPP_AT + RMPP.size;
export const RECORD_AT = SA_AT + SA.size;
export const RECORD_BYTES = MAD_SIZE - RECORD_AT;
/** What SA:AttributeOffset counts. */
export const OFFSET_UNIT = 8;
const SA_VERSION = 2;

/** Bits of the ComponentMask (IBA 15.2.5.16, 15.2.5.17, 15.2.5.2, 15.2.5.3), as in Linux's ib_sa.h. */
export const PATH_COMPONENT = {
  dGid: 2,
  sGid: 3,
  dLid: 4,
  sLid: 5,
  reversible: 11,
  numbPath: 12,
  pKey: 13,
  sl: 15,
  mtuSelector: 16,
  mtu: 17,
  rateSelector: 18,
  rate: 19,
} as const;
export const GROUP_COMPONENT = {
  mGid: 0,
  portGid: 1,
  qKey: 2,
  mLid: 3,
  tClass: 6,
  pKey: 7,
  sl: 12,
  flowLabel: 13,
  joinState: 16,
} as const;
export const NODE_COMPONENT = { lid: 0, nodeType: 4, nodeGuid: 7, portGuid: 8 } as const;
export const PORT_COMPONENT = { endPortLid: 0, portNum: 1 } as const;

/** Is the component in the mask? Masks are wider than the numbers that bits can be tested of. */
export const isGiven = (mask: bigint, component: number): boolean =>
  (mask / 2n ** BigInt(component)) % 2n === 1n;

export const maskOf = (...components: number[]): bigint =>
  components.reduce((mask, component) => mask + 2n ** BigInt(component), 0n);

/** A query. */
export function saRequest(
  method: 'get' | 'set' | 'delete' | 'getTable',
  attribute: number,
  record: Uint8Array,
  mask: bigint,
  tid: bigint,
): Uint8Array {
  const b = new Uint8Array(MAD_SIZE);
  MAD.set.baseVersion(b, 0, 1);
  MAD.set.mgmtClass(b, 0, CLASS_SUBN_ADM);
  MAD.set.classVersion(b, 0, SA_VERSION);
  MAD.set.method(b, 0, METHOD[method]);
  MAD.set.transactionId(b, 0, tid);
  MAD.set.attributeId(b, 0, attribute);
  SA.set.componentMask(b, SA_AT, mask);
  b.set(record, RECORD_AT);
  return b;
}

/** Of requests: the method that answers them. */
export const responseTo = (method: number): number =>
  method === METHOD.set ? METHOD.getResp : RESPONSE + (method % RESPONSE);

/** An answer with one record, or with none and a status. */
export function saAnswer(request: Uint8Array, status: number, record?: Uint8Array): Uint8Array {
  const b = request.slice(0, RECORD_AT);
  const whole = new Uint8Array(MAD_SIZE);
  whole.set(b);
  MAD.set.method(whole, 0, responseTo(MAD.get.method(request, 0)));
  MAD.set.status(whole, 0, status);
  if (record) whole.set(record, RECORD_AT);
  return whole;
}

/** Is the MAD of subnet administration's class? */
export const isAdministration = (mad: Uint8Array): boolean =>
  MAD.get.mgmtClass(mad, 0) === CLASS_SUBN_ADM;
