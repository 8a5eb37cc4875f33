// Completion queue entries (Base 2.0 3.3.3.2): eight bytes whose meaning belongs to the completed command,
// then eight that are the same for all. They are two layers, so that `cqe.cid` matches every completion.
// A completion does not say which command it answers: whoever knows (Context.nvme) names the result's form.

import { flag, reserved, uint, word } from '../core/field.js';
import { type Layer, outer } from '../core/layer.js';
import type { Protocol, Scene } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { entryPart, nvmeHeader } from './base.js';
import { logPages } from './names.js';
import { statusName, statusTypes } from './status.js';

const section = 'NVMe Base 2.0 3.3.3.2';

export const CQEResult = nvmeHeader(
  'CQEResult',
  [
    uint(32, 'dword0', 'command specific', { format: 'hex', alias: 'nvme.cqe.dword0' }),
    uint(32, 'dword1', 'command specific', { format: 'hex', alias: 'nvme.cqe.dword1' }),
  ],
  { key: 'cqe-result', title: 'NVMe completion: result', section },
);
export const CQEDword1 = nvmeHeader(
  'CQEDword1',
  [uint(32, 'dword1', 'command specific', { format: 'hex', alias: 'nvme.cqe.dword1' })],
  { key: 'cqe-dword1', title: 'NVMe completion: dword 1 behind a feature', section },
);
export const CQEConnect = nvmeHeader(
  'CQEConnect',
  [
    uint(16, 'cntlid', 'controller', {
      format: 'hex',
      alias: 'nvme.fabrics.cqe.connect.cntrlid',
    }),
    word(
      reserved(1),
      flag('atr', 'authentication transaction required'),
      flag('ascr', 'authentication and secure channel required'),
      reserved(13),
    ),
    reserved(32),
  ],
  { key: 'cqe-connect', title: 'NVMe completion: Connect', section: 'NVMe Base 2.0 6.3' },
);
export const CQEConnectError = nvmeHeader(
  'CQEConnectError',
  [
    uint(16, 'ipo', 'offset of the invalid parameter', { unit: 'bytes' }),
    uint(8, 'iattr', 'where it is', { names: { 0: 'SQE', 1: 'DATA' } }),
    reserved(8),
    reserved(32),
  ],
  {
    key: 'cqe-connect-error',
    title: 'NVMe completion: Connect refused for an invalid parameter',
    section: 'NVMe Base 2.0 6.3',
  },
);
export const CQEAsyncEvent = nvmeHeader(
  'CQEAsyncEvent',
  [
    word(
      uint(3, 'aet', 'type of the event', {
        names: { 0: 'ERROR', 1: 'SMART', 2: 'NOTICE', 6: 'COMMAND_SET', 7: 'VENDOR' },
        alias: 'nvme.cqe.dword0.aev.aet',
      }),
      reserved(5),
    ),
    uint(8, 'aei', 'the event; of notices 0 is a namespace change', {
      format: 'hex',
      alias: 'nvme.cqe.dword0.aev.aei',
    }),
    uint(8, 'lid', 'log page to read', {
      names: logPages,
      format: 'hex',
      alias: 'nvme.cqe.dword0.aev.lpi',
    }),
    reserved(8),
    uint(32, 'dword1', 'event specific', { format: 'hex', alias: 'nvme.cqe.dword1' }),
  ],
  {
    key: 'cqe-async-event',
    title: 'NVMe completion: asynchronous event',
    section: 'NVMe Base 2.0 5.2',
  },
);
export const CQEQueues = nvmeHeader(
  'CQEQueues',
  [
    uint(16, 'nsqa', 'I/O submission queues granted, less one', {
      alias: 'nvme.cqe.dword0.set_features.nq.nsqa',
    }),
    uint(16, 'ncqa', 'I/O completion queues granted, less one', {
      alias: 'nvme.cqe.dword0.set_features.ncqa',
    }),
    uint(32, 'dword1', 'reserved', { format: 'hex', alias: 'nvme.cqe.dword1' }),
  ],
  {
    key: 'cqe-queues',
    title: 'NVMe completion: Number of Queues',
    section: 'NVMe Base 2.0 5.27.1.5',
  },
);
export const CQEAbort = nvmeHeader(
  'CQEAbort',
  [word(flag('notAborted', 'the command was not aborted'), reserved(31)), reserved(32)],
  { key: 'cqe-abort', title: 'NVMe completion: Abort', section: 'NVMe Base 2.0 5.1' },
);

export const CQE = nvmeHeader(
  'CQE',
  [
    uint(16, 'sqhd', 'head of the submission queue', { alias: 'nvme.cqe.sqhd' }),
    uint(16, 'sqid', 'submission queue; 0 on fabrics', { alias: 'nvme.cqe.sqid' }),
    uint(16, 'cid', 'command that is complete', { format: 'hex', alias: 'nvme.cqe.cid' }),
    word(
      flag('phase', 'phase tag; reserved on fabrics', { alias: 'nvme.cqe.status.p' }),
      uint(8, 'sc', 'status code', { format: 'hex', alias: 'nvme.cqe.status.sc' }),
      uint(3, 'sct', 'status code type', { names: statusTypes, alias: 'nvme.cqe.status.sct' }),
      uint(2, 'crd', 'which retry delay', { alias: 'nvme.cqe.status.crd' }),
      flag('more', 'more is in the error log', { alias: 'nvme.cqe.status.m' }),
      flag('dnr', 'do not retry', { alias: 'nvme.cqe.status.dnr' }),
    ),
  ],
  { key: 'cqe', title: 'NVMe completion queue entry', section },
);

/** Bytes of a completion queue entry. */
export const CQE_SIZE = CQEResult.size + CQE.size;

export const cqe = entryPart(CQE, { continues: false, info: completion });

function completion(layer: Layer, scene: Scene, index: number): string {
  const fabrics = outer(scene.layers, index, 'cqe-connect', 'cqe-connect-error') >= 0;
  const name = statusName(layer.number('sct'), layer.number('sc'), fabrics);
  const end = layer.number('dnr') === 1 ? ', do not retry' : '';
  return `CQE cid 0x${layer.number('cid').toString(16).padStart(4, '0')} ${name}${end}`;
}

const COMMAND_SPECIFIC = 1;
const CONNECT_INVALID_PARAMETERS = 0x82;

/** A failure has no result, but for Connect, which says which parameter was wrong (Base 2.0 6.3). */
function resultForm(walk: Walk, success: Protocol | undefined): Protocol {
  const at = walk.at + CQEResult.size;
  const sct = CQE.get.sct(walk.bytes, at);
  const sc = CQE.get.sc(walk.bytes, at);
  if (sct === 0 && sc === 0) return success ?? cqeResult;
  const refused = sct === COMMAND_SPECIFIC && sc === CONNECT_INVALID_PARAMETERS;
  return refused && success === cqeConnect ? cqeConnectError : cqeResult;
}

/** The entry of every completion: takes the result in the form that the context knows, then the rest. */
export const cqeResult = entryPart(CQEResult, {
  read(walk): Protocol | null | undefined {
    if (walk.left < CQE_SIZE) return walk.take(cqeResult) < 0 ? null : cqe;
    const cid = CQE.get.cid(walk.bytes, walk.at + CQEResult.size);
    const form = resultForm(walk, walk.context.nvme?.resultOf?.(cid));
    if (walk.take(form) < 0) return null;
    if (form.header.size < CQEResult.size) walk.take(cqeDword1);
    return walk.take(cqe) < 0 ? null : undefined;
  },
});
export const cqeDword1 = entryPart(CQEDword1);
export const cqeConnect = entryPart(CQEConnect);
export const cqeConnectError = entryPart(CQEConnectError);
export const cqeAsyncEvent = entryPart(CQEAsyncEvent);
export const cqeQueues = entryPart(CQEQueues);
export const cqeAbort = entryPart(CQEAbort);
