// Protocols of your own beside ours: what `withProtocols` gives dissects, builds and understands both. Ours stay as
// they are, so that two tests with tunnels of their own on the same port do not meet.

import { bindings } from './bindings.js';
import { type BuildOptions, buildWith, type Frame, type LayerInput } from './core/build.js';
import { check } from './core/check.js';
import { type Dissection, type DissectOptions, dissectWith } from './core/dissect.js';
import type { Protocol } from './core/protocol.js';
import { checkSealing } from './core/seal.js';
import { didYouMean } from './core/suggest.js';
import type { Bindings } from './core/walk.js';
import { build, compileFilter, dissect, parseFrame } from './frame.js';
import { protocolByKey, protocols } from './registry.js';
import type { Filter } from './text/filter.js';

/** Protocols to be added, and the numbers they stand behind. */
export interface WireExtension {
  /**
   * Which protocol stands behind which number, by the name of the space: `{ udp: [[9999, tunnel]] }`. Spaces are
   * those of `bindings` ('link', 'ethertype', 'ipproto', 'udp', ...), or of your own, named after the key of one of
   * your protocols ('tunnel', 'tunnel-type'). The first number of a protocol is the one that is built.
   */
  readonly bindings?: Readonly<Record<string, readonly (readonly [number, Protocol])[]>>;
  /** Protocols that no number stands for, such as the options of a header, so that texts may name them. */
  readonly protocols?: readonly Protocol[];
  /** True: a number that is taken stands for the new protocol from now on. Otherwise that is an error. */
  readonly replace?: boolean;
}

/** Everything that depends on which protocols there are. Its functions need no `this`. */
export interface Wire {
  /** All protocols, in the order of the documentation; those that were added last. */
  readonly protocols: readonly Protocol[];
  /** The same by their keys. */
  readonly protocolByKey: ReadonlyMap<string, Protocol>;
  /** Which protocol stands behind which number. */
  readonly bindings: Bindings;
  /** As `dissect`. */
  dissect(bytes: Uint8Array, options?: DissectOptions): Dissection;
  /** As `build`. @throws RangeError as `build` does */
  build(layers: readonly LayerInput[], options?: BuildOptions): Frame;
  /** As `check`: verifies what either of the two gave. */
  readonly check: typeof check;
  /** As `parseFrame`. @throws ExpressionError (a RangeError) that shows the place */
  parseFrame(text: string): readonly LayerInput[];
  /** As `compileFilter`. @throws ExpressionError (a RangeError) that shows the place */
  compileFilter(text: string): Filter;
}

/** All protocols of this package and no others: what the functions of the same names work with. */
export const standardWire: Wire = {
  protocols,
  protocolByKey,
  bindings,
  dissect,
  build,
  check,
  parseFrame: (text) => parseFrame(text),
  compileFilter: (text) => compileFilter(text),
};

/**
 * A wire with protocols of your own.
 * @param base what it adds to: all of ours unless given, or another wire of yours
 * @throws RangeError when a key is taken or cannot be typed, when a number is taken (see `replace`) or is none, and
 * when there is no such space
 * @example
 * const wire = withProtocols({ bindings: { udp: [[9999, tunnel]] } });
 * wire.dissect(wire.build([eth(), ipv4(), udp(), tunnel({ id: 7 }), eth(), 'x']).bytes);
 */
export function withProtocols(extension: WireExtension, base: Wire = standardWire): Wire {
  const added = addedTo(base, extension);
  const all = [...base.protocols, ...added];
  const byKey = new Map(all.map((p) => [p.key, p]));
  const bound = boundIn(base.bindings, extension, added);
  return {
    protocols: all,
    protocolByKey: byKey,
    bindings: bound,
    dissect: (bytes, options = {}) => dissectWith(bound, bytes, options),
    build(layers, options = {}) {
      if (options.sealing) checkSealing(options.sealing, byKey);
      return buildWith(bound, layers, options);
    },
    check,
    parseFrame: (text) => parseFrame(text, byKey),
    compileFilter: (text) => compileFilter(text, all),
  };
}

/** What the two small languages read as a key, and what they read otherwise. */
const KEY = /^[a-z_][a-z0-9_-]*$/;
const WORDS = new Set('and or not eq ne gt lt ge le in contains hex zeros frame'.split(' '));

/** The new protocols, those that complete their headers and bodies (pads, trailers) included. */
function addedTo(base: Wire, extension: WireExtension): Protocol[] {
  const waiting = [
    ...(extension.protocols ?? []),
    ...Object.values(extension.bindings ?? {}).flatMap((rows) => rows.map(([, p]) => p)),
  ];
  const added = new Map<string, Protocol>();
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { key } = next;
    const present = base.protocolByKey.get(key) ?? added.get(key);
    if (present === next) continue;
    if (present) {
      throw new RangeError(
        `the key '${key}' of ${next.header.name} is taken by ${present.header.name}; declare the header with another`,
      );
    }
    if (!KEY.test(key) || WORDS.has(key)) {
      throw new RangeError(
        `'${key}' of ${next.header.name} is no key that can be typed; declare the header with { key: '...' }`,
      );
    }
    added.set(key, next);
    waiting.push(...[...next.heads, ...next.trailers].map((completion) => completion.protocol));
  }
  return [...added.values()];
}

function boundIn(base: Bindings, extension: WireExtension, added: readonly Protocol[]): Bindings {
  const bound: Record<string, ReadonlyMap<number, Protocol>> = { ...base };
  for (const [space, rows] of Object.entries(extension.bindings ?? {})) {
    const own = added.some(({ key }) => space === key || space.startsWith(`${key}-`));
    if (!Object.hasOwn(bound, space) && !own) {
      throw new RangeError(
        `there is no space '${space}'${didYouMean(space, Object.keys(base))}; one of your own is named after one of your protocols`,
      );
    }
    const numbers = new Map(bound[space]);
    for (const [number, protocol] of rows) {
      if (!Number.isInteger(number) || number < 0) {
        throw new RangeError(`${space} ${number}: numbers are whole and not negative`);
      }
      const present = numbers.get(number);
      if (present && present !== protocol && extension.replace !== true) {
        throw new RangeError(`${space} ${number} is taken by '${present.key}'`);
      }
      numbers.set(number, protocol);
    }
    bound[space] = numbers;
  }
  return bound;
}
