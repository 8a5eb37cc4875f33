// Streams with bytes changed: whatever they hold, following them ends and throws nothing.

import * as fc from 'fast-check';
import { check, type StreamProtocol } from '../../protocols/index.js';
import { type Chunk, follow } from './conversation.js';
import { tilesAndReencodes } from './tiling.js';

/** Follows `chunks` with some bytes overwritten; every unit must still tile its bytes. */
export function survivesMutation(
  stream: StreamProtocol,
  chunks: readonly Chunk[],
  runs = 60,
): void {
  const change = fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 255 }));
  const once = fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
    const mutated = chunks.map((chunk) => ({ ...chunk, bytes: chunk.bytes.slice() }));
    for (const [which, where, value] of changes) {
      const { bytes } = mutated[which % mutated.length]!;
      // Near the start, where the headers are, every other time.
      bytes[where % (where % 2 === 0 ? bytes.length : Math.min(bytes.length, 40))] = value;
    }
    for (const { walk, message } of follow(stream, mutated).units) {
      tilesAndReencodes(walk);
      check(walk);
      if (message) tilesAndReencodes(message);
    }
  });
  fc.assert(once, { numRuns: runs });
}
