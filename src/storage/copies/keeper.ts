// Brings copies back that are out: opens them when they answer, and lets them have what they miss.

import type { CopyState, ReplicatedVolume } from '../replicated-volume.js';
import { type CopySource, type OpenCopy, unfit } from './copy-source.js';
import type { LateVolume } from './late-volume.js';

/** Between attempts: doubled up to the longest, until the copy is whole. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

export class KeptCopy {
  opened: OpenCopy | undefined;
  pauseMs = FIRST_PAUSE_MS;
  timer: NodeJS.Timeout | undefined;
  /** Why it could not be opened; '' when it could. */
  why = '';

  constructor(
    readonly source: CopySource,
    readonly place: LateVolume,
  ) {}
}

export class Keeper {
  #isOver = false;

  constructor(
    readonly volume: ReplicatedVolume,
    readonly copies: readonly KeptCopy[],
    readonly minimumBlock: number,
    readonly say: (what: string) => void,
  ) {
    volume.onChange = (index, state) => this.#changed(index, state);
    volume.states.forEach((state, index) => {
      if (state === 'out') this.#later(index);
    });
  }

  #changed(index: number, state: CopyState): void {
    const copy = this.copies[index]!;
    const words = { in: 'is whole', back: 'gets what it misses', out: 'is out' }[state];
    this.say(`copy ${copy.source.at} ${words}`);
    if (state === 'in') copy.pauseMs = FIRST_PAUSE_MS;
    if (state === 'out') this.#later(index);
  }

  #later(index: number): void {
    const copy = this.copies[index]!;
    clearTimeout(copy.timer);
    if (this.#isOver) return;
    copy.timer = setTimeout(() => this.#try(index), copy.pauseMs);
    copy.timer.unref();
    copy.pauseMs = Math.min(LONGEST_PAUSE_MS, copy.pauseMs * 2);
  }

  async #try(index: number): Promise<void> {
    const copy = this.copies[index]!;
    if (copy.opened?.isLost()) await this.#drop(copy);
    const isNew = copy.opened === undefined && (await this.#open(copy));
    if (this.#isOver || this.volume.states[index] !== 'out') return;
    if (copy.opened?.isThere()) this.volume.rejoin(index, isNew);
    else this.#later(index);
  }

  async #drop(copy: KeptCopy): Promise<void> {
    const { opened } = copy;
    copy.opened = undefined;
    copy.place.volume = undefined;
    // What it cannot flush it misses.
    await opened?.close().catch(() => {});
  }

  /** @returns whether it is empty, whatever it was before */
  async #open(copy: KeptCopy): Promise<boolean> {
    const { source, place } = copy;
    try {
      const opened = await source.open(place.size);
      copy.opened = opened;
      const why = unfit(opened.volume, place.size, this.minimumBlock);
      if (why === '' && !this.#isOver) {
        place.volume = opened.volume;
        copy.why = '';
        return opened.isNew;
      }
      await this.#drop(copy);
      this.#blame(copy, why);
    } catch (error) {
      this.#blame(copy, (error as Error).message);
    }
    return false;
  }

  #blame(copy: KeptCopy, why: string): void {
    if (why !== copy.why && !this.#isOver) this.say(`copy ${copy.source.at}: ${why}`);
    copy.why = why;
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    for (const { timer } of this.copies) clearTimeout(timer);
  }
}
