// What a core waits for that reads what a drive has written.

import { DMA_WRITE, Ledger } from '../../../../src/memory/index.js';
import { xeonPlatinum8280l as cpu, xeonHaswell } from '../../../../src/profiles/cpu.js';
import { FreshLines } from '../../../../src/storage/drive/fresh-lines.js';
import { assert, spec } from '../../../support/spec.js';

spec('lines that a drive has written', (it) => {
  it('are waited for once, and all that is in one of them together', () => {
    const lines = new FreshLines(new Ledger(0), cpu);
    assert.is(lines.waitNs(4096), 0);
    lines.wrote(4096, 16);
    lines.wrote(4112, 16);
    assert.is(lines.waitNs(4112), cpu.lastLevelNs);
    assert.is(lines.waitNs(4096), 0);
    lines.wrote(4128, 16);
    assert.is(lines.waitNs(4096), cpu.lastLevelNs);
  });

  it('come out of memory when devices have written more than the cache has for them', () => {
    const ledger = new Ledger(0);
    const nic = ledger.actor('another device');
    const lines = new FreshLines(ledger, cpu);
    lines.wrote(4096, 128);
    ledger.single(nic, DMA_WRITE, 2 * cpu.ddio!.bytes, 0);
    const some = lines.waitNs(4096);
    assert.ok(some > cpu.lastLevelNs! && some < cpu.memory!.latencyNs);
    ledger.single(nic, DMA_WRITE, 50 * cpu.ddio!.bytes, 0);
    assert.ok(Math.abs(lines.waitNs(4160) - cpu.memory!.latencyNs) < 0.01);
  });

  it('of a processor without channels are in its cache', () => {
    const lines = new FreshLines(new Ledger(0), xeonHaswell);
    lines.wrote(0, 64);
    assert.is(lines.waitNs(0), xeonHaswell.lastLevelNs);
  });
});
