// The entry of the browser bundle: uses a little of everything, and answers in plain values.

import { build, check, dissect, eth, hexDump, ipv4, udp } from '../../protocols/index.js';

export function proof(): { hex: string; keys: string[]; wrong: number; dump: string } {
  const frame = build([
    eth({ dst: '02:00:00:00:00:01' }),
    ipv4({ src: '10.0.0.1', dst: '10.0.0.2', ttl: 64 }),
    udp({ srcPort: 9, dstPort: 9 }),
    'hello',
  ]);
  const seen = dissect(frame.bytes);
  return {
    hex: [...frame.bytes].map((b) => b.toString(16).padStart(2, '0')).join(''),
    keys: seen.layers.map((l) => l.key),
    wrong: check(seen).findings.length,
    dump: hexDump(seen),
  };
}
