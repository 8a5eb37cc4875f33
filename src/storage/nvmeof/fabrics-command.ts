// Fabrics commands (Base 2.0 6): Connect, which makes a queue, and with the admin queue its controller; properties.
// Disconnect and authentication are not supported.

import { nvme } from '../../../protocols/index.js';
import { CDW_AT, SQE, SQEFabrics } from '../../../protocols/nvme/sqe-header.js';
import type { Nanos } from '../../time/index.js';
import { Controller, MOST_QUEUES } from './controller.js';
import { type Handler, immediate } from './handler.js';
import { FIRST_SIZE, type Queue } from './queue.js';
import type { Request } from './request.js';
import { STATUS } from './status.js';
import type { Subsystem } from './subsystem.js';
import { hostKey } from './underway.js';

const { Connect, ConnectData, PropertyGet, PropertySet } = nvme;
/** Offsets of properties (Base 2.0 3.1.3). */
const CAP = 0x00;
const VS = 0x08;
const CC = 0x14;
const CSTS = 0x1c;
/** ATTRIB.SIZE of Property Get and Set. */
const EIGHT_BYTES = 1;
const FOUR_BYTES = 0;
/** CNTLID by which a host lets the subsystem choose. */
const ANY_CONTROLLER = 0xffff;
/** IATTR of a Connect that is refused: which parameter is wrong lies in the entry, or in the data. */
const IN_ENTRY = 0;
const IN_DATA = 1;
/** CAP.TO in 500 ms, and CAP.CSS: NVM, and all that the host chooses by CSI; as Linux's target has them. */
const READY_TIMEOUT = 15;
const COMMAND_SETS = 0x41;
const VERSION = { major: 1, minor: 3 };

const types: Readonly<Record<number, Handler>> = {
  0: { direction: 'none', run: immediate(propertySet) },
  1: { direction: 'from-host', expected: () => ConnectData.size, run: connect },
  4: { direction: 'none', run: immediate(propertyGet) },
};
const PROPERTY_TYPES = [0x00, 0x04];
const CONNECT = 0x01;

export function fabricsCommand(request: Request, queue: Queue): Handler | undefined {
  const fctype = SQEFabrics.get.fctype(request.sqe, SQE.size);
  const isConnect = fctype === CONNECT;
  const isAdmin = queue.qid === 0;
  const handler = types[fctype];
  if (!handler || (PROPERTY_TYPES.includes(fctype) && !isAdmin))
    request.fail(STATUS.invalidOpcode, SQE.size);
  // Base 2.0 6.3: Connect comes first, and once.
  else if (isConnect === (queue.controller !== undefined))
    request.fail(STATUS.commandSequenceError, SQE.size);
  return request.failed ? undefined : handler;
}

/** Base 2.0 6.3: which byte of the entry or of the data is wrong. */
function refuse(request: Request, ipo: number, iattr: number): void {
  nvme.CQEConnectError.encode({ ipo, iattr }, request.result);
  request.fail(STATUS.connectInvalid, ipo);
}

/** A name in its field; undefined where no zero ends it. */
function nameAt(b: Uint8Array, at: number, size: number): string | undefined {
  const end = b.subarray(at, at + size).indexOf(0);
  return end < 0 ? undefined : new TextDecoder().decode(b.subarray(at, at + end));
}
const NAME_SIZE = 256;

interface Asked {
  readonly qid: number;
  readonly size: number;
  readonly kato: number;
  readonly cntlid: number;
  readonly hostid: Uint8Array;
  readonly hostnqn: string;
  readonly subsystem: Subsystem;
}

function connect(now: Nanos, request: Request, queue: Queue): void {
  const asked = read(request, queue);
  if (!asked) return queue.complete(now, request);
  const host = hostKey(asked.hostnqn, asked.hostid);
  asked.subsystem.underway.settled(now, host, (then) => {
    if (queue.isLost) request.fail(STATUS.sqDeleted);
    else join(request, queue, asked, then);
    queue.complete(then, request);
  });
}

function join(request: Request, queue: Queue, asked: Asked, now: Nanos): void {
  const controller =
    asked.qid === 0 ? newController(request, queue, asked) : known(request, queue, asked);
  if (!controller) return;
  queue.controller = controller;
  queue.qid = asked.qid;
  queue.size = asked.size;
  queue.flowControl = Connect.get.disableSqFlow(request.sqe, CDW_AT) === 0;
  controller.queues.set(asked.qid, queue);
  if (asked.qid === 0) controller.setKeepAlive(now, asked.kato);
  nvme.CQEConnect.encode({ cntlid: controller.cntlid }, request.result);
}

/** What Connect asks for; undefined when it is refused. */
function read(request: Request, queue: Queue): Asked | undefined {
  const { sqe, data, at } = request;
  const { get } = Connect;
  if (get.recfmt(sqe, CDW_AT) !== 0) {
    request.fail(STATUS.connectFormat, CDW_AT + Connect.at.recfmt);
    return undefined;
  }
  const qid = get.qid(sqe, CDW_AT);
  const sqsize = get.sqsize(sqe, CDW_AT);
  const { mqes } = queue.carrier.port.transport;
  const wrong = (ipo: number, iattr: number) => {
    refuse(request, ipo, iattr);
    return undefined;
  };
  if (qid > MOST_QUEUES) return wrong(CDW_AT + Connect.at.qid, IN_ENTRY);
  const isSmallAdmin = qid === 0 && sqsize + 1 < FIRST_SIZE;
  if (sqsize === 0 || sqsize > mqes || isSmallAdmin)
    return wrong(CDW_AT + Connect.at.sqsize, IN_ENTRY);
  const subnqn = nameAt(data, at + ConnectData.at.subnqn, NAME_SIZE);
  const hostnqn = nameAt(data, at + ConnectData.at.hostnqn, NAME_SIZE);
  const subsystem = subnqn === undefined ? undefined : queue.target.find(subnqn);
  if (!subsystem) return wrong(ConnectData.at.subnqn, IN_DATA);
  if (hostnqn === undefined || hostnqn === '') return wrong(ConnectData.at.hostnqn, IN_DATA);
  if (subsystem.hosts && !subsystem.hosts.has(hostnqn)) {
    request.fail(STATUS.connectInvalidHost);
    return undefined;
  }
  return {
    qid,
    size: sqsize + 1,
    kato: get.kato(sqe, CDW_AT),
    cntlid: ConnectData.get.cntlid(data, at),
    hostid: data.slice(at + ConnectData.at.hostid, at + ConnectData.at.cntlid),
    hostnqn,
    subsystem,
  };
}

function newController(request: Request, queue: Queue, asked: Asked): Controller | undefined {
  if (asked.cntlid !== ANY_CONTROLLER) {
    refuse(request, ConnectData.at.cntlid, IN_DATA);
    return undefined;
  }
  const { subsystem, hostnqn, hostid } = asked;
  const cntlid = subsystem.freeCntlid();
  if (cntlid === undefined) {
    request.fail(STATUS.connectBusy);
    return undefined;
  }
  const { port } = queue.carrier;
  const made = new Controller(queue.target, subsystem, cntlid, hostnqn, hostid, port);
  subsystem.controllers.set(cntlid, made);
  return made;
}

/** The controller that an I/O queue is to belong to. */
function known(request: Request, queue: Queue, asked: Asked): Controller | undefined {
  const { subsystem, cntlid, qid, hostnqn, hostid } = asked;
  const controller = subsystem.controllers.get(cntlid);
  const isSame =
    controller?.hostnqn === hostnqn && hostid.every((byte, i) => byte === controller.hostid[i]);
  if (!controller || !isSame || controller.port.transport !== queue.carrier.port.transport) {
    refuse(request, ConnectData.at.cntlid, IN_DATA);
    return undefined;
  }
  if (controller.isDiscovery) refuse(request, CDW_AT + Connect.at.qid, IN_ENTRY);
  else if (!controller.isReady) request.fail(STATUS.commandSequenceError);
  else if (controller.queues.has(qid)) request.fail(STATUS.connectBusy);
  return request.failed ? undefined : controller;
}

function propertyGet(request: Request, queue: Queue): void {
  const controller = queue.controller!;
  const { offset, size } = PropertyGet.get;
  const wanted = offset(request.sqe, CDW_AT);
  const isLong = size(request.sqe, CDW_AT) === EIGHT_BYTES;
  const value = propertyOf(controller, wanted);
  if (value && isLong === (wanted === CAP)) request.result.set(value);
  else request.fail(STATUS.invalidField, CDW_AT + PropertyGet.at.offset);
}

function propertyOf(controller: Controller, offset: number): Uint8Array | undefined {
  switch (offset) {
    case CAP: {
      const { mqes } = controller.port.transport;
      return nvme.CAP.encode({ mqes, to: READY_TIMEOUT, css: COMMAND_SETS });
    }
    case VS:
      return nvme.VS.encode({ mjr: VERSION.major, mnr: VERSION.minor });
    case CC:
      return controller.configuration;
    case CSTS:
      return controller.status();
    default:
      return undefined;
  }
}

function propertySet(request: Request, queue: Queue): void {
  const { sqe } = request;
  const { offset, size } = PropertySet.get;
  if (offset(sqe, CDW_AT) !== CC || size(sqe, CDW_AT) !== FOUR_BYTES)
    return request.fail(STATUS.invalidField, CDW_AT + PropertySet.at.offset);
  const valueAt = CDW_AT + PropertySet.size;
  queue.controller!.configure(sqe.subarray(valueAt, valueAt + nvme.CC.size));
}
