// Log pages (Base 2.0 5.16.1) by identifier. Hosts may read any part of a page; behind its end are zeros.

import { nvme } from '../../../protocols/index.js';
import { CDW_AT } from '../../../protocols/nvme/sqe-header.js';
import { adminOpcodes } from './admin-command.js';
import type { Controller } from './controller.js';
import { discoveryPage } from './discovery.js';
import { nsidList } from './identify.js';
import { ioOpcodes } from './io-command.js';
import type { Request } from './request.js';
import { STATUS } from './status.js';

type Page = (controller: Controller, request: Request) => Uint8Array;
type Pages = Readonly<Record<number, Page>>;

const { GetLogPage } = nvme;
const DWORD = 4;
const OPCODES = 256;
/** Entries of the changed namespaces log; when more have changed, the first says so and stands alone. */
const CHANGED_ENTRIES = 1024;
const TOO_MANY = 0xffffffff;
/** RGO of the ANA log: groups without their namespaces. */
const GROUPS_ONLY = 1;
const OPTIMIZED = 1;
const GROUP = 1;
/** Data units of SMART are thousands of 512 bytes. */
const DATA_UNIT = 512_000;

/** Bytes that Get Log Page asks for. */
export function logLength({ sqe }: Request): number {
  const { numdl, numdu } = GetLogPage.get;
  return (numdu(sqe, CDW_AT) * 2 ** 16 + numdl(sqe, CDW_AT) + 1) * DWORD;
}

export function readLog(request: Request, controller: Controller, pages: Pages): void {
  const { sqe } = request;
  const { lid, lpo, ot, rae } = GetLogPage.get;
  const id = lid(sqe, CDW_AT);
  const make = pages[id];
  if (!make) return request.fail(STATUS.invalidLogPage, CDW_AT);
  const offset = lpo(sqe, CDW_AT);
  if (offset % BigInt(DWORD) !== 0n || ot(sqe, CDW_AT) === 1)
    return request.fail(STATUS.invalidField, CDW_AT + GetLogPage.at.lpo);
  const page = make(controller, request);
  if (offset > BigInt(page.length))
    return request.fail(STATUS.invalidField, CDW_AT + GetLogPage.at.lpo);
  request.give(page, Number(offset));
  if (rae(sqe, CDW_AT) === 1) return;
  controller.events.acknowledge(id);
  if (id === CHANGED_NAMESPACES) controller.changedNamespaces.clear();
}
const CHANGED_NAMESPACES = 0x04;

/** Sixteen bytes, low end first. */
function count(value: number): Uint8Array {
  const bytes = new Uint8Array(16);
  nvme.NamespaceEntry.set.nsid(bytes, 0, value % 2 ** 32);
  nvme.NamespaceEntry.set.nsid(bytes, nvme.NamespaceEntry.size, Math.floor(value / 2 ** 32));
  return bytes;
}

function smart({ tally, errors }: Controller): Uint8Array {
  return nvme.Smart.encode({
    dataUnitsRead: count(Math.ceil(tally.bytesRead / DATA_UNIT)),
    dataUnitsWritten: count(Math.ceil(tally.bytesWritten / DATA_UNIT)),
    hostReads: count(tally.reads),
    hostWrites: count(tally.writes),
    mediaErrors: count(tally.mediaErrors),
    errorEntries: count(errors.count),
  });
}

const firmware: Page = () =>
  nvme.FirmwareSlots.encode({ active: 1, frs1: new TextEncoder().encode('1       ') });

function changed({ changedNamespaces }: Controller): Uint8Array {
  const page = new Uint8Array(CHANGED_ENTRIES * nvme.NamespaceEntry.size);
  const nsids = [...changedNamespaces].sort((a, b) => a - b);
  page.set(nsidList(nsids.length > CHANGED_ENTRIES ? [TOO_MANY] : nsids));
  return page;
}

function effects(): Uint8Array {
  const { size } = nvme.Effects;
  const page = new Uint8Array(4096);
  const support = (index: number) => nvme.Effects.encode({ csupp: 1 }, page, index * size);
  for (const opcode of adminOpcodes()) support(opcode);
  for (const opcode of ioOpcodes()) support(OPCODES + opcode);
  return page;
}

/** One group with all namespaces, always optimized: hosts that know paths want the page. */
function ana({ subsystem }: Controller, { sqe }: Request): Uint8Array {
  const isShort = GetLogPage.get.lsp(sqe, CDW_AT) === GROUPS_ONLY;
  const nsids = isShort ? [] : subsystem.nsids;
  const list = nsidList(nsids);
  const page = new Uint8Array(nvme.ANALog.size + nvme.ANAGroup.size + list.length);
  nvme.ANALog.encode({ groups: 1 }, page);
  const group = { grpid: GROUP, nnsids: nsids.length, state: OPTIMIZED };
  nvme.ANAGroup.encode(group, page, nvme.ANALog.size);
  page.set(list, page.length - list.length);
  return page;
}

/** Of controllers with namespaces. */
export const logPages: Pages = {
  1: ({ errors }) => errors.page(),
  2: smart,
  3: firmware,
  [CHANGED_NAMESPACES]: changed,
  5: effects,
  12: ana,
};

export const discoveryLogs: Pages = { 112: discoveryPage };
