// On which core the program of each flow called last (Linux: rps_sock_flow_table): flows share entries by their hash.

import { asWord } from '../../protocols/core/serial.js';

/** Flows whose core is remembered (net.core.rps_sock_flow_entries). */
const FLOWS = 4096;

export class FlowCores {
  /** The core, and one more; 0: nobody called. */
  readonly #cores = new Uint16Array(FLOWS);

  /** True when it has changed. */
  // hot
  note(hash: number, core: number): boolean {
    const place = asWord(hash) % FLOWS;
    if (this.#cores[place] === core + 1) return false;
    this.#cores[place] = core + 1;
    return true;
  }

  /** Somebody called, on another core than this. */
  // hot
  isElsewhere(hash: number, core: number): boolean {
    const owner = this.#cores[asWord(hash) % FLOWS]!;
    return owner !== 0 && owner !== core + 1;
  }
}
