// When links went down and came up: a frame that is handed over now may have come a moment ago.

import type { Link } from '../fabric/link.js';
import type { Nanos } from '../time/index.js';

/** Changes kept of a link: those of a station's pipeline are asked for, which is short. */
const MOST = 64;

export class LinkHistory {
  readonly #changes = new Map<Link, Nanos[]>();

  /** The link is not what it was. */
  changed(link: Link, now: Nanos): void {
    const changes = this.#changes.get(link) ?? [];
    this.#changes.set(link, changes);
    changes.push(now);
    if (changes.length > MOST) changes.shift();
  }

  /** Was it up then? */
  wasUp(link: Link, at: Nanos): boolean {
    const changes = this.#changes.get(link) ?? [];
    let { up } = link;
    for (let i = changes.length - 1; i >= 0 && changes[i]! > at; i--) up = !up;
    return up;
  }
}
