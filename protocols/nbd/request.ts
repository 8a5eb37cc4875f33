// Requests of the transmission phase (NBD: Request message, Extended request).

import { follower } from '../core/bind.js';
import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { payload } from '../core/payload.js';
import { type Protocol, protocol, type Report, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { EXTENDED_REQUEST_MAGIC, nbdCommands, REQUEST_MAGIC } from './constant.js';
import { commandFlags, cookie, magic32 } from './flag.js';
import { MAX_ENTRIES } from './option.js';
import { always, family, label } from './text.js';

// tshark 4.0 reads flags and type as one 32-bit number, so neither can be compared with its nbd.type.
const type = uint(16, 'type', 'command', { names: nbdCommands });

const offset = uint(64, 'offset', 'where in the export', { unit: 'bytes', alias: 'nbd.from' });

const section = 'NBD: Request message';

export const NBDRequest = header(
  'NBDRequest',
  [
    magic32,
    commandFlags,
    type,
    cookie,
    offset,
    uint(32, 'length', 'bytes of the export; of data behind a WRITE', {
      unit: 'bytes',
      alias: 'nbd.len',
    }),
  ],
  { key: 'nbd-request', family, title: 'NBD request', section },
);

export const NBDExtendedRequest = header(
  'NBDExtendedRequest',
  [
    magic32,
    commandFlags,
    type,
    cookie,
    offset,
    uint(64, 'length', 'bytes of the effect, or of the payload behind', { unit: 'bytes' }),
  ],
  { key: 'nbd-request-ext', family, title: 'NBD extended request', section },
);

export const NBDContextChoice = header(
  'NBDContextChoice',
  [uint(64, 'effectLength', 'bytes of the export', { unit: 'bytes' })],
  { key: 'nbd-context-choice', family, title: 'NBD choice of contexts', section },
);

export const NBDContextId = header('NBDContextId', [uint(32, 'contextId', 'context wanted')], {
  key: 'nbd-context-id',
  family,
  title: 'NBD context wanted',
  section,
});

/** Payload of a BLOCK_STATUS request that asks for some contexts only. */
export const nbdContextChoice = protocol(NBDContextChoice, { label });

export const nbdContextId = protocol(NBDContextId, { label });

export const CMD_READ = 0;
export const CMD_WRITE = 1;
const CMD_BLOCK_STATUS = 7;

/** Flags that each command may have (NBD: Command flags), beside payloadLen. */
const flagsOf: Readonly<Record<number, readonly string[]>> = {
  0: ['df', 'fua'],
  1: ['fua'],
  2: [],
  3: [],
  4: ['fua'],
  5: [],
  6: ['fua', 'noHole', 'fastZero'],
  7: ['reqOne'],
};

const allFlags = ['fastZero', 'reqOne', 'df', 'noHole', 'fua'];

/** Does a payload of as many bytes as `length` says follow? */
export const hasPayload = (command: number, payloadLen: number): boolean =>
  command === CMD_WRITE || payloadLen === 1;

function readRequest(walk: Walk, own: typeof nbdRequest | typeof nbdExtendedRequest) {
  const at = walk.take(own as Protocol);
  if (at < 0) return null;
  const { get } = NBDRequest;
  const extended = own.header.size === NBDExtendedRequest.size;
  const command = get.type(walk.bytes, at);
  const payloadLen = extended ? get.payloadLen(walk.bytes, at) : 0;
  const length = extended
    ? Number(NBDExtendedRequest.get.length(walk.bytes, at))
    : get.length(walk.bytes, at);
  walk.limit(walk.at + (hasPayload(command, payloadLen) ? length : 0), `${own.key}.length`);
  if (command !== CMD_BLOCK_STATUS || walk.left === 0) return undefined;
  if (walk.take(nbdContextChoice) < 0) return null;
  for (let i = 0; i < MAX_ENTRIES && walk.left > 0; i++) {
    if (walk.take(nbdContextId) < 0) return null;
  }
  return undefined;
}

const payloadSize = ({ layers }: Scene, index: number): number | undefined => {
  const layer = layers[index]!;
  const payloadLen = layer.key === 'nbd-request-ext' ? layer.number('payloadLen') : 0;
  const carries = hasPayload(layer.number('type'), payloadLen);
  return carries ? layer.bodyEnd - layer.end : undefined;
};

/** Data behind a request makes it a WRITE, unless it says otherwise. */
const writeOrRead = {
  kind: 'type',
  value: (scene: Scene, index: number) =>
    scene.layers[follower(scene, index)]?.protocol === payload ? CMD_WRITE : CMD_READ,
} as const;

export const nbdRequest = protocol(NBDRequest, {
  label,
  read: (walk): null | undefined => readRequest(walk, nbdRequest),
  derive: {
    magic: always(REQUEST_MAGIC),
    type: writeOrRead,
    length: { kind: 'length', value: payloadSize },
  },
  verify: (scene, index, report) => verifyRequest(scene.layers[index]!, REQUEST_MAGIC, report),
  info: summary,
});

export const nbdExtendedRequest = protocol(NBDExtendedRequest, {
  label,
  read: (walk): null | undefined => readRequest(walk, nbdExtendedRequest),
  derive: {
    magic: always(EXTENDED_REQUEST_MAGIC),
    type: writeOrRead,
    length: {
      kind: 'length',
      value(scene, index) {
        const size = payloadSize(scene, index);
        return size === undefined ? undefined : BigInt(size);
      },
    },
  },
  verify(scene, index, report) {
    const layer = scene.layers[index]!;
    verifyRequest(layer, EXTENDED_REQUEST_MAGIC, report);
    if (layer.number('type') === CMD_WRITE && layer.number('payloadLen') === 0) {
      report('payloadLen', 'must be set in a WRITE with an extended header');
    }
  },
  info: summary,
});

function verifyRequest(layer: Layer, magic: number, report: Report): void {
  if (layer.number('magic') !== magic) report('magic', 'is not that of this request');
  const command = layer.number('type');
  const name = (nbdCommands as Readonly<Record<number, string>>)[command];
  if (name === undefined) report('type', 'is no known command');
  const allowed = flagsOf[command] ?? allFlags;
  for (const flag of allFlags) {
    if (layer.number(flag) === 1 && !allowed.includes(flag)) report(flag, `is not for ${name}`);
  }
  if (name !== 'DISC' && name !== 'FLUSH') return;
  for (const field of ['offset', 'length']) {
    if (Number(layer.get(field)) !== 0) report(field, `must be 0 in ${name}`);
  }
}

function summary(layer: Layer): string {
  const command = layer.number('type');
  const name = (nbdCommands as Readonly<Record<number, string>>)[command] ?? `command ${command}`;
  return `${name} offset ${layer.get('offset')} length ${layer.get('length')}`;
}
