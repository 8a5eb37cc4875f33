// What is wrong with bytes from the wire, as a value. Bytes never make our code throw.

/** Why bytes from the wire could not be read further. */
export interface Malformed {
  readonly code:
    | 'truncated'
    | 'length-conflict'
    | 'bad-value'
    | 'bad-checksum'
    | 'unsupported'
    | 'limit';
  /** Key of the layer, such as 'ipv4'. */
  readonly layer: string;
  /** Field that told or that is missing; '' where it is the whole layer. */
  readonly field: string;
  /** Byte offset in the whole frame, so that the dump can point at it. */
  readonly at: number;
  /** Bytes (or the value) that were needed. */
  readonly need: number;
  /** Bytes (or the value) that were found. */
  readonly have: number;
  /** Which length set the bound: 'frame', 'ipv4.totalLength', ... */
  readonly boundBy: string;
}

const count = (n: number): string => (n === 1 ? '1 byte' : `${n} bytes`);

const sentence: Record<Malformed['code'], (m: Malformed) => string> = {
  truncated: (m) => {
    const where = m.have > 0 && m.field !== '' ? `, cut in '${m.field}'` : '';
    return `needs ${count(m.need)}, ${m.boundBy} leaves ${m.have}${where}`;
  },
  'length-conflict': (m) =>
    m.need < m.have
      ? `makes ${m.layer} ${count(m.need)} long, of which ${m.have} are read already`
      : `makes ${m.layer} ${count(m.need)} long, ${m.boundBy} leaves ${m.have}`,
  'bad-value': (m) => `is ${m.have}, expected ${m.need} (bound: ${m.boundBy})`,
  'bad-checksum': (m) => `is ${m.have}, computed ${m.need} (over: ${m.boundBy})`,
  unsupported: (m) => `has the value ${m.have}, which is not dissected (bound: ${m.boundBy})`,
  limit: (m) => `goes beyond the bound of ${m.need} (${m.boundBy}): ${m.have}`,
};

/** One line for people: what, where, needed, had, bound by which length. */
export function describeMalformed(m: Malformed): string {
  const isWhole = m.field === '' || m.code === 'truncated'; // what is missing is the layer's, not one field's
  const what = isWhole ? m.layer : `${m.layer}.${m.field}`;
  return `${what} at byte ${m.at}: ${m.code}: ${sentence[m.code](m)}`;
}
