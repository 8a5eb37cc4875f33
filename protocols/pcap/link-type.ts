// Link types of capture files (tcpdump's list of LINKTYPE_ values) that matter to somebody who looks at
// Ethernet, IP and InfiniBand. Others are numbers.

/** Names of capture files' link types (tcpdump's list of LINKTYPE_ values). */
export const linkTypes = {
  0: 'NULL',
  1: 'ETHERNET',
  101: 'RAW',
  108: 'LOOP',
  113: 'LINUX_SLL',
  197: 'ERF',
  228: 'IPV4',
  229: 'IPV6',
  247: 'INFINIBAND',
  276: 'LINUX_SLL2',
} as const;
