// HalfSipHash-2-4 (Aumasson, Bernstein): a keyed hash that outsiders cannot foretell, for initial sequence numbers,
// cookies, ports and timestamps. Words of 32 bits, so that nothing is allocated.

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

export class KeyedHash {
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;
  #bytes = 0;

  constructor(
    readonly key0: number,
    readonly key1: number,
  ) {}

  begin(): this {
    this.#v0 = this.key0;
    this.#v1 = this.key1;
    this.#v2 = this.key0 ^ 0x6c796765;
    this.#v3 = this.key1 ^ 0x74656462;
    this.#bytes = 0;
    return this;
  }

  /** Adds 32 bits, which stand for four bytes with the low one first. */
  word(m: number): this {
    this.#v3 ^= m;
    this.#round();
    this.#round();
    this.#v0 ^= m;
    this.#bytes += 4;
    return this;
  }

  /** Adds sixteen bytes. */
  address(ip: Uint8Array): this {
    for (let i = 0; i < 16; i += 4) {
      this.word(ip[i]! | (ip[i + 1]! << 8) | (ip[i + 2]! << 16) | (ip[i + 3]! << 24));
    }
    return this;
  }

  /** 32 bits, unsigned. */
  end(): number {
    this.word(this.#bytes << 24);
    this.#v2 ^= 0xff;
    for (let i = 0; i < 4; i++) this.#round();
    return (this.#v1 ^ this.#v3) >>> 0;
  }

  #round(): void {
    let v0 = this.#v0 + this.#v1;
    let v1 = rotl(this.#v1, 5) ^ v0;
    v0 = rotl(v0, 16);
    let v2 = this.#v2 + this.#v3;
    let v3 = rotl(this.#v3, 8) ^ v2;
    v0 += v3;
    v3 = rotl(v3, 7) ^ v0;
    v2 += v1;
    v1 = rotl(v1, 13) ^ v2;
    v2 = rotl(v2, 16);
    this.#v0 = v0 | 0;
    this.#v1 = v1 | 0;
    this.#v2 = v2 | 0;
    this.#v3 = v3 | 0;
  }
}
