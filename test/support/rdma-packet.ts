// Packets for one end of a back-to-back pair, built by hand as a peer (or somebody who claims to be one) would send
// them; and what the answer says.

import {
  aeth,
  bth,
  build,
  type Dissection,
  dissect,
  eth,
  ipv4,
  type LayerInput,
  opcodes,
  udp,
} from '../../protocols/index.js';
import { type BackToBack, macOf } from './back-to-back.js';

/** The code of an opcode by its name. */
export const opcode = (name: string): number => opcodes.find((o) => o.name === name)!.code;

export interface Crafted {
  readonly psn: number;
  readonly destQp?: number;
  readonly [field: string]: number | undefined;
}

/** A RoCE v2 frame over IPv4 from the other host to `to`. */
export function craft(
  to: 0 | 1,
  name: string,
  fields: Crafted,
  inside: readonly LayerInput[] = [],
  ip: { src?: string; dst?: string } = {},
): Uint8Array {
  const from = to === 0 ? 1 : 0;
  const { destQp = 0x11, ...others } = fields;
  return build([
    eth({ dst: macOf(to), src: macOf(from) }),
    ipv4({ src: ip.src ?? `10.0.0.${from + 1}`, dst: ip.dst ?? `10.0.0.${to + 1}`, ttl: 64 }),
    udp({ srcPort: 0xc123, dstPort: 4791 }),
    bth({ opcode: opcode(name), destQp, ...(others as Record<string, number>) }),
    ...inside,
  ]).bytes;
}

/** An acknowledgement from the other host. */
export const ack = (to: 0 | 1, psn: number, syndrome: number, msn = 1): Uint8Array =>
  craft(to, 'RC_ACKNOWLEDGE', { psn }, [aeth({ syndrome, msn })]);

export interface Said {
  readonly name: string;
  readonly psn: number;
  readonly syndrome: number;
  readonly msn: number;
  readonly size: number;
  readonly frame: Dissection;
}

/** What `from` has sent, from frame number `since` on. */
export function said(net: BackToBack, from: 0 | 1, since = 0): Said[] {
  return net.sent
    .slice(since)
    .filter((s) => s.from === from)
    .map(({ bytes }) => {
      const frame = dissect(bytes, { linkType: net.wire === 'IB' ? 247 : 1 });
      const layer = (key: string) => frame.layers.find((l) => l.key === key);
      const packet = layer('bth')!;
      const code = packet.number('opcode');
      return {
        name: opcodes.find((o) => o.code === code)!.name,
        psn: packet.number('psn'),
        syndrome: layer('aeth')?.number('syndrome') ?? -1,
        msn: layer('aeth')?.number('msn') ?? -1,
        size: bytes.length,
        frame,
      };
    });
}

/** The names of what was sent. */
export const names = (net: BackToBack, from: 0 | 1, since = 0): string[] =>
  said(net, from, since).map((s) => s.name);

export const eventsOf = (net: BackToBack, index: 0 | 1): string[] =>
  net.hosts[index].device.events.map((e) => e.type);
