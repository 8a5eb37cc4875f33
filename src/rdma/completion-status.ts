// Table of the statuses of completions (enum ibv_wc_status; IBA 11.6.2): what leads to each of them here, and why some
// never come.

import type { WcStatus } from './constant.js';

interface Meaning {
  /** Whose work request it ends: of the send queue, of the receive queue, or the table's word for nobody. */
  readonly at: 'requester' | 'responder' | 'both' | 'nobody';
  readonly when: string;
}

const requester = (when: string): Meaning => ({ at: 'requester', when });
const responder = (when: string): Meaning => ({ at: 'responder', when });
const both = (when: string): Meaning => ({ at: 'both', when });
const never = (when: string): Meaning => ({ at: 'nobody', when });
const NO_RD = never('only of RD queue pairs and EE contexts, which no device has had');
const NO_TAGS = never('only of shared queues that match tags, which the device has not');

export const completionStatuses: Readonly<
  Record<WcStatus | 'IBV_WC_TM_ERR' | 'IBV_WC_TM_RNDV_INCOMPLETE', Meaning>
> = {
  IBV_WC_SUCCESS: both('the operation is done'),
  IBV_WC_LOC_LEN_ERR: both(
    'a message is longer than 2^31 bytes or a datagram than the MTU, an atomic is not of 8 bytes; a message does not fit its receive request',
  ),
  IBV_WC_LOC_QP_OP_ERR: requester(
    'the entry makes no sense for the queue pair: an operation that the service has not, READs when none are allowed, an address handle that is gone, a LOCAL_INV or REG_MR that is refused',
  ),
  IBV_WC_LOC_EEC_OP_ERR: NO_RD,
  IBV_WC_LOC_PROT_ERR: both('the keys, rights or ranges of the own scatter-gather list'),
  IBV_WC_WR_FLUSH_ERR: both('the queue pair went into error before it was done'),
  IBV_WC_MW_BIND_ERR: requester('a BIND_MW is refused'),
  IBV_WC_BAD_RESP_ERR: requester('the answer does not fit the request in opcode or length'),
  IBV_WC_LOC_ACCESS_ERR: responder(
    "a peer's WRITE with immediate data may not change the memory that it names; the receive request that it would have completed says so",
  ),
  IBV_WC_REM_INV_REQ_ERR: both(
    'NAK of an invalid request; at the responder the key that a SEND_WITH_INV names cannot be invalidated',
  ),
  IBV_WC_REM_ACCESS_ERR: requester('NAK of remote access'),
  IBV_WC_REM_OP_ERR: requester(
    'NAK of a remote operational error: the fault is the responder buffer',
  ),
  IBV_WC_RETRY_EXC_ERR: requester('no answer, or NAKs of the sequence, more often than retry_cnt'),
  IBV_WC_RNR_RETRY_EXC_ERR: requester('nothing to receive into, more often than rnr_retry'),
  IBV_WC_LOC_RDD_VIOL_ERR: NO_RD,
  IBV_WC_REM_INV_RD_REQ_ERR: requester(
    'NAK of an invalid RD request, which a responder of RC never sends; a peer that does is believed',
  ),
  IBV_WC_REM_ABORT_ERR: responder(
    'a UC message that took a request of a shared queue lost a packet, and the request comes back unused',
  ),
  IBV_WC_INV_EECN_ERR: NO_RD,
  IBV_WC_INV_EEC_STATE_ERR: NO_RD,
  IBV_WC_FATAL_ERR: requester('it was in work when the device failed (failDevice)'),
  IBV_WC_RESP_TIMEOUT_ERR: requester(
    'a management datagram that wants an answer got none (MadRequests), as in Linux: ib_mad gives its senders completions of their own',
  ),
  IBV_WC_GENERAL_ERR: both(
    'the completion entry in memory holds a status that the driver does not know: the memory or the device is broken',
  ),
  IBV_WC_TM_ERR: NO_TAGS,
  IBV_WC_TM_RNDV_INCOMPLETE: NO_TAGS,
};
