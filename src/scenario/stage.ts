// What a scenario of one's own is given: it makes labs, says what it sees, and states what must hold. Where its words go
// and what becomes of its files is for those who run it.

import { Lab, type LabOptions } from './lab.js';

/** A statement of a scenario, and whether it held. */
export interface Expectation {
  readonly title: string;
  readonly holds: boolean;
}

/** Where a scenario's output goes. */
export interface StageOptions {
  readonly seed?: number;
  /** A line for people. */
  readonly say?: (text: string) => void;
  /** Opens a file for a capture; gives what writes to it. */
  readonly open?: (path: string) => (bytes: Uint8Array) => void;
  /** Called with each lab that the scenario makes: before a subnet manager begins, and when the fabric is ready. */
  readonly begun?: (lab: Lab) => void;
  readonly made?: (lab: Lab) => void;
}

/** What a scenario's function gets. */
export class Stage {
  readonly seed: number;
  /** Everything that was said, measured and expected, in order. */
  readonly lines: string[] = [];
  readonly values: Record<string, number | string> = {};
  readonly expectations: Expectation[] = [];
  readonly #options: StageOptions;

  constructor(options: StageOptions = {}) {
    this.seed = options.seed ?? 1;
    this.#options = options;
  }

  /** A world of hosts; its seed is the stage's unless given. */
  lab(options: LabOptions = {}): Lab {
    const lab = new Lab({ seed: this.seed, ...options, up: false });
    this.#options.begun?.(lab);
    if (options.up !== false) lab.bringUp();
    this.#options.made?.(lab);
    return lab;
  }

  /** Says something to people. */
  say(text: string): void {
    this.lines.push(text);
    this.#options.say?.(text);
  }

  /** Notes a value by name, for people and for --json. */
  measure(name: string, value: number | string, unit = ''): void {
    this.values[name] = value;
    this.say(
      `  ${name}: ${typeof value === 'number' ? value.toLocaleString('en') : value}${unit === '' ? '' : ` ${unit}`}`,
    );
  }

  /** States what must hold; the run fails when it does not. */
  expect(title: string, holds: boolean): void {
    this.expectations.push({ title, holds });
    this.say(`${holds ? '  holds' : '  FAILS'}: ${title}`);
  }

  /** Writes what ports of a lab see to a pcapng file; all hosts unless named. */
  capture(lab: Lab, path: string, where?: readonly string[]): void {
    const write = this.#options.open?.(path);
    if (write) lab.capture(write, where);
  }

  /** All that was expected held. */
  get holds(): boolean {
    return this.expectations.every((one) => one.holds);
  }
}

/** The function that a scenario's file exports, as `scenario` or by default. */
export type Scenario = (stage: Stage) => void | Promise<void>;
