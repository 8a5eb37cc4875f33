// Time inside the emulator: whole nanoseconds since the start, as a plain number, exact for 104 days.

/** Whole nanoseconds. A brand, so that microseconds and byte counts are not taken for it. */
export type Nanos = number & { readonly unit: 'ns' };

/** @throws RangeError when `value` is no whole number of nanoseconds that a double holds exactly */
export function ns(value: number): Nanos {
  if (!Number.isSafeInteger(value))
    throw new RangeError(`${value} is no whole number of nanoseconds`);
  return value as Nanos;
}

/** Microseconds. */
export const us = (value: number): Nanos => ns(Math.round(value * 1e3));
/** Milliseconds. */
export const ms = (value: number): Nanos => ns(Math.round(value * 1e6));
/** Seconds. */
export const seconds = (value: number): Nanos => ns(Math.round(value * 1e9));

/** An instant that does not come: later than all others. */
export const NEVER = Number.POSITIVE_INFINITY as Nanos;

/** The start of the emulation. */
export const START = 0 as Nanos;

/** `from` and `duration` later. Sums of Nanos are Nanos; the compiler cannot know. */
export const after = (from: Nanos, duration: number): Nanos => (from + duration) as Nanos;

export const earlier = (a: Nanos, b: Nanos): Nanos => (a < b ? a : b);

/** Time that `bytes` take at `bitsPerSecond`, rounded up to whole nanoseconds. */
export const timeFor = (bytes: number, bitsPerSecond: number): Nanos =>
  Math.ceil((bytes * 8e9) / bitsPerSecond) as Nanos;

/** Fractions of a nanosecond are counted in these. */
const FRACTIONS = 2 ** 20;

/**
 * A duration with a fraction, to the nearest of those fractions: sums of these are exact, and those of one sort come out as
 * whole nanoseconds where they should.
 */
// hot
export const exact = (duration: number): number => Math.round(duration * FRACTIONS) / FRACTIONS;
