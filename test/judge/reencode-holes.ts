// What frames of real peers have otherwise than our builder would make it, each with its reason.

type Reasons = Readonly<Record<string, string>>;

/** Derivable fields that must be given to get the same frame again. */
export const keptReasons: Reasons = {};

/** Checksums that cannot be verified, by capture. */
export const unverified: Readonly<Record<string, Reasons>> = {
  'siw.pcap': { 'mpa-crc.crc': 'both ends agreed to have none' },
};

/** What a capture really has wrong. */
export const findings: Readonly<Record<string, Reasons>> = {
  'siw.pcap': { 'mpa-pad.data': 'Linux sends what was in memory; RFC 5044 4.3 wants zeros' },
};

/**
 * Checksums that must have been verified at least so often: as many as tshark finds headers of the kind. Without these
 * numbers a checksum that nobody looks at would pass.
 */
export const verifiedAtLeast: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'nvme-rdma-connect.pcap': { 'ipv4.headerChecksum': 281, 'icrc.icrc': 276 },
  'nvme-rxe.pcap.gz': { 'ipv4.headerChecksum': 3845, 'icrc.icrc': 3845 },
  'nvme-tcp-connect.pcap': { 'ipv4.headerChecksum': 176, 'tcp.checksum': 171 },
  'nvme-tcp-namespace-change.pcap': { 'ipv4.headerChecksum': 143, 'tcp.checksum': 138 },
  'nvme-tcp.pcap.gz': {
    'ipv4.headerChecksum': 2565,
    'tcp.checksum': 2565,
    'nvme-tcp-hdgst.digest': 972,
    'nvme-tcp-ddgst.digest': 320,
  },
  'rxe-v4.pcap': { 'ipv4.headerChecksum': 570, 'tcp.checksum': 290, 'icrc.icrc': 280 },
  'siw.pcap': { 'ipv4.headerChecksum': 425, 'tcp.checksum': 425 },
};
