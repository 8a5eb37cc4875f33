// The client's side of the fixed newstyle handshake (NBD: Fixed newstyle negotiation): asks for structured replies and
// base:allocation, takes what it gets, and goes to the export.

import { OPTION_REPLY_MAGIC } from '../../../protocols/nbd/constant.js';
import * as nbd from '../../../protocols/nbd/index.js';
import type { Output } from './output.js';
import { MOST_PAYLOAD } from './words.js';

/** Longest answer to an option: texts of errors and descriptions. */
const MOST_REPLY = 65536;

const GO = 7;
const STRUCTURED_REPLY = 8;
const SET_META_CONTEXT = 10;
const REP_ACK = 1;
const REP_INFO = 3;
const REP_META_CONTEXT = 4;
const FIRST_ERROR = 2 ** 31;
const ERR_TLS_REQD = FIRST_ERROR + 5;
const INFO_EXPORT = 0;
const INFO_BLOCK_SIZE = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the server has said of the export. */
export interface Exported {
  readonly size: number;
  readonly readOnly: boolean;
  readonly canFlush: boolean;
  readonly canFua: boolean;
  readonly canTrim: boolean;
  readonly canZero: boolean;
  readonly minimumBlock: number;
  readonly preferredBlock: number;
  readonly mostPayload: number;
  /** The number of base:allocation. */
  readonly contextId: number | undefined;
}

/** More to come, the export, or why there is none. */
export type Outcome = 'more' | Exported | { readonly refused: string };

export class ClientHandshake {
  #greeted = false;
  #option = 0;
  #contextId: number | undefined;
  #exported: Omit<Exported, 'contextId'> | undefined;
  #blocks = { minimumBlock: 1, preferredBlock: 4096, mostPayload: MOST_PAYLOAD };

  constructor(
    readonly name: string,
    readonly output: Output,
  ) {}

  /** Bytes of the next message, as far as `b` tells; -1 when it is none. */
  needs(b: Uint8Array, size: number): number {
    if (!this.#greeted) return nbd.Greeting.size;
    if (size < nbd.OptionReply.size) return nbd.OptionReply.size;
    const length = nbd.OptionReply.get.length(b, 0);
    const known = nbd.OptionReply.get.magic(b, 0) === OPTION_REPLY_MAGIC && length <= MOST_REPLY;
    return known ? nbd.OptionReply.size + length : -1;
  }

  /** Takes one whole message. */
  take(b: Uint8Array, size: number): Outcome {
    if (!this.#greeted) return this.#greeting(b);
    const { get } = nbd.OptionReply;
    if (get.option(b, 0) !== this.#option) return { refused: 'it answers what was not asked' };
    const data = b.subarray(nbd.OptionReply.size, size);
    const type = get.type(b, 0);
    if (this.#option === GO) return this.#going(type, data);
    if (type === REP_META_CONTEXT && data.length >= nbd.MetaContext.size)
      this.#contextId = nbd.MetaContext.get.contextId(data, 0);
    else if (this.#option === STRUCTURED_REPLY && type === REP_ACK) this.#askContext();
    else this.#ask(GO, [0, 1, 0, INFO_BLOCK_SIZE]); // with or without what was asked
    return 'more';
  }

  #greeting(b: Uint8Array): Outcome {
    this.#greeted = true;
    const magic = decoder.decode(b.subarray(0, 16));
    if (magic !== 'NBDMAGICIHAVEOPT') return { refused: 'it is no newstyle NBD server' };
    if (nbd.Greeting.get.fixedNewstyle(b, 0) === 0) return { refused: 'it has no fixed newstyle' };
    const noZeroes = nbd.Greeting.get.noZeroes(b, 0);
    this.output.write(nbd.ClientFlags.encode({ fixedNewstyle: 1, noZeroes }));
    this.#send(STRUCTURED_REPLY, new Uint8Array(0));
    return 'more';
  }

  #send(option: number, data: Uint8Array): void {
    this.#option = option;
    const magic = encoder.encode('IHAVEOPT');
    this.output.write(nbd.Option.encode({ magic, option, length: data.length }));
    if (data.length > 0) this.output.write(data);
  }

  /** An option that begins with the export's name. */
  #ask(option: number, behind: Iterable<number>): void {
    this.#send(option, Uint8Array.from([...string(this.name), ...behind]));
  }

  #askContext(): void {
    this.#ask(SET_META_CONTEXT, [
      ...nbd.QueryCount.encode({ count: 1 }),
      ...string('base:allocation'),
    ]);
  }

  #going(type: number, data: Uint8Array): Outcome {
    if (type >= FIRST_ERROR) {
      const name = (nbd.optionReplies as Readonly<Record<number, string>>)[type] ?? String(type);
      const said = decoder.decode(data);
      const why = type === ERR_TLS_REQD ? 'it insists on TLS, which wireverbs does not have: ' : '';
      return {
        refused: `${why}it refuses the export '${this.name}': ${name}${said && `, ${said}`}`,
      };
    }
    if (type === REP_INFO) this.#information(data);
    if (type !== REP_ACK) return 'more';
    if (!this.#exported) return { refused: 'it says nothing of the export' };
    return { ...this.#exported, ...this.#blocks, contextId: this.#contextId };
  }

  #information(data: Uint8Array): void {
    if (data.length < nbd.InfoText.size) return;
    const type = nbd.InfoText.get.type(data, 0);
    if (type === INFO_EXPORT && data.length === nbd.InfoExport.size) {
      const { get } = nbd.InfoExport;
      this.#exported = {
        size: Number(get.size(data, 0)),
        readOnly: get.readOnly(data, 0) === 1,
        canFlush: get.sendFlush(data, 0) === 1,
        canFua: get.sendFua(data, 0) === 1,
        canTrim: get.sendTrim(data, 0) === 1,
        canZero: get.sendWriteZeroes(data, 0) === 1,
        ...this.#blocks,
      };
    } else if (type === INFO_BLOCK_SIZE && data.length === nbd.InfoBlockSize.size) {
      const { get } = nbd.InfoBlockSize;
      this.#blocks = {
        minimumBlock: get.minimum(data, 0),
        preferredBlock: get.preferred(data, 0),
        mostPayload: Math.min(MOST_PAYLOAD, get.maximum(data, 0)),
      };
    }
  }
}

function string(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return nbd.String.encode({ length: bytes.length, text: bytes });
}
