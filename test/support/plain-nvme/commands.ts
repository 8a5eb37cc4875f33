// Commands as hosts send them, each filled into a Command; the transport adds the data pointer.

import type { AnyHeader, FieldValue } from '../../../protocols/index.js';
import { nvme } from '../../../protocols/index.js';
import {
  CDW_AT,
  FABRICS_OPCODE,
  SQE,
  SQEFabrics,
  SQENamespace,
} from '../../../protocols/nvme/sqe-header.js';
import { Command } from './command.js';

const PSDT_SGL = 1;
const ANY_CONTROLLER = 0xffff;
const FROM_HOST = 1;
const TO_HOST = 2;
const DIRECTION_BITS = 4;
const STRUCTURE_SIZE = 4096;
const CC = 0x14;
const CSTS = 0x1c;
/** Entries of 64 and 16 bytes, all command sets: as Linux writes CC. */
const ENABLED = { en: 1, css: 6, iosqes: 6, iocqes: 4 };
const NORMAL_SHUTDOWN = 1;

type Fields = Readonly<Record<string, FieldValue>>;

/** A command with its dwords; its opcode says which way data moves. */
function make(opcode: number, cid: number, nsid: number, of: AnyHeader, fields: Fields): Command {
  const command = new Command();
  SQE.encode({ opcode, psdt: PSDT_SGL, cid }, command.sqe);
  SQENamespace.set.nsid(command.sqe, SQE.size, nsid);
  of.encode(fields, command.sqe, CDW_AT);
  const way = opcode % DIRECTION_BITS;
  command.direction = way === FROM_HOST ? 'from-host' : way === TO_HOST ? 'to-host' : 'none';
  return command;
}

function withData(command: Command, data: Uint8Array): Command {
  command.data = data;
  command.length = data.length;
  return command;
}

function fabrics(fctype: number, cid: number, of: AnyHeader, fields: Fields): Command {
  const command = make(FABRICS_OPCODE, cid, 0, of, fields);
  SQEFabrics.set.fctype(command.sqe, SQE.size, fctype);
  command.direction = fctype % DIRECTION_BITS === FROM_HOST ? 'from-host' : 'none';
  return command;
}

export interface ConnectOptions {
  readonly qid: number;
  readonly entries: number;
  readonly subnqn: string;
  readonly hostnqn: string;
  readonly hostid: Uint8Array;
  readonly cntlid?: number;
  readonly katoMs?: number;
}

const named = (text: string, size: number): Uint8Array => {
  const bytes = new Uint8Array(size);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
};

export function connect(cid: number, options: ConnectOptions): Command {
  const { qid, entries, subnqn, hostnqn, hostid, cntlid = ANY_CONTROLLER, katoMs = 0 } = options;
  const fields = { qid, sqsize: entries - 1, kato: katoMs };
  const data = { hostid, cntlid, subnqn: named(subnqn, 256), hostnqn: named(hostnqn, 256) };
  return withData(fabrics(0x01, cid, nvme.Connect, fields), nvme.ConnectData.encode(data));
}

export const getStatus = (cid: number): Command =>
  fabrics(0x04, cid, nvme.PropertyGet, { offset: CSTS });

function configure(cid: number, cc: Parameters<typeof nvme.CC.encode>[0]): Command {
  const command = fabrics(0x00, cid, nvme.PropertySet, { offset: CC });
  command.sqe.set(nvme.CC.encode(cc), CDW_AT + nvme.PropertySet.size);
  return command;
}
export const enable = (cid: number): Command => configure(cid, ENABLED);
export const shutDown = (cid: number): Command =>
  configure(cid, { ...ENABLED, shn: NORMAL_SHUTDOWN });

export const identify = (cid: number, cns: number, nsid = 0): Command =>
  withData(make(0x06, cid, nsid, nvme.Identify, { cns }), new Uint8Array(STRUCTURE_SIZE));

export function getLog(cid: number, lid: number, length: number): Command {
  const fields = { lid, numdl: length / 4 - 1 };
  return withData(make(0x02, cid, 0, nvme.GetLogPage, fields), new Uint8Array(length));
}

export const keepAlive = (cid: number): Command => make(0x18, cid, 0, nvme.KeepAlive, {});

const blocks = (slba: number, count: number) => ({ slba: BigInt(slba), nlb: count - 1 });

/** Reads or writes `count` blocks. */
export const read = (
  cid: number,
  nsid: number,
  slba: number,
  count: number,
  data: Uint8Array,
): Command => withData(make(0x02, cid, nsid, nvme.Read, blocks(slba, count)), data);
export const write = (
  cid: number,
  nsid: number,
  slba: number,
  count: number,
  data: Uint8Array,
  fua = false,
): Command =>
  withData(make(0x01, cid, nsid, nvme.Write, { ...blocks(slba, count), fua: fua ? 1 : 0 }), data);
export const flush = (cid: number, nsid: number): Command => make(0x00, cid, nsid, nvme.Flush, {});
export const writeZeroes = (cid: number, nsid: number, slba: number, count: number): Command =>
  make(0x08, cid, nsid, nvme.WriteZeroes, { ...blocks(slba, count), deac: 1 });

/** Gives blocks back. */
export function deallocate(cid: number, nsid: number, slba: number, count: number): Command {
  const range = nvme.DSMRange.encode({ slba: BigInt(slba), length: count });
  return withData(make(0x09, cid, nsid, nvme.DatasetManagement, { ad: 1 }), range);
}
