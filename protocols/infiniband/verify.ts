// The rules of a packet that no single field's derivation tells (IBA 9.2 to 9.7): which headers its opcode
// allows, what it may carry, and what its reserved fields must be. Each is a sentence of its own in `rules`.

import type { Layer } from '../core/layer.js';
import type { Report, Scene } from '../core/protocol.js';
import { QP } from './base-transport.js';
import { isExtension, type Opcode, opcodeByCode } from './opcode.js';
import { payloadSize, zeroReserved } from './rule.js';

/** Path MTUs (IBA 9.3.3): what FIRST and MIDDLE packets carry, exactly. */
const PATH_MTUS: readonly number[] = [256, 512, 1024, 2048, 4096];

/** Bytes of an atomic operation. */
const ATOMIC_BYTES = 8;

interface Packet {
  readonly scene: Scene;
  readonly index: number;
  readonly bth: Layer;
  readonly opcode: Opcode;
  /** Bytes carried, without pad. */
  readonly carries: number;
  /** Bytes of pad. */
  readonly pads: number;
  readonly report: Report;
}

type Rule = (packet: Packet) => void;

const headerChain: Rule = ({ scene, index, opcode, report }) => {
  if (hasChain(scene, index, opcode)) return;
  const found: string[] = [];
  for (let i = index + 1; isExtension(scene.layers[i]?.key); i++) found.push(scene.layers[i]!.key);
  // A frame that was cut short has lost headers; the dissector has said so.
  if ('stop' in scene && scene.stop) return;
  const list = (keys: readonly string[]) => (keys.length === 0 ? 'no header' : keys.join(', '));
  report('opcode', `${opcode.name} has ${list(opcode.chain)} behind BTH, not ${list(found)}`);
};

function hasChain({ layers }: Scene, index: number, { chain }: Opcode): boolean {
  for (let i = 0; i < chain.length; i++) if (layers[index + 1 + i]?.key !== chain[i]) return false;
  return !isExtension(layers[index + 1 + chain.length]?.key);
}

const sizeFits: Rule = ({ opcode, carries, report }) => {
  const { name, payload, place } = opcode;
  if (payload === 'none' && carries > 0) {
    report('opcode', `${name} carries no payload, but ${carries} bytes are there`);
  }
  if (payload === 'eight' && carries !== ATOMIC_BYTES) {
    report('opcode', `${name} carries exactly ${ATOMIC_BYTES} bytes, not ${carries}`);
  }
  if ((place === 'first' || place === 'middle') && !PATH_MTUS.includes(carries)) {
    report('opcode', `${name} carries exactly a path MTU, and ${carries} bytes are none`);
  }
  const longest = PATH_MTUS.at(-1)!;
  if (carries > longest) report('opcode', `${carries} bytes are more than the largest path MTU`);
  if (place === 'last' && carries === 0) report('opcode', `${name} carries at least one byte`);
};

const padFills: Rule = ({ carries, pads, report }) => {
  if ((carries + pads) % 4 === 0) return;
  report('padCount', `${carries} bytes and ${pads} of pad are no multiple of 4`);
};

/** IBA 10.9.1.1: a partition key without its 15 low bits is invalid. Packets to QP 0 are not checked. */
const partitionKey: Rule = ({ bth, report }) => {
  const pkey = bth.number('pkey');
  if (pkey % 0x8000 === 0 && bth.number('destQp') !== QP.SMI) {
    report('pkey', `0x${pkey.toString(16)} is no partition key`);
  }
};

/** IBA A17.9.3. */
const notification: Rule = ({ opcode, bth, report }) => {
  if (opcode.does !== 'CNP') return;
  if (bth.number('becn') !== 1) report('becn', 'is 0 in a CNP');
  if (bth.number('psn') !== 0) report('psn', 'is not 0 in a CNP');
};

const rules: readonly Rule[] = [headerChain, sizeFits, padFills, partitionKey, notification];

/** Says what is wrong with the packet of the BTH in layer `index`. */
export function verifyBth(scene: Scene, index: number, report: Report): void {
  const bth = scene.layers[index]!;
  const tver = bth.number('tver');
  if (tver !== 0) report('tver', `is ${tver}; there is no version but 0`);
  zeroReserved(scene, index, report);
  const opcode = opcodeByCode[bth.number('opcode')];
  if (opcode === undefined) {
    // Dissecting stopped there and said so; a frame that was built was not dissected.
    if (!('stop' in scene && scene.stop)) report('opcode', 'is reserved');
    return;
  }
  const carries = payloadSize(scene, index);
  const pad = scene.layers.find((l) => l.owner === index && l.key === 'ibpad');
  const pads = pad ? pad.end - pad.at : 0;
  const packet = { scene, index, bth, opcode, carries, pads, report };
  for (const rule of rules) rule(packet);
}
