// How much a reader takes from a capture file at its word, and what it says when a file is not right.

/** Longest record where the file's snapshot length is no longer: libpcap's largest default. */
export const USUAL_RECORD_LIMIT = 256 * 1024;

/** Longest record, block or option list whatever the file says, so that four hostile bytes cannot ask for gigabytes. */
export const RECORD_LIMIT = 16 * 1024 * 1024;

/** Interfaces of one section; real files have a few, and each costs an object. */
export const INTERFACE_LIMIT = 65_536;

/** Comments of one record, and bytes of one text that are decoded. */
export const COMMENT_LIMIT = 64;

/** Why a capture file could not be read further. Everything before it was whole. */
export interface CaptureDamage {
  readonly code: 'truncated' | 'bad-value' | 'limit' | 'unsupported';
  /** What was being read, such as 'pcap record' or 'enhanced packet block'; '' for the whole. */
  readonly what: string;
  /** The field that tells, in the header's own spelling; '' for the whole. */
  readonly field: string;
  /** Byte offset in the (unpacked) file; -1 where bytes say nothing, as in text. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
}

/** One line for people. */
export function describeDamage(d: CaptureDamage): string {
  const what = d.field === '' ? d.what : `${d.what}, ${d.field}`;
  const where = d.offset < 0 ? '' : ` at byte ${d.offset} of the file: ${d.code}`;
  const place = `${what}${where}`;
  return `${place === '' ? '' : `${place}: `}expected ${d.expected}, found ${d.found}`;
}

/** The longest record that a file with this snapshot length may hold. */
export const recordLimit = (snapLength: number): number =>
  Math.min(RECORD_LIMIT, Math.max(USUAL_RECORD_LIMIT, snapLength));
