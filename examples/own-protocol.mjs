// A tunnel of your own beside our protocols: declared once, then built, dissected, checked, filtered and asserted like
// any other. Run it with `node examples/own-protocol.mjs`; docs/own-protocol.md says what each part is for.

import {
  crc32c,
  eth,
  flag,
  following,
  header,
  hexDump,
  ipv4,
  protocol,
  reserved,
  summarize,
  udp,
  uint,
  withProtocols,
  word,
} from 'wireverbs/protocols';
import { assertChecksums, assertFrame } from 'wireverbs/testing';

export const MyTunnel = header(
  'MyTunnel',
  [
    word(
      uint(4, 'version', 'always 1', { usual: 1 }),
      flag('urgent', 'before others'),
      reserved(3),
    ),
    uint(8, 'next', 'what it carries', { names: { 1: 'IPV4', 2: 'ETHERNET' } }),
    uint(16, 'length', 'header and body', { unit: 'bytes' }),
    uint(24, 'tenant', 'whose traffic it is'),
    reserved(8),
    uint(32, 'crc', 'CRC-32C of the body', { format: 'hex' }),
  ],
  { title: 'My tunnel', section: 'draft 3, section 2' },
);

export const tunnel = protocol(MyTunnel, {
  // Bytes in: take the header, end what is inside where the length says, find what follows.
  read(walk) {
    const at = walk.take(tunnel);
    if (at < 0) return null;
    walk.limit(at + MyTunnel.get.length(walk.bytes, at), 'mytunnel.length');
    return walk.next('mytunnel', MyTunnel.get.next(walk.bytes, at));
  },
  // What follows from the rest of the frame: written by `build` where it is not given, compared by `check`.
  derive: {
    next: following('mytunnel'),
    length: {
      kind: 'length',
      value: ({ layers }, index) => layers[index].bodyEnd - layers[index].at,
    },
    crc: {
      kind: 'checksum',
      value: ({ bytes, layers }, index) => crc32c(bytes, layers[index].end, layers[index].bodyEnd),
    },
  },
  // Rules that are no derived field, in words.
  verify({ layers }, index, report) {
    if (layers[index].number('version') !== 1) report('version', 'the version is not 1');
  },
  info: (layer) => `tenant ${layer.number('tenant')}`,
});

/** UDP port 9999 carries the tunnel; the tunnel's own numbers are a space of its own. */
export const wire = withProtocols({
  bindings: {
    udp: [[9999, tunnel]],
    mytunnel: [
      [1, ipv4],
      [2, eth],
    ],
  },
});

const inside = [ipv4({ src: '192.168.0.1', dst: '192.168.0.2' }), udp({ dstPort: 7 }), 'hello'];
const outside = [eth(), ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }), udp({ srcPort: 40000 })];

// The right bytes, whatever your encapsulation makes of the same.
export const { bytes } = wire.build([...outside, tunnel({ tenant: 7 }), ...inside]);
export const seen = wire.dissect(bytes);
console.log(summarize(seen).info);
console.log(hexDump(seen));

// In a test of yours: `bytes` comes from your code.
assertFrame(
  bytes,
  'eth/ipv4/udp(dstPort=9999)/mytunnel(tenant=7)/ipv4(src=192.168.0.1)/.../"hello"',
  {
    wire,
  },
);
assertChecksums(bytes, { wire }); // ['ipv4.headerChecksum', ..., 'mytunnel.crc', ...]

// Expressions and filters know it by its key.
const text = 'eth/ipv4/udp/mytunnel(tenant=8)/eth/ipv4/udp/"x"';
const other = wire.dissect(wire.build(wire.parseFrame(text)).bytes);
export const found = [seen, other].filter(wire.compileFilter('mytunnel.tenant > 7'));
console.log(`${found.length} frame of tenant 8`);

// Wrong on purpose, to see whether your receiver notices; `check` says what is wrong.
const bad = wire.build([...outside, tunnel({ tenant: 7 }), ...inside], {
  sealing: { 'mytunnel.crc': 'spoil' },
});
export const [finding] = wire.check(wire.dissect(bad.bytes)).findings;
console.log(`${finding.layer}.${finding.field}: ${finding.message}`);
