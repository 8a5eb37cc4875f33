// CRC-32 of many runs by one call, each compared with the four bytes behind it: ICRCs. Entering WebAssembly, finding
// the memory and masking headers in JavaScript took longer than the CRC of 1 KiB itself. Headers are masked as their
// vectors are loaded. What the long multiple leaves has the same length for every run, so the rest is straight code
// for several runs side by side: the steps of one wait for each other, and those of the others fill the gaps.

import * as map from './memory-map.js';
import { comeBack, multiples, sliced, sum, vectorsOf } from './reduction.js';
import { type Code, type Func, get, i32, repeat, set, v128, when } from './wasm-writer.js';

const { long, short } = multiples.crc32;

const { abreast } = map; // runs side by side

// Parameters and local variables.
const run = 0; // the entry being read
const runsEnd = 1;
const wrong = 2; // all differences, or-ed
const at = 3;
const end = 4;
const lead = 5; // bytes in the first vector, 1 to 16
const work = 6; // where the next cancelled vector goes
const cover = 7;
const rest = 8; // where this run's rest goes
const restsEnd = 9;
const word = 10; // four words of input, for the table stage
const state = 14;
const i32s = state + abreast - 3;
const vector = 3 + i32s; // a local vector
const recent = vector + 1; // cancelled vectors of each run

const restVectors = vectorsOf(long);
const keptVectors = vectorsOf(short);
const restBytes = 16 * restVectors;
/** Vectors that a mask may lie in. */
const maskedVectors = Math.ceil((map.coverOnesLimit - 1) / 16) + 1;

const step = (local: number, bytes: number): Code =>
  set(local, i32.add(get(local), i32.const(bytes)));

/** Splits the run as `enter` of assemble.ts does, with the bits that count as ones. */
function enter(): Code {
  const length = i32.sub(get(end), get(at));
  const ones = (i: number) =>
    v128.load(i32.add(get(cover), get(lead)), map.coverOnesAt - 16 + 16 * i);
  const seeds = (i: number) => v128.load(get(lead), map.seedAt + 16 * i);
  const input = (i: number) =>
    v128.load(i32.sub(i32.add(get(at), get(lead)), i32.const(16)), 16 * i);
  const masked = (i: number): Code => {
    const bytes = i === 0 ? v128.and(input(0), v128.load(get(lead), map.maskAt)) : input(i);
    const counted = v128.or(bytes, ones(i));
    return i < 2 ? v128.xor(counted, seeds(i)) : counted;
  };
  return [
    ...set(at, i32.load(get(run))),
    ...set(end, i32.load(get(run), 4)),
    ...set(cover, i32.load(get(run), 8)),
    ...i32.store(i32.const(0), i32.load(get(cover)), map.seedAt + 16),
    ...set(lead, i32.add(i32.and(i32.sub(length, i32.const(1)), i32.const(15)), i32.const(1))),
    ...Array.from({ length: maskedVectors }, (_, i) =>
      v128.store(i32.const(0), masked(i), map.workAt + 16 * i),
    ).flat(),
    ...set(at, i32.add(i32.add(get(at), get(lead)), i32.const(16 * (maskedVectors - 1)))),
    ...set(work, i32.const(map.workAt + 16 * maskedVectors)),
  ];
}

/** The long multiple over one run; leaves its rest at `rest`. */
function longStage(): Code {
  const far = Math.max(...long);
  const unroll = 4;
  /** What comes back at vector `i`, from vectors before vector `known` alone. */
  const cancel = (i: number, known = Infinity): Code =>
    sum([
      v128.load(get(at), 16 * i),
      ...long
        .filter((d) => 16 * i - d < 16 * known)
        .map((d) => v128.load(i32.sub(get(work), i32.const(far)), far - d + 16 * i)),
    ]);
  const turn = (vectors: number): Code => [
    ...Array.from({ length: vectors }, (_, i) => v128.store(get(work), cancel(i), 16 * i)).flat(),
    ...step(at, 16 * vectors),
    ...step(work, 16 * vectors),
  ];
  const restStart = i32.sub(get(end), i32.const(restBytes));
  return [
    ...enter(),
    ...repeat(turn(unroll), i32.less(i32.add(get(at), i32.const(16 * unroll - 1)), restStart)),
    ...when(i32.less(get(at), restStart), repeat(turn(1), i32.less(get(at), restStart))),
    ...v128.store(get(work), v128.zero), // the only vector behind the last that is read, in part
    ...Array.from({ length: restVectors }, (_, i) =>
      v128.store(get(rest), cancel(i, 0), 16 * i),
    ).flat(),
  ];
}

/** Cancels the rests' vectors in registers, side by side, until few are left; writes those back. */
function shortStage(): Code {
  const cancelled = restVectors - keptVectors;
  const code: Code[] = [];
  const register = (g: number, k: number): Code | null => {
    if (k < 0 || k >= cancelled) return null;
    return get(recent + g * keptVectors + (k % keptVectors));
  };
  for (let k = 0; k < restVectors; k++) {
    for (let g = 0; g < abreast; g++) {
      const from = map.restsAt + g * restBytes + 16 * k;
      const value = comeBack(v128.load(i32.const(0), from), 0, short, (j) => register(g, k + j));
      if (k < cancelled) code.push(set(recent + g * keptVectors + (k % keptVectors), value));
      else code.push(v128.store(i32.const(0), value, from));
    }
  }
  return code.flat();
}

/** Slicing by 16 over what is left, side by side; each state is then a CRC. */
function tableStage(): Code {
  const code: Code[] = [];
  for (let k = restVectors - keptVectors; k < restVectors; k++) {
    for (let g = 0; g < abreast; g++) {
      const from = map.restsAt + g * restBytes + 16 * k;
      const words = [0, 1, 2, 3].map((w) => {
        const input = i32.load(i32.const(0), from + 4 * w);
        const first = k === restVectors - keptVectors;
        return set(word + w, w === 0 && !first ? i32.xor(input, get(state + g)) : input);
      });
      code.push(
        words.flat(),
        set(
          state + g,
          sliced(
            [0, 1, 2, 3].map((w) => word + w),
            map.tablesAt.crc32,
          ),
        ),
      );
    }
  }
  return code.flat();
}

/** Writes how each CRC differs from the four bytes behind its run. */
function answers(): Code {
  return Array.from({ length: abreast }, (_, g) => {
    const entry = map.runBytes * (g - abreast);
    const back = i32.sub(get(run), i32.const(-entry));
    const found = i32.load(i32.load(back, 4));
    return [
      ...set(state + g, i32.xor(i32.xor(get(state + g), i32.const(-1)), found)),
      ...i32.store(back, get(state + g), 12),
      ...set(wrong, i32.or(get(wrong), get(state + g))),
    ];
  }).flat();
}

/**
 * crc32Each(runs, runsEnd, 0): whole groups of runs (memory-map.ts), each of `runFrom` to `chunkBytes` bytes. Writes
 * each one's difference and returns all of them or-ed: 0 where every CRC is right.
 */
export function crcEach(): Func {
  return {
    name: 'crc32Each',
    i32s,
    v128s: 1 + abreast * keptVectors,
    body: [
      ...repeat(
        [
          ...set(rest, i32.const(map.restsAt)),
          ...set(restsEnd, i32.const(map.restsAt + abreast * restBytes)),
          ...repeat(
            [...longStage(), ...step(rest, restBytes), ...step(run, map.runBytes)],
            i32.less(get(rest), get(restsEnd)),
          ),
          ...shortStage(),
          ...tableStage(),
          ...answers(),
        ],
        i32.less(get(run), get(runsEnd)),
      ),
      ...get(wrong),
    ],
  };
}
