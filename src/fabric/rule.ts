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

/** Which of the frames that fit are meant: the n-th only, every n-th, or all. */
interface Choice {
  readonly nth: number;
  readonly every: boolean;
}

const GRAMMAR =
  /^(?<action>drop|duplicate|delay|flip|truncate|set)\b\s*(?<what>.*?)\s*(?:\b(?:in\s+)?(?:the\s+(?<nth>\d+)(?:st|nd|rd|th)\s+frame|every\s+(?<every>\d+)(?:st|nd|rd|th)\s+frame|frames|all\s+frames))?(?:\s+by\s+(?<by>\S+))?(?:\s+with\s+(?<filter>.+?))?(?:\s+from\s+(?<from>[\w.-]+))?(?:\s+(?:by|to)\s+(?<amount>\S+)(?:\s+bytes)?)?(?<repair>\s+and\s+repair)?$/;

const FORMS =
  "'drop the 3rd frame with FILTER from NAME', 'duplicate every 10th frame', 'delay frames by 50us with FILTER', " +
  "'flip 3 in frames', 'truncate the 2nd frame to 60', 'set bth.psn=7 in frames with FILTER and repair'";

/**
 * Reads a rule. `linkType` says what frames begin with (1 Ethernet, 247 InfiniBand).
 * @throws ExpressionError (a RangeError) that says what was expected
 */
export function parseRule(text: string, linkType = 1): Rule {
  const groups = GRAMMAR.exec(text.trim())?.groups;
  if (!groups) throw new ExpressionError(text, 0, `expected a rule such as ${FORMS}`);
  const action = actionOf(text, groups);
  const filter = compileFilter(groups.filter ?? '', protocols);
  const nth = Number(groups.nth ?? groups.every ?? 1);
  if (nth < 1) throw new ExpressionError(text, 0, 'frames are counted from 1');
  const choice: Choice = { nth, every: groups.nth === undefined };
  return new FrameRule(
    text,
    groups.from ?? '',
    groups.filter ? filter : undefined,
    choice,
    action,
    linkType,
  );
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

function actionOf(text: string, groups: Readonly<Record<string, string | undefined>>): Action {
  const what = groups.what ?? '';
  switch (groups.action) {
    case 'drop':
      return fated((fate) => {
        fate.lost = 'rule';
      });
    case 'duplicate':
      return fated((fate) => {
        fate.copies++;
      });
    case 'delay': {
      const delay = duration(text, groups.by ?? groups.amount ?? what.replace(/^by\s+/, ''));
      return fated((fate) => {
        fate.delay += delay;
      });
    }
    case 'flip':
      return flip(whole(text, what === '' ? '1' : what.replace(/\s*bits?.*$/, '')));
    case 'truncate': {
      const given = groups.amount ?? what.replace(/^to\s+/, '').replace(/\s*bytes.*$/, '');
      const length = whole(text, given);
      return {
        apply: (pool, slot) =>
          pool.setLength(slot, Math.max(1, Math.min(pool.length(slot), length))),
      };
    }
    default:
      return edit(text, what.replace(/\s+in$/, ''), groups.repair !== undefined);
  }
}

function whole(text: string, digits: string): number {
  if (!/^\d+$/.test(digits))
    throw new ExpressionError(text, Math.max(0, text.indexOf(digits)), 'expected a whole number');
  return Number(digits);
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** Reads a time such as 50us. @throws ExpressionError */
export function duration(text: string, given: string): number {
  const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s)$/.exec(given);
  if (!match)
    throw new ExpressionError(
      text,
      Math.max(0, text.indexOf(given)),
      'expected a time such as 50us',
    );
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
function edit(text: string, what: string, repair: boolean): Action {
  const match = /^([\w-]+)\.(\w+)\s*=\s*(\S+|"[^"]*")$/.exec(what);
  const protocol = protocolByKey.get(match?.[1] ?? '');
  const span = protocol?.header.span(match?.[2] ?? '');
  if (!match || !protocol || !span) {
    throw new ExpressionError(
      text,
      Math.max(0, text.indexOf(what)),
      `expected LAYER.FIELD=VALUE, found '${what}'`,
    );
  }
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
