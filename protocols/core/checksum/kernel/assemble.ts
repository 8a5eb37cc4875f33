// The CRC kernel, as WebAssembly SIMD code. The idea is that of Russell and Kadatskiy ('Chorba', 2024): a CRC
// does not change when multiples of its polynomial are added to the message, so a multiple with few terms
// turns the division into a few XORs. Ours are eighth powers, because P(x)^8 = P(x^8) over GF(2): every term
// then lies on a byte boundary and needs no shift at all. A byte that is cancelled comes back at fixed
// distances further on, or, seen from there: out[i] = in[i] ^ out[i - d1] ^ out[i - d2] ^ ...
//
// Three stages: the long multiple (few terms, far apart) over memory, until some 300 bytes are left; the short
// one (more terms, close together) in registers, until 5 vectors are left; slicing by 16 with tables for these.
// A message is taken as if zeros stood before it up to a whole number of vectors, which changes no CRC and
// lets every stage count in vectors.

import { crcEach } from './assemble-each.js';
import * as map from './memory-map.js';
import { comeBack, multiples, sliced, sum, vectorsOf } from './reduction.js';
import {
  type Code,
  copy,
  type Func,
  get,
  i32,
  i32x4,
  module,
  repeat,
  set,
  v128,
  when,
} from './wasm-writer.js';

// Parameters and local variables.
const at = 0; // where the input lies
const length = 1; // bytes of it
const state = 2; // the CRC so far, not complemented
const lead = 3; // bytes in the first vector, 1 to 16
const work = 4; // where the next cancelled vector goes
const end = 5;
const a = 6; // four words of input in the table stage
const firstVector = 10;
const recent = 11; // cancelled vectors in registers, the latest first

const step = (local: number, bytes: number): Code =>
  set(local, i32.add(get(local), i32.const(bytes)));

/** Splits the message: `lead`, and a first vector with zeros before the message and the seed on it. */
function enter(): Code {
  return [
    ...set(lead, i32.add(i32.and(i32.sub(get(length), i32.const(1)), i32.const(15)), i32.const(1))),
    ...i32.store(i32.const(0), get(state), map.seedAt + 16),
    ...set(
      firstVector,
      v128.xor(
        v128.and(
          v128.load(i32.sub(i32.add(get(at), get(lead)), i32.const(16))),
          v128.load(get(lead), map.maskAt),
        ),
        v128.load(get(lead), map.seedAt),
      ),
    ),
    ...set(end, i32.add(get(at), get(length))),
    ...set(at, i32.add(get(at), get(lead))),
  ];
}

/** The second vector: what the seed has beyond the first (4 bytes may lie across both). */
const second: Code = v128.xor(v128.load(get(at)), v128.load(get(lead), map.seedAt + 16));

/** Cancels all but the last vectors over memory; `at` and `length` then name what is left. */
function longStage(distances: readonly number[]): Code {
  const far = Math.max(...distances);
  const rest = vectorsOf(distances);
  const unroll = 4; // vectors a turn; all distances are larger
  // Loads have no negative offsets, so they count from `far` bytes before.
  const cancel = (i: number): Code =>
    sum([
      v128.load(get(at), 16 * i),
      ...distances.map((d) => v128.load(i32.sub(get(work), i32.const(far)), far - d + 16 * i)),
    ]);
  const turn = (vectors: number): Code => [
    ...Array.from({ length: vectors }, (_, i) => v128.store(get(work), cancel(i), 16 * i)).flat(),
    ...step(at, 16 * vectors),
    ...step(work, 16 * vectors),
  ];
  const restStart = i32.sub(get(end), i32.const(16 * rest));
  const zeros = Math.ceil((16 * rest - Math.min(...distances)) / 16) + 1;
  return [
    ...enter(),
    ...v128.store(i32.const(0), get(firstVector), map.workAt),
    ...v128.store(i32.const(0), second, map.workAt + 16),
    ...set(work, i32.const(map.workAt + 32)),
    ...step(at, 16),
    ...repeat(turn(unroll), i32.less(i32.add(get(at), i32.const(16 * unroll - 1)), restStart)),
    ...when(i32.less(get(at), restStart), repeat(turn(1), i32.less(get(at), restStart))),
    ...Array.from({ length: zeros }, (_, i) => v128.store(get(work), v128.zero, 16 * i)).flat(),
    ...set(state, i32.const(0)), // counts the rest's vectors from here, until it is the state again
    ...repeat(
      [
        ...v128.store(get(state), cancel(0), map.longRestAt),
        ...step(at, 16),
        ...step(work, 16),
        ...step(state, 16),
      ],
      i32.less(get(at), get(end)),
    ),
    ...set(at, i32.const(map.longRestAt)),
    ...set(length, i32.const(16 * rest)),
    ...set(state, i32.const(0)),
  ];
}

/** The same in registers; leaves `vectorsOf(distances)` vectors at `shortRestAt`. */
function shortStage(distances: readonly number[]): Code {
  const kept = vectorsOf(distances);
  const inRegisters = (k: number): Code | null => (k < 0 ? get(recent - 1 - k) : null);
  const shift = Array.from({ length: kept - 1 }, (_, i) =>
    set(recent + kept - 1 - i, get(recent + kept - 2 - i)),
  ).flat();
  const next = recent + kept;
  const cancel = (input: Code, cancelled: (k: number) => Code | null): Code => [
    ...set(next, comeBack(input, 0, distances, cancelled)),
    ...shift,
    ...set(recent, get(next)),
    ...step(at, 16),
  ];
  const restStart = i32.sub(get(end), i32.const(16 * kept));
  return [
    ...enter(),
    ...set(recent, get(firstVector)),
    ...Array.from({ length: kept - 1 }, (_, i) => set(recent + 1 + i, v128.zero)).flat(),
    ...cancel(second, inRegisters),
    ...repeat(cancel(v128.load(get(at)), inRegisters), i32.less(get(at), restStart)),
    ...Array.from({ length: kept }, (_, j) =>
      v128.store(
        i32.const(0),
        comeBack(v128.load(get(at), 16 * j), j, distances, inRegisters),
        map.shortRestAt + 16 * j,
      ),
    ).flat(),
    ...set(at, i32.const(map.shortRestAt)),
    ...set(length, i32.const(16 * kept)),
    ...set(state, i32.const(0)),
  ];
}

/** Slicing by 4 * `words`: each byte has a table of what it becomes when the run has passed. */
function slice(words: number, tables: number): Code {
  const loads = Array.from({ length: words }, (_, w) => {
    const word = i32.load(get(at), 4 * w);
    return set(a + w, w === 0 ? i32.xor(word, get(state)) : word);
  });
  const locals = Array.from({ length: words }, (_, w) => a + w);
  return [
    ...loads.flat(),
    ...set(state, sliced(locals, tables)),
    ...step(at, 4 * words),
    ...step(length, -4 * words),
  ];
}

function tableStage(tables: number): Code {
  const while_ = (bytes: number, body: Code): Code => {
    const enough = i32.atLeast(get(length), i32.const(bytes));
    return when(enough, repeat(body, enough));
  };
  const index = i32.shl(
    i32.and(i32.xor(get(state), i32.load8(get(at))), i32.const(255)),
    i32.const(2),
  );
  return [
    ...while_(16, slice(4, tables)),
    ...while_(4, slice(1, tables)),
    ...while_(1, [
      ...set(state, i32.xor(i32.shr(get(state), i32.const(8)), i32.load(index, tables))),
      ...step(at, 1),
      ...step(length, -1),
    ]),
  ];
}

/** From where a stage pays (measured), above what it needs: its rest and three vectors. */
const longFrom = 512;
const shortFrom = 160;

function crc(name: keyof typeof multiples): Func {
  const { long, short } = multiples[name];
  return {
    name,
    i32s: 7,
    v128s: 2 + vectorsOf(short),
    body: [
      ...when(i32.atLeast(get(length), i32.const(longFrom)), longStage(long)),
      ...when(i32.atLeast(get(length), i32.const(shortFrom)), shortStage(short)),
      ...tableStage(map.tablesAt[name]),
      ...get(state),
    ],
  };
}

/** Sum of big-endian 16-bit words (RFC 1071 1 and 2B), 16 bytes a turn; `length` is a positive multiple of 16. */
function internetSum(): Func {
  const total = firstVector;
  const lanes = [0, 1, 2, 3].map((i) => i32x4.lane(get(total), i));
  return {
    name: 'internetSum',
    i32s: 7,
    v128s: 1,
    body: [
      ...set(end, i32.add(get(at), get(length))),
      ...repeat(
        [
          ...set(total, i32x4.add(get(total), i32x4.addPairsU16(v128.load(get(at))))),
          ...step(at, 16),
        ],
        i32.less(get(at), get(end)),
      ),
      ...i32.add(
        get(state),
        lanes.reduce((x, y) => i32.add(x, y)),
      ),
    ],
  };
}

/** Moves bytes within the memory: (target, source, lengthBytes) -> nothing of interest. */
function move(): Func {
  return {
    name: 'move',
    i32s: 0,
    v128s: 0,
    body: [...copy(get(0), get(1), get(2)), ...i32.const(0)],
  };
}

/** The module's bytes: crc32 and crc32c (at, lengthBytes, state) -> state, internetSum likewise, crc32Each, move. */
export function assembleKernel(): Uint8Array {
  return module([crc('crc32'), crc('crc32c'), internetSum(), crcEach(), move()]);
}
