// Completion queues (IBA 11.4.2): the device writes entries by DMA, the CPU finds new ones by their owner bit. Events
// are queued in a completion channel; a queue that runs over is in error, and so is every queue pair that needs it.

import { type InterruptWork, Signal } from '../cpu/index.js';
import type { Nanos } from '../time/index.js';
import { NEVER } from '../time/index.js';
import {
  IBV_WC_GRH,
  IBV_WC_WITH_IMM,
  IBV_WC_WITH_INV,
  type WcOpcode,
  type WcStatus,
  wcOpcodes,
  wcStatuses,
} from './constant.js';
import type { AddressSpace } from './memory-parts.js';
import type { MemoryPort } from './memory-port.js';
import { CQE_BYTES, Cqe, joined } from './queue-format.js';
import { Ring } from './ring.js';

/** A work completion, struct ibv_wc. */
export interface Wc {
  wrId: number;
  status: WcStatus;
  opcode: WcOpcode;
  vendorErr: number;
  byteLen: number;
  /** Immediate data, or with IBV_WC_WITH_INV the key that was invalidated. */
  immData: number;
  qpNum: number;
  srcQp: number;
  wcFlags: number;
  pkeyIndex: number;
  slid: number;
  sl: number;
  dlidPathBits: number;
}

const names: readonly WcOpcode[] = (() => {
  const list: WcOpcode[] = [];
  for (const [name, code] of Object.entries(wcOpcodes)) list[code] = name as WcOpcode;
  return list;
})();

/** A completion to be filled by `pollCq`. */
export const emptyWc = (): Wc => ({
  wrId: 0,
  status: 'IBV_WC_SUCCESS',
  opcode: 'IBV_WC_SEND',
  vendorErr: 0,
  byteLen: 0,
  immData: 0,
  qpNum: 0,
  srcQp: 0,
  wcFlags: 0,
  pkeyIndex: 0,
  slid: 0,
  sl: 0,
  dlidPathBits: 0,
});

/** Where events of completion queues wait, struct ibv_comp_channel. One event a queue at a time. */
export class CompletionChannel {
  /** Raised when the interrupt that announces an event was served. */
  readonly signal = new Signal();
  readonly events: CompletionQueue[] = [];
  /** What a kernel's driver does on the interrupted core, in place of waking a thread (IB_POLL_SOFTIRQ). */
  work: InterruptWork | null = null;
}

/** What a core does when it is interrupted for a completion queue. */
export const servingOf = ({ channel }: CompletionQueue): InterruptWork =>
  channel?.work ?? { run: () => 0, done: (at) => channel?.signal.raise(at) };

type Armed = 'no' | 'solicited' | 'any';

const COMPLETIONS = 'completion queue';

/** struct ibv_cq. */
export class CompletionQueue {
  ring: Ring;
  /** Raised when an entry can be seen in memory. */
  readonly signal = new Signal();
  /** Written by the device, read by the CPU, both since creation. */
  produced = 0;
  consumed = 0;
  armed: Armed = 'no';
  /** Ran over: nothing is written any more. */
  overrun = false;
  /** Events raised and not acknowledged. */
  unacked = 0;
  /** Queue pairs and shared queues that report here. */
  users = 0;
  /** Moderation (ibv_modify_cq): an event only after so many entries or so long. */
  moderationCount = 1;
  moderationNs = 0;
  eventAt: Nanos = NEVER;
  #sinceEvent = 0;
  /** The entry as the device puts it together before it goes to memory. */
  readonly entry = new Uint8Array(CQE_BYTES);

  constructor(
    readonly handle: number,
    space: AddressSpace,
    public count: number,
    readonly channel: CompletionChannel | null,
    /** Which of the device's interrupts it raises: one a core. */
    readonly compVector: number = handle,
  ) {
    this.ring = new Ring(space, count, CQE_BYTES, COMPLETIONS);
  }

  /**
   * Writes `entry` to memory, or, when it was sent earlier, lets it become visible.
   * @returns 'written', 'event' when it raised one, or 'overrun' when there was no room
   */
  // hot
  write(
    now: Nanos,
    port: MemoryPort,
    solicited: boolean,
    sent: number = now,
  ): 'written' | 'event' | 'overrun' {
    if (this.overrun || this.produced - this.consumed >= this.count) {
      this.overrun = true;
      return 'overrun';
    }
    const lap = Math.floor(this.produced / this.count) % 2;
    Cqe.set.owner(this.entry, 0, 1 - lap);
    if (sent < now) this.ring.land(now, sent, port, this.produced, this.entry);
    else this.ring.store(now, port, this.produced, this.entry);
    this.produced++;
    this.signal.raise(now);
    if (this.armed === 'no' || (this.armed === 'solicited' && !solicited)) return 'written';
    this.#sinceEvent++;
    if (this.#sinceEvent < this.moderationCount && this.moderationNs > 0) {
      if (this.eventAt === NEVER) this.eventAt = (now + this.moderationNs) as Nanos;
      return 'written';
    }
    this.raise();
    return 'event';
  }

  /** Puts an event into the channel; the queue must be armed again for the next. */
  raise(): void {
    this.#sinceEvent = 0;
    this.eventAt = NEVER;
    this.armed = 'no';
    if (this.channel === null) return;
    this.unacked++;
    this.channel.events.push(this);
  }

  /**
   * ibv_resize_cq: what waits moves to a ring of another length, in order (IBA 11.2.8.3).
   * @returns the bytes that the CPU copied; -1 when the new ring would not hold them
   */
  resize(count: number): number {
    const waiting = this.produced - this.consumed;
    if (waiting > count) return -1;
    const ring = new Ring(this.ring.space, count, CQE_BYTES, COMPLETIONS);
    for (let i = 0; i < waiting; i++) {
      const from = this.ring.at(this.consumed + i);
      ring.bytes.set(this.ring.bytes.subarray(from, from + CQE_BYTES), ring.at(i));
      Cqe.set.owner(ring.bytes, ring.at(i), 1);
    }
    this.ring.release();
    this.ring = ring;
    this.count = count;
    this.consumed = 0;
    this.produced = waiting;
    return waiting * CQE_BYTES;
  }

  /** The CPU looks at the next entry: where it lies in the ring, or -1 when it is not new. */
  // hot
  peek(): number {
    const at = this.ring.at(this.consumed);
    const lap = Math.floor(this.consumed / this.count) % 2;
    return this.consumed < this.produced && Cqe.get.owner(this.ring.bytes, at) === 1 - lap
      ? at
      : -1;
  }

  /** Takes the entries of one queue pair out, when it is destroyed or reset. */
  clean(qpn: number): void {
    const { bytes } = this.ring;
    let kept = this.consumed;
    for (let i = this.consumed; i < this.produced; i++) {
      const from = this.ring.at(i);
      if (Cqe.get.qpNum(bytes, from) === qpn) continue;
      const to = this.ring.at(kept);
      if (from !== to) bytes.copyWithin(to, from, from + CQE_BYTES);
      Cqe.set.owner(bytes, to, 1 - (Math.floor(kept / this.count) % 2));
      kept++;
    }
    this.produced = kept;
  }
}

/** Reads an entry into a completion. */
// hot
export function readCqe(b: Uint8Array, at: number, wc: Wc): void {
  const { get } = Cqe;
  wc.wrId = joined(get.wrIdHigh(b, at), get.wrIdLow(b, at));
  // What a driver does not know it calls so (mlx4_handle_error_cqe and others do).
  wc.status = wcStatuses[get.status(b, at)] ?? 'IBV_WC_GENERAL_ERR';
  wc.opcode = names[get.opcode(b, at)]!;
  wc.vendorErr = get.vendorErr(b, at);
  wc.byteLen = get.byteLen(b, at);
  wc.immData = get.immediate(b, at);
  wc.qpNum = get.qpNum(b, at);
  wc.srcQp = get.srcQp(b, at);
  wc.wcFlags =
    get.grh(b, at) * IBV_WC_GRH +
    get.withImm(b, at) * IBV_WC_WITH_IMM +
    get.withInv(b, at) * IBV_WC_WITH_INV;
  wc.pkeyIndex = get.pkeyIndex(b, at);
  wc.slid = get.slid(b, at);
  wc.sl = get.sl(b, at);
  wc.dlidPathBits = get.dlidPathBits(b, at);
}
