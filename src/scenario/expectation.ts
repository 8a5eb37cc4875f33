// What must hold of a scenario's results: a value by its name, and bounds.

import { type Quantity, readRate, readSize, readTime } from './quantity.js';

/** An expectation as a description has it. */
export interface Expected {
  readonly value: string;
  readonly equals?: number | string | boolean;
  readonly above?: Quantity;
  readonly below?: Quantity;
  readonly 'at-least'?: Quantity;
  readonly 'at-most'?: Quantity;
}

/** Values by their names, such as 'workloads.w0.bandwidth'. */
export type Values = Readonly<Record<string, number | string>>;

const comparisons = {
  above: (value: number, bound: number) => value > bound,
  below: (value: number, bound: number) => value < bound,
  'at-least': (value: number, bound: number) => value >= bound,
  'at-most': (value: number, bound: number) => value <= bound,
} as const;

/** Says whether an expectation holds. @throws RangeError when there is no such value, or nothing to hold it to */
export function judge(expected: Expected, values: Values): { title: string; holds: boolean } {
  const { value: name, equals } = expected;
  const value = values[name] ?? uncounted(name, values);
  if (value === undefined) throw new RangeError(unknown(name, values));
  const rules = (Object.keys(comparisons) as (keyof typeof comparisons)[]).filter(
    (rule) => expected[rule] !== undefined,
  );
  if (rules.length === 0 && equals === undefined)
    throw new RangeError(`expected 'equals', ${Object.keys(comparisons).join(', ')}`);
  let holds = equals === undefined || value === equals;
  const words = equals === undefined ? [] : [`= ${JSON.stringify(equals)}`];
  for (const rule of rules) {
    const bound = expected[rule]!;
    words.push(`${rule.replace('-', ' ')} ${bound}`);
    holds &&= typeof value === 'number' && comparisons[rule](value, numberOf(bound));
  }
  return { title: `${name} ${words.join(' and ')} (is ${shown(value)})`, holds };
}

/** Counters of hosts and reasons of losses are there from the first time on; before that they are 0. */
function uncounted(name: string, values: Values): 0 | undefined {
  const [, owner] = /^(hosts\.[^.]+|switches\.[^.]+\.drops|lost)\./.exec(name) ?? [];
  if (owner === undefined) return undefined;
  return values[owner] !== undefined || values[`${owner}.name`] !== undefined ? 0 : undefined;
}

const shown = (value: number | string): string =>
  typeof value === 'string' ? JSON.stringify(value) : String(Math.round(value * 1000) / 1000);

/** A bound with a unit, whichever it is of. */
function numberOf(bound: Quantity): number {
  if (typeof bound === 'number') return bound;
  if (/[a-z]s$|\ds$/.test(bound) && !bound.endsWith('bps')) return readTime('bound', bound);
  if (bound.endsWith('B')) return readSize('bound', bound);
  return readRate('bound', bound);
}

/** Names of values that are like it. */
function unknown(name: string, values: Values): string {
  const stem = name.slice(0, name.lastIndexOf('.') + 1);
  const near = Object.keys(values).filter((other) => other.startsWith(stem));
  const some = (near.length > 0 ? near : Object.keys(values)).slice(0, MOST_SHOWN);
  return `there is no value '${name}'; there are ${some.join(', ')} ...`;
}
const MOST_SHOWN = 12;
