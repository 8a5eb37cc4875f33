// Types and codes of ICMP (IANA's register), as expressions name them and as a summary says them.

export const icmpTypes = {
  0: 'ECHO_REPLY',
  3: 'DESTINATION_UNREACHABLE',
  4: 'SOURCE_QUENCH',
  5: 'REDIRECT',
  8: 'ECHO_REQUEST',
  9: 'ROUTER_ADVERTISEMENT',
  10: 'ROUTER_SOLICITATION',
  11: 'TIME_EXCEEDED',
  12: 'PARAMETER_PROBLEM',
  13: 'TIMESTAMP_REQUEST',
  14: 'TIMESTAMP_REPLY',
  15: 'INFORMATION_REQUEST',
  16: 'INFORMATION_REPLY',
  17: 'ADDRESS_MASK_REQUEST',
  18: 'ADDRESS_MASK_REPLY',
  40: 'PHOTURIS',
  42: 'EXTENDED_ECHO_REQUEST',
  43: 'EXTENDED_ECHO_REPLY',
} as const;

/** The words of a summary. */
export const typeText: Readonly<Record<number, string>> = {
  0: 'Echo (ping) reply',
  3: 'Destination unreachable',
  4: 'Source quench (flow control)',
  5: 'Redirect',
  8: 'Echo (ping) request',
  9: 'Router advertisement',
  10: 'Router solicitation',
  11: 'Time-to-live exceeded',
  12: 'Parameter problem',
  13: 'Timestamp request',
  14: 'Timestamp reply',
  15: 'Information request',
  16: 'Information reply',
  17: 'Address mask request',
  18: 'Address mask reply',
};

export const codeText: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  3: {
    0: 'Network unreachable',
    1: 'Host unreachable',
    2: 'Protocol unreachable',
    3: 'Port unreachable',
    4: 'Fragmentation needed',
    5: 'Source route failed',
    6: 'Network unknown',
    7: 'Host unknown',
    8: 'Source host isolated',
    9: 'Network administratively prohibited',
    10: 'Host administratively prohibited',
    11: 'Network unreachable for TOS',
    12: 'Host unreachable for TOS',
    13: 'Communication administratively filtered',
    14: 'Host precedence violation',
    15: 'Precedence cutoff in effect',
  },
  5: {
    0: 'Redirect for network',
    1: 'Redirect for host',
    2: 'Redirect for type of service and network',
    3: 'Redirect for type of service and host',
  },
  11: {
    0: 'Time to live exceeded in transit',
    1: 'Fragment reassembly time exceeded',
  },
  12: {
    0: 'Pointer indicates the error',
    1: 'Required option missing',
    2: 'Bad length',
  },
};
