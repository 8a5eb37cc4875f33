// The data pointer of a command over TCP (TCP Transport 1.0 3.4): either data in the capsule, or data that PDUs carry.

import { nvme } from '../../../../protocols/index.js';
import { SQE, SQENamespace } from '../../../../protocols/nvme/sqe-header.js';
import { largestTransfer, type TransportFacts } from '../port.js';
import { STATUS } from '../status.js';
import type { Slot } from './slot.js';

export const SGL_AT = SQE.size + SQENamespace.size;

const DATA_BLOCK = 0;
const OFFSET = 1;
const TRANSPORT_BLOCK = 5;
const TRANSPORT = 10;

/** Finds where the data of a command is, of which `carried` bytes lie in its capsule; fails it where that cannot be. */
export function mapSgl(slot: Slot, transport: TransportFacts, carried: number): void {
  const { request } = slot;
  const { sqe } = request;
  const { addr, length, type, subtype } = nvme.SGLDataBlock.get;
  const size = length(sqe, SGL_AT);
  const kind = type(sqe, SGL_AT);
  const where = subtype(sqe, SGL_AT);
  request.length = size;
  const isInline = kind === DATA_BLOCK && where === OFFSET;
  if (isInline) {
    slot.inCapsule = true;
    const isOutside = addr(sqe, SGL_AT) !== 0n || size > transport.inlineBytes || size !== carried;
    if (isOutside) request.fail(STATUS.sglOffsetInvalid, SGL_AT);
    else if (size > 0 && request.direction !== 'from-host')
      request.fail(STATUS.invalidField, SGL_AT);
    return;
  }
  if (kind !== TRANSPORT_BLOCK || where !== TRANSPORT)
    return request.fail(STATUS.sglTypeInvalid, SGL_AT + nvme.SGLDataBlock.at.type);
  if (size > largestTransfer(transport)) request.fail(STATUS.sglLengthInvalid, SGL_AT);
}
