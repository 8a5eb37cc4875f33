// InfiniBand packets for tshark: 4.0 reads no capture file of InfiniBand's own link type (247), but it reads the
// records of Endace's cards, which carry such packets as they are.

import { header, uint } from '../../protocols/index.js';

export const LINKTYPE_ERF = 197;
const ERF_INFINIBAND = 21;

/** The record header: time stamp, type, flags, lengths, losses (Endace's own document). */
const Erf = header('Erf', [
  uint(64, 'time', 'time stamp'),
  uint(8, 'type', 'of record'),
  uint(8, 'flags', 'flags'),
  uint(16, 'recordLength', 'header and packet'),
  uint(16, 'losses', 'records lost'),
  uint(16, 'wireLength', 'packet'),
]);

/** A packet as the record of a card that captured it. */
export function inErf(packet: Uint8Array): Uint8Array {
  const record = new Uint8Array(Erf.size + packet.length);
  const fields = { type: ERF_INFINIBAND, recordLength: record.length, wireLength: packet.length };
  Erf.encode(fields, record);
  record.set(packet, Erf.size);
  return record;
}
