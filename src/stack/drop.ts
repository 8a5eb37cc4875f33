// Why a host drops a frame, and how many it dropped for each reason.

export const stackDrops = [
  'too short',
  'other host',
  'no protocol',
  'malformed',
  'bad checksum',
  'not my address',
  'bad source',
  'ignored message',
  'neighbour rule', // RFC 4861 7.1: hop limit, code, addresses or options are not as they must be
  'address conflict', // somebody else uses our address
  'fragment overlap',
  'fragments too many',
  'fragments too late',
  'no route',
  'neighbour failed',
  'too many waiting',
  'no slot',
  'rate limit',
] as const;

export type StackDrop = (typeof stackDrops)[number];

export class DropCounters {
  readonly #counts = new Map<StackDrop, number>();

  /** The latest, for those who look at single frames. */
  last: StackDrop | '' = '';

  add(reason: StackDrop): void {
    this.last = reason;
    this.#counts.set(reason, this.count(reason) + 1);
  }

  count(reason: StackDrop): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** Those that happened, in the list's order. */
  get all(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      stackDrops.filter((r) => this.#counts.has(r)).map((r) => [r, this.count(r)]),
    );
  }
}
