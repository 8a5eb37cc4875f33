// Mirrors protocols/infiniband/icrc-batch.ts.

import { dissect } from '../../../protocols/index.js';
import { IcrcBatch, icrcIsRight } from '../../../protocols/infiniband/index.js';
import { capturedFrames } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';

spec('batches of ICRCs', (it) => {
  const frames = capturedFrames('rxe-v4.pcap');
  it('finds all of a capture of Linux right, however they are grouped', () => {
    for (const most of [1, 7, 4096]) {
      const batch = new IcrcBatch(most);
      const expected = frames.filter((f) => icrcIsRight(dissect(f.bytes)) === true).length;
      for (const { number, bytes } of frames) batch.note(number, dissect(bytes));
      assert.equal(batch.verify(), []);
      assert.is(batch.verified, expected);
    }
  });
  it('names the frames that are wrong, in their order', () => {
    const whole = new Uint8Array(frames.reduce((sum, f) => sum + f.bytes.length, 0));
    const batch = new IcrcBatch(16);
    const spoilt: number[] = [];
    let at = 0;
    for (const { number, bytes } of frames) {
      whole.set(bytes, at);
      const end = at + bytes.length;
      const scene = dissect(whole, { start: at, end });
      if (icrcIsRight(scene) && number % 5 === 0) {
        whole[end - 5] = whole[end - 5]! ^ 1;
        spoilt.push(number);
      }
      batch.note(number, scene);
      at = end;
    }
    assert.ok(spoilt.length > 20);
    assert.equal([...batch.verify()], spoilt);
    assert.equal(batch.verify(), []);
  });
});
