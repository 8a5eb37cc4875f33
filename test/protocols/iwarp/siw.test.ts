// Every iWARP byte that Linux's siw sent in the capture.

import { check, mpaStream } from '../../../protocols/index.js';
import { capturedFrames } from '../../support/capture.js';
import { conversations, follow } from '../../support/conversation.js';
import { survivesMutation } from '../../support/mutation.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';

const found = conversations(capturedFrames('siw.pcap'));
const iwarp = found.filter(([first]) => {
  const { bytes, from } = first!;
  return mpaStream.recognise({ bytes, at: 0, end: bytes.length, from, position: 0 }) === true;
});
const followed = iwarp.map((chunks) => follow(mpaStream, chunks));
const units = followed.flatMap((f) => f.units);

spec('iWARP as siw speaks it', (it) => {
  it('is recognised by the key of its first frame', () => assert.is(iwarp.length, 8));

  it('is cut into units to the last byte', () => {
    for (const { stops, left } of followed) {
      assert.equal(stops, []);
      assert.equal(left, [0, 0]);
    }
  });

  it('has as many FPDUs as tshark 4.0 counts', () => {
    const kinds = new Map<string, number>();
    for (const { walk } of units) kinds.set(chain(walk), (kinds.get(chain(walk)) ?? 0) + 1);
    assert.equal(Object.fromEntries(kinds), {
      'mpa-req/mpa-v2': 8,
      'mpa-rep/mpa-v2': 8,
      'mpa/ddp-untagged/payload/mpa-crc': 112,
      'mpa/ddp-untagged/rdmap-read-req/mpa-crc': 11,
      'mpa/ddp-tagged/payload/mpa-crc': 102,
      'mpa/ddp-untagged/payload/mpa-pad/mpa-crc': 6,
    });
  });

  it('is given back from the decoded fields alone', () => {
    for (const { walk } of units) tilesAndReencodes(walk);
  });

  it('is followed without a throw when bytes are changed', () =>
    survivesMutation(mpaStream, iwarp[0]!));

  it('breaks no rule but that pads are zero', () => {
    const messages = units.flatMap(({ walk, frame }) =>
      check(walk).findings.map((f) => `${frame} ${f.layer}: ${f.message}`),
    );
    const padded = [106, 107, 225, 226, 402, 403];
    assert.equal(
      messages,
      padded.map((frame) => `${frame} mpa-pad: is not zero`),
    );
  });
});
