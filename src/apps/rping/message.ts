// What rping's two sides send each other: where a buffer is, in network byte order (struct rping_rdma_info), and text
// to fill it with. As librdmacm's rping has them, so that either side may be Linux's.

import { header, uint } from '../../../protocols/index.js';

export const RpingInfo = header('RpingInfo', [
  uint(64, 'buf', 'address of the buffer'),
  uint(32, 'rkey', 'its key'),
  uint(32, 'size', 'its bytes'),
]);

export const RPING_PORT = 7174;
/** Linux's rping refuses what lies outside: RPING_MIN_BUFSIZE, and one less than RPING_BUFSIZE, 64 KiB. */
export const LEAST_SIZE = 23;
export const MOST_SIZE = 64 * 1024 - 1;
export const USUAL_SIZE = 64;

const FIRST = 'A'.charCodeAt(0);
const LAST = 'z'.charCodeAt(0);
const LETTERS = LAST - FIRST + 1;

/** The text of ping number `ping`: its number, then letters that begin one further each time; a zero ends it. */
export function fillPing(b: Uint8Array, ping: number): void {
  const title = new TextEncoder().encode(`rdma-ping-${ping}: `);
  b.set(title);
  for (let i = title.length; i < b.length; i++)
    b[i] = FIRST + ((ping + i - title.length) % LETTERS);
  b[b.length - 1] = 0;
}

/** Bytes up to the zero and with it, as strlen plus one counts them; all of them where there is none. */
export function textLength(b: Uint8Array): number {
  const zero = b.indexOf(0);
  return zero < 0 ? b.length : zero + 1;
}

/** The text as people see it. */
export const textOf = (b: Uint8Array): string => {
  const length = textLength(b);
  return new TextDecoder('latin1').decode(b.subarray(0, b[length - 1] === 0 ? length - 1 : length));
};
