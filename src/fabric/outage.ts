// Links that go down at a time, as people say it: `link s0-s1 down at 10us for 50us`. Unlike what happens to single
// frames, the ends of the link learn of it.

import { ExpressionError } from '../../protocols/index.js';
import { duration } from './rule.js';

export interface Outage {
  readonly name: string;
  /** The two ends, or one: then all its links are meant. */
  readonly ends: readonly string[];
  /** Nanoseconds from when the fault is set; `to` is infinite where the link stays down. */
  readonly from: number;
  readonly to: number;
}

const GRAMMAR =
  /^link\s+(?<ends>[\w.]+(?:-[\w.]+)?)\s+down\s+(?:at\s+(?<at>\S+)(?:\s+for\s+(?<time>\S+))?|from\s+(?<from>\S+)\s+to\s+(?<to>\S+))$/;

/**
 * Reads an outage; undefined when the text is about frames (`parseRule`).
 * @throws ExpressionError (a RangeError) that says what was expected
 */
export function parseOutage(text: string): Outage | undefined {
  const trimmed = text.trim();
  if (!/^link\b/.test(trimmed)) return undefined;
  const groups = GRAMMAR.exec(trimmed)?.groups;
  if (!groups)
    throw new ExpressionError(
      text,
      0,
      "expected 'link A-B down at 10us', 'link A down at 10us for 5us' or 'link A-B down from 10us to 15us'",
    );
  const word = (given: string) => ({ text: given, at: text.indexOf(given) });
  const from = duration(text, word(groups.at ?? groups.from!));
  const until = groups.time === undefined ? groups.to : groups.time;
  const time = until === undefined ? Number.POSITIVE_INFINITY : duration(text, word(until));
  const to = groups.time === undefined ? time : from + time;
  if (to <= from) throw new ExpressionError(text, 0, 'a link comes up after it went down');
  return { name: trimmed, ends: groups.ends!.split('-'), from, to };
}

/** Is a link between `a` and `b` meant? */
export const isMeant = ({ ends }: Outage, a: string, b: string): boolean => {
  const [one = '', other] = ends;
  if (other === undefined) return one === a || one === b;
  return (one === a && other === b) || (one === b && other === a);
};
