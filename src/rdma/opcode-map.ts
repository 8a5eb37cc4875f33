// Tables that join libibverbs' work requests to the wire's opcodes: which operation each asks for, which code each
// packet of it has by service and place, and which services can do it. Derived from the opcode table.

import { type QpType, type WrOpcode, wrOpcodes } from './constant.js';
import { type Extension, type Opcode, opcodeByCode, opcodes } from './wire.js';

export const FIRST = 0;
export const MIDDLE = 1;
export const LAST = 2;
export const ONLY = 3;

/** What a request is to the requester: what carries data, what is answered like a READ, what stays at home. */
export type WorkKind = 'send' | 'write' | 'read' | 'atomic' | 'flush' | 'atomic-write' | 'local';

interface Work {
  readonly kind: WorkKind;
  readonly does: Opcode['does'] | null;
  /** Header of its last packet. */
  readonly closing?: Extension;
}

const works: Readonly<Record<WrOpcode, Work>> = {
  IBV_WR_RDMA_WRITE: { kind: 'write', does: 'RDMA_WRITE' },
  IBV_WR_RDMA_WRITE_WITH_IMM: { kind: 'write', does: 'RDMA_WRITE', closing: 'immdt' },
  IBV_WR_SEND: { kind: 'send', does: 'SEND' },
  IBV_WR_SEND_WITH_IMM: { kind: 'send', does: 'SEND', closing: 'immdt' },
  IBV_WR_RDMA_READ: { kind: 'read', does: 'RDMA_READ_REQUEST' },
  IBV_WR_ATOMIC_CMP_AND_SWP: { kind: 'atomic', does: 'COMPARE_SWAP' },
  IBV_WR_ATOMIC_FETCH_AND_ADD: { kind: 'atomic', does: 'FETCH_ADD' },
  IBV_WR_LOCAL_INV: { kind: 'local', does: null },
  IBV_WR_BIND_MW: { kind: 'local', does: null },
  IBV_WR_SEND_WITH_INV: { kind: 'send', does: 'SEND', closing: 'ieth' },
  IBV_WR_FLUSH: { kind: 'flush', does: 'FLUSH' },
  IBV_WR_ATOMIC_WRITE: { kind: 'atomic-write', does: 'ATOMIC_WRITE' },
  IBV_WR_REG_MR: { kind: 'local', does: null },
};

const byCode: (Work | undefined)[] = [];
for (const [name, code] of Object.entries(wrOpcodes)) byCode[code] = works[name as WrOpcode];

/** What the work request of that number is; undefined when there is none. */
// hot
export const workKind = (code: number): WorkKind | undefined => byCode[code]?.kind;

/** Is it answered by data or by an atomic's value: counted against the limit, complete when answered. */
export const isReadLike = (kind: WorkKind | undefined): boolean =>
  kind === 'read' || kind === 'atomic' || kind === 'flush' || kind === 'atomic-write';

/** Does it take a receive request at the other side? */
export const takesReceive = (code: number): boolean =>
  byCode[code]?.kind === 'send' || code === wrOpcodes.IBV_WR_RDMA_WRITE_WITH_IMM;

const services: Readonly<Record<QpType, Opcode['service']>> = {
  IBV_QPT_RC: 'RC',
  IBV_QPT_UC: 'UC',
  IBV_QPT_UD: 'UD',
  IBV_QPT_GSI: 'UD',
  IBV_QPT_XRC_SEND: 'XRC',
  IBV_QPT_XRC_RECV: 'XRC',
};

export const serviceOf = (type: QpType): Opcode['service'] => services[type];

const placeNames = ['first', 'middle', 'last', 'only'] as const;
const PLACES = placeNames.length;

function codesOf(type: QpType): Int16Array {
  const codes = new Int16Array(byCode.length * PLACES).fill(-1);
  byCode.forEach((work, wr) => {
    if (!work) return;
    placeNames.forEach((place, i) => {
      const ends = place === 'last' || place === 'only';
      const found = opcodes.find(
        (o) =>
          o.service === services[type] &&
          o.does === work.does &&
          (o.place === place || (o.place === 'single' && place === 'only')) &&
          o.chain.includes('immdt') === (ends && work.closing === 'immdt') &&
          o.chain.includes('ieth') === (ends && work.closing === 'ieth'),
      );
      codes[wr * PLACES + i] = found?.code ?? -1;
    });
  });
  return codes;
}

const requestCodes: Readonly<Record<QpType, Int16Array>> = {
  IBV_QPT_RC: codesOf('IBV_QPT_RC'),
  IBV_QPT_UC: codesOf('IBV_QPT_UC'),
  IBV_QPT_UD: codesOf('IBV_QPT_UD'),
  IBV_QPT_GSI: codesOf('IBV_QPT_GSI'),
  IBV_QPT_XRC_SEND: codesOf('IBV_QPT_XRC_SEND'),
  IBV_QPT_XRC_RECV: codesOf('IBV_QPT_XRC_RECV'),
};

/** BTH.opcode of a packet; -1 where the service has no such operation. */
// hot
export const requestCode = (type: QpType, wr: number, place: number): number =>
  requestCodes[type][wr * PLACES + place] ?? -1;

/** BTH.opcode of packets with nothing between BTH and payload, of which a long message has many; -1 where it has none. */
export function middleCode(type: QpType, wr: number): number {
  const code = requestCode(type, wr, MIDDLE);
  return code >= 0 && opcodeByCode[code]!.chain.length === 0 ? code : -1;
}

/** Can a queue pair of that type do it? Local operations need one with a send queue that knows regions. */
export const canDo = (type: QpType, wr: number): boolean =>
  byCode[wr]?.kind === 'local'
    ? type === 'IBV_QPT_RC' || type === 'IBV_QPT_UC' || type === 'IBV_QPT_XRC_SEND'
    : requestCode(type, wr, ONLY) >= 0;

const responseOf = (service: Opcode['service'], does: Opcode['does'], place: Opcode['place']) =>
  opcodes.find((o) => o.service === service && o.does === does && o.place === place)!.code;

export interface ResponseCodes {
  readonly ack: number;
  readonly atomic: number;
  /** READ responses by place. */
  readonly read: readonly number[];
}

const responsesOf = (service: 'RC' | 'XRC'): ResponseCodes => ({
  ack: responseOf(service, 'ACKNOWLEDGE', 'single'),
  atomic: responseOf(service, 'ATOMIC_ACKNOWLEDGE', 'single'),
  read: placeNames.map((place) => responseOf(service, 'RDMA_READ_RESPONSE', place)),
});

export const rcResponses = responsesOf('RC');
export const xrcResponses = responsesOf('XRC');
