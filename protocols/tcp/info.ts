// A segment in a few words, in the manner of tshark with relative sequence numbers off: one frame alone does
// not tell where its stream began, nor how its window is scaled.

import { partsOf } from '../core/bind.js';
import type { Layer } from '../core/layer.js';
import type { Scene } from '../core/protocol.js';
import { TCP } from './tcp-header.js';

const { get } = TCP;

/** Flags in the order in which tshark names them. */
const flags = [
  [get.fin, 'FIN'],
  [get.syn, 'SYN'],
  [get.rst, 'RST'],
  [get.psh, 'PSH'],
  [get.ackFlag, 'ACK'],
  [get.urg, 'URG'],
  [get.ece, 'ECE'],
  [get.cwr, 'CWR'],
  [get.ae, 'AE'],
] as const;

function flagNames(bytes: Uint8Array, at: number): string {
  let names = '';
  for (const [isSet, name] of flags) {
    if (isSet(bytes, at) !== 0) names += names === '' ? name : `, ${name}`;
  }
  return names === '' ? '<None>' : names;
}

/** `45678 -> 4420 [PSH, ACK] Seq=1 Ack=1 Win=512 Len=72 TSval=7 TSecr=8`. */
export function describeSegment(layer: Layer, scene: Scene, index: number): string {
  const { bytes, at } = layer;
  const ack = get.ackFlag(bytes, at) ? ` Ack=${get.ack(bytes, at)}` : '';
  const { text, end } = describeOptions(scene, index);
  return (
    `${get.srcPort(bytes, at)} -> ${get.dstPort(bytes, at)} [${flagNames(bytes, at)}] ` +
    `Seq=${get.seq(bytes, at)}${ack} Win=${get.window(bytes, at)} Len=${layer.bodyEnd - end}${text}`
  );
}

const describe: Readonly<Record<string, (option: Layer) => string>> = {
  'tcp-mss': (o) => ` MSS=${o.number('mss')}`,
  'tcp-wscale': (o) => ` WS=${2 ** o.number('shiftCount')}`,
  'tcp-sack-permitted': () => ' SACK_PERM',
  'tcp-ts': (o) => ` TSval=${o.number('tsVal')} TSecr=${o.number('tsEcr')}`,
  'tcp-sack-block': (o) => ` SLE=${o.number('leftEdge')} SRE=${o.number('rightEdge')}`,
  'tcp-md5': () => ' MD5',
  'tcp-ao': () => ' TCP-AO',
  'tcp-mptcp': () => ' MPTCP',
  'tcp-uto': (o) => ` USER_TO=${o.number('userTimeout')}`,
  'tcp-fastopen': describeCookie,
  'tcp-fastopen-exp': describeCookie,
  'tcp-ee0b': (o) => ` EE0B=${o.number('ee0b')}`,
  'tcp-eceb': (o) => ` ECEB=${o.number('eceb')}`,
  'tcp-ee1b': (o) => ` EE1B=${o.number('ee1b')}`,
};

/** R asks for a cookie, C brings one. */
function describeCookie(option: Layer): string {
  return (option.get('cookie') as Uint8Array).length === 0 ? ' TFO=R' : ' TFO=C';
}

function describeOptions(scene: Scene, index: number): { text: string; end: number } {
  let { end } = scene.layers[index]!;
  let text = '';
  for (const option of partsOf(scene, index)) {
    end = option.end;
    text += describe[option.key]?.(option) ?? '';
  }
  return { text, end };
}
