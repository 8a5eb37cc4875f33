// What a device finds wrong with a ring that a hostile or broken driver has filled, and a driver with one that a device has.
// Either way the queue is broken from then on: the device asks for a reset (virtio 1.2, 2.1.2).

export const refusals = [
  'avail-index', // more chains available than the queue has places
  'descriptor-index', // beyond the table
  'chain-too-long', // or a loop, which is never followed further than the queue is long
  'unavailable-descriptor', // a packed chain leads into descriptors that the driver has not given
  'beyond-memory',
  'zero-length',
  'order', // something to read behind something to write
  'too-many-bytes', // 2^32 or more
  'indirect-not-negotiated',
  'indirect-nested',
  'indirect-with-next',
  'indirect-length', // of the table: none, or no whole descriptors
  'no-request', // a buffer too short for its device's header, or without room for an answer
  'used-id', // a device gives back what it does not have
  'used-index', // or more than it has
] as const;
export type Refusal = (typeof refusals)[number];

export class Refusals {
  readonly counts = Object.fromEntries(refusals.map((name) => [name, 0])) as Record<
    Refusal,
    number
  >;
  /** The first one: the queue does nothing more. */
  broken: Refusal | null = null;

  refuse(why: Refusal): 'broken' {
    this.counts[why]++;
    this.broken ??= why;
    return 'broken';
  }
}
