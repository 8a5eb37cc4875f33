// Timestamps of capture files as whole seconds and nanoseconds, without bigints where the unit is a power of
// ten, which is always but for exotic hardware.

/** The unit of an interface's timestamps. */
export interface Resolution {
  /** Units a second, where they are 10^0 to 10^9; 0 where bigints must do it. */
  readonly perSecond: number;
  readonly exactPerSecond: bigint;
}

/** The resolution that `exponent` (if_tsresol) stands for. */
export function resolution(exponent: number, binary: boolean): Resolution {
  const exactPerSecond = (binary ? 2n : 10n) ** BigInt(exponent);
  return { perSecond: !binary && exponent <= 9 ? 10 ** exponent : 0, exactPerSecond };
}

const NANOS = 1_000_000_000;

/** Upper halves from here on, a unit a second, mean more seconds than a double counts exactly (2^52). */
const BEYOND_DOUBLES = 2 ** 20;

/** What a timestamp is written to; a packet record is one. */
export interface Instant {
  seconds: number;
  nanoseconds: number;
}

/**
 * Splits a 64-bit count of units. The quotient of doubles may be one second off; the rest, taken modulo
 * 2^32, is exact and tells. // hot
 */
export function split(upper: number, lower: number, unit: Resolution, into: Instant): void {
  const { perSecond } = unit;
  if (upper >= perSecond * BEYOND_DOUBLES) {
    splitExactly(upper, lower, unit, into);
    return;
  }
  let seconds = Math.floor((upper * 4_294_967_296 + lower) / perSecond);
  let rest = (lower - Math.imul(seconds, perSecond)) | 0;
  if (rest < 0) {
    seconds--;
    rest += perSecond;
  } else if (rest >= perSecond) {
    seconds++;
    rest -= perSecond;
  }
  into.seconds = seconds;
  into.nanoseconds = rest * (NANOS / perSecond);
}

function splitExactly(upper: number, lower: number, unit: Resolution, into: Instant): void {
  const { exactPerSecond } = unit;
  const units = (BigInt(upper) << 32n) | BigInt(lower);
  into.seconds = Number(units / exactPerSecond);
  into.nanoseconds = Number(((units % exactPerSecond) * BigInt(NANOS)) / exactPerSecond);
}

/** Nanoseconds since 1970-01-01 UTC. */
export const toNanoseconds = (instant: Readonly<Instant>): bigint =>
  BigInt(instant.seconds) * BigInt(NANOS) + BigInt(instant.nanoseconds);

/** The opposite of `toNanoseconds`. */
export function fromNanoseconds(nanoseconds: bigint): Instant {
  const seconds = nanoseconds / BigInt(NANOS) - (nanoseconds < 0n ? 1n : 0n);
  const rest = Number(nanoseconds - seconds * BigInt(NANOS));
  const whole = rest === NANOS ? 1 : 0;
  return { seconds: Number(seconds) + whole, nanoseconds: rest - whole * NANOS };
}
