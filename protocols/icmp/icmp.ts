// ICMP (RFC 792): the head that all messages share. What follows it, by type, is in message.ts.

import { following } from '../core/bind.js';
import { uint } from '../core/field.js';
import { header } from '../core/header.js';
import { type Layer, outer } from '../core/layer.js';
import { protocol, type Scene } from '../core/protocol.js';
import { internetChecksum } from '../ip/derivation.js';
import { isCut } from '../ip/pseudo-header.js';
import { codeText, icmpTypes, typeText } from './icmp-name.js';

export const ICMP = header(
  'ICMP',
  [
    uint(8, 'type', 'of the message', { names: icmpTypes, alias: 'icmp.type' }),
    uint(8, 'code', 'what it means depends on the type', { alias: 'icmp.code' }),
    uint(16, 'checksum', 'of the whole message', { format: 'hex', alias: 'icmp.checksum' }),
  ],
  { title: 'Internet Control Message Protocol', section: 'RFC 792' },
);

const wholeMessage = internetChecksum('checksum', ({ layers }, index) => layers[index]!.bodyEnd);

export const icmp = protocol(ICMP, {
  read(walk) {
    const at = walk.take(icmp);
    return at < 0 ? null : walk.next('icmp', ICMP.get.type(walk.bytes, at));
  },
  derive: {
    type: following('icmp'),
    checksum: {
      kind: 'checksum',
      value(scene, index) {
        const ip = scene.layers[outer(scene.layers, index, 'ipv4')];
        return ip && isCut(ip) ? undefined : wholeMessage.value(scene, index);
      },
      preferred: wholeMessage.value,
    },
  },
  info: describe,
});

function describe(layer: Layer, { layers }: Scene, index: number): string {
  const type = layer.number('type');
  const code = layer.number('code');
  const text = typeText[type] ?? `Type ${type}`;
  const body = layers[index + 1];
  if (body?.key === 'icmp-echo' || body?.key === 'icmp-timestamp') {
    const id = body.number('identifier').toString(16).padStart(4, '0');
    return `${text} id=0x${id}, seq=${body.number('sequence')}`;
  }
  const reason = codeText[type]?.[code];
  return reason === undefined ? text : `${text} (${reason})`;
}
