// Subnet administration (IBA 15): answers queries from what the last sweep found, and keeps the multicast groups.

import { METHOD, RECORD, SA_STATUS, STATUS } from './constant.js';
import { Groups } from './group.js';
import { nodeRecords, pathRecords, portRecords, type QueryScene } from './record.js';
import { RECORD_AT, RECORD_BYTES, SA_AT, saAnswer } from './sa-query.js';
import { saTable } from './sa-table.js';
import type { Sweep } from './sweep.js';
import type { OutgoingMad } from './transactions.js';
import { ClassPortInfo, MAD, SA } from './wire.js';

export interface AdministrationOptions {
  /** PathRecord:PacketLifeTime, and that of groups; 18 unless given, as in opensm: 1.07 s. */
  readonly packetLifeTime?: number;
}

export interface SaQuery {
  readonly mad: Uint8Array;
  readonly from: { readonly lid: number; readonly sl: number; readonly qp: number };
}

const DEFAULT_LIFE_TIME = 18;
/** Longest time to respond, 4.096 us x 2^t; opensm says 16 as well. */
const RESPONSE_TIME = 16;
/** ClassPortInfo:CapabilityMask bit 9, IsUDMulticastSupported (IBA 15.2.4.3). */
const MULTICAST_SUPPORTED = 2 ** 9;

type Records = (query: QueryScene) => Uint8Array[] | number;

/** Attributes that are read; a number is a status. */
const readable: ReadonlyMap<number, Records> = new Map([
  [RECORD.path, pathRecords],
  [RECORD.node, nodeRecords],
  [RECORD.portInfo, portRecords],
]);

export class Administration {
  /** Queries answered, and those that were none. */
  answered = 0;
  ignored = 0;
  readonly groups: Groups;
  /** Answers to joins, which wait until the switches know of them. */
  #held: OutgoingMad[] = [];
  readonly #lifeTime: number;

  constructor(
    readonly sweep: Sweep,
    options: AdministrationOptions = {},
  ) {
    this.#lifeTime = options.packetLifeTime ?? DEFAULT_LIFE_TIME;
    this.groups = new Groups(sweep, this.#lifeTime);
    sweep.groups = () => this.groups.members();
  }

  /** The answer; undefined when there is none or when it must wait. */
  answer({ mad, from }: SaQuery): OutgoingMad | undefined {
    const method = MAD.get.method(mad, 0);
    if (method !== METHOD.get && method !== METHOD.set && method !== METHOD.delete) {
      if (method !== METHOD.getTable) {
        this.ignored++;
        return undefined;
      }
    }
    this.answered++;
    const back = (bytes: Uint8Array): OutgoingMad => ({ bytes, ...from });
    const attribute = MAD.get.attributeId(mad, 0);
    const scene: QueryScene = {
      sweep: this.sweep,
      lifeTime: this.#lifeTime,
      record: mad.subarray(RECORD_AT),
      mask: SA.get.componentMask(mad, SA_AT),
      askerLid: from.lid,
    };
    if (attribute === RECORD.classPortInfo) return back(saAnswer(mad, STATUS.ok, classPortInfo()));
    if (attribute === RECORD.mcMember && (method === METHOD.set || method === METHOD.delete)) {
      const result = method === METHOD.set ? this.groups.join(scene) : this.groups.leave(scene);
      if (typeof result === 'number') return back(saAnswer(mad, result));
      this.sweep.regroup();
      this.#held.push(back(saAnswer(mad, STATUS.ok, result)));
      return undefined;
    }
    const records =
      attribute === RECORD.mcMember ? this.groups.records(scene) : readable.get(attribute)?.(scene);
    return back(read(mad, method, records));
  }

  /** Answers that waited for tables which are set now. */
  settled(): OutgoingMad[] {
    return this.#held.splice(0);
  }
}

/** Get gives one record, GetTable all that fit (IBA 15.4.4). */
function read(mad: Uint8Array, method: number, records: Uint8Array[] | number | undefined) {
  if (records === undefined) return saAnswer(mad, STATUS.attributeNotSupported);
  if (typeof records === 'number') return saAnswer(mad, records);
  if (method === METHOD.getTable) return saTable(mad, records, RECORD_BYTES);
  if (method !== METHOD.get) return saAnswer(mad, STATUS.attributeNotSupported);
  const [record] = records;
  if (!record) return saAnswer(mad, SA_STATUS.noRecords);
  if (records.length > 1) return saAnswer(mad, SA_STATUS.tooManyRecords);
  return saAnswer(mad, STATUS.ok, record);
}

const classPortInfo = (): Uint8Array =>
  ClassPortInfo.encode({
    baseVersion: 1,
    classVersion: 2,
    capabilityMask: MULTICAST_SUPPORTED,
    respTimeValue: RESPONSE_TIME,
  });
