// What the server answers to options (NBD: Option reply types).

import { follower } from '../core/bind.js';
import { rest, uint } from '../core/field.js';
import { header } from '../core/header.js';
import { type Protocol, protocol } from '../core/protocol.js';
import { nameOf } from '../core/value.js';
import type { Walk } from '../core/walk.js';
import {
  FIRST_ERROR_REPLY,
  nbdInfos,
  nbdOptionReplies,
  nbdOptions,
  OPTION_REPLY_MAGIC,
} from './constant.js';
import { transmissionFlags } from './flag.js';
import { always, bodyLength, family, label, nbdString, takeString, takeText } from './text.js';

const section = 'NBD: Option reply types';

export const NBDOptionReply = header(
  'NBDOptionReply',
  [
    uint(64, 'magic', '0003e889045565a9', { format: 'hex' }),
    uint(32, 'option', 'that is answered', { names: nbdOptions }),
    uint(32, 'type', 'of the answer', { names: nbdOptionReplies }),
    uint(32, 'length', 'of the data behind', { unit: 'bytes' }),
  ],
  { key: 'nbd-opt-reply', family, title: 'NBD option reply', section },
);

const infoType = uint(16, 'type', 'of this information', { names: nbdInfos });

const info = { family, title: 'NBD export information', section };

export const NBDInfoExport = header(
  'NBDInfoExport',
  [infoType, uint(64, 'size', 'of the export', { unit: 'bytes' }), transmissionFlags],
  { ...info, key: 'nbd-info-export' },
);

export const NBDInfoBlockSize = header(
  'NBDInfoBlockSize',
  [
    infoType,
    uint(32, 'minimum', 'smallest request', { unit: 'bytes' }),
    uint(32, 'preferred', 'best request', { unit: 'bytes' }),
    uint(32, 'maximum', 'largest payload', { unit: 'bytes' }),
  ],
  { ...info, key: 'nbd-info-block-size' },
);

export const NBDInfoText = header(
  'NBDInfoText',
  [infoType, rest('text', 'name or description', { format: 'text' })],
  { ...info, key: 'nbd-info-text' },
);

export const NBDMetaContext = header(
  'NBDMetaContext',
  [
    uint(32, 'contextId', 'names the context in BLOCK_STATUS replies'),
    rest('name', 'of the context', { format: 'text' }),
  ],
  { key: 'nbd-meta-context', family, title: 'NBD metadata context', section },
);

export const nbdInfoExport = protocol(NBDInfoExport, {
  label,
  continues: true,
  derive: { type: always(0), hasFlags: always(1) },
  info: (layer) => `${layer.get('size')} bytes`,
});

export const nbdInfoBlockSize = protocol(NBDInfoBlockSize, { label, derive: { type: always(3) } });

export const nbdInfoText = protocol(NBDInfoText, { label, derive: { type: always(1) } });

export const nbdMetaContext = protocol(NBDMetaContext, { label });

const infos: Readonly<Record<number, Protocol>> = {
  0: nbdInfoExport,
  1: nbdInfoText,
  2: nbdInfoText,
  3: nbdInfoBlockSize,
};

/** Takes one protocol, to the end of the message where it ends in text. */
function take(walk: Walk, protocol: Protocol): null | undefined {
  const { size, tail } = protocol.header;
  const taken = walk.take(protocol, tail ? Math.max(size, walk.left) : size);
  return taken < 0 ? null : undefined;
}

function takeInfo(walk: Walk): null | undefined {
  const typed = walk.left >= 2 ? NBDInfoText.get.type(walk.bytes, walk.at) : 0;
  const found = infos[typed];
  return found ? take(walk, found) : undefined;
}

function takeServer(walk: Walk): null | undefined {
  if (!takeString(walk)) return null;
  return takeText(walk);
}

const data: Readonly<Record<number, (walk: Walk) => null | undefined>> = {
  2: takeServer,
  3: takeInfo,
  4: (walk) => take(walk, nbdMetaContext),
};

/** The reply type that a layer of data stands for, for builders. */
const typeOf = new Map<Protocol | undefined, number>([
  [undefined, 1],
  [nbdString, 2],
  [nbdInfoExport, 3],
  [nbdInfoBlockSize, 3],
  [nbdInfoText, 3],
  [nbdMetaContext, 4],
]);

export const nbdOptionReply = protocol(NBDOptionReply, {
  label,
  read(walk) {
    const at = walk.take(nbdOptionReply);
    if (at < 0) return null;
    walk.limit(walk.at + NBDOptionReply.get.length(walk.bytes, at), 'nbd-opt-reply.length');
    const type = NBDOptionReply.get.type(walk.bytes, at);
    return type >= FIRST_ERROR_REPLY ? takeText(walk) : data[type]?.(walk);
  },
  derive: {
    magic: always(OPTION_REPLY_MAGIC),
    type: {
      kind: 'type',
      value: (scene, i) => typeOf.get(scene.layers[follower(scene, i)]?.protocol),
    },
    length: bodyLength,
  },
  verify({ layers }, index, report) {
    const layer = layers[index]!;
    if (layer.get('magic') !== OPTION_REPLY_MAGIC) report('magic', 'is not that of an answer');
    const type = layer.number('type');
    if (type < FIRST_ERROR_REPLY && !(type in nbdOptionReplies)) report('type', 'is not known');
    if (type === 1 && layer.number('length') !== 0) report('length', 'must be 0 in ACK');
  },
  info: (layer) => {
    const name = (field: 'option' | 'type') =>
      nameOf(NBDOptionReply.span(field)!.field, layer.number(field)) ?? layer.number(field);
    return `reply to ${name('option')}: ${name('type')}`;
  },
});
