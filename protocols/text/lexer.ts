// Words and signs of the two small languages that people type: frame expressions and filters.

/** A text that could not be understood: what, where, expected, found. */
export class ExpressionError extends RangeError {
  override readonly name = 'ExpressionError';
  constructor(
    readonly text: string,
    /** Offset of the first character that does not fit. */
    readonly at: number,
    readonly problem: string,
  ) {
    super(`${problem}\n  ${text.replaceAll(/[\n\t]/g, ' ')}\n  ${' '.repeat(at)}^`);
  }
}

export interface Token {
  readonly kind: 'word' | 'string' | 'sign' | 'end';
  /** The word, the sign, or what the string stands for. */
  readonly text: string;
  /** As it was typed. */
  readonly raw: string;
  readonly at: number;
}

/** Longest expression that is read; a frame needs far less, and it bounds what hostile text can cost. */
export const MAX_EXPRESSION = 1 << 20;

/** Reads `text` token by token. `signs` are tried in order; a word is a run of `wordCharacter`s. */
export class Lexer {
  #at = 0;
  #token: Token;

  constructor(
    readonly text: string,
    readonly signs: readonly string[],
    readonly wordCharacter: RegExp,
  ) {
    if (text.length > MAX_EXPRESSION) {
      throw new ExpressionError(text.slice(0, 60), 0, `longer than ${MAX_EXPRESSION} characters`);
    }
    this.#token = this.#scan();
  }

  get token(): Token {
    return this.#token;
  }

  get atEnd(): boolean {
    return this.#token.kind === 'end';
  }

  /** Takes the present token and moves on. */
  take(): Token {
    const taken = this.#token;
    this.#token = this.#scan();
    return taken;
  }

  /** Takes the sign if it is next. */
  accept(sign: string): boolean {
    if (this.#token.kind !== 'sign' || this.#token.text !== sign) return false;
    this.take();
    return true;
  }

  expect(sign: string): void {
    if (!this.accept(sign)) this.fail(`expected '${sign}'`);
  }

  /** Throws at the present token. */
  fail(problem: string, at = this.#token.at): never {
    const found = this.#token.kind === 'end' ? 'the end' : `'${this.#token.raw.slice(0, 40)}'`;
    throw new ExpressionError(
      this.text,
      at,
      problem.startsWith('expected') && at === this.#token.at
        ? `${problem}, found ${found}`
        : problem,
    );
  }

  #scan(): Token {
    const { text } = this;
    while (this.#at < text.length && /\s/.test(text[this.#at]!)) this.#at++;
    const at = this.#at;
    if (at >= text.length) return { kind: 'end', text: '', raw: '', at };
    if (text[at] === '"') return this.#string(at);
    const sign = this.signs.find((s) => text.startsWith(s, at));
    if (sign) {
      this.#at += sign.length;
      return { kind: 'sign', text: sign, raw: sign, at };
    }
    let end = at;
    while (end < text.length && this.wordCharacter.test(text[end]!)) end++;
    if (end === at) throw new ExpressionError(text, at, `'${text[at]}' has no meaning here`);
    this.#at = end;
    const word = text.slice(at, end);
    return { kind: 'word', text: word, raw: word, at };
  }

  #string(at: number): Token {
    const match = /"(?:[^"\\]|\\.)*"/sy;
    match.lastIndex = at;
    const raw = match.exec(this.text)?.[0];
    if (raw === undefined)
      throw new ExpressionError(this.text, at, 'a string without its closing quote');
    this.#at = at + raw.length;
    const inner = raw
      .slice(1, -1)
      .replaceAll('\n', '\\n')
      .replaceAll('\t', '\\t')
      .replaceAll('\r', '\\r');
    try {
      return { kind: 'string', text: JSON.parse(`"${inner}"`) as string, raw, at };
    } catch {
      throw new ExpressionError(
        this.text,
        at,
        'a string with an unknown escape (use those of JSON)',
      );
    }
  }
}
