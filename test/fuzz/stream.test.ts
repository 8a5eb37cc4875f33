// Runs of frames as they followed one another in a capture, some spoiled, lost, repeated or out of order: streams and
// queue pairs are followed without throwing, and everything found tiles its bytes.

import * as fc from 'fast-check';
import { Inspector } from '../../src/inspect/index.js';
import { capturedFrames } from '../support/capture.js';
import { fuzz } from '../support/fuzz.js';
import { anySpoiling, type Spoiling, spoiled, survives } from '../support/hostile.js';
import { assert, spec } from '../support/spec.js';

const runs = ['nvme-tcp-connect.pcap', 'siw.pcap', 'nvme-rdma-connect.pcap', 'rxe-v4.pcap'].map(
  (name) => capturedFrames(name).map((frame) => frame.bytes),
);

/** What happens to one frame; nothing for most. */
interface Accident {
  readonly at: number;
  readonly spoiling: Spoiling | undefined;
  readonly move: number;
  readonly lost: boolean;
}

const accident: fc.Arbitrary<Accident> = fc.record({
  at: fc.nat({ max: 79 }),
  spoiling: fc.option(anySpoiling, { nil: undefined }),
  move: fc.integer({ min: -3, max: 3 }),
  lost: fc.boolean(),
});

const run = fc.record({
  capture: fc.nat({ max: runs.length - 1 }),
  from: fc.nat(),
  accidents: fc.array(accident, { minLength: 1, maxLength: 8 }),
});

function suffered(all: readonly Uint8Array[], from: number, accidents: readonly Accident[]) {
  const start = from % Math.max(1, all.length - 20);
  const frames = all.slice(start, start + 80);
  for (const { at, spoiling, move, lost } of accidents) {
    const place = at % frames.length;
    const [frame] = frames.splice(place, 1);
    if (!frame) break;
    const changed = spoiling ? spoiled(frame, [spoiling], all) : frame;
    if (!lost) frames.splice(Math.max(0, place + move), 0, changed);
    if (frames.length === 0) break;
  }
  return frames;
}

spec('any run of frames', (it) => {
  it('is inspected, whatever happened to some of them', () => {
    fuzz('fuzz/stream:run', 0.15, run, ({ capture, from, accidents }) => {
      const inspector = new Inspector();
      for (const bytes of suffered(runs[capture]!, from, accidents)) {
        const found = inspector.inspect(bytes);
        survives(found);
        for (const message of found.messages) survives({ ...message, notes: [] });
        assert.ok(inspector.keptBytes >= 0, 'what is kept is counted right');
      }
    });
  });
});
