// Messages of connection management as records: read from and written to the 256 bytes of a MAD (IBA 12.6, 13.4.3).

import {
  CMApr,
  CMDrep,
  CMDreq,
  CMLap,
  CMMra,
  CMRej,
  CMRep,
  CMReq,
  CMRtu,
  CMSidrRep,
  CMSidrReq,
  MAD,
} from '../../../protocols/infiniband/mad/index.js';
import {
  BASE_VERSION,
  CLASS_COM_MGT,
  MAD_SIZE,
  METHOD_SEND,
  madClasses,
} from '../../../protocols/infiniband/mad/names.js';

/** AttributeIDs (IBA 12.6, table 105) and layouts. */
const layouts = {
  REQ: { attribute: 0x10, header: CMReq },
  MRA: { attribute: 0x11, header: CMMra },
  REJ: { attribute: 0x12, header: CMRej },
  REP: { attribute: 0x13, header: CMRep },
  RTU: { attribute: 0x14, header: CMRtu },
  DREQ: { attribute: 0x15, header: CMDreq },
  DREP: { attribute: 0x16, header: CMDrep },
  SIDR_REQ: { attribute: 0x17, header: CMSidrReq },
  SIDR_REP: { attribute: 0x18, header: CMSidrRep },
  LAP: { attribute: 0x19, header: CMLap },
  APR: { attribute: 0x1a, header: CMApr },
} as const;

export type MessageName = keyof typeof layouts;

export type Fields<N extends MessageName> = ReturnType<(typeof layouts)[N]['header']['decode']>;

/** One message: its own fields, who it answers, and the private data. */
export type Message = {
  readonly [N in MessageName]: {
    readonly name: N;
    readonly tid: bigint;
    readonly fields: Fields<N>;
    /** All the bytes behind the fields, as the wire has no length for them. */
    readonly privateData: Uint8Array;
  };
}[MessageName];

const CM_VERSION = madClasses.get(CLASS_COM_MGT)!.version;
const names = new Map(
  Object.entries(layouts).map(([name, { attribute }]) => [
    attribute as number,
    name as MessageName,
  ]),
);

/** Bytes of private data that a message has room for. */
export const roomFor = (name: MessageName): number =>
  MAD_SIZE - MAD.size - layouts[name].header.size;

/** Why a MAD is not a message of connection management. */
export type Unread =
  | 'truncated'
  | 'bad-base-version'
  | 'other-class'
  | 'bad-class-version'
  | 'bad-method'
  | 'unknown-attribute';

/** Reads a MAD; what comes back are copies. */
export function readMessage(b: Uint8Array, at: number, end: number): Message | Unread {
  if (Math.min(end, b.length) - at < MAD_SIZE) return 'truncated';
  const { get } = MAD;
  if (get.baseVersion(b, at) !== BASE_VERSION) return 'bad-base-version';
  if (get.mgmtClass(b, at) !== CLASS_COM_MGT) return 'other-class';
  if (get.classVersion(b, at) !== CM_VERSION) return 'bad-class-version';
  if (get.method(b, at) !== METHOD_SEND) return 'bad-method';
  const name = names.get(get.attributeId(b, at));
  if (name === undefined) return 'unknown-attribute';
  const { header } = layouts[name];
  const bodyAt = at + MAD.size;
  const privateData = b.slice(bodyAt + header.size, at + MAD_SIZE);
  const fields = header.decode(b, bodyAt, at + MAD_SIZE);
  return { name, tid: get.transactionId(b, at), fields, privateData } as Message;
}

/**
 * A message in the 256 bytes of its MAD.
 * @throws RangeError when a field is too wide or the private data has no room
 */
export function writeMessage<N extends MessageName>(
  name: N,
  tid: bigint,
  fields: Partial<Fields<N>>,
  privateData?: Uint8Array,
): Uint8Array {
  const { attribute, header } = layouts[name];
  const given = privateData?.length ?? 0;
  if (given > roomFor(name)) {
    throw new RangeError(
      `${name} has room for ${roomFor(name)} bytes of private data, not ${given}`,
    );
  }
  const b = new Uint8Array(MAD_SIZE);
  MAD.encode(
    {
      baseVersion: BASE_VERSION,
      mgmtClass: CLASS_COM_MGT,
      classVersion: CM_VERSION,
      method: METHOD_SEND,
      transactionId: tid,
      attributeId: attribute,
    },
    b,
  );
  header.encode(fields as never, b, MAD.size);
  if (privateData) b.set(privateData, MAD.size + header.size);
  return b;
}
