// Whether the other side of a packed virtqueue wants to be told (virtio 1.2, 2.8.10): never, always, or when a certain
// descriptor was reached.

import type { EventWish, PackedRing, Turn } from './packed-ring.js';
import { passes } from './queue.js';

/** RING_EVENT_FLAGS (2.8.10). */
const EVENT_ENABLE = 0;
const EVENT_DISABLE = 1;
const EVENT_DESC = 2;

export class PackedNotice {
  /** Descriptors that were written since somebody was last told, or not. */
  #news = 0;
  readonly #wish: EventWish = { flags: 0, index: 0, wrap: 0 };

  constructor(
    readonly ring: PackedRing,
    /** Whose wish is heeded. */
    readonly of: 'driver' | 'device',
    readonly eventIndex: boolean,
  ) {}

  // hot
  wrote(count: number): void {
    this.#news += count;
  }

  /** Must the other side be told, now that descriptors up to here were written? */
  // hot
  due({ index, wrap, size }: Turn): boolean {
    const news = this.#news;
    this.#news = 0;
    if (news === 0) return false;
    const wish = this.ring.event(this.of, this.#wish);
    if (wish.flags === EVENT_DISABLE) return false;
    if (wish.flags !== EVENT_DESC || !this.eventIndex) return true;
    const event = wish.wrap === wrap ? wish.index : wish.index - size;
    return passes(event, index, index - news);
  }
}

/** What a side writes to be told: when the descriptor at `turn` is reached, or at all. */
// hot
export function wish(
  ring: PackedRing,
  of: 'driver' | 'device',
  eventIndex: boolean,
  { index, wrap }: Turn,
): void {
  if (eventIndex) ring.setEvent(of, EVENT_DESC, index, wrap);
  else ring.setEvent(of, EVENT_ENABLE);
}

export function unwish(ring: PackedRing, of: 'driver' | 'device'): void {
  ring.setEvent(of, EVENT_DISABLE);
}
