// MAC control frames (IEEE 802.3 clause 31): PAUSE (annex 31B) and priority-based flow control (annex 31D,
// IEEE 802.1Q clause 36). They are always of the least size, so their reserved bytes are fields.

import { following } from '../core/bind.js';
import { flag, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { protocol, type Report, type Scene } from '../core/protocol.js';
import { groupAddresses } from './group-address.js';

/** IEEE 802.3 table 31A-1, as far as there are layers for it. */
export const PAUSE_OPCODE = 0x0001;
export const PFC_OPCODE = 0x0101;
const opcodes = { [PAUSE_OPCODE]: 'PAUSE', [PFC_OPCODE]: 'PFC' } as const;

export const MACControl = header(
  'MACControl',
  [
    uint(16, 'opcode', 'what is controlled', {
      names: opcodes,
      format: 'hex',
      alias: 'macc.opcode',
    }),
  ],
  { key: 'mac-control', family: 'macc', title: 'MAC control', section: 'IEEE 802.3 31.4' },
);

export const macControl = protocol(MACControl, {
  label: 'MAC CTRL',
  read(walk) {
    const at = walk.take(macControl);
    return at < 0 ? null : walk.next('mac-control', MACControl.get.opcode(walk.bytes, at));
  },
  derive: { opcode: following('mac-control') },
});

/** Pause times count in these: 512 bits at the speed of the link. */
const unit = '512 bit times';

export const Pause = header(
  'Pause',
  [
    uint(16, 'pauseTime', 'how long to send nothing; 0: go on', {
      unit,
      alias: 'macc.pause_time',
    }),
    reserved(42 * 8, 'zero, up to the least frame size'),
  ],
  { family: 'macc', title: 'PAUSE', section: 'IEEE 802.3 annex 31B' },
);

export const pause = protocol(Pause, {
  label: 'MAC CTRL',
  info: (layer) => `Pause: pause_time: ${layer.number('pauseTime')} quanta`,
});

const enabled = <N extends string>(name: N, n: number) =>
  flag(name, `class ${n} is meant`, { alias: `macc.cbfc.enbv.c${n}` });
const time = <N extends string>(name: N, n: number) =>
  uint(16, name, `how long class ${n} sends nothing; 0: go on`, {
    unit,
    alias: `macc.cbfc.pause_time.c${n}`,
  });

export const PFC = header(
  'PFC',
  [
    word(
      reserved(8, 'zero: high half of the class enable vector'),
      enabled('e7', 7),
      enabled('e6', 6),
      enabled('e5', 5),
      enabled('e4', 4),
      enabled('e3', 3),
      enabled('e2', 2),
      enabled('e1', 1),
      enabled('e0', 0),
    ),
    time('time0', 0),
    time('time1', 1),
    time('time2', 2),
    time('time3', 3),
    time('time4', 4),
    time('time5', 5),
    time('time6', 6),
    time('time7', 7),
    reserved(26 * 8, 'zero, up to the least frame size'),
  ],
  {
    family: 'macc',
    title: 'Priority-based flow control',
    section: 'IEEE 802.3 annex 31D, IEEE 802.1Q 36.1',
  },
);

const classes = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** `Class-based flow control [CBFC]: 3: 65535 quanta`: the classes that are meant and their times. */
function describe(layer: Layer): string {
  const meant = classes.filter((n) => layer.number(`e${n}`) !== 0);
  return `PFC: ${meant.map((n) => `${n}: ${layer.number(`time${n}`)} quanta`).join(', ') || 'none'}`;
}

export const pfc = protocol(PFC, { label: 'MAC CTRL', verify, info: describe });

function verify({ layers }: Scene, index: number, report: Report): void {
  const layer = layers[index]!;
  if (layer.number('reserved') !== 0) report('reserved', 'high bits of the vector are not zero');
  const outside = layers.slice(0, index).findLast((l) => l.key === 'eth');
  const target = outside?.get('dst') as Uint8Array | undefined;
  if (target && !groupAddresses['mac-control']!.every((byte, i) => byte === target[i])) {
    report('', 'goes to another address than 01:80:c2:00:00:01 (IEEE 802.3 31D.2)');
  }
}
