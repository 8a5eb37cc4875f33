// EtherTypes (IEEE RA's register) that frames here carry, with the names that expressions and dumps use.

/** Names of EtherTypes (IEEE registry), those that are known here. */
export const etherTypes = {
  2048: 'IPV4',
  2054: 'ARP',
  32821: 'RARP',
  33024: 'VLAN',
  34525: 'IPV6',
  34824: 'MAC_CONTROL',
  34984: 'SVLAN',
  35020: 'LLDP',
  35093: 'ROCE_V1',
  37120: 'QINQ_9100',
} as const;
