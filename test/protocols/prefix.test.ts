// Frames that were cut: every prefix of a frame of the captures says where it ends too early, and still tiles.

import { check, describeMalformed, dissect } from '../../protocols/index.js';
import { capturedFrames } from '../support/capture.js';
import { assert, spec } from '../support/spec.js';
import { tilesAndReencodes } from '../support/tiling.js';

/** One frame of each length, a few a capture: they differ in what they carry. */
const sample = (name: string, most: number) => {
  const byLength = new Map(capturedFrames(name).map((f) => [f.bytes.length, f]));
  return [...byLength.values()].filter((f) => f.bytes.length < 400).slice(0, most);
};

spec('prefixes', (it) => {
  for (const name of [
    'rxe-v4.pcap',
    'siw.pcap',
    'nvme-tcp-connect.pcap',
    'nvme-rdma-connect.pcap',
  ]) {
    it(`of frames of ${name} end in what is missing`, () => {
      for (const { bytes, number, linkType } of sample(name, 8)) {
        const whole = dissect(bytes, { linkType });
        assert.is(whole.stop, null, `${name} ${number}`);
        // Bytes behind what the lengths cover may go unnoticed: that is what makes them padding.
        const needed =
          whole.layers.find((l) => l.key === 'padding' && l.owner <= 1)?.at ?? whole.end;
        for (let end = 0; end < needed; end++) {
          const cut = dissect(bytes, { linkType, end });
          const { stop } = cut;
          assert.ok(stop, `${name} ${number} cut at ${end}`);
          assert.ok(stop.code === 'truncated' || stop.code === 'length-conflict', stop.code);
          assert.ok(stop.at >= 0 && stop.at <= end && stop.have >= 0, describeMalformed(stop));
          assert.ok(stop.have < stop.need, describeMalformed(stop));
          tilesAndReencodes(cut);
          check(cut);
        }
      }
    });
  }
});
