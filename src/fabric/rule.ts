// Faults by rule, as people say them: `drop the 3rd frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from b`,
// `delay every 10th frame by 50us`, `set bth.psn=7 in frames with bth.opcode == RC_ACKNOWLEDGE and repair`.
// A rule is read once; frames are dissected only on links that have one.

import { seal } from '../../protocols/core/seal.js';
import {
  compileFilter,
  dissect,
  ExpressionError,
  type Filter,
  parseValue,
  protocolByKey,
  protocols,
  type Scene,
} from '../../protocols/index.js';
import type { FramePool } from '../frame/index.js';
import type { Nanos } from '../time/index.js';
import type { Fate, Impairment } from './impairment.js';
import { type Choice, type RuleWords, readRule, type Word } from './rule-words.js';

/** A fault by rule. */
export interface Rule extends Impairment {
  /** Name of the station from which frames must come; '' for any. */
  readonly from: string;
  /** How many frames it has changed. */
  readonly hits: number;
}

interface Action {
  apply(pool: FramePool, slot: number, fate: Fate, linkType: number): void;
}

/**
 * Reads a rule. `linkType` says what frames begin with (1 Ethernet, 247 InfiniBand).
 * @throws ExpressionError (a RangeError) that says what was expected
 */
export function parseRule(text: string, linkType = 1): Rule {
  const words = readRule(text);
  const action = actionOf(words);
  const filter = words.filter === undefined ? undefined : filterOf(text, words.filter);
  return new FrameRule(text, words.from?.text ?? '', filter, words.choice, action, linkType);
}

/** What is wrong with a filter is shown where it stands in the rule. */
function filterOf(text: string, { text: filter, at }: Word): Filter {
  try {
    return compileFilter(filter, protocols);
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new ExpressionError(text, at + error.at, error.problem);
  }
}

class FrameRule implements Rule {
  hits = 0;
  #seen = 0;

  constructor(
    readonly name: string,
    readonly from: string,
    readonly filter: Filter | undefined,
    readonly choice: Choice,
    readonly action: Action,
    readonly linkType: number,
  ) {}

  apply(_now: Nanos, _from: 0 | 1, pool: FramePool, slot: number, fate: Fate): void {
    if (this.filter && !this.filter(dissected(pool, slot, this.linkType))) return;
    this.#seen++;
    const { nth, every } = this.choice;
    if (every ? this.#seen % nth !== 0 : this.#seen !== nth) return;
    this.hits++;
    this.action.apply(pool, slot, fate, this.linkType);
    if (fate.lost === 'rule') fate.lost = `rule: ${this.name}`;
  }
}

function dissected(pool: FramePool, slot: number, linkType: number): Scene {
  const start = pool.at(slot);
  return dissect(pool.bytes(slot), { start, end: start + pool.length(slot), linkType });
}

/** An action that changes no byte of the frame. */
const fated = (change: (fate: Fate) => void): Action => ({
  apply: (_pool, _slot, fate) => change(fate),
});

function actionOf(words: RuleWords): Action {
  const { text, action, what } = words;
  switch (action) {
    case 'drop':
      return fated((fate) => {
        fate.lost = 'rule';
      });
    case 'duplicate':
      return fated((fate) => {
        fate.copies++;
      });
    case 'delay': {
      const delay = duration(text, amount(words, "'by' a time such as 50us"));
      return fated((fate) => {
        fate.delay += delay;
      });
    }
    case 'flip':
      return flip(what.text === '' ? 1 : whole(text, what, /\s*bits?$/));
    case 'truncate': {
      const length = whole(text, amount(words, "'to' a length such as 60 bytes"), /\s*bytes?$/);
      return {
        apply: (pool, slot) =>
          pool.setLength(slot, Math.max(1, Math.min(pool.length(slot), length))),
      };
    }
    case 'set':
      return edit(text, what, words.repair);
  }
}

/** By how much, or to what. @throws ExpressionError when it is not said */
function amount({ text, amount: given }: RuleWords, expected: string): Word {
  if (given === undefined) throw new ExpressionError(text, text.length, `expected ${expected}`);
  return given;
}

function whole(text: string, { text: word, at }: Word, unit: RegExp): number {
  const digits = word.replace(unit, '');
  if (!/^\d+$/.test(digits))
    throw new ExpressionError(text, at, `expected a whole number, found '${word}'`);
  return Number(digits);
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** Reads a time such as 50us. @throws ExpressionError */
export function duration(text: string, { text: given, at }: Word): number {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s)$/.exec(given);
  if (!match) throw new ExpressionError(text, at, `expected a time such as 50us, found '${given}'`);
  return Math.round(Number(match[1]) * UNITS[match[2]!]!);
}

/** Flips the lowest bits of the frame's last bytes, one a byte: always the same ones, so that runs repeat. */
function flip(count: number): Action {
  return {
    apply(pool, slot) {
      const b = pool.bytes(slot);
      const end = pool.at(slot) + pool.length(slot);
      for (let i = 1; i <= Math.min(count, pool.length(slot)); i++) b[end - i] = b[end - i]! ^ 1;
    },
  };
}

/** Overwrites a field, and repairs lengths and checksums around it only when told to. */
function edit(text: string, what: Word, repair: boolean): Action {
  const match = /^([\w-]+)\.(\w+)\s*=\s*(\S+|"[^"]*")$/.exec(what.text);
  const protocol = protocolByKey.get(match?.[1] ?? '');
  const span = protocol?.header.span(match?.[2] ?? '');
  if (!match || !protocol || !span)
    throw new ExpressionError(
      text,
      what.at,
      `expected LAYER.FIELD=VALUE with a layer and a field that there are, found '${what.text}'`,
    );
  const value = parseValue(span.field, match[3]!);
  return {
    apply(pool, slot, _fate, linkType) {
      const scene = dissected(pool, slot, linkType);
      const layer = scene.layers.find((l) => l.protocol === protocol);
      if (!layer) return;
      protocol.header.write(span.name, layer.bytes, layer.at, value, layer.end);
      if (repair) seal(scene, [], { type: 'leave', count: 'leave', length: 'leave' });
    },
  };
}
