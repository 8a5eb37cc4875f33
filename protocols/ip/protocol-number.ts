// IANA's register of protocol numbers: IPv4's protocol and IPv6's nextHeader, with the register's keywords
// written so that expressions can use them.

export const protocolNumbers = {
  0: 'HOPOPT',
  1: 'ICMP',
  2: 'IGMP',
  3: 'GGP',
  4: 'IPV4',
  5: 'ST',
  6: 'TCP',
  7: 'CBT',
  8: 'EGP',
  9: 'IGP',
  17: 'UDP',
  27: 'RDP',
  29: 'ISO_TP4',
  33: 'DCCP',
  37: 'DDP',
  41: 'IPV6',
  43: 'IPV6_ROUTE',
  44: 'IPV6_FRAG',
  45: 'IDRP',
  46: 'RSVP',
  47: 'GRE',
  48: 'DSR',
  50: 'ESP',
  51: 'AH',
  55: 'MIN_IPV4',
  58: 'IPV6_ICMP',
  59: 'IPV6_NONXT',
  60: 'IPV6_OPTS',
  88: 'EIGRP',
  89: 'OSPFIGP',
  94: 'IPIP',
  97: 'ETHERIP',
  98: 'ENCAP',
  103: 'PIM',
  108: 'IPCOMP',
  112: 'VRRP',
  113: 'PGM',
  115: 'L2TP',
  124: 'ISIS_OVER_IPV4',
  132: 'SCTP',
  133: 'FC',
  134: 'RSVP_E2E_IGNORE',
  135: 'MOBILITY',
  136: 'UDPLITE',
  137: 'MPLS_IN_IP',
  138: 'MANET',
  139: 'HIP',
  140: 'SHIM6',
  141: 'WESP',
  142: 'ROHC',
  143: 'ETHERNET',
  144: 'AGGFRAG',
  145: 'NSH',
  253: 'EXPERIMENT_1',
  254: 'EXPERIMENT_2',
  255: 'RESERVED',
} as const;

/** IPv6 headers that name no protocol of their own in bindings, or whose place is ruled. */
export const HOP_BY_HOP = 0;
export const NO_NEXT_HEADER = 59;

/** Number spaces of bindings.ts: what runs over either IP version, and what extends IPv6 alone. */
export const IP_PROTOCOL = 'ipproto';
export const IPV6_EXTENSION = 'ipv6-ext';
