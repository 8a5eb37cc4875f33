// One end of an InfiniBand link with its credits (IBA 7.9): a packet is sent on a virtual lane only when the other end
// has said that it has room for it there, which is why InfiniBand's links lose nothing to congestion. Credits are
// told in flow-control packets. VL 15, which carries management, has none.

import { byteSwap16 } from '../../protocols/core/byte-order.js';
import { crc16 } from '../../protocols/core/checksum/index.js';
import { FlowControl, LRH, VCRC } from '../../protocols/index.js';
import { type FramePool, SlotQueue } from '../frame/index.js';
import { after, earlier, type Nanos, NEVER, START } from '../time/index.js';
import { HeadLife } from './head-life.js';
import { VlArbiter, type VlArbitration } from './vl-arbitration.js';

export interface IbPortOptions {
  /** Bits a second. */
  readonly rate: number;
  /** Data lanes: 1, 2, 4, 8 or 15 (IBA 7.6.4); 4 unless given. */
  readonly lanes?: number;
  /** Receive buffer of each lane in bytes; 16 KiB unless given. */
  readonly laneBytes?: number;
  /** Sends without credits, as no port may; to show what credits are for. */
  readonly ignoreCredits?: boolean;
  /** Weights by which lanes share the link; they take turns unless given. */
  readonly arbitration?: VlArbitration;
}

/** Why a port dropped what came in. */
export type IbPortDrop =
  | 'too short'
  | 'bad length'
  | 'bad LPCRC'
  | 'bad VCRC'
  | 'unknown link version'
  | 'no such lane'
  | 'buffer overflow'
  | 'port not armed';

/** Lane of management packets. */
export const VL15 = 15;
/** States of a port (IBA 7.2.7), numbered as in PortInfo:PortState. Data passes in the last one only. */
export const LINK = { down: 1, initialize: 2, armed: 3, active: 4 } as const;
/** Unit of credits, and the circle on which they are counted (IBA 7.9.4.1). */
const BLOCK_BYTES = 64;
const CIRCLE = 4096;
/** No more than half of the circle is granted, so that ahead and behind can be told apart. */
const MOST_GRANTED = CIRCLE / 2;
const INITIALIZE = 1;
/** LRH's packet length counts in these. */
const WORD = 4;
const DEFAULT_LANES = 4;
const DEFAULT_LANE_BYTES = 16_384;
/** Largest packet: 4,096 bytes of payload with all headers and CRCs, in blocks. */
const LARGEST_PACKET = 67;
/** Flow-control packets come at least so often (IBA 7.9.4), on each of four lanes of wires with 8 bits a symbol. */
const REFRESH_SYMBOLS = 65_536;
const BITS_PER_SYMBOL = 8;
const WIRES = 4;
/** Refreshes after the last activity: then the link falls silent, or no simulation would end. */
const QUIET_REFRESHES = 8;
/** Packets of management that wait at a port; more are dropped, as VL 15 may. */
const MOST_MANAGEMENT = 64;

const modulo = (value: number): number => ((value % CIRCLE) + CIRCLE) % CIRCLE;

/** Blocks of a packet of `bytes` bytes, from LRH to VCRC. */
export const blocksOf = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES);

export class IbPort {
  readonly lanes: number;
  /** Blocks that each lane's receive buffer holds. */
  readonly laneBlocks: number;
  /** What waits to be sent, by lane. */
  readonly queues: readonly SlotQueue[];
  readonly management = new SlotQueue();
  /** What goes with the slot that `take` gave last, and its lane; -1 for a flow-control packet. */
  taken = -1;
  takenLane = -1;
  /** Flow-control packets sent, and times that a packet waited for credits. */
  flowSent = 0;
  creditWaits = 0;
  /** One of `LINK`. A subnet manager raises it; without one a port is active as long as its link is up. */
  state: number = LINK.active;
  readonly #sent: Int32Array;
  readonly #limit: Int32Array;
  readonly #received: Int32Array;
  readonly #free: Int32Array;
  readonly #granted: Int32Array;
  readonly #due: Uint8Array;
  #dueCount = 0;
  #started = false;
  readonly #arbiter: VlArbiter | null;
  #heads: HeadLife | null = null;
  #next = 0;
  #refreshAt: Nanos = NEVER;
  #quiet = 0;
  readonly #interval: number;

  constructor(
    readonly pool: FramePool,
    readonly options: IbPortOptions,
  ) {
    const { lanes = DEFAULT_LANES, laneBytes = DEFAULT_LANE_BYTES, rate } = options;
    if (![1, 2, 4, 8, 15].includes(lanes))
      throw new RangeError(`a port has 1, 2, 4, 8 or 15 data lanes, not ${lanes}`);
    this.lanes = lanes;
    this.laneBlocks = Math.floor(laneBytes / BLOCK_BYTES);
    if (this.laneBlocks < 2 * LARGEST_PACKET)
      throw new RangeError(
        `a lane's buffer holds two packets at least: ${2 * LARGEST_PACKET * BLOCK_BYTES} bytes, not ${laneBytes}`,
      );
    this.queues = Array.from({ length: lanes }, () => new SlotQueue());
    this.#arbiter = options.arbitration ? new VlArbiter(options.arbitration, lanes) : null;
    this.#sent = new Int32Array(lanes);
    this.#limit = new Int32Array(lanes);
    this.#received = new Int32Array(lanes);
    this.#free = new Int32Array(lanes).fill(this.laneBlocks);
    this.#granted = new Int32Array(lanes);
    this.#due = new Uint8Array(lanes).fill(1);
    this.#dueCount = lanes;
    this.#interval = Math.ceil((REFRESH_SYMBOLS * BITS_PER_SYMBOL * 1e9) / (rate / WIRES));
  }

  /** Blocks that wait in the receive buffer of a lane. */
  held(lane: number): number {
    return this.laneBlocks - this.#free[lane]!;
  }

  /** Blocks that may be sent on a lane now. */
  credits(lane: number): number {
    const left = modulo(this.#limit[lane]! - this.#sent[lane]!);
    return left <= MOST_GRANTED ? left : 0;
  }

  /**
   * Takes what came in. 'flow' and a reason mean that the slot has been released; 'data' that its room in the buffer
   * is taken until `leave`.
   */
  // hot
  accept(now: Nanos, slot: number): 'flow' | 'data' | IbPortDrop {
    const { pool } = this;
    const length = pool.length(slot);
    const verdict =
      length === FlowControl.size ? this.#flow(slot) : this.#data(slot, pool.at(slot), length);
    if (verdict === 'flow') pool.release(slot);
    else if (verdict !== 'data') pool.drop(slot, verdict);
    if (verdict !== 'flow') this.#active(now);
    return verdict;
  }

  #data(slot: number, at: number, length: number): 'data' | IbPortDrop {
    const b = this.pool.bytes(slot);
    if (length < LRH.size + WORD + VCRC.size) return 'too short';
    const end = at + length - VCRC.size;
    if (VCRC.get.vcrc(b, end) !== byteSwap16(crc16(b, at, end))) return 'bad VCRC';
    if (LRH.get.lver(b, at) !== 0) return 'unknown link version';
    if (LRH.get.pktLen(b, at) * WORD !== end - at) return 'bad length';
    const lane = LRH.get.vl(b, at);
    if (lane === VL15) return 'data';
    if (lane >= this.lanes) return 'no such lane';
    if (this.state < LINK.active) {
      if (this.state < LINK.armed) return 'port not armed';
      this.state = LINK.active; // the other end is (IBA 7.2.7.2)
    }
    const blocks = blocksOf(length);
    this.#received[lane] = modulo(this.#received[lane]! + blocks);
    if (blocks > this.#free[lane]!) return 'buffer overflow';
    this.#free[lane] = this.#free[lane]! - blocks;
    this.#consider(lane);
    return 'data';
  }

  #flow(slot: number): 'flow' | IbPortDrop {
    const b = this.pool.bytes(slot);
    const at = this.pool.at(slot);
    if (FlowControl.get.lpcrc(b, at) !== lpcrcOf(b, at)) return 'bad LPCRC';
    const lane = FlowControl.get.vl(b, at);
    if (lane >= this.lanes) return 'no such lane';
    this.#limit[lane] = FlowControl.get.fccl(b, at);
    // What was lost on the wire counts as received, or its credits would be lost for ever (IBA 7.9.4.2).
    this.#received[lane] = FlowControl.get.fctbs(b, at);
    this.#consider(lane);
    return 'flow';
  }

  /** A packet of `bytes` bytes has left the receive buffer of `lane`. */
  // hot
  leave(lane: number, bytes: number): void {
    if (lane === VL15) return;
    this.#free[lane] = this.#free[lane]! + blocksOf(bytes);
    this.#consider(lane);
  }

  /** Grants are told when less than half of the buffer is granted: seldom, yet before the sender must wait. */
  #consider(lane: number): void {
    const open = modulo(this.#granted[lane]! - this.#received[lane]!);
    const known = open <= MOST_GRANTED ? open : 0;
    const half = Math.min(this.laneBlocks, MOST_GRANTED) / 2;
    if (known < half && Math.min(this.#free[lane]!, MOST_GRANTED) > known) this.#tell(lane);
  }

  #tell(lane: number): void {
    if (this.#due[lane] === 1) return;
    this.#due[lane] = 1;
    this.#dueCount++;
  }

  /** Puts a packet into the queue of the lane that its LRH names; false when VL 15 has no room. */
  // hot
  queue(now: Nanos, slot: number, extra: number): boolean {
    const length = this.pool.length(slot);
    const lane = LRH.get.vl(this.pool.bytes(slot), this.pool.at(slot));
    this.#active(now);
    if (lane !== VL15) {
      const queue = this.queues[lane]!;
      queue.put(slot, length, extra);
      if (queue.count === 1) this.#heads?.changed(lane, 1, now);
    } else if (this.management.count >= MOST_MANAGEMENT) return false;
    else this.management.put(slot, length, extra);
    return true;
  }

  /** Is there something that could be sent now? */
  get ready(): boolean {
    if (this.#dueCount > 0 || this.management.count > 0) return true;
    for (let lane = 0; lane < this.lanes; lane++) if (this.maySend(lane)) return true;
    return false;
  }

  // hot
  maySend(lane: number): boolean {
    const queue = this.queues[lane]!;
    if (queue.count === 0 || this.state !== LINK.active) return false;
    if (this.options.ignoreCredits) return true;
    return blocksOf(this.pool.length(queue.first)) <= this.credits(lane);
  }

  /** The next to be sent, or -1: flow control, management, then the data lanes in turn. */
  // hot
  take(now: Nanos): number {
    this.takenLane = -1;
    if (this.#dueCount > 0) return this.#flowPacket(now);
    if (this.management.count > 0) {
      this.takenLane = VL15;
      this.taken = this.management.firstExtra;
      return this.management.take(this.pool.length(this.management.first));
    }
    const lane = this.#arbiter === null ? this.#inTurn() : this.#arbiter.pick(this);
    if (lane < 0) return -1;
    this.#sent[lane] = modulo(this.#sent[lane]! + blocksOf(this.firstBytes(lane)));
    return this.#takeFrom(now, lane);
  }

  /** The next lane that may send; -1 when none may. */
  // hot
  #inTurn(): number {
    for (let i = 0; i < this.lanes; i++) {
      const lane = (this.#next + i) % this.lanes;
      if (this.queues[lane]!.count === 0) continue;
      if (this.maySend(lane)) {
        this.#next = lane + 1;
        return lane;
      }
      this.creditWaits++;
    }
    return -1;
  }

  // hot
  firstBytes(lane: number): number {
    return this.pool.length(this.queues[lane]!.first);
  }

  // hot
  #takeFrom(now: Nanos, lane: number): number {
    const queue = this.queues[lane]!;
    this.takenLane = lane;
    this.taken = queue.firstExtra;
    const slot = queue.take(this.firstBytes(lane));
    this.#heads?.changed(lane, queue.count, now);
    return slot;
  }

  /** Packets stay at the head of their queue no longer than PortInfo:HOQLife's code says; who sets it asks for `overdue`. */
  limitHeads(code: number): void {
    this.#heads = new HeadLife(this.lanes, code);
  }

  /** Takes a packet that has been at the head of its queue for too long, or -1. */
  overdue(now: Nanos): number {
    const lane = this.#heads === null ? -1 : this.#heads.overdue(now);
    return lane < 0 ? -1 : this.#takeFrom(now, lane);
  }

  #flowPacket(now: Nanos): number {
    const slot = this.pool.take();
    if (slot < 0) return -1; // the refresh tries again
    const lane = this.#due.indexOf(1);
    this.#due[lane] = 0;
    this.#dueCount--;
    const b = this.pool.bytes(slot);
    const at = this.pool.at(slot);
    const grant = Math.min(this.#free[lane]!, MOST_GRANTED);
    this.#granted[lane] = modulo(this.#received[lane]! + grant);
    FlowControl.set.op(b, at, this.#started ? 0 : INITIALIZE);
    FlowControl.set.fctbs(b, at, this.#sent[lane]!);
    FlowControl.set.vl(b, at, lane);
    FlowControl.set.fccl(b, at, this.#granted[lane]!);
    FlowControl.set.lpcrc(b, at, lpcrcOf(b, at));
    this.pool.setLength(slot, FlowControl.size);
    this.flowSent++;
    if (!this.#started) this.#active(now);
    if (this.#dueCount === 0) this.#started = true;
    return slot;
  }

  #active(now: Nanos): void {
    this.#quiet = 0;
    if (this.#refreshAt === NEVER) this.#refreshAt = after(now, this.#interval);
  }

  /**
   * The link has come up again: both ends count their credits from the beginning. What waits in the buffer is still
   * there.
   */
  restart(): void {
    this.#sent.fill(0);
    this.#limit.fill(0);
    this.#received.fill(0);
    this.#granted.fill(0);
    this.#due.fill(1);
    this.#dueCount = this.lanes;
    this.#started = false;
    this.#quiet = 0;
  }

  /** Takes the next of what waits, whatever the credits, for a link that is down; -1 when nothing does. */
  abandon(): number {
    const lane = this.management.count > 0 ? VL15 : this.queues.findIndex(({ count }) => count > 0);
    if (lane < 0) return -1;
    const queue = lane === VL15 ? this.management : this.queues[lane]!;
    this.taken = queue.firstExtra;
    const slot = queue.take(this.pool.length(queue.first));
    if (lane !== VL15) this.#heads?.changed(lane, 0, START);
    return slot;
  }

  wakeAt(): Nanos {
    return this.#heads === null ? this.#refreshAt : earlier(this.#refreshAt, this.#heads.dueAt);
  }

  /** Tells all lanes' credits again: flow-control packets may have been lost. */
  expire(now: Nanos): void {
    if (this.#refreshAt > now) return;
    for (let lane = 0; lane < this.lanes; lane++) this.#tell(lane);
    this.#quiet++;
    this.#refreshAt = this.#quiet < QUIET_REFRESHES ? after(now, this.#interval) : NEVER;
  }
}

const lpcrcOf = (b: Uint8Array, at: number): number =>
  byteSwap16(crc16(b, at, at + FlowControl.at.lpcrc));

/** Writes the VCRC of the packet in `slot` anew: after its lane or a mark has changed. */
// hot
export function sealVcrc(pool: FramePool, slot: number): void {
  const b = pool.bytes(slot);
  const at = pool.at(slot);
  const end = at + pool.length(slot) - VCRC.size;
  VCRC.set.vcrc(b, end, byteSwap16(crc16(b, at, end)));
}
