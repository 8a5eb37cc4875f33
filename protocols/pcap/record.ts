// One captured packet, as a cursor: a reader fills the same object again for every record, so that reading
// allocates nothing. Whoever keeps a record or its bytes beyond the reader's next step copies them.

import type { ByteOrder } from '../core/field.js';
import { COMMENT_LIMIT } from './bound.js';
import { findOption, textOf } from './option.js';
import { Number64, optionCodes } from './pcapng-header.js';
import { type Instant, type Resolution, toNanoseconds } from './timestamp.js';

/** What a file says of an interface; a pcap file has one. */
export interface CaptureInterface {
  readonly linkType: number;
  /** 0 for no limit. */
  readonly snapLength: number;
  /** Bytes of FCS at the end of each packet; -1 where the file does not say. */
  readonly fcsLength: number;
  readonly resolution: Resolution;
  /** Seconds to add to each timestamp. */
  readonly offsetSeconds: number;
  readonly name: string;
  readonly description: string;
  readonly comments: readonly string[];
}

const NOTHING = new Uint8Array(0);

/** One packet of a capture file: the reader's record, filled again for each packet. Copy what is to be kept. */
export class CaptureRecord implements Instant {
  /** The packet is `bytes` from `at` to `end`. */
  bytes: Uint8Array = NOTHING;
  at = 0;
  end = 0;
  /** Bytes that the packet had on the wire. */
  originalLength = 0;
  /** Counts records from 1, over all sections. */
  number = 0;
  /** Where the record begins in the (unpacked) file. */
  offset = 0;
  /** Since 1970-01-01 UTC; meaningless where `timed` is false. */
  seconds = 0;
  nanoseconds = 0;
  timed = true;
  linkType = 1;
  /** Bytes of FCS at the packet's end; -1 where the file does not say. */
  fcsLength = -1;
  interfaceId = 0;
  /** epb_flags, 0 where there are none. */
  flags = 0;
  order: ByteOrder = 'be';
  optionsAt = 0;
  optionsEnd = 0;

  /** Nanoseconds since 1970-01-01 UTC. */
  get timestamp(): bigint {
    return toNanoseconds(this);
  }

  /** The comments of this packet. */
  get comments(): string[] {
    const found: string[] = [];
    let at = this.optionsAt;
    while (at < this.optionsEnd && found.length < COMMENT_LIMIT) {
      const option = findOption(this.bytes, at, this.optionsEnd, this.order, optionCodes.comment);
      if (!option) break;
      found.push(textOf(this.bytes, option.at, option.end));
      at = option.next;
    }
    return found;
  }

  /** Packets lost since the one before, where the file says so. */
  get dropCount(): bigint | undefined {
    const { bytes, optionsAt, optionsEnd, order } = this;
    const option = findOption(bytes, optionsAt, optionsEnd, order, optionCodes.epb_dropcount);
    if (!option || option.end - option.at < Number64.be.size) return undefined;
    return Number64[order].get.value(bytes, option.at);
  }
}
