// MPA start-up frames (RFC 5044 7.1): request and reply, which may refuse; and the IRD/ORD block of enhanced
// connection establishment (RFC 6581 9). They are the first bytes of each direction of a connection.

import { follower } from '../core/bind.js';
import { flag, reserved, text, uint, word } from '../core/field.js';
import { type HeaderOptions, header } from '../core/header.js';
import { type Protocol, protocol, type Report, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';

const encoder = new TextEncoder();

export const requestKey: Uint8Array = encoder.encode('MPA ID Req Frame');
export const replyKey: Uint8Array = encoder.encode('MPA ID Rep Frame');

/** RFC 5044 7.1.1: longer private data is refused. */
export const MAX_PRIVATE_DATA = 512;

const startup = (name: string, alias: string, options: HeaderOptions) =>
  header(
    name,
    [
      text(16, 'key', 'says which frame it is', { alias }),
      word(
        flag('m', 'markers wanted in what the sender of this frame receives', {
          alias: 'iwarp_mpa.marker_flag',
        }),
        flag('c', 'CRC wanted', { alias: 'iwarp_mpa.crc_flag' }),
        flag('r', 'connection rejected', { alias: 'iwarp_mpa.rej_flag' }),
        flag('s', 'private data begins with the IRD/ORD block (RFC 6581)'),
        reserved(4),
      ),
      uint(8, 'rev', 'MPA revision: 1, 2 with RFC 6581', { alias: 'iwarp_mpa.rev' }),
      uint(16, 'pdLength', 'private data, the IRD/ORD block included', {
        unit: 'bytes',
        alias: 'iwarp_mpa.pdlength',
      }),
    ],
    { family: 'iwarp', section: 'RFC 5044 7.1.1', ...options },
  );

export const MPARequest = startup('MPARequest', 'iwarp_mpa.key.req', {
  key: 'mpa-req',
  title: 'MPA request frame',
});

export const MPAReply = startup('MPAReply', 'iwarp_mpa.key.rep', {
  key: 'mpa-rep',
  title: 'MPA reply frame',
});

const depth = 'RDMA Reads under way that';

export const MPAEnhanced = header(
  'MPAEnhanced',
  [
    word(
      flag('a', 'A: peer-to-peer, the requester must send an RTR message first'),
      flag('b', 'B: a zero-length Send or FPDU may be the RTR message'),
      uint(14, 'ird', `${depth} its sender can serve`),
    ),
    word(
      flag('c', 'C: a zero-length RDMA Write may be the RTR message'),
      flag('d', 'D: a zero-length RDMA Read may be the RTR message'),
      uint(14, 'ord', `${depth} its sender will have`),
    ),
  ],
  { key: 'mpa-v2', family: 'iwarp', title: 'MPA enhanced set-up', section: 'RFC 6581 9.1' },
);

export const mpaV2 = protocol(MPAEnhanced, {
  label: 'MPA',
  continues: true,
  info: (layer) => `IRD ${layer.number('ird')} ORD ${layer.number('ord')}`,
});

export const mpaReq = protocol(MPARequest, {
  label: 'MPA',
  read: (walk): Protocol | null | undefined => readStartup(walk, mpaReq),
  derive: derivations(requestKey),
  verify(scene, index, report) {
    verifyStartup(scene, index, requestKey, report);
    if (scene.layers[index]!.number('r') === 1) report('r', 'must be 0 in a request');
  },
  info: () => 'MPA Request Frame',
});

export const mpaRep = protocol(MPAReply, {
  label: 'MPA',
  read: (walk): Protocol | null | undefined => readStartup(walk, mpaRep),
  derive: derivations(replyKey),
  verify: (scene, index, report) => verifyStartup(scene, index, replyKey, report),
  info: (layer) => `MPA Reply Frame${layer.number('r') === 1 ? ', rejected' : ''}`,
});

function readStartup(walk: Walk, own: Protocol): Protocol | null | undefined {
  const at = walk.take(own);
  if (at < 0) return null;
  // Both headers have the same fields at the same places.
  const { get } = MPARequest;
  walk.limit(walk.at + get.pdLength(walk.bytes, at), `${own.key}.pdLength`);
  return get.s(walk.bytes, at) === 1 ? mpaV2 : undefined;
}

function derivations(key: Uint8Array): Protocol['derive'] {
  const enhanced = (scene: Scene, index: number) =>
    scene.layers[follower(scene, index)]?.protocol === mpaV2;
  return {
    key: { kind: 'type', value: () => key },
    s: { kind: 'type', value: (scene, index) => (enhanced(scene, index) ? 1 : 0) },
    rev: { kind: 'type', value: (scene, index) => (enhanced(scene, index) ? 2 : 1) },
    pdLength: {
      kind: 'length',
      value: ({ layers }, index) => layers[index]!.bodyEnd - layers[index]!.end,
    },
  };
}

function verifyStartup(scene: Scene, index: number, key: Uint8Array, report: Report): void {
  const layer = scene.layers[index]!;
  const found = layer.get('key') as Uint8Array;
  if (found.some((byte, i) => byte !== key[i])) report('key', 'is not that of this frame');
  if (layer.number('pdLength') > MAX_PRIVATE_DATA) {
    report('pdLength', `is beyond ${MAX_PRIVATE_DATA}, the most that RFC 5044 allows`);
  }
  const rev = layer.number('rev');
  if (rev < 1 || rev > 2) report('rev', 'is no revision of MPA');
  if (layer.number('s') === 1 && rev < 2) report('s', 'needs revision 2');
}
