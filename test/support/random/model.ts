// The reference model of random programs: what each operation does to the memory at the far side and what it answers,
// in a few lines that know nothing of packets.

/** What a work request does at the other side. */
export type Operation =
  | { readonly does: 'nothing' }
  | { readonly does: 'send'; readonly bytes: Uint8Array; readonly imm: number }
  | { readonly does: 'write'; readonly to: number; readonly bytes: Uint8Array }
  | { readonly does: 'read'; readonly from: number; readonly length: number }
  | { readonly does: 'add'; readonly at: number; readonly by: bigint }
  | { readonly does: 'swap'; readonly at: number; readonly compare: bigint; readonly by: bigint }
  | { readonly does: 'store'; readonly at: number; readonly value: bigint };

const words = (b: Uint8Array): DataView => new DataView(b.buffer, b.byteOffset, b.byteLength);

/** A host's number in 8 bytes. */
export function wordBytes(value: bigint, littleEndian = true): Uint8Array {
  const bytes = new Uint8Array(8);
  words(bytes).setBigUint64(0, value, littleEndian);
  return bytes;
}
export const wordAt = (b: Uint8Array, at: number): bigint => words(b).getBigUint64(at, true);

/** Carries `op` out on the far side's memory; answers what comes back, null when nothing does. */
export function reference(memory: Uint8Array, op: Operation): Uint8Array | null {
  switch (op.does) {
    case 'write':
      memory.set(op.bytes, op.to);
      return null;
    case 'read':
      return memory.slice(op.from, op.from + op.length);
    case 'store':
      memory.set(wordBytes(op.value, false), op.at);
      return null;
    case 'add':
    case 'swap': {
      const was = wordAt(memory, op.at);
      const swapped = op.does === 'swap' && was === op.compare ? op.by : was;
      const next = op.does === 'add' ? BigInt.asUintN(64, was + op.by) : swapped;
      memory.set(wordBytes(next), op.at);
      return wordBytes(was);
    }
    default:
      return null;
  }
}

/** The bytes that an operation may have changed when it was carried out in part. */
function reach(op: Operation): [from: number, to: number] {
  switch (op.does) {
    case 'write':
      return [op.to, op.to + op.bytes.length];
    case 'store':
    case 'add':
    case 'swap':
      return [op.at, op.at + 8];
    default:
      return [0, 0];
  }
}

/**
 * Is `memory` what `before` becomes by the first few of `operations`, the next one perhaps begun? A connection that
 * broke leaves nothing else behind.
 */
export function isPrefix(
  before: Uint8Array,
  operations: readonly Operation[],
  memory: Uint8Array,
): boolean {
  const model = before.slice();
  for (let i = 0; ; i++) {
    const next = operations[i];
    const begun = model.slice();
    if (next) reference(begun, next);
    const [from, to] = next ? reach(next) : [0, 0];
    if (
      model.every(
        (b, at) => b === memory[at] || (at >= from && at < to && begun[at] === memory[at]),
      )
    )
      return true;
    if (!next) return false;
    reference(model, next);
  }
}
