// Mirrors protocols/iwarp/terminate.ts.

import { bindings } from '../../../protocols/bindings.js';
import { Walk } from '../../../protocols/core/walk.js';
import {
  build,
  check,
  ddpTagged,
  ddpUntagged,
  mpa,
  type Part,
  rdmapReadReq,
  rdmapTerminate,
  rdmapTerminateLength,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';

const read = (...parts: Part[]): Walk => {
  const { bytes } = build([mpa(), ddpUntagged(), ...parts]);
  const walk = new Walk(bytes, 0, bytes.length, bindings, {});
  walk.run(mpa);
  return walk.finish();
};

const messages = (walk: Walk) => check(walk).findings.map((f) => f.message);

spec('Terminate', (it) => {
  it('is opcode 7 on queue 2 by itself', () => {
    const [, ddp] = read(rdmapTerminate({ layer: 'LLP', errorCode: 2 })).layers;
    assert.equal([ddp!.number('opcode'), ddp!.number('qn')], [7, 2]);
  });

  it('says in words what is wrong', () => {
    const walk = read(rdmapTerminate({ layer: 'LLP', etype: 0, errorCode: 2 }));
    const info = rdmapTerminate.info!(walk.layers[2]!, walk, 2);
    assert.is(info, 'LLP / MPA error / CRC error');
    assert.equal(messages(walk), []);
  });

  it('quotes the headers of the message to blame', () => {
    const walk = read(
      rdmapTerminate({ layer: 'RDMA', etype: 1, errorCode: 2 }),
      rdmapTerminateLength({ ddpSegmentLength: 46 }),
      ddpUntagged({ opcode: 'READ_REQUEST' }),
      rdmapReadReq({ size: 8 }),
    );
    const quoted = 'rdmap-terminate-length/ddp-untagged/rdmap-read-req';
    assert.is(chain(walk), `mpa/ddp-untagged/rdmap-terminate/${quoted}/mpa-crc`);
    assert.equal(
      ['m', 'd', 'r'].map((name) => walk.layers[2]!.number(name)),
      [1, 1, 1],
    );
    assert.equal(messages(walk), []);
    tilesAndReencodes(walk);
  });

  it('with the nibbles of siw swapped is read and named', () => {
    // siw's word for an MPA CRC error on x86 is 02 02 00 00; the standard's is 20 02 00 00.
    const walk = read(rdmapTerminate({ layer: 0, etype: 2, errorCode: 2 }));
    const words = "looks like siw's word with nibbles swapped: LLP / MPA error / CRC error";
    assert.equal(walk.notes, [`rdmap-terminate: ${words}`]);
    assert.equal(messages(walk), [words]);
  });

  it('with its flags where siw puts them quotes headers all the same', () => {
    // DDP / tagged buffer error / base or bounds violation; M and D in the low bits of the third byte.
    const swapped = { layer: 'DDP', etype: 1, errorCode: 1, m: 0, d: 0, reserved: 0x300 };
    const walk = read(rdmapTerminate(swapped), rdmapTerminateLength(), ddpTagged());
    assert.is(
      chain(walk),
      'mpa/ddp-untagged/rdmap-terminate/rdmap-terminate-length/ddp-tagged/mpa-crc',
    );
    assert.match(messages(walk)[0]!, 'nibbles swapped');
  });
});
