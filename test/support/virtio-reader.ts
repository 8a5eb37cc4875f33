// Reads virtqueues out of a raw image of a guest's memory as the text of virtio 1.2 lays them out, and knows nothing of our
// own declarations: every offset below is counted from the structures of the standard, with their section.

export interface RawDescriptor {
  readonly addr: bigint;
  readonly len: number;
  readonly flags: number;
  readonly next: number;
}

/** 2.7.5: VIRTQ_DESC_F_*. */
export const F_NEXT = 1;
export const F_WRITE = 2;
export const F_INDIRECT = 4;
/** 2.8.1. */
export const F_AVAIL = 1 << 7;
export const F_USED = 1 << 15;

const view = (b: Uint8Array) => new DataView(b.buffer, b.byteOffset, b.byteLength);

/** struct virtq_desc (2.7.5): le64 addr, le32 len, le16 flags, le16 next. */
export function rawDescriptor(b: Uint8Array, at: number): RawDescriptor {
  const v = view(b);
  return {
    addr: v.getBigUint64(at, true),
    len: v.getUint32(at + 8, true),
    flags: v.getUint16(at + 12, true),
    next: v.getUint16(at + 14, true),
  };
}

export interface RawSplit {
  readonly descriptors: readonly RawDescriptor[];
  readonly avail: {
    readonly flags: number;
    readonly idx: number;
    readonly ring: readonly number[];
    readonly usedEvent: number;
  };
  readonly used: {
    readonly flags: number;
    readonly idx: number;
    readonly ring: readonly { readonly id: number; readonly len: number }[];
    readonly availEvent: number;
  };
}

export interface RawPlace {
  readonly size: number;
  readonly descriptors: number;
  readonly driver: number;
  readonly device: number;
}

/** struct virtq_avail (2.7.6) and struct virtq_used (2.7.8). */
export function rawSplit(b: Uint8Array, { size, descriptors, driver, device }: RawPlace): RawSplit {
  const v = view(b);
  const each = <T>(read: (i: number) => T) => Array.from({ length: size }, (_, i) => read(i));
  return {
    descriptors: each((i) => rawDescriptor(b, descriptors + 16 * i)),
    avail: {
      flags: v.getUint16(driver, true),
      idx: v.getUint16(driver + 2, true),
      ring: each((i) => v.getUint16(driver + 4 + 2 * i, true)),
      usedEvent: v.getUint16(driver + 4 + 2 * size, true),
    },
    used: {
      flags: v.getUint16(device, true),
      idx: v.getUint16(device + 2, true),
      ring: each((i) => ({
        id: v.getUint32(device + 4 + 8 * i, true),
        len: v.getUint32(device + 8 + 8 * i, true),
      })),
      availEvent: v.getUint16(device + 4 + 8 * size, true),
    },
  };
}

export interface RawPacked {
  readonly addr: bigint;
  readonly len: number;
  readonly id: number;
  readonly flags: number;
}

/** struct pvirtq_desc (2.8.13): le64 addr, le32 len, le16 id, le16 flags. */
export function rawPacked(b: Uint8Array, { size, descriptors }: RawPlace): RawPacked[] {
  const v = view(b);
  return Array.from({ length: size }, (_, i) => ({
    addr: v.getBigUint64(descriptors + 16 * i, true),
    len: v.getUint32(descriptors + 16 * i + 8, true),
    id: v.getUint16(descriptors + 16 * i + 12, true),
    flags: v.getUint16(descriptors + 16 * i + 14, true),
  }));
}

/** struct pvirtq_event_suppress (2.8.14): desc_event_off 15 bits, desc_event_wrap 1; desc_event_flags 2 bits. */
export function rawEvent(b: Uint8Array, at: number) {
  const v = view(b);
  const desc = v.getUint16(at, true);
  return { off: desc & 0x7fff, wrap: desc >> 15, flags: v.getUint16(at + 2, true) & 3 };
}

export interface RawPiece {
  readonly addr: number;
  readonly len: number;
  readonly write: boolean;
}

/** The chain of a split queue that begins with `head`, tables of indirect descriptors included (2.7.5.3). */
export function splitChain(b: Uint8Array, place: RawPlace, head: number): RawPiece[] {
  const pieces: RawPiece[] = [];
  const walk = (table: number, count: number, first: number) => {
    for (let index = first, turns = 0; ; turns++) {
      if (turns === count || index >= count) throw new Error('no end of the chain');
      const d = rawDescriptor(b, table + 16 * index);
      if (d.flags & F_INDIRECT) walk(Number(d.addr), d.len / 16, 0);
      else pieces.push({ addr: Number(d.addr), len: d.len, write: (d.flags & F_WRITE) !== 0 });
      if (!(d.flags & F_NEXT)) return;
      index = d.next;
    }
  };
  walk(place.descriptors, place.size, head);
  return pieces;
}

/** The buffers of a packed queue that are available from `index` on at wrap counter `wrap` (2.8.1, 2.8.6). */
export function packedBuffers(
  b: Uint8Array,
  place: RawPlace,
  index: number,
  wrap: number,
  most: number,
): { readonly id: number; readonly slots: number; readonly pieces: RawPiece[] }[] {
  const ring = rawPacked(b, place);
  const found = [];
  let turn = wrap;
  let at = index;
  for (let taken = 0; taken < most; ) {
    const isAvailable = ({ flags }: RawPacked) =>
      ((flags & F_AVAIL) !== 0) === (turn === 1) && ((flags & F_USED) !== 0) !== (turn === 1);
    if (!isAvailable(ring[at]!)) break;
    const pieces: RawPiece[] = [];
    let slots = 0;
    for (let more = true; more; ) {
      const d = ring[at]!;
      if (!isAvailable(d)) throw new Error('a part of a chain is not available');
      const piece = (addr: bigint, len: number, flags: number) =>
        pieces.push({ addr: Number(addr), len, write: (flags & F_WRITE) !== 0 });
      if (d.flags & F_INDIRECT) {
        // 2.8.7: the table's descriptors are the ring's, one after the other.
        const place = { size: d.len / 16, descriptors: Number(d.addr), driver: 0, device: 0 };
        for (const one of rawPacked(b, place)) piece(one.addr, one.len, one.flags);
      } else piece(d.addr, d.len, d.flags);
      slots++;
      more = (d.flags & F_NEXT) !== 0;
      if (!more) found.push({ id: d.id, slots, pieces });
      at++;
      if (at === place.size) {
        at = 0;
        turn = 1 - turn;
      }
    }
    taken += slots;
  }
  return found;
}
