// Tables of libibverbs' numbers (infiniband/verbs.h): work request and completion opcodes, statuses, flags, queue
// pair types and states, path MTUs. Names are the API's; numbers stand in queue entries in memory.

/** enum ibv_wr_opcode; IBV_WR_REG_MR is the kernel's IB_WR_REG_MR. */
export const wrOpcodes = {
  IBV_WR_RDMA_WRITE: 0,
  IBV_WR_RDMA_WRITE_WITH_IMM: 1,
  IBV_WR_SEND: 2,
  IBV_WR_SEND_WITH_IMM: 3,
  IBV_WR_RDMA_READ: 4,
  IBV_WR_ATOMIC_CMP_AND_SWP: 5,
  IBV_WR_ATOMIC_FETCH_AND_ADD: 6,
  IBV_WR_LOCAL_INV: 7,
  IBV_WR_BIND_MW: 8,
  IBV_WR_SEND_WITH_INV: 9,
  IBV_WR_FLUSH: 14,
  IBV_WR_ATOMIC_WRITE: 15,
  IBV_WR_REG_MR: 32,
} as const;
/** enum ibv_wr_opcode. */
export type WrOpcode = keyof typeof wrOpcodes;

/** enum ibv_wc_opcode. */
export const wcOpcodes = {
  IBV_WC_SEND: 0,
  IBV_WC_RDMA_WRITE: 1,
  IBV_WC_RDMA_READ: 2,
  IBV_WC_COMP_SWAP: 3,
  IBV_WC_FETCH_ADD: 4,
  IBV_WC_BIND_MW: 5,
  IBV_WC_LOCAL_INV: 6,
  IBV_WC_FLUSH: 8,
  IBV_WC_ATOMIC_WRITE: 9,
  IBV_WC_REG_MR: 10,
  IBV_WC_RECV: 128,
  IBV_WC_RECV_RDMA_WITH_IMM: 129,
} as const;
/** enum ibv_wc_opcode. */
export type WcOpcode = keyof typeof wcOpcodes;

/** What a work request leaves behind; by the number of its opcode. */
export const wcOpcodeOf: Readonly<Record<number, number>> = {
  [wrOpcodes.IBV_WR_RDMA_WRITE]: wcOpcodes.IBV_WC_RDMA_WRITE,
  [wrOpcodes.IBV_WR_RDMA_WRITE_WITH_IMM]: wcOpcodes.IBV_WC_RDMA_WRITE,
  [wrOpcodes.IBV_WR_SEND]: wcOpcodes.IBV_WC_SEND,
  [wrOpcodes.IBV_WR_SEND_WITH_IMM]: wcOpcodes.IBV_WC_SEND,
  [wrOpcodes.IBV_WR_RDMA_READ]: wcOpcodes.IBV_WC_RDMA_READ,
  [wrOpcodes.IBV_WR_ATOMIC_CMP_AND_SWP]: wcOpcodes.IBV_WC_COMP_SWAP,
  [wrOpcodes.IBV_WR_ATOMIC_FETCH_AND_ADD]: wcOpcodes.IBV_WC_FETCH_ADD,
  [wrOpcodes.IBV_WR_LOCAL_INV]: wcOpcodes.IBV_WC_LOCAL_INV,
  [wrOpcodes.IBV_WR_BIND_MW]: wcOpcodes.IBV_WC_BIND_MW,
  [wrOpcodes.IBV_WR_SEND_WITH_INV]: wcOpcodes.IBV_WC_SEND,
  [wrOpcodes.IBV_WR_FLUSH]: wcOpcodes.IBV_WC_FLUSH,
  [wrOpcodes.IBV_WR_ATOMIC_WRITE]: wcOpcodes.IBV_WC_ATOMIC_WRITE,
  [wrOpcodes.IBV_WR_REG_MR]: wcOpcodes.IBV_WC_REG_MR,
};

/** enum ibv_wc_status, in the order of its values. */
export const wcStatuses = [
  'IBV_WC_SUCCESS',
  'IBV_WC_LOC_LEN_ERR',
  'IBV_WC_LOC_QP_OP_ERR',
  'IBV_WC_LOC_EEC_OP_ERR',
  'IBV_WC_LOC_PROT_ERR',
  'IBV_WC_WR_FLUSH_ERR',
  'IBV_WC_MW_BIND_ERR',
  'IBV_WC_BAD_RESP_ERR',
  'IBV_WC_LOC_ACCESS_ERR',
  'IBV_WC_REM_INV_REQ_ERR',
  'IBV_WC_REM_ACCESS_ERR',
  'IBV_WC_REM_OP_ERR',
  'IBV_WC_RETRY_EXC_ERR',
  'IBV_WC_RNR_RETRY_EXC_ERR',
  'IBV_WC_LOC_RDD_VIOL_ERR',
  'IBV_WC_REM_INV_RD_REQ_ERR',
  'IBV_WC_REM_ABORT_ERR',
  'IBV_WC_INV_EECN_ERR',
  'IBV_WC_INV_EEC_STATE_ERR',
  'IBV_WC_FATAL_ERR',
  'IBV_WC_RESP_TIMEOUT_ERR',
  'IBV_WC_GENERAL_ERR',
] as const;
/** enum ibv_wc_status. */
export type WcStatus = (typeof wcStatuses)[number];

/** The numbers of the statuses. */
export const WC = Object.fromEntries(wcStatuses.map((name, i) => [name.slice(7), i])) as Readonly<
  Record<WcStatus extends `IBV_WC_${infer Short}` ? Short : never, number>
>;

/** enum ibv_send_flags. */
export const IBV_SEND_FENCE = 1;
/** The work request has a completion. */
export const IBV_SEND_SIGNALED = 2;
/** The receiver raises a solicited event. */
export const IBV_SEND_SOLICITED = 4;
/** The data goes with the work request. */
export const IBV_SEND_INLINE = 8;

/** enum ibv_wc_flags. */
export const IBV_WC_GRH = 1;
/** The completion has immediate data. */
export const IBV_WC_WITH_IMM = 2;
/** The completion says which key was invalidated. */
export const IBV_WC_WITH_INV = 8;

export const qpTypes = [
  'IBV_QPT_RC',
  'IBV_QPT_UC',
  'IBV_QPT_UD',
  'IBV_QPT_XRC_SEND',
  'IBV_QPT_XRC_RECV',
  'IBV_QPT_GSI',
] as const;
/** enum ibv_qp_type. */
export type QpType = (typeof qpTypes)[number];

/** enum ibv_qp_state. */
export type QpState = 'RESET' | 'INIT' | 'RTR' | 'RTS' | 'SQD' | 'SQE' | 'ERR';

/** enum ibv_mtu and its bytes. */
export const mtuBytes = {
  IBV_MTU_256: 256,
  IBV_MTU_512: 512,
  IBV_MTU_1024: 1024,
  IBV_MTU_2048: 2048,
  IBV_MTU_4096: 4096,
} as const;
/** enum ibv_mtu. */
export type Mtu = keyof typeof mtuBytes;

/** enum ibv_event_type, those that a device of ours can report; async-event.ts says when, and of the others why not. */
export type AsyncEventType =
  | 'IBV_EVENT_DEVICE_FATAL'
  | 'IBV_EVENT_CQ_ERR'
  | 'IBV_EVENT_QP_FATAL'
  | 'IBV_EVENT_QP_REQ_ERR'
  | 'IBV_EVENT_QP_ACCESS_ERR'
  | 'IBV_EVENT_COMM_EST'
  | 'IBV_EVENT_SQ_DRAINED'
  | 'IBV_EVENT_PORT_ACTIVE'
  | 'IBV_EVENT_PORT_ERR'
  | 'IBV_EVENT_CLIENT_REREGISTER'
  | 'IBV_EVENT_SRQ_LIMIT_REACHED'
  | 'IBV_EVENT_QP_LAST_WQE_REACHED';
