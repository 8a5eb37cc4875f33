// Who touched a payload: watches a range of machine memory and sees every move that reads or writes any of it.
// It keeps what recorded moves have written, so that bytes that changed behind the ledger's back show as well.

import { type Actor, type Ledger, type LedgerKind, ledgerKinds, NOWHERE } from './ledger.js';
import type { PhysicalMemory } from './physical-memory.js';
import { UsageError } from './usage-error.js';

/** Twice this is kept for each watched range; payloads of tests and pictures are smaller. */
const MAX_WATCHED_BYTES = 2 ** 26;

export interface Touch {
  readonly actor: string;
  readonly kind: LedgerKind;
  /** Bytes of the watched range that were read. */
  readonly read: number;
  /** Bytes of the watched range that were written. */
  readonly written: number;
}

interface Sum {
  readonly actor: Actor;
  readonly kind: number;
  read: number;
  written: number;
}

export class Watch {
  readonly #ledger: Ledger;
  readonly #memory: PhysicalMemory;
  readonly #from: number;
  readonly #to: number;
  readonly #known: Uint8Array;
  readonly #sums: Sum[] = [];

  /** Watches `lengthBytes` that lie contiguously at `address`, from now until `end`. */
  constructor(ledger: Ledger, memory: PhysicalMemory, address: number, lengthBytes: number) {
    if (!(lengthBytes > 0 && lengthBytes <= MAX_WATCHED_BYTES))
      throw new UsageError('EINVAL', `watching ${lengthBytes} bytes`);
    this.#ledger = ledger;
    this.#memory = memory;
    this.#from = address;
    this.#to = address + lengthBytes;
    this.#known = memory.view(address, lengthBytes).slice();
    ledger.watch(this);
  }

  /** Who touched the range, by which kind of move, and how much of it. */
  touches(): Touch[] {
    return this.#sums.map(({ actor, kind, read, written }) => {
      return { actor: this.#ledger.nameOf(actor), kind: ledgerKinds[kind]!, read, written };
    });
  }

  /** The kinds of moves that touched the range, each once. */
  kinds(): LedgerKind[] {
    return [...new Set(this.touches().map((touch) => touch.kind))];
  }

  /** Zero copy, as it was seen: devices alone touched these bytes, and nobody wrote them unrecorded. */
  get byDmaAlone(): boolean {
    const isDma = (kind: LedgerKind) => kind === 'dma-read' || kind === 'dma-write';
    return this.kinds().every(isDma) && this.unaccounted() === 0;
  }

  /** How many bytes differ from what the recorded moves wrote. */
  unaccounted(): number {
    const now = this.#memory.view(this.#from, this.#known.length);
    let changed = 0;
    for (let i = 0; i < now.length; i++) if (now[i] !== this.#known[i]) changed++;
    return changed;
  }

  end(): void {
    this.#ledger.unwatch(this);
  }

  moved(actor: Actor, kind: number, source: number, target: number, bytes: number): void {
    const read = this.#overlap(source, bytes);
    const written = this.#overlap(target, bytes);
    if (read === 0 && written === 0) return;
    let sum = this.#sums.find((s) => s.actor === actor && s.kind === kind);
    if (sum === undefined) {
      sum = { actor, kind, read: 0, written: 0 };
      this.#sums.push(sum);
    }
    sum.read += read;
    sum.written += written;
    if (written === 0) return;
    const from = Math.max(target, this.#from);
    this.#known.set(this.#memory.view(from, written), from - this.#from);
  }

  #overlap(address: number, bytes: number): number {
    if (address === NOWHERE) return 0;
    const end = Math.min(address + bytes, this.#to);
    return Math.max(0, end - Math.max(address, this.#from));
  }
}
