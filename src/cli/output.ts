// Writes many lines to stdout: in large pieces, and waiting when the reader is slower than we are.

const PIECE = 1 << 16;

export class Output {
  #text = '';

  line(text: string): void {
    this.#text += `${text}\n`;
    if (this.#text.length >= PIECE) this.#write();
  }

  /** True when the other end is behind; then `drain` waits for it. */
  #full = false;

  #write(): void {
    this.#full = !process.stdout.write(this.#text);
    this.#text = '';
  }

  /** Waits until the other end has read what was written. */
  async drain(): Promise<void> {
    if (!this.#full) return;
    await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
    this.#full = false;
  }

  end(): void {
    if (this.#text !== '') this.#write();
  }
}
