// Work requests as the device holds them after fetching: what the entry in memory says, and how far it has got.
// One object a queue slot, filled again each time round.

import { Hold } from './memory-parts.js';
import { AddressWqe, headBytes, OperandWqe, RecvWqe, SendWqe, Sge } from './queue-format.js';

/** Scatter-gather entries in typed arrays. */
export class SgeList {
  count = 0;
  /** Bytes of all entries. */
  total = 0;
  readonly highs: Uint32Array;
  readonly lows: Uint32Array;
  readonly lengths: Uint32Array;
  readonly keys: Uint32Array;
  /** Of the entry that was reached last. */
  readonly hold = new Hold();

  constructor(most: number) {
    this.highs = new Uint32Array(most);
    this.lows = new Uint32Array(most);
    this.lengths = new Uint32Array(most);
    this.keys = new Uint32Array(most);
  }

  // hot
  fetch(b: Uint8Array, at: number, count: number): void {
    const most = this.keys.length;
    this.count = count < most ? count : most;
    this.total = 0;
    this.hold.drop();
    for (let i = 0; i < this.count; i++) {
      const entry = at + i * Sge.size;
      this.highs[i] = Sge.get.addrHigh(b, entry);
      this.lows[i] = Sge.get.addrLow(b, entry);
      this.lengths[i] = Sge.get.length(b, entry);
      this.keys[i] = Sge.get.lkey(b, entry);
      this.total += this.lengths[i]!;
    }
  }
}

export class SendJob {
  index = 0;
  opcode = 0;
  fence = false;
  signaled = false;
  solicited = false;
  inline = false;
  length = 0;
  wrIdHigh = 0;
  wrIdLow = 0;
  vaHigh = 0;
  vaLow = 0;
  rkey = 0;
  immediate = 0;
  compareHigh = 0;
  compareLow = 0;
  swapHigh = 0;
  swapLow = 0;
  ah = 0;
  remoteQpn = 0;
  remoteQkey = 0;
  xrcSrq = 0;
  readonly sges: SgeList;

  /** First PSN and how many PSNs it takes, once it has begun. */
  firstPsn = 0;
  packets = 0;
  /** The PSN behind its last; behind the next request packet's, that of a READ is this one. */
  endPsn = 0;
  reads = false;
  /** Its packets from 1 to this one (0: none) are all alike but for PSN and payload, and have this opcode. */
  lastMiddle = 0;
  middleCode = 0;
  begun = false;
  /** Send sequence number of its message, for credits (IBA 9.7.7.2). */
  ssn = 0;
  /** Packets of the response that arrived, in order. */
  answered = 0;
  done = false;
  /** Completion status; other than 0 only with `done`. */
  status = 0;
  byteLen = 0;
  /** Inline bytes, which came with the entry. */
  inlineBytes = new Uint8Array(0);

  constructor(most: number) {
    this.sges = new SgeList(most);
  }

  // hot
  fetch(b: Uint8Array, at: number, index: number): void {
    const { get } = SendWqe;
    this.index = index;
    this.opcode = get.opcode(b, at);
    this.fence = get.fence(b, at) === 1;
    this.signaled = get.signaled(b, at) === 1;
    this.solicited = get.solicited(b, at) === 1;
    this.inline = get.inline(b, at) === 1;
    this.length = get.length(b, at);
    this.wrIdHigh = get.wrIdHigh(b, at);
    this.wrIdLow = get.wrIdLow(b, at);
    this.vaHigh = get.vaHigh(b, at);
    this.vaLow = get.vaLow(b, at);
    this.rkey = get.rkey(b, at);
    this.immediate = get.immediate(b, at);
    const data = at + headBytes(b, at);
    if (get.operands(b, at) === 1) this.#fetchOperands(b, at + SendWqe.size);
    this.xrcSrq = 0;
    if (get.address(b, at) === 1) this.#fetchAddress(b, data - AddressWqe.size);
    if (this.inline) this.#keepInline(b, data);
    else this.sges.fetch(b, data, get.numSge(b, at));
    this.firstPsn = 0;
    this.packets = 0;
    this.lastMiddle = 0;
    this.begun = false;
    this.answered = 0;
    this.done = false;
    this.status = 0;
    this.byteLen = 0;
  }

  // hot
  #fetchOperands(b: Uint8Array, at: number): void {
    const { get } = OperandWqe;
    this.compareHigh = get.compareHigh(b, at);
    this.compareLow = get.compareLow(b, at);
    this.swapHigh = get.swapHigh(b, at);
    this.swapLow = get.swapLow(b, at);
  }

  // hot
  #fetchAddress(b: Uint8Array, at: number): void {
    const { get } = AddressWqe;
    this.ah = get.ah(b, at);
    this.remoteQpn = get.remoteQpn(b, at);
    this.remoteQkey = get.remoteQkey(b, at);
    this.xrcSrq = get.xrcSrq(b, at);
  }

  // hot
  #keepInline(b: Uint8Array, at: number): void {
    this.sges.count = 0;
    this.sges.hold.drop();
    if (this.inlineBytes.length < this.length) this.inlineBytes = new Uint8Array(this.length);
    for (let i = 0; i < this.length; i++) this.inlineBytes[i] = b[at + i]!;
  }
}

export class RecvJob {
  /** Slot or running number of the entry, for its completion; the shared queue that it is of, or 0. */
  index = 0;
  wrIdHigh = 0;
  wrIdLow = 0;
  srqNum = 0;
  sges: SgeList;

  constructor(most: number) {
    this.sges = new SgeList(most);
  }

  /** Makes room for the entries of another queue: one XRC queue pair receives from many. */
  // hot
  room(most: number): void {
    if (this.sges.keys.length < most) this.sges = new SgeList(most);
  }

  // hot
  fetch(b: Uint8Array, at: number, index: number): void {
    const { get } = RecvWqe;
    this.index = index;
    this.wrIdHigh = get.wrIdHigh(b, at);
    this.wrIdLow = get.wrIdLow(b, at);
    this.sges.fetch(b, at + RecvWqe.size, get.numSge(b, at));
  }
}
