// NVMe/TCP PDUs: common header, header of the type (an SQE or CQE in capsules), header digest, padding up to
// PDO, data, data digest. Which of them are there follows from type, flags, HLEN, PDO and PLEN.

import { headerEnd } from '../core/bind.js';
import { crc32c } from '../core/checksum/index.js';
import { rest } from '../core/field.js';
import { type Layer, outer } from '../core/layer.js';
import { isPartOf, type Protocol, protocol, type Report, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { entryPart, nvmeHeader } from './base.js';
import { CQE_SIZE, cqeResult } from './cqe.js';
import { dataOf } from './data.js';
import { sqe } from './sqe.js';
import { SQE_SIZE } from './sqe-header.js';
import {
  C2HData,
  C2HTermReq,
  DDGST,
  H2CData,
  H2CTermReq,
  HDGST,
  ICReq,
  ICResp,
  NVMeTCP,
  pduTypes,
  R2T,
} from './tcp-header.js';

const NVMeTCPPad = nvmeHeader('NVMeTCPPad', [rest('pad', 'bytes up to PDO')], {
  key: 'nvme-tcp-pad',
  title: 'Padding in front of the data',
  section: 'NVMe TCP Transport 1.0 3.6.1',
});

const CAPSULE_CMD = 4;

/** What a type's header is, and whether data may follow it. Terminations carry a header that was refused. */
interface Pdu {
  readonly first: Protocol;
  readonly hlen: number;
  readonly data: boolean;
  readonly digests: boolean;
}

const dataOn = (name: string) => ({
  info: (layer: Layer) =>
    `${name} cid 0x${layer.number('cid').toString(16).padStart(4, '0')} offset ${layer.number('offset')} length ${layer.number('length')}`,
});
export const icReq = entryPart(ICReq, { info: () => 'ICReq' });
export const icResp = entryPart(ICResp, { info: () => 'ICResp' });
export const h2cTermReq = entryPart(H2CTermReq, { info: () => 'H2CTermReq' });
export const c2hTermReq = entryPart(C2HTermReq, { info: () => 'C2HTermReq' });
export const h2cData = entryPart(H2CData, {
  ...dataOn('H2CData'),
  derive: { length: dataLength() },
});
export const c2hData = entryPart(C2HData, {
  ...dataOn('C2HData'),
  derive: { length: dataLength() },
});
export const r2t = entryPart(R2T, {
  info: (layer) =>
    `R2T cid 0x${layer.number('cid').toString(16).padStart(4, '0')} offset ${layer.number('r2to')} length ${layer.number('r2tl')}`,
});
export const nvmeTcpPad = protocol(NVMeTCPPad);

const pdu = (first: Protocol, size: number, data: boolean, digests: boolean): Pdu => ({
  first,
  hlen: NVMeTCP.size + size,
  data,
  digests,
});
const pdus: Readonly<Record<number, Pdu>> = {
  0: pdu(icReq, ICReq.size, false, false),
  1: pdu(icResp, ICResp.size, false, false),
  2: pdu(h2cTermReq, H2CTermReq.size, true, false),
  3: pdu(c2hTermReq, C2HTermReq.size, true, false),
  [CAPSULE_CMD]: pdu(sqe, SQE_SIZE, true, true),
  5: pdu(cqeResult, CQE_SIZE, false, true),
  6: pdu(h2cData, H2CData.size, true, true),
  7: pdu(c2hData, C2HData.size, true, true),
  9: pdu(r2t, R2T.size, false, true),
};

/** HLEN of a PDU of that type; undefined where there is no such type. */
export const headerLength = (type: number): number | undefined => pdus[type]?.hlen;

/** True where data may follow the header of a PDU of that type. */
export const mayHaveData = (type: number): boolean => pdus[type]?.data ?? false;

/** Binding space 'nvme-tcp', by PDU type. */
export const pduForms: readonly (readonly [number, Protocol])[] = Object.entries(pdus).map(
  ([type, { first }]) => [Number(type), first],
);

const digestIndex = (scene: Scene, index: number) => outer(scene.layers, index, 'nvme-tcp');

export const hdgst = protocol(HDGST, {
  derive: {
    digest: {
      kind: 'checksum',
      value(scene, index) {
        const owner = digestIndex(scene, index);
        if (owner < 0) return undefined;
        return crc32c(scene.bytes, scene.layers[owner]!.at, headerEnd(scene, owner));
      },
    },
  },
});

export const ddgst = protocol(DDGST, {
  trailer: true,
  derive: {
    digest: {
      kind: 'checksum',
      value(scene, index) {
        const owner = digestIndex(scene, index);
        const start = owner < 0 ? 0 : dataAt(scene, owner);
        if (start === 0) return undefined;
        return crc32c(scene.bytes, scene.layers[owner]!.at + start, scene.layers[index]!.at);
      },
    },
  },
});

export const nvmeTcp = protocol(NVMeTCP, {
  label: 'NVMe/TCP',
  read,
  heads: [{ protocol: hdgst, size: ({ fields }) => (fields.hdgst === 1 ? HDGST.size : 0) }],
  trailers: [
    {
      protocol: ddgst,
      size: ({ fields }, body) => (fields.ddgst === 1 && body > 0 ? DDGST.size : 0),
    },
  ],
  derive: {
    type: { kind: 'type', value: pduType },
    hlen: { kind: 'length', value: (scene, i) => headerEnd(scene, i) - scene.layers[i]!.at },
    pdo: { kind: 'length', value: (scene, i) => dataAt(scene, i) },
    plen: {
      kind: 'length',
      value: ({ layers }, i) => layers[i]!.bodyEnd - layers[i]!.at,
    },
  },
  verify,
  info: (layer) =>
    (pduTypes as Readonly<Record<number, string>>)[layer.number('type')] ?? 'unknown PDU',
});

function read(walk: Walk): Protocol | null | undefined {
  const at = walk.take(nvmeTcp);
  if (at < 0) return null;
  const { bytes } = walk;
  const { get } = NVMeTCP;
  const owner = walk.layers.length - 1;
  const form = pdus[get.type(bytes, at)];
  walk.limit(at + get.plen(bytes, at), 'nvme-tcp.plen');
  if (!form) return walk.fail('unsupported', 'type', 0, get.type(bytes, at));
  const hlen = get.hlen(bytes, at);
  if (hlen !== form.hlen) return walk.fail('bad-value', 'hlen', form.hlen, hlen);
  walk.depth++;
  walk.within(at + hlen, 'nvme-tcp.hlen', form.first);
  if (form.digests && get.hdgst(bytes, at) === 1 && walk.take(hdgst) < 0) return null;
  walk.depth--;
  if (!form.data || walk.left === 0) return walk.left === 0 ? null : undefined;
  if (form.digests && !intoData(walk, owner, get.pdo(bytes, at))) return null;
  return carried(walk, owner, form);
}

/** Takes the padding up to PDO and reserves the data digest. */
function intoData(walk: Walk, owner: number, pdo: number): boolean {
  const layer = walk.layers[owner]!;
  const pad = layer.at + pdo - walk.at;
  if (pad < 0 || pad > walk.left) {
    const { boundBy } = walk;
    const need = walk.at - layer.at;
    const at = layer.at + NVMeTCP.at.pdo;
    walk.stop ??= {
      code: 'bad-value',
      layer: layer.key,
      field: 'pdo',
      at,
      need,
      have: pdo,
      boundBy,
    };
    return false;
  }
  if (pad > 0) walk.take(nvmeTcpPad, pad);
  return NVMeTCP.get.ddgst(walk.bytes, layer.at) === 0 || walk.left === 0
    ? true
    : walk.trailer(ddgst, DDGST.size, owner);
}

/** What the data is: a command's own, or that of the command that the context knows by the PDU's CID. */
function carried(walk: Walk, owner: number, form: Pdu): Protocol | undefined {
  const first = walk.layers[owner + 1]!;
  const nvme = walk.context.nvme;
  if (form.first === sqe) {
    const whole = first.protocol === sqe && walk.at - first.at >= SQE_SIZE;
    return whole ? dataOf(walk.bytes, first.at, nvme?.queue) : undefined;
  }
  if (first.protocol !== h2cData && first.protocol !== c2hData) return undefined;
  // Only a PDU that is the whole transfer can be taken apart.
  const whole = first.number('offset') === 0 && walk.layers[owner]!.number('last') === 1;
  return whole ? nvme?.dataOf?.(first.number('cid')) : undefined;
}

/** The layer behind the header says the type; an SQE or CQE is what a capsule carries. */
function pduType(scene: Scene, index: number): number | undefined {
  const first = scene.layers[index + 1];
  if (!first) return undefined;
  if (first.key.startsWith('cqe')) return 5;
  return pduForms.find(([, p]) => p === first.protocol)?.[0] ?? cqeForm(first.protocol);
}

/** Results in the form of a property or a feature stand before a CQE. */
function cqeForm(p: Protocol): number | undefined {
  return isPartOf(p, nvmeTcp) ? 5 : undefined;
}

/** Where the data of the PDU at `index` starts, counted from its beginning; 0 where it has none. */
function dataAt({ layers }: Scene, index: number): number {
  const owner = layers[index]!;
  for (let i = index + 1; i < layers.length; i++) {
    const layer = layers[i]!;
    if (layer.at >= owner.bodyEnd || layer.protocol.trailer) break;
    const before =
      isPartOf(layer.protocol, owner.protocol) ||
      layer.protocol === hdgst ||
      layer.protocol === nvmeTcpPad;
    if (!before) return pdus[owner.number('type')]?.digests ? layer.at - owner.at : 0;
  }
  return 0;
}

/** Bytes of data behind a data PDU's header, without digest. */
function dataLength() {
  return {
    kind: 'length' as const,
    value: (scene: Scene, index: number) => {
      const owner = outer(scene.layers, index, 'nvme-tcp');
      if (owner < 0) return undefined;
      const { at, bodyEnd } = scene.layers[owner]!;
      const start = dataAt(scene, owner);
      const closing = scene.layers.find((l) => l.owner === owner && l.protocol === ddgst);
      return start === 0 ? 0 : (closing?.at ?? bodyEnd) - at - start;
    },
  };
}

function verify(scene: Scene, index: number, report: Report): void {
  const layer = scene.layers[index]!;
  const flags = (name: string) => layer.number(name) === 1;
  if (flags('success') && !flags('last')) report('success', 'SUCCESS without LAST');
  if ((flags('success') || flags('last')) && ![6, 7].includes(layer.number('type'))) {
    report(flags('last') ? 'last' : 'success', 'only data PDUs may say so');
  }
}
