// A segment in a few words, in the manner of tshark with relative sequence numbers off: one frame alone does
// not tell where its stream began, nor how its window is scaled.

import { partsOf } from '../core/bind.js';
import type { Layer } from '../core/layer.js';
import type { Scene } from '../core/protocol.js';

/** Flags in the order in which tshark names them. */
const flags = [
  ['fin', 'FIN'],
  ['syn', 'SYN'],
  ['rst', 'RST'],
  ['psh', 'PSH'],
  ['ackFlag', 'ACK'],
  ['urg', 'URG'],
  ['ece', 'ECE'],
  ['cwr', 'CWR'],
  ['ae', 'AE'],
] as const;

/** `45678 -> 4420 [PSH, ACK] Seq=1 Ack=1 Win=512 Len=72 TSval=7 TSecr=8`. */
export function describeSegment(layer: Layer, scene: Scene, index: number): string {
  const set = flags.filter(([field]) => layer.number(field) !== 0).map(([, name]) => name);
  const ack = layer.number('ackFlag') ? ` Ack=${layer.number('ack')}` : '';
  const { text, end } = describeOptions(scene, index);
  return (
    `${layer.number('srcPort')} -> ${layer.number('dstPort')} [${set.join(', ') || '<None>'}] ` +
    `Seq=${layer.number('seq')}${ack} Win=${layer.number('window')} Len=${layer.bodyEnd - end}${text}`
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
