// Commands as Linux sends them, each filled into a Command; whoever sends it says where its data is, and the transport
// adds the data pointer.

import type { AnyHeader, FieldValue } from '../../../../protocols/index.js';
import { nvme } from '../../../../protocols/index.js';
import {
  CDW_AT,
  FABRICS_OPCODE,
  SQE,
  SQEFabrics,
  SQENamespace,
} from '../../../../protocols/nvme/sqe-header.js';
import type { Command } from './command.js';

const PSDT_SGL = 1;
const ANY_CONTROLLER = 0xffff;
const FROM_HOST = 1;
const TO_HOST = 2;
const DIRECTION_BITS = 4;
/** Of every structure of Identify. */
export const STRUCTURE_SIZE = 4096;
/** Ranges go as a page, however few they are: some targets insist on it (nvme_setup_discard). */
export const RANGES_SIZE = 4096;
export const PROPERTY = { cap: 0x00, vs: 0x08, cc: 0x14, csts: 0x1c } as const;
const EIGHT_BYTES = 1;
/** Entries of 64 and 16 bytes, all command sets: as Linux writes CC. */
const CONFIGURED = { css: 6, iosqes: 6, iocqes: 4 };
const NORMAL_SHUTDOWN = 1;
const NO_NAMESPACE = 0;
export const EVERY_NAMESPACE = 0xffffffff;
/** AER has a tag of its own, and no generation (NVME_AQ_BLK_MQ_DEPTH and above). */
export const EVENT_TAG = 31;
/** Keep Alive as well: it goes while another command is asked (a reserved tag in Linux). */
export const KEEP_ALIVE_TAG = 30;

const OPCODE = {
  flush: 0x00,
  write: 0x01,
  read: 0x02,
  writeZeroes: 0x08,
  dsm: 0x09,
  getLogPage: 0x02,
  identify: 0x06,
  abort: 0x08,
  setFeatures: 0x09,
  asyncEventRequest: 0x0c,
  keepAlive: 0x18,
} as const;

type Fields = Readonly<Record<string, FieldValue>>;

/** The common part; its opcode says which way data moves. */
// hot
function begin(command: Command, opcode: number, nsid: number, cid = command.nextCid()): void {
  const { sqe } = command;
  sqe.fill(0);
  SQE.set.opcode(sqe, 0, opcode);
  SQE.set.psdt(sqe, 0, PSDT_SGL);
  SQE.set.cid(sqe, 0, cid);
  SQENamespace.set.nsid(sqe, SQE.size, nsid);
  const way = opcode % DIRECTION_BITS;
  command.direction = way === FROM_HOST ? 'from-host' : way === TO_HOST ? 'to-host' : 'none';
}

function make(command: Command, opcode: number, nsid: number, of: AnyHeader, fields: Fields): void {
  begin(command, opcode, nsid);
  of.encode(fields, command.sqe, CDW_AT);
}

function fabrics(command: Command, fctype: number, of: AnyHeader, fields: Fields): void {
  make(command, FABRICS_OPCODE, 0, of, fields);
  SQEFabrics.set.fctype(command.sqe, SQE.size, fctype);
  command.direction = fctype % DIRECTION_BITS === FROM_HOST ? 'from-host' : 'none';
}

export interface ConnectOptions {
  readonly qid: number;
  readonly entries: number;
  readonly cntlid?: number;
  readonly katoMs?: number;
}

/** Who connects to what. */
export interface Names {
  readonly subnqn: string;
  readonly hostnqn: string;
  /** Sixteen bytes. */
  readonly hostid: Uint8Array;
}

const NAME_SIZE = 256;
const named = (text: string): Uint8Array => {
  const bytes = new Uint8Array(NAME_SIZE);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
};

export function connect(command: Command, { qid, entries, katoMs = 0 }: ConnectOptions): void {
  fabrics(command, 0x01, nvme.Connect, { qid, sqsize: entries - 1, kato: katoMs });
}

/** What goes with Connect. */
export const connectData = (names: Names, cntlid = ANY_CONTROLLER): Uint8Array =>
  nvme.ConnectData.encode({
    hostid: names.hostid,
    cntlid,
    subnqn: named(names.subnqn),
    hostnqn: named(names.hostnqn),
  });

export function getProperty(command: Command, offset: number): void {
  const attrib = offset === PROPERTY.cap ? EIGHT_BYTES : 0;
  fabrics(command, 0x04, nvme.PropertyGet, { size: attrib, offset });
}

function configure(command: Command, cc: Parameters<typeof nvme.CC.encode>[0]): void {
  fabrics(command, 0x00, nvme.PropertySet, { offset: PROPERTY.cc });
  command.sqe.set(nvme.CC.encode(cc), CDW_AT + nvme.PropertySet.size);
}
export const enable = (command: Command): void => configure(command, { ...CONFIGURED, en: 1 });
export const shutDown = (command: Command): void =>
  configure(command, { ...CONFIGURED, en: 1, shn: NORMAL_SHUTDOWN });

export const identify = (command: Command, cns: number, nsid = NO_NAMESPACE): void =>
  make(command, OPCODE.identify, nsid, nvme.Identify, { cns });

export function getLog(command: Command, lid: number, length: number, nsid: number): void {
  make(command, OPCODE.getLogPage, nsid, nvme.GetLogPage, { lid, numdl: length / 4 - 1 });
}

function setFeatures(command: Command, fid: number, value: Uint8Array): void {
  make(command, OPCODE.setFeatures, NO_NAMESPACE, nvme.SetFeatures, { fid });
  command.sqe.set(value, CDW_AT + nvme.SetFeatures.size);
}
export const setQueues = (command: Command, count: number): void =>
  setFeatures(command, 0x07, nvme.NumberOfQueues.encode({ nsqr: count - 1, ncqr: count - 1 }));
export const setEvents = (
  command: Command,
  wanted: Parameters<typeof nvme.AsyncEventConfiguration.encode>[0],
): void => setFeatures(command, 0x0b, nvme.AsyncEventConfiguration.encode(wanted));

export const requestEvent = (command: Command): void =>
  begin(command, OPCODE.asyncEventRequest, NO_NAMESPACE, EVENT_TAG);
export const keepAlive = (command: Command): void => begin(command, OPCODE.keepAlive, NO_NAMESPACE);
export const abort = (command: Command, sqid: number, cid: number): void =>
  make(command, OPCODE.abort, NO_NAMESPACE, nvme.Abort, { sqid, abortCid: cid });

// I/O

// hot
function blocks(
  command: Command,
  opcode: number,
  nsid: number,
  slba: number,
  count: number,
  fua: boolean,
): void {
  begin(command, opcode, nsid);
  const { sqe } = command;
  nvme.Read.set.slba(sqe, CDW_AT, BigInt(slba));
  nvme.Read.set.nlb(sqe, CDW_AT, count - 1);
  if (fua) nvme.Read.set.fua(sqe, CDW_AT, 1);
}

export const read = (command: Command, nsid: number, slba: number, count: number): void =>
  blocks(command, OPCODE.read, nsid, slba, count, false);
export const write = (
  command: Command,
  nsid: number,
  slba: number,
  count: number,
  fua = false,
): void => blocks(command, OPCODE.write, nsid, slba, count, fua);
export const flush = (command: Command, nsid: number): void => begin(command, OPCODE.flush, nsid);
/** As Linux does it for discards that must zero: blocks may be given back. */
export function writeZeroes(
  command: Command,
  nsid: number,
  slba: number,
  count: number,
  fua = false,
): void {
  blocks(command, OPCODE.writeZeroes, nsid, slba, count, fua);
  nvme.WriteZeroes.set.deac(command.sqe, CDW_AT, 1);
}

/** Gives blocks back; the range goes as data. */
export const deallocate = (command: Command, nsid: number): void =>
  make(command, OPCODE.dsm, nsid, nvme.DatasetManagement, { ad: 1 });
export const range = (slba: number, count: number): Uint8Array =>
  nvme.DSMRange.encode({ slba: BigInt(slba), length: count });
