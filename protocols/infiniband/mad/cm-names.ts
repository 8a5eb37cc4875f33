// Codes of connection management (IBA 12.6); numbers as in Linux's include/rdma/ib_cm.h.

/** Which transport the queue pair is for (IBA 12.7.10). */
export const transportServiceNames = { 0: 'RC', 1: 'UC', 2: 'RD', 3: 'EXTENDED' } as const;

/** Which transport it is where the service type says extended (IBA A14). */
export const extendedTransportNames = { 1: 'XRC' } as const;

/** Message REJected and MessageMRAed (IBA 12.6.6, 12.6.7). */
export const rejectedMessageNames = { 0: 'REQ', 1: 'REP', 2: 'OTHER' } as const;
export const acknowledgedMessageNames = { 0: 'REQ', 1: 'REP', 2: 'LAP' } as const;

/** IBA 12.6.7.2. */
export const rejectReasonNames = {
  1: 'NO_QP',
  2: 'NO_EEC',
  3: 'NO_RESOURCES',
  4: 'TIMEOUT',
  5: 'UNSUPPORTED_REQUEST',
  6: 'INVALID_COMM_ID',
  7: 'INVALID_COMM_INSTANCE',
  8: 'INVALID_SERVICE_ID',
  9: 'INVALID_TRANSPORT_TYPE',
  10: 'STALE_CONNECTION',
  11: 'RDC_DOES_NOT_EXIST',
  12: 'INVALID_GID',
  13: 'INVALID_LID',
  14: 'INVALID_SL',
  15: 'INVALID_TRAFFIC_CLASS',
  16: 'INVALID_HOP_LIMIT',
  17: 'INVALID_PACKET_RATE',
  18: 'INVALID_ALTERNATE_GID',
  19: 'INVALID_ALTERNATE_LID',
  20: 'INVALID_ALTERNATE_SL',
  21: 'INVALID_ALTERNATE_TRAFFIC_CLASS',
  22: 'INVALID_ALTERNATE_HOP_LIMIT',
  23: 'INVALID_ALTERNATE_PACKET_RATE',
  24: 'PORT_AND_CM_REDIRECTION',
  25: 'PORT_REDIRECTION',
  26: 'INVALID_PATH_MTU',
  27: 'INSUFFICIENT_RESPONDER_RESOURCES',
  28: 'CONSUMER_REJECT',
  29: 'INVALID_RNR_RETRY',
  30: 'DUPLICATE_LOCAL_COMM_ID',
  31: 'INVALID_CLASS_VERSION',
  32: 'INVALID_FLOW_LABEL',
  33: 'INVALID_ALTERNATE_FLOW_LABEL',
  35: 'VENDOR_OPTION_NOT_SUPPORTED',
} as const;

/** IBA 12.8.2.1. */
export const alternatePathStatusNames = {
  0: 'LOADED',
  1: 'INVALID_COMM_ID',
  2: 'NOT_SUPPORTED',
  3: 'REJECTED',
  4: 'REDIRECT',
  5: 'IS_CURRENT_PATH',
  6: 'INVALID_QPN_EECN',
  7: 'INVALID_LID',
  8: 'INVALID_GID',
  9: 'INVALID_FLOW_LABEL',
  10: 'INVALID_TRAFFIC_CLASS',
  11: 'INVALID_HOP_LIMIT',
  12: 'INVALID_PACKET_RATE',
  13: 'INVALID_SL',
} as const;

/** IBA 12.11.2.1. */
export const sidrStatusNames = {
  0: 'QPN_VALID',
  1: 'SERVICE_ID_NOT_SUPPORTED',
  2: 'REJECTED',
  3: 'NO_QP',
  4: 'REDIRECT',
  5: 'VERSION_NOT_SUPPORTED',
} as const;
