// Receive-side scaling: the Toeplitz hash of a flow, and which queue it leads to (Microsoft, "RSS hashing types"; Linux:
// netdev_rss_key_fill). One table a byte and its value, made once from the key, so that hashing is exclusive ors alone.

import { header, uint } from '../../protocols/core/index.js';
import { asWord } from '../../protocols/core/serial.js';
import { isMapped } from '../stack/index.js';
import type { PacketView } from './packet-view.js';

/** The key of Microsoft's verification suite. */
export const verificationKey = Uint8Array.from([
  0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0,
  0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c,
  0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
]);

const VALUES = 256;
const BITS = 8;
/** Both addresses of IPv6 and both ports. */
const MOST_INPUT = 36;
/** Where IPv4's address lies in its mapped form. */
const ADDRESS4_AT = 12;
const Ports = header('Ports', [uint(16, 'source', 'port'), uint(16, 'target', 'port')]);
const KeyWord = header('KeyWord', [
  uint(32, 'high', 'next bits of the key'),
  uint(8, 'low', 'more'),
]);

/** The 32 bits of the key from bit `bit` on. */
function window(key: Uint8Array, bit: number): number {
  const at = Math.floor(bit / BITS);
  const shift = bit % BITS;
  const padded = new Uint8Array(KeyWord.size);
  padded.set(key.subarray(at, at + KeyWord.size));
  const { high, low } = KeyWord.decode(padded, 0);
  return ((high * 2 ** shift) % 2 ** 32) + Math.floor(low / 2 ** (BITS - shift));
}

export class Toeplitz {
  readonly #table = new Int32Array(MOST_INPUT * VALUES);

  constructor(key = verificationKey) {
    for (let i = 0; i < MOST_INPUT; i++) {
      for (let bit = 0; bit < BITS; bit++) {
        const word = window(key, i * BITS + bit);
        const unit = 2 ** (BITS - 1 - bit);
        for (let value = 0; value < VALUES; value++)
          if (Math.floor(value / unit) % 2 === 1) this.#table[i * VALUES + value]! ^= word;
      }
    }
  }

  /** Of a flow by its four numbers, addresses in sixteen bytes, as a card hashes its frames. */
  flow(source: Uint8Array, sourcePort: number, target: Uint8Array, targetPort: number): number {
    const first = isMapped(target) ? ADDRESS4_AT : 0;
    const ports = Ports.encode({ source: sourcePort, target: targetPort });
    const input = [...source.subarray(first), ...target.subarray(first), ...ports];
    const sum = input.reduce((s, byte, i) => s ^ this.#table[i * VALUES + byte]!, 0);
    return sum;
  }

  /** Of addresses, and ports where there are some; 0 for what is no IP. As a signed number, like `flow`'s. */
  // hot
  hash(b: Uint8Array, view: PacketView): number {
    if (view.version === 0) return 0;
    const from = view.addressesAt;
    const count = view.addressBytes;
    let sum = 0;
    for (let i = 0; i < count; i++) sum ^= this.#table[i * VALUES + b[from + i]!]!;
    if (!view.hasPorts) return sum;
    const ports = view.transportAt;
    for (let i = 0; i < 4; i++) sum ^= this.#table[(count + i) * VALUES + b[ports + i]!]!;
    return sum;
  }
}

/** Entries of the indirection table. */
const BUCKETS = 128;

export class Steering {
  readonly toeplitz = new Toeplitz();
  /** Which queue each bucket of hashes goes to. */
  readonly buckets: Int32Array;
  /** Flows that have a rule of their own (aRFS), by hash. */
  readonly #rules = new Map<number, number>();

  constructor(queues: number) {
    this.buckets = Int32Array.from({ length: BUCKETS }, (_, i) => i % queues);
  }

  // hot
  queueOf(hash: number): number {
    const rule = this.#rules.size === 0 ? undefined : this.#rules.get(hash);
    return rule ?? this.buckets[asWord(hash) % BUCKETS]!;
  }

  /** Sends a flow to a queue from now on. */
  steer(hash: number, queue: number): void {
    this.#rules.set(hash, queue);
  }

  forget(hash: number): void {
    this.#rules.delete(hash);
  }
}
