// Packets of the InfiniBand transport: BTH, the headers that its opcode says, payload, pad and ICRC. A whole
// packet is dissected from here, whether UDP, a GRH or an LRH carries it.

import { decimalOf, hexOf } from '../core/hex.js';
import { Printed } from '../core/printed.js';
import type { Protocol } from '../core/protocol.js';
import { type Completion, protocol, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { BTH, QP } from './base-transport.js';
import { chains } from './chain.js';
import { cnp } from './extension.js';
import { opcodeByCode } from './opcode.js';
import { payloadSize } from './rule.js';
import { ibpad, icrc } from './trailer.js';
import { verifyBth } from './verify.js';

/** Packets are filled up to words of this many bytes (IBA 9.2.4). */
const WORD = 4;

const { get } = BTH;

// hot
function read(walk: Walk): Protocol | null | undefined {
  const at = walk.take(bth);
  if (at < 0) return null;
  const { bytes } = walk;
  const owner = walk.layers.length - 1;
  // A packet that an ICMP error quotes is cut short anywhere: no trailer can be found in it.
  if (!walk.quoted && !walk.trailer(icrc)) return null;
  const opcode = get.opcode(bytes, at);
  const chain = chains[opcode];
  if (chain === undefined) return walk.fail('unsupported', 'opcode', 0, opcode);
  for (let i = 0; i < chain.length; i++) if (walk.take(chain[i]!) < 0) return null;
  const pads = get.padCount(bytes, at);
  if (pads > 0 && !walk.quoted && !walk.trailer(ibpad, pads, owner)) return null;
  return walk.left === 0 ? null : carried(walk, at);
}

/** What the payload is, as far as one packet or the caller's knowledge of the queue pair tells. */
function carried(walk: Walk, at: number): Protocol | null | undefined {
  const known = walk.context.rdmaPayload?.(walk);
  if (known !== undefined) return known;
  const toManager = BTH.get.destQp(walk.bytes, at) <= QP.GSI;
  if (toManager && opcodeByCode[BTH.get.opcode(walk.bytes, at)]?.service === 'UD') {
    return walk.next('mad', 0);
  }
  return undefined;
}

/** What people call the packet, by what carries it. */
function carrier({ layers }: Scene, index: number): string {
  switch (layers[index - 1]?.key) {
    case 'udp':
      return 'RoCEv2';
    case 'grh':
      return layers[index - 2]?.key === 'eth' ? 'RoCEv1' : 'InfiniBand';
    default:
      return 'InfiniBand';
  }
}

/** Opcodes there are. */
const CODES = 256;

/** What the summary says before the PSN, by queue pair and opcode. */
const packets = new Printed((packet) => {
  const opcode = packet % CODES;
  const name = opcodeByCode[opcode]?.name ?? `opcode 0x${hexOf(opcode)}`;
  return `${name} QP 0x${hexOf((packet - opcode) / CODES)} PSN `;
});
const sizes = new Printed((size) => ` ${size} bytes`);

/** CNPs have 16 reserved bytes whether or not anybody writes them down (IBA A17.9.3). */
const reservedOfCnp: Completion = {
  protocol: cnp,
  size: ({ fields }) =>
    opcodeByCode[Number(fields.opcode ?? 0)]?.does === 'CNP' ? cnp.header.size : 0,
};

const padding: Completion = {
  protocol: ibpad,
  size: ({ fields }, body) =>
    fields.padCount === undefined ? (WORD - (body % WORD)) % WORD : Number(fields.padCount),
};

export const bth = protocol(BTH, {
  read,
  derive: {
    padCount: {
      kind: 'count',
      value({ layers }, index) {
        const pad = layers.find((layer) => layer.owner === index && layer.protocol === ibpad);
        return pad ? pad.end - pad.at : 0;
      },
    },
  },
  heads: [reservedOfCnp],
  trailers: [padding, { protocol: icrc, size: () => icrc.header.size }],
  verify: verifyBth,
  label: carrier,
  // hot
  info({ bytes, at }, scene, index) {
    const opcode = get.opcode(bytes, at);
    const packet = packets.of(get.destQp(bytes, at) * CODES + opcode);
    const carries = payloadSize(scene, index);
    const psn = packet + decimalOf(get.psn(bytes, at));
    return carries > 0 ? psn + sizes.of(carries) : psn;
  },
});
