// An 8254x as a driver sees it: registers, what they cause, and the two rings in a guest's memory. Reads of ICR clear it, and an
// interrupt is wanted while a cause stands that is not masked (13.4.17 to 13.4.20).

import type { GuestMemory } from '../guest-memory.js';
import {
  Causes,
  Control,
  ICR_AT,
  IMC_AT,
  IMS_AT,
  LEGACY_BYTES,
  RAH_AT,
  RAL_AT,
  RCTL_AT,
  RDBAH_AT,
  RDBAL_AT,
  RDH_AT,
  RDLEN_AT,
  RDT_AT,
  REGISTER_BYTES,
  STATUS_AT,
  Status,
  TCTL_AT,
  TDBAH_AT,
  TDBAL_AT,
  TDH_AT,
  TDLEN_AT,
  TDT_AT,
} from './e1000-registers.js';

const causes = ['txdw', 'txqe', 'lsc', 'rxseq', 'rxdmt0', 'rxo', 'rxt0'] as const;
export type Cause = (typeof causes)[number];
const WORD_SPAN = 2 ** 32;
/** Longest ring: RDLEN and TDLEN have 20 bits of bytes (13.4.27). */
const MOST_ENTRIES = 4096;

const settable = new Set([
  ...[RCTL_AT, TCTL_AT, RDBAL_AT, RDBAH_AT, RDLEN_AT, RDH_AT, RDT_AT],
  ...[TDBAL_AT, TDBAH_AT, TDLEN_AT, TDH_AT, TDT_AT],
]);

/** What a write asks of the device's thread. */
export type Asked = 'send' | 'receive' | 'interrupt' | null;

export class E1000State {
  ignored = 0;
  readonly #words = new Map<number, number>();
  readonly #icr = new Set<Cause>();
  readonly #ims = new Set<Cause>();
  readonly #scratch = new Uint8Array(REGISTER_BYTES);

  constructor(
    readonly memory: GuestMemory,
    mac: Uint8Array,
  ) {
    const halves = Uint8Array.of(...mac, 0, 0x80); // RAH.AV: the address is valid
    this.#words.set(RAL_AT, wordOf(halves.subarray(0, REGISTER_BYTES)));
    this.#words.set(RAH_AT, wordOf(halves.subarray(REGISTER_BYTES)));
    this.#words.set(STATUS_AT, wordOf(Status.encode({ fd: 1, lu: 1 })));
  }

  read(offset: number, into: Uint8Array): void {
    if (offset === ICR_AT) {
      putWord(into, this.#bits(this.#icr));
      this.#icr.clear();
    } else if (offset === IMS_AT) putWord(into, this.#bits(this.#ims));
    else putWord(into, this.#words.get(offset) ?? 0);
  }

  write(offset: number, bytes: Uint8Array): Asked {
    if (bytes.length !== REGISTER_BYTES) {
      this.ignored++;
      return null;
    }
    if (offset === IMS_AT || offset === IMC_AT) {
      for (const cause of causes)
        if (Causes.get[cause](bytes, 0) !== 0)
          if (offset === IMS_AT) this.#ims.add(cause);
          else this.#ims.delete(cause);
      return this.wantsInterrupt ? 'interrupt' : null;
    }
    if (!settable.has(offset)) {
      this.ignored++;
      return null;
    }
    this.#words.set(offset, wordOf(bytes));
    if (offset === TDT_AT) return 'send';
    return offset === RDT_AT ? 'receive' : null;
  }

  raise(cause: Cause): void {
    this.#icr.add(cause);
  }

  get wantsInterrupt(): boolean {
    for (const cause of this.#icr) if (this.#ims.has(cause)) return true;
    return false;
  }

  #bits(of: ReadonlySet<Cause>): number {
    this.#scratch.fill(0);
    for (const cause of of) Causes.set[cause](this.#scratch, 0, 1);
    return wordOf(this.#scratch);
  }

  /** A ring that the driver has set up, or null while there is none that can be. */
  ring(of: 'send' | 'receive'): LegacyRing | null {
    const word = (at: number) => this.#words.get(at) ?? 0;
    const isSend = of === 'send';
    const low = word(isSend ? TDBAL_AT : RDBAL_AT);
    const address = low + word(isSend ? TDBAH_AT : RDBAH_AT) * WORD_SPAN;
    const bytes = word(isSend ? TDLEN_AT : RDLEN_AT);
    const entries = bytes / LEGACY_BYTES;
    putWord(this.#scratch, word(isSend ? TCTL_AT : RCTL_AT));
    const isOn = Control.get.en(this.#scratch, 0) !== 0;
    const isSound = Number.isInteger(entries) && entries > 0 && entries <= MOST_ENTRIES;
    if (!isOn || !isSound || address % LEGACY_BYTES !== 0) return null;
    if (!this.memory.holds(address, bytes)) return null;
    const head = word(isSend ? TDH_AT : RDH_AT);
    const tail = word(isSend ? TDT_AT : RDT_AT);
    return head < entries && tail < entries ? { address, entries, head, tail } : null;
  }

  /** The device is through with descriptors up to here. */
  advance(of: 'send' | 'receive', head: number): void {
    this.#words.set(of === 'send' ? TDH_AT : RDH_AT, head);
  }
}

export interface LegacyRing {
  readonly address: number;
  readonly entries: number;
  readonly head: number;
  readonly tail: number;
}

export const wordOf = (bytes: Uint8Array): number =>
  bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);

export function putWord(into: Uint8Array, value: number): void {
  for (let i = 0, rest = value; i < into.length; i++, rest = Math.floor(rest / 256))
    into[i] = rest % 256;
}
