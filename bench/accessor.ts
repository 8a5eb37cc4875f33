// Reading fields: compiled accessors against buffer-layout, which has the same list of fields and decodes all of
// them whatever is asked for.

import { BTH, IPv4, TCP } from '../protocols/index.js';
import { compare, type Row } from './support.js';

const COUNT = 64;
/** No power of two, so that headers do not fight for the same lines of the cache. */
const STEP = 72;
const bytes = Buffer.alloc(COUNT * STEP);
for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 37) >> 2;

const { psn } = BTH.get;
const { seq } = TCP.get;
const { dst } = IPv4.get;
const { opcode, padCount, pkey, destQp, ackReq } = BTH.get;

const each = (read: (at: number) => number) => () => {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += STEP) sum += read(at);
  return sum;
};

type Decoded = Record<string, number>;

const decoded = (header: { readonly layout: { decode(b: Buffer, at: number): unknown } }) => {
  const { layout } = header;
  return (field: string) => each((at) => (layout.decode(bytes, at) as Decoded)[field]!);
};

const goals = { accessor: { atLeast: 30, robust: 10 } };

export async function suite(): Promise<Row[]> {
  const options = { per: COUNT, goals };
  return [
    ...(await compare(
      'read one field of BTH',
      {
        'buffer-layout decode': decoded(BTH)('psn'),
        'decode (records)': each((at) => BTH.decode(bytes, at).psn),
        'by name': each((at) => BTH.read('psn', bytes, at) as number),
        accessor: each((at) => psn(bytes, at)),
      },
      options,
    )),
    ...(await compare(
      'read six fields of BTH',
      {
        'buffer-layout decode': decoded(BTH)('psn'),
        accessors: each(
          (at) =>
            opcode(bytes, at) +
            padCount(bytes, at) +
            pkey(bytes, at) +
            destQp(bytes, at) +
            ackReq(bytes, at) +
            psn(bytes, at),
        ),
      },
      options,
    )),
    ...(await compare(
      'read one field of TCP',
      { 'buffer-layout decode': decoded(TCP)('seq'), accessor: each((at) => seq(bytes, at)) },
      options,
    )),
    ...(await compare(
      'read one field of IPv4',
      { 'buffer-layout decode': decoded(IPv4)('dst'), accessor: each((at) => dst(bytes, at)) },
      options,
    )),
  ];
}
