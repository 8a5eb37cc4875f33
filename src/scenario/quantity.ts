// Rates, sizes and times as people write them in files: '100G', '64KiB', '5us'. Bare numbers are the base unit.

const METRIC: Readonly<Record<string, number>> = { '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9, T: 1e12 };
const BINARY: Readonly<Record<string, number>> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};
const TIMES: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** A quantity as a file holds it. */
export type Quantity = number | string;

/** The forms, as JSON Schema's patterns; the readers below take nothing else. */
export const patterns = {
  rate: '^\\d+(\\.\\d+)?\\s*[kKMGT]?(bit/s|b/s|bps)?$',
  size: '^\\d+(\\.\\d+)?\\s*(k|M|G|Ki|Mi|Gi)?B?$',
  time: '^\\d+(\\.\\d+)?\\s*(ns|us|ms|s)$',
} as const;

function parts(what: string, value: string, form: RegExp, expected: string): [number, string] {
  const match = form.exec(value.trim());
  if (!match) throw new RangeError(`${what}: expected ${expected}, found '${value}'`);
  return [Number(match[1]), match[2] ?? ''];
}

/** Bits a second. @throws RangeError */
export function readRate(what: string, value: Quantity): number {
  if (typeof value === 'number') return value;
  const form = /^(\d+(?:\.\d+)?)\s*([kKMGT]?)(?:bit\/s|b\/s|bps)?$/;
  const [number, unit] = parts(what, value, form, "a rate such as '100G' or '25Gb/s'");
  return number * METRIC[unit]!;
}

/** Bytes. @throws RangeError */
export function readSize(what: string, value: Quantity): number {
  if (typeof value === 'number') return value;
  const form = /^(\d+(?:\.\d+)?)\s*(k|M|G|Ki|Mi|Gi)?B?$/;
  const [number, unit] = parts(what, value, form, "a size such as '64KiB' or '12MB'");
  return Math.round(number * BINARY[unit]!);
}

/** Nanoseconds. @throws RangeError */
export function readTime(what: string, value: Quantity): number {
  if (typeof value === 'number') return value;
  const form = /^(\d+(?:\.\d+)?)\s*(ns|us|ms|s)$/;
  const [number, unit] = parts(what, value, form, "a time such as '5us' or '2ms'");
  return Math.round(number * TIMES[unit]!);
}
