// Sizes and places in MPA's stream: pads and markers (RFC 5044 4.1 and 4.3). Positions count the bytes of one
// direction from the first byte of its first FPDU on, markers included.

/** Distance from the start of one marker to the start of the next. */
export const MARKER_INTERVAL = 512;

export const MARKER_SIZE = 4;

/** FPDUs are a whole number of these. */
const WORD = 4;

/** Width of the length field in front of the ULPDU. */
const LENGTH_SIZE = 2;

/** Pad bytes behind a ULPDU: length field, ULPDU and pad together fill whole words. */
export const padOf = (ulpdu: number): number => (WORD - ((LENGTH_SIZE + ulpdu) % WORD)) % WORD;

/** Bytes from `position` to the next marker, 0 where one is due. */
export const toMarker = (position: number): number =>
  (MARKER_INTERVAL - (position % MARKER_INTERVAL)) % MARKER_INTERVAL;

/** Bytes on the wire of `plain` bytes that start at `position`; a marker goes before the byte at its place. */
export function markedSize(position: number, plain: number): number {
  let size = 0;
  for (let left = plain; left > 0; ) {
    if (toMarker(position + size) === 0) size += MARKER_SIZE;
    const run = Math.min(left, toMarker(position + size));
    size += run;
    left -= run;
  }
  return size;
}
