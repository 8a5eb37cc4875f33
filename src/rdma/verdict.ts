// Tables of what a packet can come to: reasons to drop it, verdicts of the responder's checks with what each of them
// costs (IBA 9.9.3), and the counters, with rxe's (hw_counters) or mlx5's names where these have one.

import type { AsyncEventType } from './constant.js';
import { WC } from './constant.js';

/** Why a packet is dropped without an answer, in the words of traces. */
export type DropReason =
  | 'short-packet'
  | 'bad-header'
  | 'bad-ip-checksum'
  | 'wrong-address'
  | 'unknown-opcode'
  | 'bad-version'
  | 'bad-icrc'
  | 'no-queue-pair'
  | 'wrong-service'
  | 'wrong-state'
  | 'wrong-peer'
  | 'bad-pkey'
  | 'bad-qkey'
  | 'no-buffer'
  | 'too-long'
  | 'local-protection'
  | 'out-of-sequence'
  | 'bad-sequence'
  | 'stale-response'
  | 'ghost-response'
  | 'awaits-retry'
  | 'replay-gone'
  | 'queue-full'
  | 'not-multicast-member';

/** Names by which Linux counts, where it does; the others are counted as `drop_` and the reason. */
export const dropCounters: Partial<Record<DropReason, string>> = {
  'bad-ip-checksum': 'InCsumErrors',
  'bad-icrc': 'rx_icrc_encapsulated',
  'bad-pkey': 'bad_pkey_cntr',
  'bad-qkey': 'qkey_viol_cntr',
  'no-buffer': 'out_of_buffer',
  'out-of-sequence': 'out_of_sequence',
};

export const counterOf = (reason: DropReason): string =>
  dropCounters[reason] ?? `drop_${reason.replaceAll('-', '_')}`;

/** What a request to a responder can come to. */
export type Verdict =
  | 'accept'
  | 'psn-gap'
  | 'duplicate'
  | 'bad-sequence'
  | 'bad-opcode'
  | 'not-enabled'
  | 'too-many-reads'
  | 'bad-length'
  | 'too-long'
  | 'misaligned'
  | 'remote-access'
  | 'no-receive'
  | 'busy'
  | 'receive-too-short'
  | 'receive-protection'
  | 'invalidate-failed'
  | 'no-xrc-srq';

/** NAK codes of AETH (IBA table 47). */
export const NAK_PSN_SEQUENCE = 0;
export const NAK_INVALID_REQUEST = 1;
export const NAK_REMOTE_ACCESS = 2;
export const NAK_REMOTE_OPERATIONAL = 3;

export interface Cost {
  /** What the responder says; 'silence' drops the packet. */
  readonly reply: 'nak' | 'rnr-nak' | 'nak-sequence' | 'again' | 'silence' | 'none';
  readonly nak: number;
  /** Status of the receive request that it had taken, if it had one; -1 leaves it as it is. */
  readonly receive: number;
  /** The queue pair goes to ERR. */
  readonly fatal: boolean;
  readonly event?: AsyncEventType;
  readonly counter?: string;
}

const fatal = (nak: number, event: AsyncEventType, counter: string, receive: number): Cost => ({
  reply: 'nak',
  nak,
  receive,
  fatal: true,
  event,
  counter,
});

const invalid = fatal(
  NAK_INVALID_REQUEST,
  'IBV_EVENT_QP_REQ_ERR',
  'resp_remote_invalid_request',
  WC.WR_FLUSH_ERR,
);

/** RC's and XRC's outcomes, class by class of IBA 9.9.3. */
export const outcome: Readonly<Record<Verdict, Cost>> = {
  accept: { reply: 'none', nak: 0, receive: -1, fatal: false },
  // 9.7.5.1.2: one NAK a gap, with the expected PSN.
  'psn-gap': {
    reply: 'nak-sequence',
    nak: NAK_PSN_SEQUENCE,
    receive: -1,
    fatal: false,
    counter: 'out_of_seq_request',
  },
  // 9.7.5.1.3: acknowledged, read or replayed again; never executed twice.
  duplicate: { reply: 'again', nak: 0, receive: -1, fatal: false, counter: 'duplicate_request' },
  'bad-sequence': invalid, // 9.7.4.1.2
  'bad-opcode': invalid, // 9.7.4.1.3
  'not-enabled': invalid, // 9.7.4.1.3: the service is not enabled on this queue pair
  'too-many-reads': invalid, // 9.7.4.1.5
  'bad-length': invalid, // 9.7.4.1.6
  'too-long': invalid,
  misaligned: invalid, // 9.4.5
  'remote-access': fatal(
    NAK_REMOTE_ACCESS,
    'IBV_EVENT_QP_ACCESS_ERR',
    'resp_remote_access_errors',
    WC.WR_FLUSH_ERR,
  ), // 9.7.4.1.5
  'no-receive': {
    reply: 'rnr-nak',
    nak: 0,
    receive: -1,
    fatal: false,
    counter: 'out_of_buffer',
  }, // 9.7.5.2.8
  // Answers wait to be sent; the request is as good as lost, and comes again.
  busy: { reply: 'silence', nak: 0, receive: -1, fatal: false, counter: 'drop_queue_full' },
  'receive-too-short': fatal(
    NAK_INVALID_REQUEST,
    'IBV_EVENT_QP_REQ_ERR',
    'resp_local_length_error',
    WC.LOC_LEN_ERR,
  ),
  // Class A: the responder's own buffer is at fault.
  'receive-protection': fatal(
    NAK_REMOTE_OPERATIONAL,
    'IBV_EVENT_QP_FATAL',
    'resp_cqe_error',
    WC.LOC_PROT_ERR,
  ),
  // Class J: no NAK; the requester finds out when it comes again.
  'invalidate-failed': {
    reply: 'silence',
    nak: 0,
    receive: WC.REM_INV_REQ_ERR,
    fatal: true,
    event: 'IBV_EVENT_QP_FATAL',
    counter: 'resp_cqe_error',
  },
  'no-xrc-srq': invalid,
};

/** What the requester reports when it is told so, by NAK code. */
export const nakStatus: readonly number[] = [
  WC.RETRY_EXC_ERR,
  WC.REM_INV_REQ_ERR,
  WC.REM_ACCESS_ERR,
  WC.REM_OP_ERR,
  WC.REM_INV_RD_REQ_ERR,
];

/** Counters by name; they are shown from their first event on. */
export class Counters {
  readonly #values = new Map<string, { count: number }>();
  /** Of every packet, so that no name is looked up for it. */
  readonly sent = this.#of('sent_pkts');
  readonly received = this.#of('rcvd_pkts');

  // hot
  add(name: string, by = 1): void {
    this.#of(name).count += by;
  }

  #of(name: string): { count: number } {
    let value = this.#values.get(name);
    if (value === undefined) {
      value = { count: 0 };
      this.#values.set(name, value);
    }
    return value;
  }

  get(name: string): number {
    return this.#values.get(name)?.count ?? 0;
  }

  /** All of them, by name. */
  all(): Record<string, number> {
    const named = [...this.#values]
      .map(([name, { count }]) => [name, count] as const)
      .filter(([, count]) => count > 0);
    return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
