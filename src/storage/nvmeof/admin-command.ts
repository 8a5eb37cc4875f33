// Admin commands (Base 2.0 5) by opcode, for controllers with namespaces and for those of discovery.

import { nvme } from '../../../protocols/index.js';
import { CDW_AT } from '../../../protocols/nvme/sqe-header.js';
import type { Nanos } from '../../time/index.js';
import { MOST_ABORTS } from './controller.js';
import { getFeature, getFeatureLength, setFeature } from './feature.js';
import { type Handler, immediate } from './handler.js';
import { discoveryIdentify, identify, STRUCTURE_SIZE } from './identify.js';
import { discoveryLogs, logLength, logPages, readLog } from './log-page.js';
import type { Queue } from './queue.js';
import type { Request } from './request.js';
import { STATUS } from './status.js';

const GET_LOG_PAGE = 0x02;
const IDENTIFY = 0x06;
const ABORT = 0x08;
const SET_FEATURES = 0x09;
const GET_FEATURES = 0x0a;
const ASYNC_EVENT_REQUEST = 0x0c;
const KEEP_ALIVE = 0x18;

function answerIdentify(request: Request, queue: Queue, structures: typeof identify): void {
  const structure = structures[nvme.Identify.get.cns(request.sqe, CDW_AT)];
  const page = structure?.(request, queue.controller!);
  if (page) request.give(page);
  else request.fail(STATUS.invalidField, CDW_AT + nvme.Identify.at.cns);
}

const identifying = (structures: typeof identify): Handler => ({
  direction: 'to-host',
  expected: () => STRUCTURE_SIZE,
  run: immediate((request, queue) => answerIdentify(request, queue, structures)),
});

const logging = (pages: typeof logPages): Handler => ({
  direction: 'to-host',
  expected: logLength,
  run: immediate((request, queue) => readLog(request, queue.controller!, pages)),
});

/** Stops a command where it can be stopped; answered when that is complete, or at once where it goes on. */
const abort: Handler = {
  direction: 'none',
  run: (now, request, queue) => {
    const controller = queue.controller!;
    const { sqid, abortCid } = nvme.Abort.get;
    const cid = abortCid(request.sqe, CDW_AT);
    const tell = (then: Nanos, isAborted: boolean): void => {
      controller.aborting--;
      nvme.CQEAbort.encode({ notAborted: isAborted ? 0 : 1 }, request.result);
      queue.complete(then, request);
    };
    if (controller.aborting === MOST_ABORTS) {
      request.fail(STATUS.abortLimit);
      return queue.complete(now, request);
    }
    controller.aborting++;
    const qid = sqid(request.sqe, CDW_AT);
    if (qid === queue.qid) return tell(now, controller.events.abort(now, cid));
    const other = controller.queues.get(qid);
    if (other) other.abort(now, cid, tell);
    else tell(now, false);
  },
};

const keepAlive: Handler = {
  direction: 'none',
  run: immediate((_request, queue, now) => queue.controller!.alive(now)),
};

const eventRequest: Handler = {
  direction: 'none',
  run: (now, request, queue) => queue.controller!.events.park(now, request),
};

const shared: Readonly<Record<number, Handler>> = {
  [SET_FEATURES]: {
    direction: 'none',
    run: immediate((request, queue, now) => setFeature(request, queue.controller!, now)),
  },
  [GET_FEATURES]: {
    direction: 'to-host',
    expected: getFeatureLength,
    run: immediate((request, queue) => getFeature(request, queue.controller!)),
  },
  [ASYNC_EVENT_REQUEST]: eventRequest,
  [KEEP_ALIVE]: keepAlive,
};

/** Of controllers with namespaces. */
export const adminCommands: Readonly<Record<number, Handler>> = {
  ...shared,
  [GET_LOG_PAGE]: logging(logPages),
  [IDENTIFY]: identifying(identify),
  [ABORT]: abort,
};

/** Of discovery controllers (Base 2.0 3.1.2.3.3). */
export const discoveryCommands: Readonly<Record<number, Handler>> = {
  ...shared,
  [GET_LOG_PAGE]: logging(discoveryLogs),
  [IDENTIFY]: identifying(discoveryIdentify),
};

/** Opcodes that the effects log lists. */
export const adminOpcodes = (): number[] => Object.keys(adminCommands).map(Number);
