// Any bytes and spoiled frames of real captures: dissecting, checking and showing them ends and throws nothing.

import * as fc from 'fast-check';
import { dissect, protocols } from '../../protocols/index.js';
import { Inspector } from '../../src/inspect/index.js';
import { capturedFrames, captures } from '../support/capture.js';
import { fuzz } from '../support/fuzz.js';
import {
  anySpoiling,
  linkTypes,
  saysWhy,
  spoiled,
  survives,
  survivesDissecting,
} from '../support/hostile.js';
import { spec } from '../support/spec.js';
import { dissectFrom } from '../support/unit.js';

/** Up to so many frames of a capture, spread over it. */
const PER_CAPTURE = 150;

const frames = captures.flatMap((name) => {
  const all = capturedFrames(name);
  const step = Math.max(1, Math.floor(all.length / PER_CAPTURE));
  return all.filter((_, i) => i % step === 0).map((frame) => frame.bytes);
});

const anyFrame = fc.nat({ max: frames.length - 1 });
const spoilings = fc.array(anySpoiling, { minLength: 1, maxLength: 5 });

spec('any frame', (it) => {
  it('is dissected, checked and shown, whatever its bytes and link type', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fuzz(
      'fuzz/frame:bytes',
      0.1,
      fc.record({ bytes, linkType: fc.constantFrom(...linkTypes) }),
      (frame) => survivesDissecting(frame.bytes, frame.linkType, true),
    );
  });
  it('is dissected from every protocol of the registry on', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const first = fc.constantFrom(...protocols);
    fuzz('fuzz/frame:protocol', 0.1, fc.record({ bytes, first }), (unit) =>
      survives(dissectFrom(unit.first, unit.bytes)),
    );
  });
  it('is a captured frame spoiled in some places, and still survives', () => {
    const anything = fc.record({ which: anyFrame, how: spoilings }).map(({ which, how }) => ({
      bytes: spoiled(frames[which]!, how, frames),
    }));
    fuzz('fuzz/frame:spoiled', 0.25, anything, ({ bytes }) => survivesDissecting(bytes, 1, true));
  });
  it('is cut somewhere, and then ends in a stop that says why or is whole', () => {
    fuzz('fuzz/frame:cut', 0.1, fc.record({ which: anyFrame, at: fc.nat() }), ({ which, at }) => {
      const whole = frames[which]!;
      const bytes = whole.subarray(0, at % (whole.length + 1));
      const { stop } = dissect(bytes);
      if (stop) saysWhy(stop, bytes.length);
    });
  });
  it('comes after others: an inspector survives runs of spoiled frames with bounded memory', () => {
    const run = fc.record({
      from: anyFrame,
      how: fc.array(fc.array(anySpoiling, { maxLength: 2 }), { minLength: 1, maxLength: 40 }),
    });
    fuzz('fuzz/frame:inspector', 0.15, run, ({ from, how }) => {
      const inspector = new Inspector();
      how.forEach((each, i) => {
        const bytes = spoiled(frames[(from + i) % frames.length]!, each, frames);
        const found = inspector.inspect(bytes);
        survives(found);
        for (const message of found.messages) survives({ ...message, notes: [] });
      });
    });
  });
});
