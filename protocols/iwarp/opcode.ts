// RDMAP messages: one row an opcode (RFC 5040 4.3 figure 4, RFC 7306 3.1). Names, the tagged bit, the DDP
// queue and which header follows are looked up here and in bindings.ts, and written down nowhere else.

/** One row of the table of RDMAP messages (RFC 5040 4.3, RFC 7306 3.1). */
export interface RdmapOpcode {
  readonly code: number;
  /** As expressions and filters write it. */
  readonly name: string;
  /** As a summary says it. */
  readonly does: string;
  /** True: placed by STag and offset; false: sent to a queue. */
  readonly tagged: boolean;
  /** DDP queue number of an untagged message: 0 sends, 1 requests, 2 terminate, 3 atomic responses. */
  readonly queue: number;
  /** True where the message is one DDP segment by its nature, with L set and MO 0. */
  readonly single: boolean;
}

const tagged = (code: number, name: string, does: string): RdmapOpcode => ({
  code,
  name,
  does,
  tagged: true,
  queue: 0,
  single: false,
});

const untagged = (
  code: number,
  name: string,
  does: string,
  queue: number,
  single = queue > 0,
): RdmapOpcode => ({ code, name, does, tagged: false, queue, single });

/** All RDMAP messages (RFC 5040 4.3, RFC 7306 3.1). */
export const rdmapOpcodes: readonly RdmapOpcode[] = [
  tagged(0, 'RDMA_WRITE', 'Write'),
  untagged(1, 'READ_REQUEST', 'Read Request', 1),
  tagged(2, 'READ_RESPONSE', 'Read Response'),
  untagged(3, 'SEND', 'Send', 0),
  untagged(4, 'SEND_INVALIDATE', 'Send with Invalidate', 0),
  untagged(5, 'SEND_SE', 'Send with SE', 0),
  untagged(6, 'SEND_SE_INVALIDATE', 'Send with SE and Invalidate', 0),
  untagged(7, 'TERMINATE', 'Terminate', 2),
  untagged(8, 'IMMEDIATE', 'Immediate Data', 0, true),
  untagged(9, 'IMMEDIATE_SE', 'Immediate Data with SE', 0, true),
  untagged(10, 'ATOMIC_REQUEST', 'Atomic Request', 1),
  untagged(11, 'ATOMIC_RESPONSE', 'Atomic Response', 3),
];

const byCode = new Map(rdmapOpcodes.map((o) => [o.code, o]));

/** The row of an opcode; undefined where none is defined. */
export const rdmapOpcode = (code: number): RdmapOpcode | undefined => byCode.get(code);

/** Names of RDMAP opcodes, by number. */
export const rdmapOpcodeNames: Readonly<Record<number, string>> = Object.fromEntries(
  rdmapOpcodes.map((o) => [o.code, o.name]),
);

/** Opcodes whose untagged header carries an STag to be invalidated. */
export const invalidates = (code: number): boolean =>
  rdmapOpcodeNames[code]?.endsWith('INVALIDATE') ?? false;
