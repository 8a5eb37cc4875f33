// Verifies the ICRCs of many frames at once. Dissecting and computing CRCs by turns, frame by frame, drives each
// other's code and tables out of the innermost caches, and the way into WebAssembly costs as much as the CRC: the
// same ICRC takes two to three times as long as in a batch (bench/README.md). So frames are noted as they are
// dissected, and verified together while their bytes are still there.

import { Crc32Runs } from '../core/checksum/index.js';
import type { Layer } from '../core/layer.js';
import type { Scene } from '../core/protocol.js';
import { BTH } from './base-transport.js';
import { bth } from './bth.js';
import { icrcCovers } from './icrc.js';
import { icrc, icrcIsRight } from './trailer.js';

/** Layers that a cover begins with, in the order of `icrcCovers`. */
const carriers = ['ipv4', 'ipv6', 'grh', 'lrh'];

/**
 * Notes dissected frames and verifies their ICRCs (IBA 7.8.1) together, in less than half the time that it
 * takes by turns. Frames without an ICRC are passed over; the others' bytes must stay as they are until `verify`.
 */
export class IcrcBatch {
  /** ICRCs verified so far, right or wrong. */
  verified = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #frames: Float64Array;
  readonly #runs: Crc32Runs;
  #wrong: number[] = [];

  /** @param most frames that are noted before they are verified by themselves */
  constructor(readonly most = 4096) {
    this.#frames = new Float64Array(most);
    this.#runs = new Crc32Runs(icrcCovers, most);
  }

  /** Notes a dissected frame, if it has an ICRC. Its bytes must stay as they are until `verify`. */
  // hot
  note(frame: number, { bytes, layers }: Scene): void {
    if (bytes !== this.#bytes || this.#runs.count === this.most) {
      this.#run();
      this.#bytes = bytes;
    }
    for (let i = layers.length - 1; i > 0; i--) {
      const layer = layers[i]!;
      if (layer.protocol !== icrc) continue;
      const packet = layers[layer.owner];
      if (packet?.protocol === bth) this.#add(frame, layers, layer, packet);
      return;
    }
  }

  #add(frame: number, layers: readonly Layer[], trailer: Layer, packet: Layer): void {
    const before = trailer.owner - 1;
    const carrier = layers[layers[before]?.key === 'udp' ? before - 1 : before];
    if (carrier === undefined) return;
    const cover = carriers.indexOf(carrier.key);
    const usual = icrcCovers[cover]?.size === packet.at + BTH.size - carrier.at;
    if (!usual) return this.#alone(frame, { bytes: this.#bytes, layers });
    this.#frames[this.#runs.add(carrier.at, trailer.at, cover)] = frame;
  }

  /** Options or extension headers stand between: rare, so such frames are verified at once. */
  #alone(frame: number, scene: Pick<Scene, 'bytes' | 'layers'>): void {
    const right = icrcIsRight(scene);
    if (right === undefined) return;
    this.verified++;
    if (!right) this.#wrong.push(frame);
  }

  // hot
  #run(): void {
    this.verified += this.#runs.count;
    this.#runs.verify(this.#bytes, this.#isWrong);
  }

  readonly #isWrong = (run: number): void => {
    this.#wrong.push(this.#frames[run]!);
  };

  /** Verifies what was noted, and gives the numbers of all frames since the last call whose ICRC is wrong. */
  verify(): readonly number[] {
    this.#run();
    this.#bytes = NOTHING; // keeps no memory alive
    const wrong = this.#wrong.sort((a, b) => a - b);
    this.#wrong = [];
    return wrong;
  }
}

const NOTHING = new Uint8Array(0);
