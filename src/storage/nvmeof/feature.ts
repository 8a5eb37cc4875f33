// Features (Base 2.0 5.27.1): what a host may set, and what it is told.

import { nvme } from '../../../protocols/index.js';
import { CDW_AT } from '../../../protocols/nvme/sqe-header.js';
import type { Nanos } from '../../time/index.js';
import { type Controller, MOST_QUEUES } from './controller.js';
import type { Request } from './request.js';
import { STATUS } from './status.js';

const POWER_MANAGEMENT = 0x02;
const WRITE_CACHE = 0x06;
const NUMBER_OF_QUEUES = 0x07;
const EVENT_CONFIGURATION = 0x0b;
const KEEP_ALIVE = 0x0f;
const HOST_IDENTIFIER = 0x81;
/** Of 128 bits, the only ones on fabrics. */
const HOST_ID_SIZE = 16;
/** Base 2.0 5.27.1.5: asking for that many queues is an error. */
const TOO_MANY = 0xffff;
/** Longer keep-alive timeouts are refused: a day. */
const MOST_KEEP_ALIVE = 86_400_000;

const { SetFeatures, GetFeatures } = nvme;
/** Dword 11 is where a feature's value stands. */
const VALUE_AT = CDW_AT + SetFeatures.size;
const VALUE_SIZE = 4;

/** Those that discovery controllers have. */
const OF_DISCOVERY = [EVENT_CONFIGURATION, KEEP_ALIVE];

const dwordOf = ({ sqe }: Request) => sqe.subarray(VALUE_AT, VALUE_AT + VALUE_SIZE);

const grant = (request: Request) =>
  nvme.CQEQueues.encode({ nsqa: MOST_QUEUES - 1, ncqa: MOST_QUEUES - 1 }, request.result);

export function setFeature(request: Request, controller: Controller, now: Nanos): void {
  const { sqe } = request;
  const fid = SetFeatures.get.fid(sqe, CDW_AT);
  if (SetFeatures.get.sv(sqe, CDW_AT) === 1)
    return request.fail(STATUS.notSaveable, CDW_AT + SetFeatures.at.sv);
  const invalid = () => request.fail(STATUS.invalidField, CDW_AT);
  if (controller.isDiscovery && !OF_DISCOVERY.includes(fid)) return invalid();
  switch (fid) {
    case POWER_MANAGEMENT:
      // There is one power state.
      if (nvme.UnknownFeature.get.value(sqe, VALUE_AT) !== 0)
        request.fail(STATUS.invalidField, VALUE_AT);
      return;
    case WRITE_CACHE:
      controller.writeCache = nvme.VolatileWriteCache.get.wce(sqe, VALUE_AT) === 1;
      return;
    case NUMBER_OF_QUEUES: {
      const { nsqr, ncqr } = nvme.NumberOfQueues.get;
      if (nsqr(sqe, VALUE_AT) === TOO_MANY || ncqr(sqe, VALUE_AT) === TOO_MANY)
        return request.fail(STATUS.invalidField, VALUE_AT);
      grant(request);
      return;
    }
    case EVENT_CONFIGURATION:
      controller.events.configuration.set(dwordOf(request));
      request.result.set(dwordOf(request)); // as Linux's target answers
      return;
    case KEEP_ALIVE: {
      const kato = nvme.KeepAliveTimer.get.kato(sqe, VALUE_AT);
      if (kato > MOST_KEEP_ALIVE) return request.fail(STATUS.keepAliveInvalid, VALUE_AT);
      controller.setKeepAlive(now, kato);
      return;
    }
    case HOST_IDENTIFIER:
      return request.fail(STATUS.commandSequenceError); // Connect has said it (Base 2.0 5.27.1.25)
    default:
      if (!controller.plainFeatures.has(fid)) return invalid();
      controller.plainFeatures.set(fid, nvme.UnknownFeature.get.value(sqe, VALUE_AT));
  }
}

/** Only the host identifier is data; all else is in the completion. */
export const getFeatureLength = ({ sqe }: Request): number =>
  GetFeatures.get.fid(sqe, CDW_AT) === HOST_IDENTIFIER ? HOST_ID_SIZE : 0;

export function getFeature(request: Request, controller: Controller): void {
  const { sqe, result } = request;
  const fid = GetFeatures.get.fid(sqe, CDW_AT);
  const invalid = () => request.fail(STATUS.invalidField, CDW_AT);
  if (controller.isDiscovery && !OF_DISCOVERY.includes(fid)) return invalid();
  switch (fid) {
    case POWER_MANAGEMENT:
      return;
    case WRITE_CACHE:
      nvme.VolatileWriteCache.encode({ wce: controller.writeCache ? 1 : 0 }, result);
      return;
    case NUMBER_OF_QUEUES:
      grant(request);
      return;
    case EVENT_CONFIGURATION:
      result.set(controller.events.configuration);
      return;
    case KEEP_ALIVE:
      nvme.KeepAliveTimer.encode({ kato: controller.keepAliveMs }, result);
      return;
    case HOST_IDENTIFIER:
      if (nvme.HostIdentifier.get.exhid(sqe, VALUE_AT) === 0)
        return request.fail(STATUS.hostIdFormat, VALUE_AT);
      return request.give(controller.hostid);
    default: {
      const value = controller.plainFeatures.get(fid);
      if (value === undefined) return invalid();
      nvme.UnknownFeature.encode({ value }, result);
    }
  }
}
