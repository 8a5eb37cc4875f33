// A small WebAssembly assembler: just the instructions and sections that the CRC kernel needs, so that the
// committed module can be rebuilt from source without a compiler. It relies on nothing; it checks nothing
// either: WebAssembly.validate does. Opcodes: WebAssembly core specification 2.0, section 5.

export type Code = readonly number[];

/** LEB128, unsigned (5.2.2). */
export function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest > 127) {
    out.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  out.push(rest);
  return out;
}

/** LEB128, signed. */
function signed(value: number): number[] {
  const out: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    const last = rest >= -64 && rest < 64;
    out.push((rest & 127) | (last ? 0 : 128));
    if (last) return out;
  }
}

const plain =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), opcode];
const simd =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode)];
const load =
  (...opcode: number[]) =>
  (address: Code, offset = 0): Code => [...address, ...opcode, 0, ...unsigned(offset)];
const store =
  (...opcode: number[]) =>
  (address: Code, value: Code, offset = 0): Code => [
    ...address,
    ...value,
    ...opcode,
    0,
    ...unsigned(offset),
  ];

/** 32-bit integers. Every instruction takes the code of its operands, so that code reads like a formula. */
export const i32 = {
  const: (value: number): Code => [0x41, ...signed(value | 0)],
  load: load(0x28),
  load8: load(0x2d),
  store: store(0x36),
  equal: plain(0x46),
  less: plain(0x49),
  atLeast: plain(0x4f),
  add: plain(0x6a),
  sub: plain(0x6b),
  and: plain(0x71),
  or: plain(0x72),
  xor: plain(0x73),
  shl: plain(0x74),
  shr: plain(0x76),
};

export const v128 = {
  load: load(0xfd, 0),
  store: store(0xfd, 11),
  zero: [0xfd, 12, ...new Array<number>(16).fill(0)] as Code,
  and: simd(78),
  or: simd(80),
  xor: simd(81),
  /** Sixteen bytes of low:high (32 bytes), starting at byte `from`: one instruction on every SIMD machine. */
  window: (low: Code, high: Code, from: number): Code => [
    ...low,
    ...high,
    0xfd,
    13,
    ...Array.from({ length: 16 }, (_, i) => from + i),
  ],
};

export const i32x4 = {
  add: simd(174),
  /** Eight unsigned 16-bit lanes, added in pairs to four 32-bit ones. */
  addPairsU16: simd(127),
  lane: (vector: Code, lane: number): Code => [...vector, 0xfd, 27, lane],
};

/** Bulk memory: `length` bytes from `source` to `target`, which may overlap. */
export const copy = (target: Code, source: Code, length: Code): Code => [
  ...target,
  ...source,
  ...length,
  0xfc,
  10,
  0,
  0,
];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
export const when = (condition: Code, then: Code): Code => [
  ...condition,
  0x04,
  0x40,
  ...then,
  0x0b,
];
/** Runs `body`, then again as long as `condition` holds. */
export const repeat = (body: Code, condition: Code): Code => [
  0x03,
  0x40,
  ...body,
  ...condition,
  0x0d,
  0,
  0x0b,
];

const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...unsigned(content.length),
  ...content,
];
const name = (text: string): number[] => vector([...text].map((c) => [c.charCodeAt(0)]));

export interface Func {
  readonly name: string;
  /** Local variables after the three parameters: first the i32, then the v128 ones. */
  readonly i32s: number;
  readonly v128s: number;
  readonly body: Code;
}

/** A module whose functions all are (i32, i32, i32) -> i32, over the imported memory 'env'.'memory'. */
export function module(functions: readonly Func[]): Uint8Array {
  const I32 = 0x7f;
  const V128 = 0x7b;
  const bodies = functions.map((f) => {
    const locals = vector([
      [...unsigned(f.i32s), I32],
      [...unsigned(f.v128s), V128],
    ]);
    const code = [...locals, ...f.body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, ...vector([[I32], [I32], [I32]]), ...vector([[I32]])]])),
    ...section(2, vector([[...name('env'), ...name('memory'), 2, 0, 1]])),
    ...section(3, vector(functions.map(() => [0]))),
    ...section(7, vector(functions.map((f, i) => [...name(f.name), 0, ...unsigned(i)]))),
    ...section(10, vector(bodies)),
  ]);
}
