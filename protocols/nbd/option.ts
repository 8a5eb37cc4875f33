// Options that the client haggles with before transmission (NBD: Option types).

import { text, uint } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';
import { nameOf } from '../core/value.js';
import type { Walk } from '../core/walk.js';
import { nbdInfos, nbdOptions, OPTION_MAGIC } from './constant.js';
import {
  always,
  bodyLength,
  countBehind,
  family,
  label,
  takeString,
  takeText,
  textBytes,
} from './text.js';

const section = 'NBD: Option types';

export const NBDOption = header(
  'NBDOption',
  [
    text(8, 'magic', 'IHAVEOPT'),
    uint(32, 'option', 'what is wanted', { names: nbdOptions }),
    uint(32, 'length', 'of the data behind', { unit: 'bytes' }),
  ],
  { key: 'nbd-opt', family, title: 'NBD option', section },
);

export const NBDInfoCount = header(
  'NBDInfoCount',
  [uint(16, 'count', 'information requests behind')],
  { key: 'nbd-info-count', family, title: 'NBD information requests', section },
);

export const NBDInfoRequest = header(
  'NBDInfoRequest',
  [uint(16, 'type', 'information wanted', { names: nbdInfos })],
  { key: 'nbd-info-request', family, title: 'NBD information request', section },
);

export const NBDQueryCount = header('NBDQueryCount', [uint(32, 'count', 'queries behind')], {
  key: 'nbd-query-count',
  family,
  title: 'NBD metadata queries',
  section,
});

export const nbdInfoRequest = protocol(NBDInfoRequest, { label });

export const nbdInfoCount = protocol(NBDInfoCount, {
  label,
  derive: {
    count: { kind: 'count', value: (scene, i) => countBehind(scene, i, NBDInfoRequest.key) },
  },
});

export const nbdQueryCount = protocol(NBDQueryCount, {
  label,
  derive: { count: { kind: 'count', value: (scene, i) => countBehind(scene, i, 'nbd-string') } },
});

/** More list entries than this in one message stay bytes: each would be a layer, and none is ever sent. */
export const MAX_ENTRIES = 256;

/** INFO and GO: an export's name and which information is wanted. */
function takeInfoRequests(walk: Walk): null | undefined {
  if (!takeString(walk)) return null;
  const at = walk.take(nbdInfoCount);
  if (at < 0) return null;
  const count = NBDInfoCount.get.count(walk.bytes, at);
  for (let i = 0; i < Math.min(count, MAX_ENTRIES); i++) {
    if (walk.take(nbdInfoRequest) < 0) return null;
  }
  return undefined;
}

/** LIST_META_CONTEXT and SET_META_CONTEXT: an export's name and queries. */
function takeQueries(walk: Walk): null | undefined {
  if (!takeString(walk)) return null;
  const at = walk.take(nbdQueryCount);
  if (at < 0) return null;
  const count = NBDQueryCount.get.count(walk.bytes, at);
  for (let i = 0; i < Math.min(count, MAX_ENTRIES); i++) {
    if (!takeString(walk)) return null;
  }
  return undefined;
}

/** How the data of an option is read; options that are not here have none. */
const data: Readonly<Record<number, (walk: Walk) => null | undefined>> = {
  1: takeText,
  6: takeInfoRequests,
  7: takeInfoRequests,
  9: takeQueries,
  10: takeQueries,
};

export const nbdOption = protocol(NBDOption, {
  label,
  read(walk) {
    const at = walk.take(nbdOption);
    if (at < 0) return null;
    walk.limit(walk.at + NBDOption.get.length(walk.bytes, at), 'nbd-opt.length');
    return data[NBDOption.get.option(walk.bytes, at)]?.(walk);
  },
  derive: { magic: always(textBytes(OPTION_MAGIC)), length: bodyLength },
  verify({ layers }, index, report) {
    const layer = layers[index]!;
    const option = layer.number('option');
    if (!(option in nbdOptions)) report('option', 'is no known option');
    else if (!(option in data) && layer.number('length') !== 0) report('length', 'must be 0 here');
  },
  info: (layer) => {
    const option = layer.number('option');
    return `option ${nameOf(NBDOption.span('option')!.field, option) ?? option}`;
  },
});
