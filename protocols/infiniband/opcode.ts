// The opcodes of BTH (IBA 9.2, tables 35 to 37; A14 for XRC; A17 for CNP; A19 for FLUSH and ATOMIC WRITE). Rows
// say what an operation does and which headers are its own; names, codes, header chains, what may carry
// data, what answers and what may follow are derived. Pure data: headers are named by their keys.

/** Transport service of an opcode (IBA 9.1). */
export type Service = 'RC' | 'UC' | 'RD' | 'UD' | 'CNP' | 'XRC';

/** Place of a packet in its message. `single`: an operation that never has more than one packet. */
export type Position = 'first' | 'middle' | 'last' | 'only' | 'single';

/** What a packet does (IBA 9.4). */
export type Operation =
  | 'SEND'
  | 'RDMA_WRITE'
  | 'RDMA_READ_REQUEST'
  | 'RDMA_READ_RESPONSE'
  | 'ACKNOWLEDGE'
  | 'ATOMIC_ACKNOWLEDGE'
  | 'COMPARE_SWAP'
  | 'FETCH_ADD'
  | 'RESYNC'
  | 'FLUSH'
  | 'ATOMIC_WRITE'
  | 'CNP';

/** Keys of the headers that can stand between BTH and payload. */
const extensions = [
  'rdeth',
  'deth',
  'xrceth',
  'feth',
  'reth',
  'atomiceth',
  'aeth',
  'atomicacketh',
  'immdt',
  'ieth',
  'cnp',
] as const;

/** Key of an extended header that an opcode can ask for (IBA 9.2). */
export type Extension = (typeof extensions)[number];

const extensionSet: ReadonlySet<string> = new Set(extensions);

/** Can a layer of that key stand between BTH and payload? */
export const isExtension = (key: string | undefined): key is Extension =>
  key !== undefined && extensionSet.has(key);

/** Requests ask, responses answer, notifications neither. */
export type Kind = 'request' | 'response' | 'notification';

/** One row of the table of BTH opcodes (IBA 9.2, tables 35 to 37). */
export interface Opcode {
  /** BTH.opcode. */
  readonly code: number;
  /** Such as RC_RDMA_WRITE_ONLY_WITH_IMMEDIATE. */
  readonly name: string;
  readonly service: Service;
  readonly does: Operation;
  readonly place: Position;
  readonly kind: Kind;
  /** The headers between BTH and payload, in wire order. */
  readonly chain: readonly Extension[];
  /** Whether it carries data: never, as much as the message has, or exactly eight bytes. */
  readonly payload: 'none' | 'message' | 'eight';
  /** The operation that answers it; null where none does. */
  readonly answeredBy: Operation | null;
  /** Whether its last packet leaves the receiver a completion (it consumes a receive request). */
  readonly completes: boolean;
}

/** Codes of the services (high three bits, IBA table 35). */
const serviceBase: Readonly<Record<Service, number>> = {
  RC: 0x00,
  UC: 0x20,
  RD: 0x40,
  UD: 0x60,
  CNP: 0x80,
  XRC: 0xa0,
};

/** Codes from here on are the manufacturers' own. */
export const MANUFACTURER_OPCODES = 0xe0;

/** What is true of an operation in every place and service. */
const operations: Readonly<
  Record<Operation, { kind: Kind; payload: Opcode['payload']; answeredBy: Operation | null }>
> = {
  SEND: { kind: 'request', payload: 'message', answeredBy: 'ACKNOWLEDGE' },
  RDMA_WRITE: { kind: 'request', payload: 'message', answeredBy: 'ACKNOWLEDGE' },
  RDMA_READ_REQUEST: { kind: 'request', payload: 'none', answeredBy: 'RDMA_READ_RESPONSE' },
  RDMA_READ_RESPONSE: { kind: 'response', payload: 'message', answeredBy: null },
  ACKNOWLEDGE: { kind: 'response', payload: 'none', answeredBy: null },
  ATOMIC_ACKNOWLEDGE: { kind: 'response', payload: 'none', answeredBy: null },
  COMPARE_SWAP: { kind: 'request', payload: 'none', answeredBy: 'ATOMIC_ACKNOWLEDGE' },
  FETCH_ADD: { kind: 'request', payload: 'none', answeredBy: 'ATOMIC_ACKNOWLEDGE' },
  RESYNC: { kind: 'request', payload: 'none', answeredBy: 'ACKNOWLEDGE' },
  // IBA A19.4: both are answered by an RDMA READ RESPONSE ONLY without data.
  FLUSH: { kind: 'request', payload: 'none', answeredBy: 'RDMA_READ_RESPONSE' },
  ATOMIC_WRITE: { kind: 'request', payload: 'eight', answeredBy: 'RDMA_READ_RESPONSE' },
  CNP: { kind: 'notification', payload: 'none', answeredBy: null },
};

interface Row {
  readonly low: number;
  readonly does: Operation;
  readonly place: Position;
  readonly own: readonly Extension[];
  readonly services: readonly Service[];
}

const op = (
  low: number,
  does: Operation,
  place: Position,
  services: string,
  ...own: Extension[]
): Row => ({ low, does, place, own, services: services.split(' ') as Service[] });

/** Services that have connections. */
const CONNECTED = 'RC UC RD XRC';
const RELIABLE = 'RC RD XRC';

const rows: readonly Row[] = [
  op(0x00, 'SEND', 'first', CONNECTED),
  op(0x01, 'SEND', 'middle', CONNECTED),
  op(0x02, 'SEND', 'last', CONNECTED),
  op(0x03, 'SEND', 'last', CONNECTED, 'immdt'),
  op(0x04, 'SEND', 'only', `${CONNECTED} UD`),
  op(0x05, 'SEND', 'only', `${CONNECTED} UD`, 'immdt'),
  op(0x06, 'RDMA_WRITE', 'first', CONNECTED, 'reth'),
  op(0x07, 'RDMA_WRITE', 'middle', CONNECTED),
  op(0x08, 'RDMA_WRITE', 'last', CONNECTED),
  op(0x09, 'RDMA_WRITE', 'last', CONNECTED, 'immdt'),
  op(0x0a, 'RDMA_WRITE', 'only', CONNECTED, 'reth'),
  op(0x0b, 'RDMA_WRITE', 'only', CONNECTED, 'reth', 'immdt'),
  op(0x0c, 'RDMA_READ_REQUEST', 'single', RELIABLE, 'reth'),
  op(0x0d, 'RDMA_READ_RESPONSE', 'first', RELIABLE, 'aeth'),
  op(0x0e, 'RDMA_READ_RESPONSE', 'middle', RELIABLE),
  op(0x0f, 'RDMA_READ_RESPONSE', 'last', RELIABLE, 'aeth'),
  op(0x10, 'RDMA_READ_RESPONSE', 'only', RELIABLE, 'aeth'),
  op(0x11, 'ACKNOWLEDGE', 'single', RELIABLE, 'aeth'),
  op(0x12, 'ATOMIC_ACKNOWLEDGE', 'single', RELIABLE, 'aeth', 'atomicacketh'),
  op(0x13, 'COMPARE_SWAP', 'single', RELIABLE, 'atomiceth'),
  op(0x14, 'FETCH_ADD', 'single', RELIABLE, 'atomiceth'),
  op(0x15, 'RESYNC', 'single', 'RD'),
  op(0x16, 'SEND', 'last', 'RC XRC', 'ieth'),
  op(0x17, 'SEND', 'only', 'RC XRC', 'ieth'),
  op(0x1c, 'FLUSH', 'single', RELIABLE, 'feth', 'reth'),
  op(0x1d, 'ATOMIC_WRITE', 'single', 'RC XRC', 'reth'),
  op(0x01, 'CNP', 'single', 'CNP', 'cnp'),
];

/** Headers that a service puts in front of an operation's own. */
function serviceHeaders(service: Service, kind: Kind): readonly Extension[] {
  if (service === 'RD') return kind === 'request' ? ['rdeth', 'deth'] : ['rdeth'];
  if (service === 'UD') return ['deth'];
  return service === 'XRC' && kind === 'request' ? ['xrceth'] : [];
}

function nameOf({ does, place, own }: Row, service: Service): string {
  if (service === 'CNP') return does;
  const words: string[] = [service, does];
  if (place !== 'single') words.push(place.toUpperCase());
  if (own.includes('immdt')) words.push('WITH_IMMEDIATE');
  if (own.includes('ieth')) words.push('WITH_INVALIDATE');
  return words.join('_');
}

function opcodeOf(row: Row, service: Service): Opcode {
  const { does, place, own, low } = row;
  const { kind, payload, answeredBy } = operations[does];
  const ends = place === 'last' || place === 'only';
  return {
    code: serviceBase[service] + low,
    name: nameOf(row, service),
    service,
    does,
    place,
    kind,
    chain: [...serviceHeaders(service, kind), ...own],
    payload,
    answeredBy: RELIABLE.split(' ').includes(service) ? answeredBy : null,
    completes: ends && (does === 'SEND' || own.includes('immdt')),
  };
}

/** All opcodes, by code. */
export const opcodes: readonly Opcode[] = rows
  .flatMap((row) => row.services.map((service) => opcodeOf(row, service)))
  .sort((a, b) => a.code - b.code);

/** The opcode of each code; undefined for reserved ones. */
export const opcodeByCode: readonly (Opcode | undefined)[] = Array.from(
  { length: 256 },
  (_, code) => opcodes.find((o) => o.code === code),
);

/** Names by code, for BTH.opcode. */
export const opcodeNames: Readonly<Record<number, string>> = Object.fromEntries(
  opcodes.map((o) => [o.code, o.name]),
);

const begins = (o: Opcode): boolean => o.place !== 'middle' && o.place !== 'last';
const ends = (o: Opcode): boolean => o.place !== 'first' && o.place !== 'middle';

/**
 * May `next` follow `previous` in the same direction of a queue pair, both being requests or both responses
 * (IBA 9.7.4.1.2, table 43)? `null`: nothing came before.
 */
export function mayFollow(previous: Opcode | null, next: Opcode): boolean {
  if (previous === null || ends(previous)) return begins(next);
  return next.service === previous.service && next.does === previous.does && !begins(next);
}

/** The opcodes that may follow `previous` on the same service, requests on requests and responses on responses. */
export const successors = (previous: Opcode): readonly Opcode[] =>
  opcodes.filter(
    (next) =>
      next.service === previous.service && next.kind === previous.kind && mayFollow(previous, next),
  );
