// The asking side of subnet administration: the path record of a GID, from the manager that the port was told of. The
// questions of a host are few; each is repeated until it is answered, and not for ever.

import { type Administration, AdministrationQueries } from './administration-queries.js';
import { RECORD, STATUS } from './constant.js';
import { maskOf, PATH_COMPONENT, RECORD_AT, saRequest } from './sa-query.js';
import { MAD, PathRecord } from './wire.js';

/** What a path record says of the way to a port. */
export interface SubnetPath {
  readonly dlid: number;
  readonly sl: number;
  /** Code of the path MTU (IBA 14.2.5.6) and of the rate (IBA 9.11.1). */
  readonly mtu: number;
  readonly rate: number;
  /** 4.096 us x 2^t. */
  readonly lifeTime: number;
}

export interface PathQuestion extends Administration {
  readonly sgid: Uint8Array;
  readonly dgid: Uint8Array;
}

const DEFAULT_P_KEY = 0xffff;
const { dGid, sGid, numbPath, reversible, pKey } = PATH_COMPONENT;
const MASK = maskOf(dGid, sGid, numbPath, reversible, pKey);

export class PathQueries extends AdministrationQueries {
  #tid = 0n;

  /** `done` gets the path, or undefined when there is none or nobody answered. */
  ask(question: PathQuestion, done: (path: SubnetPath | undefined) => void): void {
    const record = PathRecord.encode({ reversible: 1, numbPath: 1, pKey: DEFAULT_P_KEY });
    record.set(question.dgid, PathRecord.at.dGid);
    record.set(question.sgid, PathRecord.at.sGid);
    const bytes = saRequest('get', RECORD.path, record, MASK, ++this.#tid);
    this.send(bytes, question, (answer) => done(answer && pathIn(answer)));
  }
}

function pathIn(answer: Uint8Array): SubnetPath | undefined {
  if (MAD.get.status(answer, 0) !== STATUS.ok) return undefined;
  const { get } = PathRecord;
  return {
    dlid: get.dLid(answer, RECORD_AT),
    sl: get.sl(answer, RECORD_AT),
    mtu: get.mtu(answer, RECORD_AT),
    rate: get.rate(answer, RECORD_AT),
    lifeTime: get.packetLifeTime(answer, RECORD_AT),
  };
}
