// Packets that are copied from one whose headers were made once, against those that the path itself writes.

import { check, dissect } from '../../../protocols/index.js';
import { BTH } from '../../../protocols/infiniband/index.js';
import { RepeatedPacket } from '../../../protocols/roce/repeated-packet.js';
import { paths } from '../../support/paths.js';
import { assert, spec } from '../../support/spec.js';

const MIDDLE = 7;
const SIZE = 1024;
spec('packets that are alike', (it) => {
  for (const carrier of Object.keys(paths()) as (keyof ReturnType<typeof paths>)[]) {
    it(`are those that the path's template writes: ${carrier}`, () => {
      const [one, other] = [paths()[carrier].template, paths()[carrier].template];
      const alike = new RepeatedPacket();
      const plain = new Uint8Array(2048);
      const quick = new Uint8Array(2048);
      const words = new Uint32Array(quick.buffer);
      for (let i = 0; i < 4; i++) {
        one.open(plain, 64);
        BTH.set.opcode(plain, 64 + one.bthAt, MIDDLE);
        BTH.set.pkey(plain, 64 + one.bthAt, 0x8001);
        BTH.set.destQp(plain, 64 + one.bthAt, 0x123456);
        BTH.set.ackReq(plain, 64 + one.bthAt, i % 2);
        BTH.set.psn(plain, 64 + one.bthAt, 0xffffff - i);
        plain.fill(i + 1, 64 + one.bodyAt, 64 + one.bodyAt + SIZE);
        const end = one.close(plain, 64, 64 + one.bodyAt + SIZE);

        alike.be(other, MIDDLE, 0x8001, 0x123456, SIZE);
        const body = 64 + alike.open(words, 16);
        quick.fill(i + 1, body, body + SIZE);
        assert.is(alike.close(quick, 64, 0xffffff - i, i % 2), end);
        assert.equal([...quick.subarray(64, end)], [...plain.subarray(64, end)]);
      }
    });
  }

  it('are made anew when anything of them changes', () => {
    const { template } = paths()['RoCE v2 over IPv4'];
    const alike = new RepeatedPacket();
    const bytes = new Uint8Array(2048);
    const words = new Uint32Array(bytes.buffer);
    const made = (code: number, pkey: number, destQp: number, size: number) => {
      alike.be(template, code, pkey, destQp, size);
      bytes.fill(0, alike.open(words, 0), 2048);
      return bytes.slice(0, alike.close(bytes, 0, 1, 0));
    };
    const frames = [
      made(7, 0xffff, 2, 256),
      made(1, 0xffff, 2, 256),
      made(1, 0x8001, 2, 256),
      made(1, 0x8001, 3, 256),
      made(1, 0x8001, 3, 512),
    ];
    assert.equal(
      frames.map((f) => [BTH.get.opcode(f, 42), BTH.get.pkey(f, 42), BTH.get.destQp(f, 42)]),
      [
        [7, 0xffff, 2],
        [1, 0xffff, 2],
        [1, 0x8001, 2],
        [1, 0x8001, 3],
        [1, 0x8001, 3],
      ],
    );
    for (const frame of frames) assert.equal(check(dissect(frame)).findings, []);
  });
});
