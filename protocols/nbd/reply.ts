// Replies of the transmission phase: simple ones, and chunks of structured and extended ones (NBD: Simple reply
// message, Structured reply chunk message, Extended reply).

import { follower } from '../core/bind.js';
import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { type Derivation, type Protocol, protocol, type Report } from '../core/protocol.js';
import { nameOf } from '../core/value.js';
import { chunkData, chunkTypeOf, takeChunkData } from './chunk.js';
import {
  EXTENDED_REPLY_MAGIC,
  nbdChunkTypes,
  nbdErrors,
  SIMPLE_REPLY_MAGIC,
  STRUCTURED_REPLY_MAGIC,
} from './constant.js';
import { chunkFlags, cookie, magic32 } from './flag.js';
import { always, bodyLength, family, label, wideBodyLength } from './text.js';

const type = uint(16, 'type', 'of the chunk', { names: nbdChunkTypes });

export const NBDSimpleReply = header(
  'NBDSimpleReply',
  [
    magic32,
    uint(32, 'error', 'why the request failed', { names: nbdErrors, alias: 'nbd.error' }),
    cookie,
  ],
  { key: 'nbd-reply', family, title: 'NBD simple reply', section: 'NBD: Simple reply message' },
);

export const NBDChunk = header(
  'NBDChunk',
  [magic32, chunkFlags, type, cookie, uint(32, 'length', 'of the data behind', { unit: 'bytes' })],
  {
    key: 'nbd-chunk',
    family,
    title: 'NBD structured reply chunk',
    section: 'NBD: Structured reply chunk message',
  },
);

export const NBDExtendedChunk = header(
  'NBDExtendedChunk',
  [
    magic32,
    chunkFlags,
    type,
    cookie,
    uint(64, 'offset', 'that of the request', { unit: 'bytes' }),
    uint(64, 'length', 'of the data behind', { unit: 'bytes' }),
  ],
  {
    key: 'nbd-chunk-ext',
    family,
    title: 'NBD extended reply chunk',
    section: 'NBD: Extended reply',
  },
);

/** A simple reply to a READ carries the data; how many bytes only the request says. */
export const nbdReply = protocol(NBDSimpleReply, {
  label,
  derive: { magic: always(SIMPLE_REPLY_MAGIC) },
  verify: ({ layers }, index, report) => verifyMagic(layers[index]!, SIMPLE_REPLY_MAGIC, report),
  info: (layer) => {
    const error = layer.number('error');
    const name = nameOf(NBDSimpleReply.span('error')!.field, error) ?? `error ${error}`;
    return `reply ${name} cookie 0x${(layer.get('cookie') as bigint).toString(16)}`;
  },
});

/** The type that the data behind the header stands for; no data is NONE. */
const typeByData: Derivation = {
  kind: 'type',
  value: (scene, index) => chunkTypeOf(scene.layers[follower(scene, index)]?.protocol),
};

export const nbdChunk = protocol(NBDChunk, {
  label,
  read(walk): Protocol | null | undefined {
    const at = walk.take(nbdChunk);
    if (at < 0) return null;
    walk.limit(walk.at + NBDChunk.get.length(walk.bytes, at), 'nbd-chunk.length');
    return takeChunkData(walk, NBDChunk.get.type(walk.bytes, at));
  },
  derive: { magic: always(STRUCTURED_REPLY_MAGIC), type: typeByData, length: bodyLength },
  verify({ layers }, index, report) {
    verifyMagic(layers[index]!, STRUCTURED_REPLY_MAGIC, report);
    verifyType(layers[index]!, report);
  },
  info: summary,
});

export const nbdExtendedChunk = protocol(NBDExtendedChunk, {
  label,
  read(walk): Protocol | null | undefined {
    const at = walk.take(nbdExtendedChunk);
    if (at < 0) return null;
    const length = Number(NBDExtendedChunk.get.length(walk.bytes, at));
    walk.limit(walk.at + length, 'nbd-chunk-ext.length');
    return takeChunkData(walk, NBDExtendedChunk.get.type(walk.bytes, at));
  },
  derive: { magic: always(EXTENDED_REPLY_MAGIC), type: typeByData, length: wideBodyLength },
  verify({ layers }, index, report) {
    verifyMagic(layers[index]!, EXTENDED_REPLY_MAGIC, report);
    verifyType(layers[index]!, report);
  },
  info: summary,
});

function verifyMagic(layer: Layer, magic: number, report: Report): void {
  if (layer.number('magic') !== magic) report('magic', 'is not that of this reply');
}

function verifyType(layer: Layer, report: Report): void {
  const found = layer.number('type');
  if (!(found in nbdChunkTypes)) report('type', 'is no known chunk');
  const fixed = chunkData[found]?.fixed;
  const size = Number(layer.get('length'));
  if (found === 0 && size !== 0) report('length', 'must be 0 in NONE');
  if (found === 0 && layer.number('done') === 0) report('done', 'must be set in NONE');
  if (fixed !== undefined && size !== fixed) report('length', `must be ${fixed} in this chunk`);
}

function summary(layer: Layer): string {
  const found = layer.number('type');
  const name = nameOf(type, found) ?? `chunk ${found}`;
  const done = layer.number('done') === 1 ? ' done' : '';
  return `${name}${done} cookie 0x${(layer.get('cookie') as bigint).toString(16)}`;
}
