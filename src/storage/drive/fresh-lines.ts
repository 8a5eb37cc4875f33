// Cache lines that a drive has written and no core has read since: a core that reads one waits for it, for its own copy is gone. It
// comes out of the last-level cache, where devices' writes go, or out of memory where later writes of devices have driven it out.

import type { CpuProfile } from '../../cpu/index.js';
import { CACHE_LINE_BYTES, type CachedPart, type Ledger, lookAtCache } from '../../memory/index.js';

export class FreshLines implements CachedPart {
  /** Of a line, what is likely to be in the cache still. */
  part = 1;
  /** By number of the line: what all devices had written by then. */
  readonly #lines = new Map<number, number>();
  readonly #ledger: Ledger;
  readonly #cpu: CpuProfile;

  constructor(ledger: Ledger, cpu: CpuProfile) {
    this.#ledger = ledger;
    this.#cpu = cpu;
  }

  get #written(): number {
    return this.#ledger.total('dma-write').bytes;
  }

  /** A drive has written there. */
  wrote(address: number, lengthBytes: number): void {
    const last = Math.floor((address + lengthBytes - 1) / CACHE_LINE_BYTES);
    const written = this.#written;
    for (let line = Math.floor(address / CACHE_LINE_BYTES); line <= last; line++)
      this.#lines.set(line, written);
  }

  /** How long a core waits for the line in which the address lies, which it has from then on. */
  // hot
  waitNs(address: number): number {
    const line = Math.floor(address / CACHE_LINE_BYTES);
    const stamp = this.#lines.get(line);
    if (stamp === undefined) return 0;
    this.#lines.delete(line);
    const { ddio, memory, lastLevelNs = 0 } = this.#cpu;
    if (!memory) return lastLevelNs;
    this.part = 0;
    if (ddio) lookAtCache(ddio, Math.max(0, this.#written - stamp), this);
    return memory.latencyNs + this.part * (lastLevelNs - memory.latencyNs);
  }
}
