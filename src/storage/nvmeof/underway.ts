// Changes that a host's commands are making to volumes. A host that connects again sends again what was not answered; a change of
// its earlier connection that is still being made would undo what it writes next. So its Connect is answered when those
// that were under way are over.

import type { Nanos } from '../../time/index.js';

/** One command that is changing a volume. */
export interface Change {
  readonly host: string;
  /** Called when it is over. */
  readonly after: ((now: Nanos) => void)[];
}

export class Underway {
  readonly #all = new Set<Change>();

  begin(host: string): Change {
    const change = { host, after: [] };
    this.#all.add(change);
    return change;
  }

  end(now: Nanos, change: Change): void {
    this.#all.delete(change);
    for (const go of change.after.splice(0)) go(now);
  }

  /** Calls `go` when all changes of that host that are under way now are over. */
  settled(now: Nanos, host: string, go: (now: Nanos) => void): void {
    const mine = [...this.#all].filter((change) => change.host === host);
    let left = mine.length;
    if (left === 0) return go(now);
    for (const { after } of mine)
      after.push((then) => {
        left--;
        if (left === 0) go(then);
      });
  }
}

/** Of one host, whatever connections it has. */
export const hostKey = (hostnqn: string, hostid: Uint8Array): string =>
  `${hostnqn} ${hostid.join('.')}`;
