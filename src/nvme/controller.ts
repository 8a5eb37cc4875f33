// An NVMe controller's registers and queues (NVMe Base 2.0 3.1.3, 3.5.1): what a driver reads and writes there, one access
// after the other, however it gets there. Commands are others': admin.ts, command.ts, and whoever has the controller.

import { CAP, CC, CSTS, VS } from '../../protocols/nvme/property.js';
import { getAddress } from '../memory/physical-bytes.js';
import type { ControllerMemory } from './memory.js';
import { CompletionQueue, SubmissionQueue } from './queue.js';
import {
  ACQ_AT,
  AQA,
  AQA_AT,
  ASQ_AT,
  CAP_AT,
  CC_AT,
  CSTS_AT,
  DOORBELL_BYTES,
  DOORBELLS_AT,
  REGISTER_BYTES,
  VS_AT,
} from './registers.js';

/** Largest queue (QEMU: 2048), and I/O queues at most, each way. */
export const MOST_ENTRIES = 2048;
export const MOST_QUEUES = 64;
const PAGE = 4096;
/** log2 of the sizes of entries, which CC must say (3.1.3.5). */
const SQE_LOG = 6;
const CQE_LOG = 4;
const SHUTDOWN_COMPLETE = 2;

export class NvmeController {
  /** Accesses that no register answers for, and doorbells that say what cannot be. */
  ignored = 0;
  readonly submissions: (SubmissionQueue | null)[] = new Array(MOST_QUEUES + 1).fill(null);
  readonly completions: (CompletionQueue | null)[] = new Array(MOST_QUEUES + 1).fill(null);
  readonly #b = new Uint8Array(REGISTER_BYTES);

  constructor(
    readonly memory: ControllerMemory,
    /** All commands are forgotten. */
    readonly reset: () => void,
  ) {
    const b = this.#b;
    CAP.set.mqes(b, CAP_AT, MOST_ENTRIES - 1);
    CAP.set.cqr(b, CAP_AT, 1);
    CAP.set.to(b, CAP_AT, 15);
    CAP.set.css(b, CAP_AT, 1);
    VS.set.mjr(b, VS_AT, 1);
    VS.set.mnr(b, VS_AT, 4);
  }

  get isReady(): boolean {
    return CSTS.get.rdy(this.#b, CSTS_AT) !== 0;
  }

  read(offset: number, into: Uint8Array): void {
    into.fill(0);
    if (offset >= 0) into.set(this.#b.subarray(offset, offset + into.length));
  }

  /** True when there is something to do for who has it. */
  write(offset: number, bytes: Uint8Array): boolean {
    if (offset >= DOORBELLS_AT) return this.#doorbell(offset, bytes);
    const isAddress = offset >= ASQ_AT && offset + bytes.length <= REGISTER_BYTES;
    const isWord = (offset === AQA_AT || offset === CC_AT) && bytes.length === DOORBELL_BYTES;
    if (!isAddress && !isWord) {
      this.ignored++;
      return false;
    }
    const wasOn = CC.get.en(this.#b, CC_AT) !== 0;
    this.#b.set(bytes, offset);
    if (offset === CC_AT) this.#configured(wasOn);
    return false;
  }

  #configured(wasOn: boolean): void {
    const b = this.#b;
    const isOn = CC.get.en(b, CC_AT) !== 0;
    if (isOn && !wasOn) this.#enable();
    if (!isOn && wasOn) this.#forget();
    if (CC.get.shn(b, CC_AT) !== 0) CSTS.set.shst(b, CSTS_AT, SHUTDOWN_COMPLETE);
  }

  #enable(): void {
    const b = this.#b;
    const submissionAt = getAddress(b, ASQ_AT);
    const completionAt = getAddress(b, ACQ_AT);
    const isGood =
      CC.get.mps(b, CC_AT) === 0 &&
      CC.get.css(b, CC_AT) === 0 &&
      CC.get.iosqes(b, CC_AT) === SQE_LOG &&
      CC.get.iocqes(b, CC_AT) === CQE_LOG &&
      submissionAt % PAGE === 0 &&
      completionAt % PAGE === 0;
    const completions = isGood
      ? this.openCompletion(0, completionAt, AQA.get.acqs(b, AQA_AT) + 1, 0)
      : null;
    const size = AQA.get.asqs(b, AQA_AT) + 1;
    if (completions && this.openSubmission(0, submissionAt, size, completions))
      return CSTS.set.rdy(b, CSTS_AT, 1);
    CSTS.set.cfs(b, CSTS_AT, 1);
  }

  /** A queue of that number, if it can be there; admin ones may be up to 4096 entries, which are more than others. */
  openCompletion(
    id: number,
    address: number,
    size: number,
    vector: number,
  ): CompletionQueue | null {
    if (!this.#fits(address, size, 16)) return null;
    this.completions[id] = new CompletionQueue(id, this.memory, address, size, vector);
    return this.completions[id];
  }

  openSubmission(
    id: number,
    address: number,
    size: number,
    completions: CompletionQueue,
  ): SubmissionQueue | null {
    if (!this.#fits(address, size, 64)) return null;
    this.submissions[id] = new SubmissionQueue(id, this.memory, address, size, completions);
    return this.submissions[id];
  }

  #fits(address: number, size: number, entryBytes: number): boolean {
    return size >= 2 && address % PAGE === 0 && this.memory.holds(address, size * entryBytes);
  }

  #forget(): void {
    this.submissions.fill(null);
    this.completions.fill(null);
    CSTS.set.rdy(this.#b, CSTS_AT, 0);
    CSTS.set.cfs(this.#b, CSTS_AT, 0);
    CSTS.set.shst(this.#b, CSTS_AT, 0);
    this.reset();
  }

  #doorbell(offset: number, bytes: Uint8Array): boolean {
    const index = (offset - DOORBELLS_AT) / DOORBELL_BYTES;
    const id = Math.floor(index / 2);
    const queue = (index % 2 === 0 ? this.submissions : this.completions)[id];
    const isWord = Number.isInteger(index) && bytes.length === DOORBELL_BYTES;
    // Room in a completion queue is news only where there was none.
    const isNews = queue instanceof SubmissionQueue || queue?.isFull === true;
    if (isWord && queue?.ring(numberIn(bytes))) return isNews;
    this.ignored++;
    return false;
  }
}

const numberIn = (bytes: Uint8Array): number =>
  bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
