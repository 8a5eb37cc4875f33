// NBD as real programs speak it; see test/captures/nbd.

import { build, check, nbd } from '../../../protocols/index.js';
import { capturedFrames } from '../../support/capture.js';
import { conversations, follow } from '../../support/conversation.js';
import { survivesMutation } from '../../support/mutation.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';

/** Conversations in each capture, and chains that must occur in it. */
const captures: Readonly<Record<string, readonly [number, ...string[]]>> = {
  nbdkit: [
    5,
    'nbd-opt/nbd-string/nbd-query-count/nbd-string',
    'nbd-opt-reply/nbd-string',
    'nbd-opt-reply/nbd-meta-context',
    'nbd-chunk/nbd-offset-data/payload',
    'nbd-chunk/nbd-block-status/nbd-extent',
    'nbd-request/payload',
  ],
  'qemu-nbd': [4, 'nbd-opt-reply/nbd-text', 'nbd-opt-reply/nbd-info-block-size'],
  'nbdkit-simple': [2, 'nbd-reply/payload', 'nbd-reply'],
  'nbdkit-oldstyle': [2, 'nbd-oldstyle', 'nbd-reply/payload'],
  'nbdkit-newstyle': [2, 'nbd-client-flags', 'nbd-export/nbd-zeroes', 'nbd-reply/payload'],
  'nbdkit-zeroes': [2, 'nbd-greeting', 'nbd-opt-reply/nbd-info-text'],
};

const load = (name: string) => conversations(capturedFrames(`nbd/${name}.pcap.gz`));

for (const [name, [count, ...chains]] of Object.entries(captures)) {
  const found = load(name);
  const followed = found.map((chunks) => follow(nbd.stream, chunks));
  const units = followed.flatMap((f) => f.units);

  spec(`capture of ${name}`, (it) => {
    it('is recognised by its first bytes', () => {
      assert.is(found.length, count);
      for (const [first] of found) {
        const { bytes, from } = first!;
        const piece = { bytes, at: 0, end: bytes.length, from, position: 0 };
        assert.is(nbd.stream.recognise(piece), true);
      }
    });

    it('is cut into units to the last byte, which tile and are given back', () => {
      for (const { stops, left } of followed) assert.equal([stops, left], [[], [0, 0]]);
      for (const { walk } of units) tilesAndReencodes(walk);
    });

    it('breaks no rule', () => {
      const wrong = units.flatMap(({ walk }) => check(walk).findings);
      assert.equal(wrong, []);
    });

    it('has the messages that its programs exchange', () => {
      const there = units.map(({ walk }) => chain(walk));
      for (const wanted of chains)
        assert.ok(
          there.some((c) => c.startsWith(wanted)),
          wanted,
        );
    });
  });
}

spec('NBD messages of real programs', (it) => {
  it('come out the same when they are built', () => {
    const bytes = (layers: Parameters<typeof build>[0]) => [...build(layers).bytes];
    const sent = load('nbdkit').flatMap((chunks) =>
      follow(nbd.stream, chunks).units.map(({ walk }) => [...walk.bytes.subarray(0, walk.end)]),
    );
    const has = (wanted: number[]) => sent.some((s) => String(s) === String(wanted));
    const name = nbd.string({ text: 'disk' });
    // qemu-io asks for block sizes only, nbdinfo for descriptions as well.
    const sizes = nbd.infoRequest({ type: 'BLOCK_SIZE' });
    assert.ok(has(bytes([nbd.option({ option: 'GO' }), name, nbd.infoCount(), sizes])));
  });

  it('are followed without a throw when bytes are changed', () => {
    survivesMutation(nbd.stream, load('qemu-nbd')[0]!);
    survivesMutation(nbd.stream, load('nbdkit-newstyle')[1]!);
  });
});
