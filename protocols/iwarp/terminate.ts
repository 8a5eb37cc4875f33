// Terminate (RFC 5040 4.8): why a stream is torn down, and the headers of the message that was to blame.

import { flag, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { protocol, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { ddpAt, ddpUntagged } from './ddp.js';
import { rdmapReadReq } from './rdmap.js';
import { terminateError, terminateLayers } from './terminate-error.js';

const family = 'iwarp';

export const RDMAPTerminate = header(
  'RDMAPTerminate',
  [
    word(
      uint(4, 'layer', 'layer that found the error', {
        names: terminateLayers,
        alias: 'iwarp_rdma.term_layer',
      }),
      // tshark names type and code after the layer: term_etype_rdma, term_errcode_llp, ...
      uint(4, 'etype', 'type of error in that layer', { alias: 'iwarp_rdma.term_etype' }),
    ),
    uint(8, 'errorCode', 'error of that type', {
      format: 'hex',
      alias: 'iwarp_rdma.term_errcode',
    }),
    word(
      flag('m', 'the DDP segment length follows', { alias: 'iwarp_rdma.term_hdrct_m' }),
      flag('d', 'the terminated DDP header follows', { alias: 'iwarp_rdma.hdrct_d' }),
      flag('r', 'the terminated RDMA header follows', { alias: 'iwarp_rdma.hdrct_r' }),
      reserved(13),
    ),
  ],
  { key: 'rdmap-terminate', family, title: 'RDMAP Terminate', section: 'RFC 5040 4.8' },
);

/**
 * The same word as Linux's siw fills it on little-endian machines: through C bit-fields, which start at the low
 * bit, so that layer and type change places and the flags land in what the standard reserves.
 */
const SwappedTerminate = header(
  'SwappedTerminate',
  [
    word(uint(4, 'layer', 'layer'), uint(4, 'etype', 'type')),
    uint(8, 'errorCode', 'code'),
    word(
      flag('m', 'length follows'),
      flag('d', 'DDP header follows'),
      flag('r', 'RDMA header follows'),
      reserved(5),
    ),
    reserved(8),
  ],
  { order: 'le' },
);

export const RDMAPTerminateLength = header(
  'RDMAPTerminateLength',
  [
    uint(16, 'ddpSegmentLength', 'of the terminated segment', {
      unit: 'bytes',
      alias: 'iwarp_rdma.term_ddp_seg_len',
    }),
  ],
  {
    key: 'rdmap-terminate-length',
    family,
    title: 'Terminated DDP segment',
    section: 'RFC 5040 4.8',
  },
);

export const rdmapTerminateLength = protocol(RDMAPTerminateLength, { label: 'DDP/RDMAP' });

const quoted = (key: string) => (scene: Scene, index: number) =>
  partsOf(scene, index).some((layer) => layer.key.startsWith(key)) ? 1 : 0;

export const rdmapTerminate = protocol(RDMAPTerminate, {
  label: 'DDP/RDMAP',
  continues: true,
  read(walk) {
    const at = walk.take(rdmapTerminate);
    if (at < 0) return null;
    const swapped = looksSwapped(walk.bytes, at);
    if (swapped) walk.notes.push(`rdmap-terminate: ${swapped}`);
    return readQuoted(walk, swapped ? SwappedTerminate.get : RDMAPTerminate.get, at);
  },
  derive: {
    m: { kind: 'type', value: quoted('rdmap-terminate-length') },
    d: { kind: 'type', value: quoted('ddp-') },
    r: { kind: 'type', value: quoted('rdmap-read-req') },
  },
  verify(scene, index, report) {
    const { bytes, at } = scene.layers[index]!;
    const swapped = looksSwapped(bytes, at);
    if (swapped) report('layer', swapped);
    else if (!errorOf(RDMAPTerminate.get, bytes, at)) report('errorCode', 'is no defined error');
  },
  info({ bytes, at }) {
    const get = looksSwapped(bytes, at) ? SwappedTerminate.get : RDMAPTerminate.get;
    return errorOf(get, bytes, at) ?? 'unknown error';
  },
});

type TerminateReader = Pick<
  typeof RDMAPTerminate.get,
  'layer' | 'etype' | 'errorCode' | 'm' | 'd' | 'r'
>;

/**
 * Takes the length and the headers that the flags announce; they tell of another message, so they are not
 * checked here. What is left behind them is payload.
 */
function readQuoted(walk: Walk, get: TerminateReader, at: number): null | undefined {
  const { bytes } = walk;
  if (get.m(bytes, at) === 1 && walk.take(rdmapTerminateLength) < 0) return null;
  if (get.d(bytes, at) === 1) {
    // The T bit must be there before it is read: what is too short is refused as the longer header.
    if (walk.take(walk.left > 0 ? ddpAt(walk) : ddpUntagged) < 0) return null;
    walk.last.partial = true;
  }
  if (get.r(bytes, at) === 1) {
    if (walk.take(rdmapReadReq) < 0) return null;
    walk.last.partial = true;
  }
  return undefined;
}

const errorOf = (get: TerminateReader, bytes: Uint8Array, at: number): string | undefined =>
  terminateError(get.layer(bytes, at), get.etype(bytes, at), get.errorCode(bytes, at));

/** Says how the word reads with nibbles swapped, where only that makes sense; else undefined. */
function looksSwapped(bytes: Uint8Array, at: number): string | undefined {
  const swapped = errorOf(SwappedTerminate.get, bytes, at);
  const { get } = RDMAPTerminate;
  const flags = get.m(bytes, at) + get.d(bytes, at) + get.r(bytes, at);
  // A swapped form has nothing where the standard has its flags.
  if (swapped === undefined || flags > 0) return undefined;
  const flagsBelow = SwappedTerminate.get.m(bytes, at) === 1;
  if (errorOf(get, bytes, at) !== undefined && !flagsBelow) return undefined;
  return `looks like siw's word with nibbles swapped: ${swapped}`;
}

/** The quoted layers behind a Terminate word. */
function partsOf(scene: Scene, index: number): Layer[] {
  const parts: Layer[] = [];
  for (let i = index + 1; i < scene.layers.length; i++) {
    const layer = scene.layers[i]!;
    if (layer.protocol.trailer || layer.key === 'mpa') break;
    parts.push(layer);
  }
  return parts;
}
