// The device's caches of queue pair contexts, fetched entries, translations and keys. What is not at hand is read from
// the tables in the host's memory by DMA, at most so many reads at a time; who needs it waits. The tables hold no
// content (the device's records do), but their bytes, transactions and times are real.

import type { Nanos, Random } from '../time/index.js';
import {
  type DmaEngine,
  keyIndex,
  PAGE_4K,
  type PhysicalMemory,
  physicalTranslation,
  type Translation,
} from './memory-parts.js';
import { NicCache } from './nic-cache.js';
import type { NicTiming } from './timing.js';
import { Units } from './units.js';

/** The share of the host's memory that stands for all tables: reads go round in it. */
const TABLE_PAGES = 64;
const TABLE_BYTES = TABLE_PAGES * PAGE_4K;
/** Bytes of one translation entry (an address). */
const MTT_BYTES = 8;
/** Translation entries of one region at most, and queue entries that are told apart. */
const SPAN = 2 ** 22;
/** Queue pairs and keys of one function: numbers of 24 bits. */
const FUNCTION_SPAN = 2 ** 24;

export class NicCaches {
  readonly qpc: NicCache;
  readonly wqe: NicCache;
  readonly mtt: NicCache;
  readonly mpt: NicCache;
  /** Instants up to which the engine that asked had to stand still, because all reads were under way. */
  stoodUntil = 0;
  readonly #dma: DmaEngine;
  readonly #physical: Translation;
  readonly #tables: number;
  readonly #reads: Units;
  readonly #line: Uint8Array;
  readonly #mttPerLine: number;
  /** Functions of a card have tables of their own: their tags begin at other numbers. */
  readonly #first: number;
  #functions = 1;
  #at = 0;

  /** @param physical the caches of the card's physical function, whose room a virtual one shares */
  constructor(
    timing: NicTiming,
    dma: DmaEngine,
    memory: PhysicalMemory,
    random: Random,
    physical?: NicCaches,
  ) {
    const { qpc, wqe, mtt, mpt, misses } = timing;
    this.#first = physical === undefined ? 0 : physical.#functions++ * FUNCTION_SPAN;
    this.qpc = physical?.qpc ?? new NicCache(qpc, random.fork('qpc'));
    this.wqe = physical?.wqe ?? new NicCache(wqe, random.fork('wqe'));
    this.mtt = physical?.mtt ?? new NicCache(mtt, random.fork('mtt'));
    this.mpt = physical?.mpt ?? new NicCache(mpt, random.fork('mpt'));
    this.#dma = dma;
    this.#physical = physicalTranslation(memory);
    this.#tables = memory.allocate(PAGE_4K, TABLE_PAGES, 0, 'NIC tables');
    this.#reads = physical === undefined ? new Units(misses) : physical.#reads;
    this.#line = new Uint8Array(
      Math.max(qpc.lineBytes, wqe.lineBytes, mtt.lineBytes, mpt.lineBytes),
    );
    this.#mttPerLine = Math.max(1, Math.floor(mtt.lineBytes / MTT_BYTES));
  }

  /** Nanoseconds from `now` until the queue pair's context is at hand. */
  // hot
  context(now: Nanos, qpn: number): number {
    return this.qpc.touch(this.#first + qpn) ? 0 : this.#read(now, this.qpc.profile.lineBytes);
  }

  /** Nanoseconds until key and translations of these bytes are at hand: one after the other, as they are walked. */
  // hot
  translate(now: Nanos, key: number, from: Translation, offset: number, length: number): number {
    const index = this.#first + keyIndex(key);
    let wait = this.mpt.touch(index) ? 0 : this.#read(now, this.mpt.profile.lineBytes);
    if (length === 0) return wait;
    const per = this.#mttPerLine;
    const last = Math.floor(from.entryOf(offset + length - 1) / per);
    let worst = 0;
    for (let line = Math.floor(from.entryOf(offset) / per); line <= last; line++) {
      if (this.mtt.touch(index * SPAN + line)) continue;
      const took = this.#read(now, this.mtt.profile.lineBytes);
      if (took > worst) worst = took;
    }
    wait += worst;
    return wait;
  }

  /** A send entry has come by doorbell or with others. */
  // hot
  fetched(qpn: number, index: number): void {
    this.wqe.bring((this.#first + qpn) * SPAN + (index % SPAN));
  }

  /** Nanoseconds until the entry is at hand again, if others have driven it out since. */
  // hot
  entry(now: Nanos, qpn: number, index: number): number {
    const isHere = this.wqe.touch((this.#first + qpn) * SPAN + (index % SPAN));
    return isHere ? 0 : this.#read(now, this.wqe.profile.lineBytes);
  }

  // hot
  #read(now: Nanos, bytes: number): number {
    if (this.#at + bytes > TABLE_BYTES) this.#at = 0;
    const address = this.#tables + this.#at;
    this.#at += bytes;
    const came = this.#dma.read(now, this.#physical, address, bytes, this.#line, 0);
    const free = this.#reads.freeAt;
    if (free > this.stoodUntil) this.stoodUntil = free;
    // Whoever has to wait for one of the reads before does not wait for the bus once more: it has waited meanwhile.
    const begins = free > now ? free : now;
    const alone = Math.ceil(this.#dma.pcie.idleReadTimeOf(address, bytes));
    const done = Math.max(came, begins + alone);
    this.#reads.serve(now, done - begins);
    return done - now;
  }

  /** By mlx5's names (its diagnostic counters); the contexts' is NEO-Host's "ICM cache miss". */
  counters(): Record<string, number> {
    return {
      l0_mpt_hit: this.mpt.hits,
      l0_mpt_miss: this.mpt.misses,
      l0_mtt_hit: this.mtt.hits,
      l0_mtt_miss: this.mtt.misses,
      icm_cache_hit: this.qpc.hits,
      icm_cache_miss: this.qpc.misses,
      wqe_cache_miss: this.wqe.misses,
    };
  }
}
