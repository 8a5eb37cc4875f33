// How a fault by rule is read: what is done, then which frames, 'with' which filter, 'from' whom, 'by' or 'to' how much, and
// 'and repair', in the order that comes to mind.

import { ExpressionError } from '../../protocols/index.js';

/** A part of a text, and where it stands there. */
export interface Word {
  readonly text: string;
  readonly at: number;
}

const actions = ['drop', 'duplicate', 'delay', 'flip', 'truncate', 'set'] as const;
type ActionName = (typeof actions)[number];

/** Which of the frames that fit are meant: the n-th only, or every n-th, which is all of them where n is 1. */
export interface Choice {
  readonly nth: number;
  readonly every: boolean;
}

/** A rule, taken apart. */
export interface RuleWords {
  readonly text: string;
  readonly action: ActionName;
  /** What stands behind the action: a number of bits, a field and its value. */
  readonly what: Word;
  readonly choice: Choice;
  readonly filter: Word | undefined;
  readonly from: Word | undefined;
  /** What is said with 'by' or 'to'. */
  readonly amount: Word | undefined;
  readonly repair: boolean;
}

const FORMS =
  "'drop the 3rd frame with FILTER from NAME', 'duplicate every 10th frame', 'delay frames by 50us with FILTER', " +
  "'flip 3 bits in the 2nd frame', 'truncate the 2nd frame to 60 bytes', 'set bth.psn=7 in frames with FILTER and repair'";

/** What begins a part of a rule. Text in quotes may have these words. */
const PART =
  /"[^"]*"|(?<=\s)(?<frames>(?:in\s+)?(?:the\s+(?<nth>\d+)(?:st|nd|rd|th)\s+frame|every\s+(?<every>\d+)(?:st|nd|rd|th)\s+frame|every\s+frame|(?:all\s+)?frames)|with|from|by|to|and\s+repair)(?=\s|$)/g;

type PartName = 'what' | 'frames' | 'with' | 'from' | 'by' | 'to' | 'repair';

interface Part extends Word {
  readonly name: PartName;
  readonly groups: Readonly<Record<string, string | undefined>>;
  /** Where it begins with the word that introduces it. */
  readonly begins: number;
}

/** With what each action goes, beside the frames that it is done to. */
const takes: Readonly<Record<ActionName, readonly PartName[]>> = {
  drop: [],
  duplicate: [],
  delay: ['by'],
  flip: ['what'],
  truncate: ['to'],
  set: ['what', 'repair'],
};
const MEANT: readonly PartName[] = ['frames', 'with', 'from'];

/** @throws ExpressionError (a RangeError) that says what was expected */
export function readRule(text: string): RuleWords {
  const action = actions.find((name) => new RegExp(`^\\s*${name}\\b`).test(text));
  if (!action) throw new ExpressionError(text, 0, `expected a rule such as ${FORMS}`);
  const parts = new Map<PartName, Part>();
  for (const part of partsOf(text, text.indexOf(action) + action.length)) {
    const { name, begins } = part;
    const known = [...MEANT, ...takes[action]];
    // 'delay 50us frames' and 'truncate 60 bytes' leave out a word.
    const meant = name === 'what' ? takes[action][0] : name;
    if (meant === undefined || !known.includes(meant) || parts.has(meant))
      throw new ExpressionError(
        text,
        begins,
        `'${text.slice(begins).trim()}' does not go with '${action}' here; expected a rule such as ${FORMS}`,
      );
    parts.set(meant, part);
  }
  return {
    text,
    action,
    what: parts.get('what') ?? { text: '', at: text.length },
    choice: choiceOf(text, parts.get('frames')),
    filter: said(text, parts.get('with'), 'a filter'),
    from: said(text, parts.get('from'), 'a name'),
    amount: parts.get('by') ?? parts.get('to'),
    repair: parts.has('repair'),
  };
}

/** The parts from `start` on; the first has no word of its own. */
function partsOf(text: string, start: number): Part[] {
  const heads = [...text.slice(start).matchAll(PART)].filter(({ groups }) => groups?.frames);
  const ends = [...heads.map(({ index }) => start + index), text.length];
  const parts = [part(text, 'what', {}, start, start, ends[0]!)];
  for (const [i, { 0: head, groups = {} }] of heads.entries()) {
    const begins = ends[i]!;
    const name = /frame/.test(head) ? 'frames' : /repair/.test(head) ? 'repair' : head;
    parts.push(part(text, name as PartName, groups, begins, begins + head.length, ends[i + 1]!));
  }
  for (const { name, text: rest, at } of parts) {
    if ((name === 'frames' || name === 'repair') && rest !== '')
      throw new ExpressionError(text, at, `'${rest}' says nothing here`);
  }
  return parts.filter(({ name, text: rest }) => name !== 'what' || rest !== '');
}

function part(
  text: string,
  name: PartName,
  groups: Part['groups'],
  begins: number,
  from: number,
  to: number,
): Part {
  const body = text.slice(from, to);
  const at = from + body.length - body.trimStart().length;
  return { name, groups, begins: name === 'what' ? at : begins, at, text: body.trim() };
}

function said(text: string, part: Part | undefined, expected: string): Word | undefined {
  if (part && part.text === '') throw new ExpressionError(text, part.at, `expected ${expected}`);
  return part;
}

function choiceOf(text: string, part: Part | undefined): Choice {
  const { nth, every } = part?.groups ?? {};
  const number = Number(nth ?? every ?? 1);
  if (number < 1) throw new ExpressionError(text, part!.begins, 'frames are counted from 1');
  return { nth: number, every: nth === undefined };
}
