// DDP segments (RFC 5041 4) with the RDMAP control field that they carry (RFC 5040 4.1). DDP leaves 8 bits
// (tagged) or 40 bits (untagged) of its header to RDMAP, so both protocols share one layer here.

import { following } from '../core/bind.js';
import { flag, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { type Derivation, protocol, type Report, type Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { invalidates, rdmapOpcode, rdmapOpcodeNames } from './opcode.js';

const control = [
  word(
    flag('tagged', 'T: placed by STag and TO, not by queue', { alias: 'iwarp_ddp.tagged_flag' }),
    flag('last', 'L: last segment of its message', { alias: 'iwarp_ddp.last_flag' }),
    reserved(4),
    uint(2, 'dv', 'DDP version, always 1', { alias: 'iwarp_ddp.dv' }),
  ),
  word(
    uint(2, 'rv', 'RDMAP version: 1, or 0 from the RDMA Consortium', {
      alias: 'iwarp_rdma.version',
    }),
    reserved(2),
    uint(4, 'opcode', 'RDMAP message', { names: rdmapOpcodeNames, alias: 'iwarp_rdma.opcode' }),
  ),
] as const;

export const DDPTagged = header(
  'DDPTagged',
  [
    ...control,
    uint(32, 'stag', 'buffer at the data sink', { format: 'hex', alias: 'iwarp_ddp.stag' }),
    uint(64, 'to', 'offset in that buffer', { format: 'hex', alias: 'iwarp_ddp.tagged_offset' }),
  ],
  { key: 'ddp-tagged', family: 'iwarp', title: 'DDP tagged segment', section: 'RFC 5041 4.2' },
);

export const DDPUntagged = header(
  'DDPUntagged',
  [
    ...control,
    uint(32, 'invalidateStag', 'STag to invalidate; reserved in other messages', {
      format: 'hex',
      alias: 'iwarp_rdma.inval_stag',
    }),
    uint(32, 'qn', 'queue number', { alias: 'iwarp_ddp.qn' }),
    uint(32, 'msn', 'message sequence number in that queue, from 1', { alias: 'iwarp_ddp.msn' }),
    uint(32, 'mo', 'offset in the message', { unit: 'bytes', alias: 'iwarp_ddp.mo' }),
  ],
  { key: 'ddp-untagged', family: 'iwarp', title: 'DDP untagged segment', section: 'RFC 5041 4.3' },
);

/** A value that a builder means unless it says otherwise. */
const usually = (value: number): Derivation => ({ kind: 'type', value: () => value });

const byNext = following('rdmap');

/** The message that the next layer belongs to; without one, the plain message of this kind. */
const opcodeOr = (plain: number): Derivation => ({
  kind: 'type',
  value: (scene, index) => byNext.value(scene, index) ?? plain,
});

const common = { dv: usually(1), rv: usually(1), last: usually(1) };

const label = 'DDP/RDMAP';

export const ddpTagged = protocol(DDPTagged, {
  label,
  read: (walk) => {
    const at = walk.take(ddpTagged);
    // A tagged segment carries nothing but data (RFC 5040 4.2).
    return at < 0 ? null : walk.context.ddpPayload?.(walk);
  },
  derive: { ...common, tagged: usually(1), opcode: opcodeOr(0) },
  verify: (scene, index, report) => verifyControl(scene, index, true, report),
  info: summary,
});

export const ddpUntagged = protocol(DDPUntagged, {
  label,
  read: (walk) => {
    const at = walk.take(ddpUntagged);
    if (at < 0) return null;
    // Behind the first segment of a message no header follows, only data.
    const next =
      DDPUntagged.get.mo(walk.bytes, at) === 0
        ? walk.next('rdmap', DDPUntagged.get.opcode(walk.bytes, at))
        : undefined;
    return next ?? walk.context.ddpPayload?.(walk);
  },
  derive: {
    ...common,
    tagged: usually(0),
    opcode: opcodeOr(3),
    qn: {
      kind: 'type',
      value: ({ layers }, index) => rdmapOpcode(layers[index]!.number('opcode'))?.queue,
    },
    msn: usually(1),
  },
  verify(scene, index, report) {
    verifyControl(scene, index, false, report);
    verifyQueue(scene.layers[index]!, report);
  },
  info: summary,
});

/** Every DDP header by its T bit. */
export function ddpAt(walk: Pick<Walk, 'bytes' | 'at'>): typeof ddpTagged | typeof ddpUntagged {
  return DDPTagged.get.tagged(walk.bytes, walk.at) === 1 ? ddpTagged : ddpUntagged;
}

function verifyControl(scene: Scene, index: number, tagged: boolean, report: Report): void {
  const layer = scene.layers[index]!;
  const message = rdmapOpcode(layer.number('opcode'));
  if (layer.number('dv') !== 1) report('dv', 'is not 1, the only DDP version');
  if (layer.number('rv') > 1) report('rv', 'is neither 1 nor 0');
  if ((layer.number('tagged') === 1) !== tagged) report('tagged', 'is not that of this header');
  if (!message) report('opcode', 'is no RDMAP message');
  else if (message.tagged !== tagged) {
    report('opcode', `${message.does} goes in ${message.tagged ? 'tagged' : 'untagged'} segments`);
  }
}

function verifyQueue(layer: Layer, report: Report): void {
  const message = rdmapOpcode(layer.number('opcode'));
  if (!message || message.tagged) return;
  if (layer.number('qn') !== message.queue) {
    report('qn', `${message.does} goes to queue ${message.queue}`);
  }
  if (message.single && layer.number('last') === 0) {
    report('last', `${message.does} is one segment`);
  }
  if (message.single && layer.number('mo') !== 0) report('mo', `${message.does} is one segment`);
  if (!invalidates(message.code) && layer.number('invalidateStag') !== 0) {
    report('invalidateStag', `${message.does} invalidates nothing`);
  }
}

function summary(layer: Layer): string {
  const message = rdmapOpcode(layer.number('opcode'));
  const rest = layer.number('last') === 1 ? '[last DDP segment]' : '[more DDP segments]';
  return `${message?.does ?? 'Unknown'} ${rest}`;
}
