// What a row of the calibration set is: published values with their source, and the experiment that finds each of them.

export type Unit = 'ns' | 'us' | 'Gb/s' | 'GB/s' | 'M/s' | '%' | 'cycles';

/** A measured value, as it was published. */
export interface PublishedValue {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** What its authors say that it is limited by. */
  readonly bottleneck?: string;
  /** Published as a range: `value` is its lower end. */
  readonly most?: number;
  /** Shares err by percentage points, everything else by percent. */
  readonly points?: number;
  /** Percent, where it is not the row's. */
  readonly percent?: number;
}

/** Values that were measured together. */
export interface PublishedRow {
  readonly id: string;
  readonly title: string;
  readonly hardware: string;
  readonly source: string;
  /** Percent that each value may be off, and their median. */
  readonly percent: number;
  readonly medianPercent?: number;
  readonly values: readonly PublishedValue[];
}

/** A row that nothing was fitted on: it has no tolerance. */
export type HeldOutRow = Omit<PublishedRow, 'percent' | 'medianPercent'>;

/** What an experiment found. */
export interface Found {
  readonly value: number;
  readonly bottleneck?: string;
}

/** By name of the value: the experiment, or why there is none. */
export type Experiments = Readonly<Record<string, (() => number | Found) | string>>;

/** One value, published and found. */
export interface Comparison {
  readonly row: string;
  readonly published: PublishedValue;
  /** Undefined when there is no experiment; then `why` says what is missing. */
  readonly found: Found | undefined;
  readonly why: string;
  /** Percent, or percentage points of shares. */
  readonly error: number;
  readonly tolerance: number;
  readonly holds: boolean;
}

const PERCENT = 100;

/** How far off the value is: percent, percentage points of shares, nothing inside a published range. */
export function errorOf({ value, most, points }: PublishedValue, found: number): number {
  if (points !== undefined) return found - value;
  if (most !== undefined && found >= value && found <= most) return 0;
  const near = most !== undefined && found > most ? most : value;
  return (found / near - 1) * PERCENT;
}

/** Runs the experiment of one value. */
export function compareValue(
  row: PublishedRow,
  published: PublishedValue,
  experiments: Experiments,
): Comparison {
  const experiment = experiments[published.name] ?? 'there is no experiment';
  const tolerance = published.points ?? published.percent ?? row.percent;
  if (typeof experiment === 'string') {
    const missing = { found: undefined, why: experiment, error: Number.NaN, holds: false };
    return { row: row.id, published, tolerance, ...missing };
  }
  const result = experiment();
  const found = typeof result === 'number' ? { value: result } : result;
  const error = errorOf(published, found.value);
  const isSame = published.bottleneck === undefined || published.bottleneck === found.bottleneck;
  const holds = Math.abs(error) <= tolerance && isSame;
  return { row: row.id, published, found, why: '', error, tolerance, holds };
}

/** Median of the errors without their signs. */
export function medianError(comparisons: readonly Comparison[]): number {
  const errors = comparisons.map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
  const half = Math.floor(errors.length / 2);
  return errors.length % 2 === 1 ? errors[half]! : (errors[half - 1]! + errors[half]!) / 2;
}

/** Computes it when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
