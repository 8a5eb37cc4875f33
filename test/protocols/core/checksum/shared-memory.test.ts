// Shares of packet memories: whole ones, and freed with those who had them.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sharedPacketMemory } from '../../../../protocols/core/checksum/index.js';
import { assert, spec } from '../../../support/spec.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const MIB = 2 ** 20;
const SHARE = 100 * MIB;

spec('shared packet memory', (it) => {
  it('gives everybody bytes of his own', () => {
    const [a, b] = [sharedPacketMemory(100), sharedPacketMemory(100)];
    assert.ok(a.whole !== b.whole || b.at >= a.at + 100);
    b.whole.fill(1, b.at, b.at + 100);
    assert.ok(a.whole.subarray(a.at, a.at + 100).every((byte) => byte === 0));
  });

  it('is freed within one job, however many shares it gave', () => {
    // Five memories of 512 MiB, none of which anybody has a share of in the end.
    for (let share = 0; share < 25; share++) sharedPacketMemory(SHARE);
    for (let time = 0; time < 3; time++) collect(); // what one collection leaves to the next
    const held = process.memoryUsage().external / MIB;
    assert.ok(held < 1500, `${held} MiB are held`);
  });
});
