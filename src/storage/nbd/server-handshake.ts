// The server's side of the fixed newstyle handshake (NBD: Fixed newstyle negotiation): bytes in, bytes out, until an
// export was chosen or the client is gone. Structured replies and base:allocation are agreed here; TLS is refused.

import * as nbd from '../../../protocols/nbd/index.js';
import type { Volume } from '../volume.js';
import type { Export, Exports } from './export.js';
import type { Output } from './output.js';
import { MOST_PAYLOAD } from './words.js';

/** Longest option: names have at most 4096 bytes, and few queries come at once. */
const MOST_OPTION = 65536;
/** A client that haggles on and on is no client. */
const MOST_OPTIONS = 1024;

/** The only metadata context that we have, and the number that it gets. */
const CONTEXT = 'base:allocation';
export const CONTEXT_ID = 1;

const EXPORT_NAME = 1;
const ABORT = 2;
const LIST = 3;
const STARTTLS = 5;
const INFO = 6;
const GO = 7;
const STRUCTURED_REPLY = 8;
const LIST_META_CONTEXT = 9;
const SET_META_CONTEXT = 10;

const REP_ACK = 1;
const REP_SERVER = 2;
const REP_INFO = 3;
const REP_META_CONTEXT = 4;
const ERROR = 2 ** 31;
const ERR_UNSUP = ERROR + 1;
const ERR_POLICY = ERROR + 2;
const ERR_INVALID = ERROR + 3;
const ERR_UNKNOWN = ERROR + 6;

const INFO_EXPORT = 0;
const INFO_NAME = 1;
const INFO_DESCRIPTION = 2;
const INFO_BLOCK_SIZE = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NO_BYTES = new Uint8Array(0);

/** What the transmission phase needs to know. */
export interface Agreed {
  readonly chosen: Export;
  readonly structured: boolean;
  /** The client may ask for the status of blocks. */
  readonly allocation: boolean;
}

type Outcome = Agreed | 'more' | 'gone';

/** What an export can do, as transmission flags (NBD: Transmission flags). */
const transmissionFlags = (volume: Volume, structured: boolean) => ({
  hasFlags: 1,
  readOnly: volume.readOnly ? 1 : 0,
  sendFlush: 1,
  sendFua: 1,
  sendTrim: 1,
  sendWriteZeroes: 1,
  sendDf: structured ? 1 : 0,
  canMultiConn: 1,
  sendCache: 1,
  sendFastZero: 1,
});

export class ServerHandshake {
  #greeted = false;
  #fixed = false;
  #noZeroes = false;
  #structured = false;
  /** The export whose contexts were chosen last. */
  #contextOf: string | undefined;
  #options = 0;

  constructor(
    readonly exports: Exports,
    readonly output: Output,
  ) {
    output.write(
      nbd.Greeting.encode({
        initPasswd: encoder.encode('NBDMAGIC'),
        magic: encoder.encode('IHAVEOPT'),
        noZeroes: 1,
        fixedNewstyle: 1,
      }),
    );
  }

  /** Bytes that the next message has at the least, as far as `b` from `at` to `end` tells; -1 when it is none. */
  needs(b: Uint8Array, at: number, end: number): number {
    if (!this.#greeted) return nbd.ClientFlags.size;
    if (end - at < nbd.Option.size) return nbd.Option.size;
    const length = nbd.Option.get.length(b, at);
    if (decoder.decode(b.subarray(at, at + 8)) !== 'IHAVEOPT' || length > MOST_OPTION) return -1;
    return nbd.Option.size + length;
  }

  /** Takes one whole message. */
  take(b: Uint8Array, at: number, end: number): Outcome {
    if (!this.#greeted) return this.#flags(b, at);
    if (++this.#options > MOST_OPTIONS) return 'gone';
    const option = nbd.Option.get.option(b, at);
    const data = b.subarray(at + nbd.Option.size, end);
    if (option === EXPORT_NAME) return this.#exportName(data);
    // NBD: a client without the flag may send nothing but EXPORT_NAME.
    if (!this.#fixed) return 'gone';
    return this.#option(option, data);
  }

  #flags(b: Uint8Array, at: number): Outcome {
    const { get } = nbd.ClientFlags;
    this.#greeted = true;
    this.#fixed = get.fixedNewstyle(b, at) === 1;
    this.#noZeroes = get.noZeroes(b, at) === 1;
    return nbd.ClientFlags.read('reserved', b, at) === 0 ? 'more' : 'gone';
  }

  #option(option: number, data: Uint8Array): Outcome {
    switch (option) {
      case ABORT:
        this.#reply(option, REP_ACK);
        return 'gone';
      case LIST:
        return this.#list(data);
      case INFO:
      case GO:
        return this.#go(option, data);
      case STRUCTURED_REPLY:
        if (data.length > 0) return this.#refuse(option, ERR_INVALID, 'this option has no data');
        this.#structured = true;
        return this.#reply(option, REP_ACK);
      case LIST_META_CONTEXT:
      case SET_META_CONTEXT:
        return this.#contexts(option, data);
      case STARTTLS:
        return this.#refuse(option, ERR_POLICY, 'wireverbs has no TLS');
      default:
        return this.#refuse(option, ERR_UNSUP, 'wireverbs does not know this option');
    }
  }

  #reply(option: number, type: number, data: Uint8Array = NO_BYTES): 'more' {
    const { length } = data;
    const magic = 0x0003_e889_0455_65a9n;
    this.output.write(nbd.OptionReply.encode({ magic, option, type, length }));
    if (length > 0) this.output.write(data);
    return 'more';
  }

  #refuse(option: number, type: number, why: string): 'more' {
    return this.#reply(option, type, encoder.encode(why));
  }

  #list(data: Uint8Array): Outcome {
    if (data.length > 0) return this.#refuse(LIST, ERR_INVALID, 'this option has no data');
    for (const { name } of this.exports.all) this.#reply(LIST, REP_SERVER, string(name));
    return this.#reply(LIST, REP_ACK);
  }

  /** The oldest way: there is no answer for a name that is not there but to leave. */
  #exportName(data: Uint8Array): Outcome {
    const chosen = this.exports.find(decoder.decode(data));
    if (!chosen) return 'gone';
    const { volume } = chosen;
    const flags = transmissionFlags(volume, this.#structured);
    this.output.write(nbd.Export.encode({ size: BigInt(volume.size), ...flags }));
    if (!this.#noZeroes) this.output.write(nbd.Zeroes.encode({}));
    return this.#agreed(chosen);
  }

  #agreed(chosen: Export): Agreed {
    const structured = this.#structured;
    return { chosen, structured, allocation: structured && this.#contextOf === chosen.name };
  }

  #go(option: number, data: Uint8Array): Outcome {
    const name = readString(data, 0);
    const countAt = nbd.String.size + (name?.size ?? 0);
    if (name === undefined || data.length < countAt + nbd.InfoCount.size)
      return this.#refuse(option, ERR_INVALID, 'the option is shorter than it says');
    const count = nbd.InfoCount.get.count(data, countAt);
    const first = countAt + nbd.InfoCount.size;
    if (data.length !== first + count * nbd.InfoRequest.size)
      return this.#refuse(option, ERR_INVALID, 'the count of information requests is wrong');
    const chosen = this.exports.find(name.text);
    if (!chosen) return this.#refuse(option, ERR_UNKNOWN, `there is no export '${name.text}'`);
    const wanted = new Set<number>();
    for (let i = 0; i < count; i++)
      wanted.add(nbd.InfoRequest.get.type(data, first + i * nbd.InfoRequest.size));
    this.#information(option, chosen, wanted);
    this.#reply(option, REP_ACK);
    return option === GO ? this.#agreed(chosen) : 'more';
  }

  #information(option: number, chosen: Export, wanted: ReadonlySet<number>): void {
    const { volume } = chosen;
    const info = (data: Uint8Array) => this.#reply(option, REP_INFO, data);
    const flags = transmissionFlags(volume, this.#structured);
    info(nbd.InfoExport.encode({ type: INFO_EXPORT, size: BigInt(volume.size), ...flags }));
    const text = (type: number, said: string) =>
      info(nbd.InfoText.encode({ type, text: encoder.encode(said) }));
    if (wanted.has(INFO_NAME)) text(INFO_NAME, chosen.name);
    if (wanted.has(INFO_DESCRIPTION) && chosen.description)
      text(INFO_DESCRIPTION, chosen.description);
    if (wanted.has(INFO_BLOCK_SIZE)) {
      const preferred = volume.preferredBlock;
      const sizes = { minimum: volume.minimumBlock ?? 1, preferred, maximum: MOST_PAYLOAD };
      info(nbd.InfoBlockSize.encode({ type: INFO_BLOCK_SIZE, ...sizes }));
    }
  }

  #contexts(option: number, data: Uint8Array): Outcome {
    if (option === SET_META_CONTEXT) this.#contextOf = undefined;
    if (!this.#structured)
      return this.#refuse(option, ERR_INVALID, 'structured replies come first');
    const asked = readQueries(data);
    if (!asked) return this.#refuse(option, ERR_INVALID, 'the queries do not fill the option');
    const chosen = this.exports.find(asked.name);
    if (!chosen) return this.#refuse(option, ERR_UNKNOWN, `there is no export '${asked.name}'`);
    const list = option === LIST_META_CONTEXT;
    // 'base:' asks for the whole name space, which only a list may do; so does a list without queries.
    const meant = (query: string) => query === CONTEXT || (list && query === 'base:');
    if (asked.queries.some(meant) || (list && asked.queries.length === 0)) {
      const contextId = list ? 0 : CONTEXT_ID;
      const name = encoder.encode(CONTEXT);
      this.#reply(option, REP_META_CONTEXT, nbd.MetaContext.encode({ contextId, name }));
      if (!list) this.#contextOf = chosen.name;
    }
    return this.#reply(option, REP_ACK);
  }
}

function string(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  return nbd.String.encode({ length: bytes.length, text: bytes });
}

/** A string with its length in front; `size` is that of its text. */
function readString(data: Uint8Array, at: number): { text: string; size: number } | undefined {
  if (data.length - at < nbd.String.size) return undefined;
  const size = nbd.String.get.length(data, at);
  const from = at + nbd.String.size;
  if (size > data.length - from) return undefined;
  return { text: decoder.decode(data.subarray(from, from + size)), size };
}

function readQueries(data: Uint8Array): { name: string; queries: string[] } | undefined {
  const name = readString(data, 0);
  if (!name) return undefined;
  let at = nbd.String.size + name.size;
  if (data.length - at < nbd.QueryCount.size) return undefined;
  const count = nbd.QueryCount.get.count(data, at);
  at += nbd.QueryCount.size;
  const queries: string[] = [];
  // Each query takes bytes, so that a count from nowhere ends with them.
  for (let i = 0; i < count; i++) {
    const query = readString(data, at);
    if (!query) return undefined;
    queries.push(query.text);
    at += nbd.String.size + query.size;
  }
  return at === data.length ? { name: name.text, queries } : undefined;
}
