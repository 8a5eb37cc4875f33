// The error that failed assertions throw. Runners know assertion errors by name and code and not by class
// (node:assert's own class cannot be had without node), so any of them shows it as a failed assertion.

/** What a failed assertion compared, as text and plain data, so that every runner can print and diff it. */
export interface Compared {
  readonly actual: unknown;
  readonly expected: unknown;
  /** Name of the assertion. */
  readonly operator: string;
}

/** A failed assertion, shaped as those of node:assert. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ERR_ASSERTION';
  readonly generatedMessage = false;
  readonly actual: unknown;
  readonly expected: unknown;
  readonly operator: string;

  constructor(message: string, { actual, expected, operator }: Compared) {
    super(message);
    this.actual = actual;
    this.expected = expected;
    this.operator = operator;
  }
}
