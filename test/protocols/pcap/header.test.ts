// The laws of every header of capture files, in both byte orders.

import { captureHeaders } from '../../../protocols/pcap/index.js';
import { agrees, roundTrips, tiles } from '../../support/laws.js';
import { spec } from '../../support/spec.js';

for (const header of captureHeaders) {
  spec(`capture header ${header.key} ${header.order}`, (it) => {
    it('gives back every record that it encodes', () => roundTrips(header, 20));
    it('reads and writes as buffer-layout does', () => agrees(header, 20));
    it('has each bit in exactly one field', () => tiles(header));
  });
}
