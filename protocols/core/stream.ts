// Protocols that run on a byte stream (MPA, NVMe/TCP, NBD): how a stream is cut into units. Whoever keeps the
// stream (src/inspect, later a TCP stack) asks how long the next unit is, waits until it has all of it, then
// hands it over once. Pure but for the state that `open` returns, one for both directions of a connection.

import type { Malformed } from './malformed.js';
import type { Protocol } from './protocol.js';

/** Which end sent the bytes: 0 the one that opened the connection, 1 the other. */
export type From = 0 | 1;

/** Bytes of one direction of a stream, from `at` to `end`; more may come later. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly end: number;
  readonly from: From;
  /** Bytes of this direction that came before `at`, for protocols that count them (MPA markers). */
  readonly position: number;
}

/** One unit (PDU) of a stream. */
export interface Unit {
  /** Bytes from the start of the unit to its end, 1 or more. */
  readonly size: number;
  /** Dissects exactly those bytes. */
  readonly protocol: Protocol;
  /** Which length says so, such as 'nvme-tcp.plen'. */
  readonly boundBy: string;
  /**
   * The whole unit without what its framing strewed into it, as bytes of their own, with the protocol that
   * dissects them: for units whose headers were cut, so that no layer can tile them (MPA markers).
   */
  message?(piece: Piece): { readonly bytes: Uint8Array; readonly protocol: Protocol } | undefined;
}

/** The state of one connection's framing. */
export interface Framing {
  /**
   * Measures the unit at the start of `piece`, which may be cut short: null asks for more bytes.
   * Changes nothing, so it may be asked again. Malformed: this direction cannot be followed any further.
   */
  measure(piece: Piece): Unit | Malformed | null;
  /** Takes note of one whole unit (what was negotiated, which requests are open). Bounded memory. */
  accept(piece: Piece, unit: Unit): void;
  /**
   * Can a unit begin at the start of `piece` although bytes before it are missing or made no sense? Only
   * strong evidence may be answered with true; `measure` then goes on there. Not given: a direction that was
   * lost stays lost.
   */
  resume?(piece: Piece): boolean;
}

/** A protocol that can be found on a TCP stream. */
export interface StreamProtocol {
  readonly key: string;
  /**
   * Well-known server ports; streams on other ports are recognised by their first bytes. A stream whose
   * start was not seen is resumed on these ports only, on any port where there are none.
   */
  readonly ports: readonly number[];
  /** Do these first bytes of a direction begin this protocol? 'more' when too few to tell. */
  recognise(piece: Piece): boolean | 'more';
  open(): Framing;
}

/** Tells a unit from what is wrong with it. */
export const isMalformed = (answer: Unit | Malformed | null): answer is Malformed =>
  answer !== null && 'code' in answer;

/** What is wrong at the start of `piece`, by which its direction cannot be followed any further. */
export function unmeasured(
  piece: Piece,
  code: Malformed['code'],
  layer: string,
  field: string,
  need: number,
  have: number,
): Malformed {
  return { code, layer, field, at: piece.at, need, have, boundBy: 'stream' };
}
