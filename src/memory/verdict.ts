// Table of what an access to memory by key can come to, and what each outcome means to both sides. Peers and
// applications cause these, so they are values and never thrown.

/** Where something went wrong in libibverbs' words: the completion that each side gets. */
export interface Outcome {
  readonly says: string;
  /** Completion of the work request whose own scatter-gather entry is refused (IBA 11.6.2). */
  readonly local: 'IBV_WC_SUCCESS' | 'IBV_WC_LOC_PROT_ERR';
  /**
   * What a responder sends when its own receive buffer is refused: its WQE is at fault, so a NAK of a remote
   * operational error (IBA 9.9.6, class A), and IBV_WC_REM_OP_ERR at the requester.
   */
  readonly receive: 'ack' | 'nak-remote-operational-error';
  /** What a responder sends when the request's R_Key is refused: class C (IBA 9.9.6). */
  readonly remote: 'ack' | 'nak-remote-access-error' | 'nak-invalid-request';
  /** Completion at the requester that gets this NAK (IBA 11.6.2). */
  readonly requester: 'IBV_WC_SUCCESS' | 'IBV_WC_REM_ACCESS_ERR' | 'IBV_WC_REM_INV_REQ_ERR';
  /** Affiliated asynchronous event at the responder (IBA 11.6.3.2). */
  readonly event: 'none' | 'IBV_EVENT_QP_ACCESS_ERR' | 'IBV_EVENT_QP_REQ_ERR';
}

const refused = (says: string): Outcome => ({
  says,
  local: 'IBV_WC_LOC_PROT_ERR',
  receive: 'nak-remote-operational-error',
  remote: 'nak-remote-access-error',
  requester: 'IBV_WC_REM_ACCESS_ERR',
  event: 'IBV_EVENT_QP_ACCESS_ERR',
});

export const outcomes = {
  allowed: {
    says: 'the access is allowed',
    local: 'IBV_WC_SUCCESS',
    receive: 'ack',
    remote: 'ack',
    requester: 'IBV_WC_SUCCESS',
    event: 'none',
  },
  'unknown-key': refused('no region or window has the index of this key'),
  deregistered: refused('the region or window of this key is gone'),
  'stale-key': refused('the index is in use, under another key byte'),
  'not-an-lkey': refused('the key of a window serves remote access only'),
  'not-valid': refused('the region is allocated or invalidated, not registered'),
  'window-unbound': refused('the window is bound to nothing'),
  'wrong-pd': refused("the queue pair's protection domain is another one"),
  'wrong-qp': refused('the window is bound on another queue pair'),
  'no-right': refused('the region or window does not grant this right'),
  'below-region': refused('the access begins in front of the region'),
  'above-region': refused('the access begins behind the region'),
  'straddles-end': refused('the access begins inside the region and ends behind it'),
  wraps: refused('the access wraps around the end of the address space'),
  misaligned: {
    ...refused('an atomic operation must be aligned to 8 bytes'),
    remote: 'nak-invalid-request', // IBA 9.7.4.1.4; rxe: RESPST_ERR_MISALIGNED_ATOMIC
    requester: 'IBV_WC_REM_INV_REQ_ERR',
    event: 'IBV_EVENT_QP_REQ_ERR',
  },
} as const satisfies Record<string, Outcome>;

export type Verdict = keyof typeof outcomes;

/** What binding a window, registering by REG_MR and invalidating can come to. */
export interface OperationOutcome {
  readonly says: string;
  /** Completion of the BIND_MW work request that is refused so. */
  readonly bind: 'IBV_WC_SUCCESS' | 'IBV_WC_MW_BIND_ERR';
  /** Completion of the LOCAL_INV or REG_MR work request that is refused so (IBA 11.6.2; rxe_do_local_ops). */
  readonly local: 'IBV_WC_SUCCESS' | 'IBV_WC_LOC_QP_OP_ERR';
  /**
   * Completion of the receive whose SEND_WITH_INV is refused so: IBA 9.9.6, class J, no NAK is sent for it by rxe
   * before the queue pair is in error.
   */
  readonly receive: 'IBV_WC_SUCCESS' | 'IBV_WC_REM_INV_REQ_ERR';
}

const declined = (says: string): OperationOutcome => ({
  says,
  bind: 'IBV_WC_MW_BIND_ERR',
  local: 'IBV_WC_LOC_QP_OP_ERR',
  receive: 'IBV_WC_REM_INV_REQ_ERR',
});

export const operationOutcomes = {
  done: {
    says: 'the operation is done',
    bind: 'IBV_WC_SUCCESS',
    local: 'IBV_WC_SUCCESS',
    receive: 'IBV_WC_SUCCESS',
  },
  'unknown-key': declined('no region or window has the index of this key'),
  deregistered: declined('the region or window of this key is gone'),
  'stale-key': declined('the index is in use, under another key byte'),
  'wrong-kind': declined('this kind of region or window does not take this operation'),
  'wrong-pd': declined("the queue pair's protection domain is another one (C10-72)"),
  'wrong-qp': declined('the window is bound on another queue pair'),
  'not-free': declined('it is registered or bound already (o10-37.2.30)'),
  'not-valid': declined('it is not registered or bound'),
  'windows-bound': declined('windows are bound to the region'),
  'index-changed': declined('only the key byte may be chosen'),
  'no-pages': declined('no pages were mapped into the region'),
  'bad-rights': declined('these rights cannot be given together, or not to this'),
  'no-bind-right': declined('the region was registered without IBV_ACCESS_MW_BIND (C10-73)'),
  'zero-based': declined('a zero-based region, or a zero-based window of type 1 (o10-36.2.2)'),
  'no-local-write': declined('a window that is written needs a region with local write (C10-74)'),
  'out-of-range': declined('the window does not lie inside the region (C10-75)'),
  empty: declined('a window of type 2 cannot be unbound by length 0 (o10-37.2.40)'),
} as const satisfies Record<string, OperationOutcome>;

export type OperationVerdict = keyof typeof operationOutcomes;
