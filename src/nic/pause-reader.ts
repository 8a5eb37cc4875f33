// Reads PAUSE and PFC frames: which priorities are to wait, and for how many quanta.

import { PAUSE_OPCODE, PFC_OPCODE } from '../../protocols/ethernet/mac-control.js';
import { Ethernet, MACControl, Pause, PFC } from '../../protocols/index.js';
import { PRIORITIES } from './priority.js';

export class PauseReader {
  /** Calls `wait` for every priority that the control frame at `at` means; other control frames say nothing. */
  read(
    b: Uint8Array,
    at: number,
    end: number,
    wait: (priority: number, quanta: number) => void,
  ): void {
    const control = at + Ethernet.size;
    const body = control + MACControl.size;
    if (body > end) return;
    const opcode = MACControl.get.opcode(b, control);
    if (opcode === PAUSE_OPCODE && body + Pause.at.reserved <= end) {
      const quanta = Pause.get.pauseTime(b, body);
      for (let p = 0; p < PRIORITIES; p++) wait(p, quanta);
    }
    if (opcode !== PFC_OPCODE || body + PFC.offset.reserved2! > end) return;
    for (let p = 0; p < PRIORITIES; p++) {
      if (PFC.get[`e${p as 0}`](b, body) === 1) wait(p, PFC.get[`time${p as 0}`](b, body));
    }
  }
}
