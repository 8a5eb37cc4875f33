// InfiniBand packets for tshark, which reads no capture file of InfiniBand's own link type (247) up to 4.0: as records of
// Endace's cards.

import { erfHead } from '../../protocols/pcap/erf.js';

export { LINKTYPE_ERF } from '../../protocols/pcap/erf.js';

const INFINIBAND = 247;

/** A packet as the record of a card that captured it. */
export const inErf = (packet: Uint8Array): Uint8Array =>
  Uint8Array.of(...erfHead(INFINIBAND, packet.length, 0, 0), ...packet);
