// Answers with many records (IBA 15.3.5): RMPP's one segment, first and last. Tables that need more are refused with
// "too many records".

import { METHOD, SA_STATUS } from './constant.js';
import { OFFSET_UNIT, RECORD_AT, RMPP_AT, SA_AT, saAnswer } from './sa-query.js';
import { MAD, RMPP, SA } from './wire.js';

const RMPP_DATA = 1;
/** RRespTime: none given. */
const NO_TIME = 31;

export function saTable(request: Uint8Array, records: readonly Uint8Array[], room: number) {
  const step = Math.ceil((records[0]?.length ?? 0) / OFFSET_UNIT) * OFFSET_UNIT;
  if (records.length * step > room) return saAnswer(request, SA_STATUS.tooManyRecords);
  const b = saAnswer(request, 0);
  MAD.set.method(b, 0, METHOD.getTableResp);
  SA.set.attributeOffset(b, SA_AT, step / OFFSET_UNIT);
  for (const [i, record] of records.entries()) b.set(record, RECORD_AT + i * step);
  RMPP.set.rmppVersion(b, RMPP_AT, 1);
  RMPP.set.rmppType(b, RMPP_AT, RMPP_DATA);
  RMPP.set.rRespTime(b, RMPP_AT, NO_TIME);
  RMPP.set.active(b, RMPP_AT, 1);
  RMPP.set.first(b, RMPP_AT, 1);
  RMPP.set.last(b, RMPP_AT, 1);
  RMPP.set.segmentNumber(b, RMPP_AT, 1);
  RMPP.set.payloadLength(b, RMPP_AT, SA.size + records.length * step);
  return b;
}
