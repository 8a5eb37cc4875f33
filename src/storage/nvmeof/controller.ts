// A controller: what a host that has connected to a subsystem talks to. Its properties, features, events, error log and
// queues; the dynamic controller model (Base 2.0 3.1.1): made by the admin queue's Connect, gone with that queue.

import { nvme } from '../../../protocols/index.js';
import { after, type Nanos, NEVER } from '../../time/index.js';
import { ErrorLog } from './error-log.js';
import { Events } from './event.js';
import type { Port } from './port.js';
import type { Queue } from './queue.js';
import type { Request } from './request.js';
import { STATUS } from './status.js';
import type { Subsystem } from './subsystem.js';
import type { NvmeTarget } from './target.js';
import { hostKey } from './underway.js';

/** I/O queues of a controller. */
export const MOST_QUEUES = 128;
/** KAS: keep-alive timeouts are rounded up to this. */
export const KEEP_ALIVE_UNIT_MS = 1000;
/** Aborts at once; ACL of Identify is one less. */
export const MOST_ABORTS = 4;
/** A discovery controller without keep-alive of its own does not last for ever (Base 2.0 3.9.2 has two minutes). */
const DISCOVERY_MS = 120_000;
const MS = 1e6;

/** Features that are a dword each and change nothing here, by identifier, with their defaults. */
const PLAIN_FEATURES: readonly (readonly [number, number])[] = [
  [0x01, 0], // arbitration: queues take turns
  [0x04, 0xffff], // temperature threshold: never reached
  [0x05, 0], // error recovery: no limit
  [0x0a, 0], // write atomicity
];

/** Counts of SMART (Base 2.0 5.16.1.3). */
export interface Tally {
  reads: number;
  writes: number;
  bytesRead: number;
  bytesWritten: number;
  mediaErrors: number;
}

export class Controller {
  readonly queues = new Map<number, Queue>();
  readonly events = new Events(() => this.queues.get(0));
  readonly errors = new ErrorLog();
  readonly changedNamespaces = new Set<number>();
  readonly plainFeatures = new Map(PLAIN_FEATURES);
  readonly tally: Tally = { reads: 0, writes: 0, bytesRead: 0, bytesWritten: 0, mediaErrors: 0 };
  /** Property CC as last set. */
  readonly configuration = new Uint8Array(nvme.CC.size);
  isReady = false;
  isShutDown = false;
  /** Volatile write cache: what writes return for need not be durable. */
  writeCache = true;
  keepAliveMs = 0;
  /** When the host must have been heard of. */
  deadline: Nanos = NEVER;
  /** A command came since the keep-alive timer last ran out; Linux counts Keep Alive itself, too (reset_tbkas). */
  wasHeard = false;
  ended = false;
  /** Aborts that are not answered. */
  aborting = 0;
  /** The host, whatever connections it has. */
  readonly hostKey: string;

  constructor(
    readonly target: NvmeTarget,
    readonly subsystem: Subsystem,
    readonly cntlid: number,
    readonly hostnqn: string,
    readonly hostid: Uint8Array,
    readonly port: Port,
  ) {
    this.hostKey = hostKey(hostnqn, hostid);
  }

  get isDiscovery(): boolean {
    return this.subsystem.isDiscovery;
  }

  /** Sets the keep-alive timeout, 0 for none. */
  setKeepAlive(now: Nanos, kato: number): void {
    const rounded = Math.ceil(kato / KEEP_ALIVE_UNIT_MS) * KEEP_ALIVE_UNIT_MS;
    this.keepAliveMs = rounded === 0 && this.isDiscovery ? DISCOVERY_MS : rounded;
    this.alive(now);
    this.target.onDeadline(now);
  }

  /** Keep Alive: the timer begins anew. */
  alive(now: Nanos): void {
    this.deadline = this.keepAliveMs === 0 ? NEVER : after(now, this.keepAliveMs * MS);
  }

  /** The timer has run out: the host was silent all the while, or it begins anew (Base 2.0 3.9.4.2, CTRATT.TBKAS). */
  expire(now: Nanos): void {
    if (!this.wasHeard) return this.end(now, 'the keep alive timer expired');
    this.wasHeard = false;
    this.alive(now);
  }

  /** Property Set of CC (Base 2.0 3.1.3.5): enables, disables, shuts down. */
  configure(value: Uint8Array): void {
    const { en, shn } = nvme.CC.get;
    const wasEnabled = en(this.configuration, 0) === 1;
    const hadNotice = shn(this.configuration, 0) !== 0;
    this.configuration.set(value);
    const isEnabled = en(this.configuration, 0) === 1;
    if (isEnabled && !wasEnabled) this.isReady = this.configures();
    if (!isEnabled && wasEnabled) this.#reset();
    const hasNotice = shn(this.configuration, 0) !== 0;
    if (hasNotice && !hadNotice) {
      this.isReady = false;
      this.isShutDown = true;
    }
    if (!hasNotice) this.isShutDown = false;
  }

  /** Entry sizes, page size, arbitration and command sets are such as we have; a discovery controller has no I/O. */
  configures(): boolean {
    const { iosqes, iocqes, mps, ams, css } = nvme.CC.get;
    const cc = this.configuration;
    const [sqes, cqes] = [iosqes(cc, 0), iocqes(cc, 0)];
    const sizesAreRight = this.isDiscovery || (sqes === SQ_ENTRY && cqes === CQ_ENTRY);
    const isPlain = mps(cc, 0) === 0 && ams(cc, 0) === 0;
    return sizesAreRight && isPlain && [CSS_NVM, CSS_ALL].includes(css(cc, 0));
  }

  /** CSTS. */
  status(): Uint8Array {
    const isFatal = nvme.CC.get.en(this.configuration, 0) === 1 && !this.configures();
    return nvme.CSTS.encode({
      rdy: this.isReady ? 1 : 0,
      cfs: isFatal ? 1 : 0,
      shst: this.isShutDown ? SHUTDOWN_COMPLETE : 0,
    });
  }

  /** Base 2.0 3.7.2: a controller reset ends I/O queues and forgets what was asked for. */
  #reset(): void {
    this.isReady = false;
    this.isShutDown = false;
    this.aborting = 0;
    this.events.clear();
    for (const queue of [...this.queues.values()])
      if (queue.qid !== 0) queue.end('the controller was reset');
  }

  /** A command failed: the error log has it (Base 2.0 5.16.1.2). */
  failed(queue: Queue, request: Request): void {
    const { trtype } = this.port.transport;
    this.errors.add(queue.qid, request, trtype);
    if (request.status === STATUS.readError || request.status === STATUS.writeFault)
      this.tally.mediaErrors++;
  }

  /** A queue's connection has gone. Without its admin queue there is no controller. */
  lost(now: Nanos, queue: Queue, why: string): void {
    this.queues.delete(queue.qid);
    if (queue.qid === 0) this.end(now, why);
  }

  /** The controller goes, and with it every connection. */
  end(_now: Nanos, why: string): void {
    if (this.ended) return;
    this.ended = true;
    this.deadline = NEVER;
    this.isReady = false;
    this.subsystem.controllers.delete(this.cntlid);
    for (const queue of [...this.queues.values()]) queue.end(why);
    this.queues.clear();
    this.events.clear();
  }
}

/** Entries of 64 and of 16 bytes, as powers of two. */
const SQ_ENTRY = 6;
const CQ_ENTRY = 4;
const CSS_NVM = 0;
const CSS_ALL = 6;
const SHUTDOWN_COMPLETE = 2;
