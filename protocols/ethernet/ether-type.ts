// EtherTypes (IEEE RA's register) that frames here carry, with the names that expressions and dumps use.

export const etherTypes = {
  2048: 'IPV4',
  2054: 'ARP',
  33024: 'VLAN',
  34525: 'IPV6',
  34824: 'MAC_CONTROL',
  34984: 'QINQ',
  35020: 'LLDP',
  35093: 'ROCE_V1',
} as const;
