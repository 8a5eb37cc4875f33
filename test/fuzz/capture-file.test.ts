// Capture files and hex texts with bytes changed, pushed in chunks of any size: reading ends, throws nothing, gives
// whole records first and says at most once what is wrong.

import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { CaptureReader, describeDamage } from '../../protocols/index.js';
import { parseHexText } from '../../src/capture/index.js';
import { captureBytes, capturePath } from '../support/capture.js';
import { fuzz } from '../support/fuzz.js';
import { anySpoiling, spoiled } from '../support/hostile.js';
import { assert, spec } from '../support/spec.js';

const files = ['commented', 'merged', 'snapped']
  .map((name) => `formats/${name}.pcapng`)
  .concat(['micro', 'modified', 'nano'].map((name) => `formats/${name}.pcap`))
  .map(captureBytes);

const texts = [
  'hexdump-C.txt',
  'od.txt',
  'plain.hex',
  'tcpdump-X.txt',
  'tshark-x.txt',
  'xxd.txt',
].map((name) => readFileSync(capturePath(`text/${name}`)));

const which = fc.nat({ max: 5 });
const how = fc.array(anySpoiling, { minLength: 1, maxLength: 4 });

/** The records of a file that comes in pieces of that size. */
function readAll(bytes: Uint8Array, piece: number): { sizes: number[]; damage: string } {
  const reader = new CaptureReader();
  const sizes: number[] = [];
  for (let at = 0; at < bytes.length; at += piece) {
    reader.push(bytes, at, Math.min(bytes.length, at + piece));
    while (reader.next()) {
      const { at: from, end, bytes: found } = reader.record;
      assert.ok(from <= end && end <= found.length, 'the record lies in its bytes');
      sizes.push(end - from);
    }
  }
  const damage = reader.finish();
  return { sizes, damage: damage ? describeDamage(damage) : '' };
}

spec('any capture file', (it) => {
  it('is read to its end or its damage, the same however it comes in pieces', () => {
    const anything = fc.record({ which, how, piece: fc.integer({ min: 1, max: 500 }) });
    fuzz('fuzz/capture-file:spoiled', 0.08, anything, ({ which: file, how: spoilings, piece }) => {
      const bytes = spoiled(files[file]!, spoilings, files);
      const whole = readAll(bytes, bytes.length || 1);
      assert.equal(readAll(bytes, piece), whole);
    });
  });
  it('may be any bytes behind a magic number', () => {
    const magic = fc.constantFrom(...files.map((file) => file.slice(0, 24)));
    const anything = fc.tuple(magic, fc.uint8Array({ maxLength: 200 }));
    fuzz('fuzz/capture-file:magic', 0.04, anything, ([head, tail]) => {
      readAll(Uint8Array.from([...head, ...tail]), 64);
    });
  });
});

spec('any hex text', (it) => {
  it('is read as packets or names the line that is none', () => {
    fuzz(
      'fuzz/capture-file:text',
      0.04,
      fc.record({ which, how }),
      ({ which: text, how: spoilings }) => {
        const found = parseHexText(
          new TextDecoder().decode(spoiled(texts[text]!, spoilings, texts)),
        );
        assert.ok(found.bad === null || found.bad.line > 0);
      },
    );
  });
});
