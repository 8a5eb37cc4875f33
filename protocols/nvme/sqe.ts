// Submission queue entries: how their four layers follow from one another, and what a whole capsule is.

import { keyOf } from '../core/bind.js';
import type { Protocol, Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { entryPart } from './base.js';
import { dataOf, type NvmeQueue, queueOf } from './data.js';
import { fabricsCdw } from './fabrics.js';
import { isSgl, SGLUnknown, sglUnknown } from './sgl.js';
import { CDW, FABRICS_OPCODE, PRP, SQE, SQE_SIZE, SQEFabrics, SQENamespace } from './sqe-header.js';

/** Index of the first layer behind layer `index` for which `wanted` answers; -1 before any payload. */
function behind(scene: Scene, index: number, wanted: (p: Protocol) => boolean): number {
  const last = Math.min(index + 4, scene.layers.length);
  for (let i = index + 1; i < last; i++) if (wanted(scene.layers[i]!.protocol)) return i;
  return -1;
}

/** The number in one of `spaces` of a layer close behind layer `index`. */
function commandNumber(scene: Scene, index: number, ...spaces: string[]): number | undefined {
  for (const space of spaces) {
    const numberOf = (p: Protocol) => keyOf(scene.bindings, space, p);
    const at = behind(scene, index, (p) => numberOf(p) !== undefined);
    if (at >= 0) return numberOf(scene.layers[at]!.protocol);
  }
  return undefined;
}

export const sqe = entryPart(SQE, {
  read(walk): Protocol | null {
    const at = walk.take(sqe);
    if (at < 0) return null;
    return SQE.get.opcode(walk.bytes, at) === FABRICS_OPCODE ? sqeFabrics : sqeNamespace;
  },
  derive: {
    opcode: {
      kind: 'type',
      value: (scene, i) =>
        scene.layers[i + 1]?.protocol === sqeFabrics
          ? FABRICS_OPCODE
          : commandNumber(scene, i, 'nvme-io', 'nvme-admin'),
    },
    psdt: { kind: 'type', value: (scene, i) => (behind(scene, i, isSgl) >= 0 ? 1 : undefined) },
  },
  continues: false,
  info: (layer) => `cid 0x${layer.number('cid').toString(16).padStart(4, '0')}`,
});

export const sqeNamespace = entryPart(SQENamespace, {
  read(walk): Protocol | null | undefined {
    const at = walk.take(sqeNamespace);
    if (at < 0) return null;
    const head = at - SQE.size;
    const queue = queueAt(walk, head);
    const opcode = SQE.get.opcode(walk.bytes, head);
    const usesSgl = SQE.get.psdt(walk.bytes, head) !== 0;
    if (!pointer(walk, usesSgl)) return null;
    const command = queue === undefined ? undefined : walk.next(`nvme-${queue}`, opcode);
    return commandAndData(walk, head, command ?? cdw);
  },
});

export const sqeFabrics = entryPart(SQEFabrics, {
  read(walk): Protocol | null | undefined {
    const at = walk.take(sqeFabrics);
    if (at < 0 || !pointer(walk, true)) return null;
    const command = walk.next('nvme-fabrics', SQEFabrics.get.fctype(walk.bytes, at));
    return commandAndData(walk, at - SQE.size, command ?? fabricsCdw);
  },
  derive: {
    fctype: { kind: 'type', value: (scene, i) => commandNumber(scene, i, 'nvme-fabrics') },
  },
});

export const prp = entryPart(PRP);
export const cdw = entryPart(CDW);

/** The queue that the context knows, or that the command at `head` itself tells. */
function queueAt(walk: Walk, head: number): NvmeQueue | undefined {
  const known = walk.context.nvme?.queue;
  if (known || walk.boundary - head < SQE_SIZE) return known;
  return queueOf(walk.bytes, head);
}

/** Takes the data pointer. */
function pointer(walk: Walk, usesSgl: boolean): boolean {
  if (!usesSgl) return walk.take(prp) >= 0;
  if (walk.left < PRP.size) return walk.take(sglUnknown) >= 0;
  const type = SGLUnknown.get.type(walk.bytes, walk.at);
  return walk.take(walk.next('nvme-sgl', type) ?? sglUnknown) >= 0;
}

/** Takes the command's dwords; what lies behind them in an RDMA capsule is the command's data. */
function commandAndData(walk: Walk, head: number, command: Protocol): Protocol | null | undefined {
  command.read(walk);
  // A stop may be an older one; what the command's data are is asked of a whole entry only.
  if (walk.at - head < SQE_SIZE || walk.left === 0) return null;
  return dataOf(walk.bytes, head, walk.context.nvme?.queue);
}
