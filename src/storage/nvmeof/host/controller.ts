// A controller as a host has it: connected, kept alive, connected again when it is lost, given up. Its I/O queues are sent
// to by whoever submits; everything else is the work of one thread.

import { nvme } from '../../../../protocols/index.js';
import { type DriverRequest, type HardwareQueue, newTags } from '../../../block/index.js';
import { Signal, type Thread, type Wait } from '../../../cpu/index.js';
import type { Computer } from '../../../host/index.js';
import { PAGE_4K } from '../../../memory/index.js';
import { after, type Nanos, NEVER, seconds } from '../../../time/index.js';
import { ADMIN_BYTES, Admin } from './admin.js';
import {
  askQueues,
  type ControllerFacts,
  connectQueue,
  enable,
  type Failed,
  failed,
  isFailed,
  readChanges,
  scan,
} from './bring-up.js';
import * as commands from './commands.js';
import type { ControllerCounts, ControllerHooks, ControllerOptions } from './controller-options.js';
import { type HostQueue, type QueueOptions, type QueueOwner, untilEnded } from './host-queue.js';
import { KeepAlive } from './keep-alive.js';
import { NamespaceDisk, type NamespaceFacts } from './namespace-disk.js';
import { RangePages } from './range-pages.js';
import { newHostQueue } from './transport.js';
import { WriteCache } from './write-cache.js';

/** Linux: NVME_AQ_DEPTH, and the default of --queue-size. */
const ADMIN_ENTRIES = 32;
const IO_ENTRIES = 128;
const PORT = 4420;
const MOST_TRANSFER = 1 << 20;
const PATH_LOSS = seconds(600);
const RECONNECT = seconds(10);
const KEEP_ALIVE_MS = 5000;
const USUAL_NQN = 'nqn.2026-11.io.wireverbs:host';

export type ControllerState = 'new' | 'connecting' | 'live' | 'resetting' | 'dead';

export class NvmeController implements QueueOwner {
  state: ControllerState = 'new';
  /** Why it is not connected. */
  failure = '';
  /** It is live, and its namespaces have their disks. */
  isScanned = false;
  /** Raised when the state changed or a namespace came or went. */
  readonly changed = new Signal();
  readonly news = new Signal();
  readonly counts: ControllerCounts = {
    ...{ connects: 0, losses: 0, keepAlives: 0, events: 0, aborts: 0 },
  };
  /** Shared by the disks of all namespaces; there are none before it was first connected. */
  tags: HardwareQueue[] = [];
  readonly disks = new Map<number, NamespaceDisk>();
  facts: ControllerFacts | undefined;
  readonly names: commands.Names;
  readonly thread: Thread;
  #admin: HostQueue | undefined;
  #io: HostQueue[] = [];
  readonly #asking: Admin;
  #keepAlive: KeepAlive | undefined;
  readonly ranges: RangePages;
  #lost = '';
  #deleted = false;
  #hasEvent = false;
  readonly #late: DriverRequest[] = [];
  readonly #aborted = new Set<DriverRequest>();

  constructor(
    readonly computer: Computer,
    readonly options: ControllerOptions,
    readonly hooks: ControllerHooks,
  ) {
    const { subnqn, hostnqn = USUAL_NQN, hostid = new Uint8Array(16) } = options;
    this.names = { subnqn, hostnqn, hostid };
    this.ranges = new RangePages(computer.memory);
    this.#asking = new Admin(computer, this.news);
    const program = (thread: Thread) =>
      untilEnded(thread, this.#run(thread), () => [
        ...this.#io,
        ...(this.#admin ? [this.#admin] : []),
      ]);
    this.thread = computer.spawn('nvme controller', program);
  }

  /** Ends it, its disks with it. */
  delete(now: Nanos): void {
    this.#deleted = true;
    this.news.raise(now);
  }

  /** The I/O queue of a hardware queue; undefined while there is no connection. */
  // hot
  queueOf(index: number): HostQueue | undefined {
    return this.state === 'live' ? this.#io[index] : undefined;
  }

  // QueueOwner

  failed(now: Nanos, { qid, why }: HostQueue): void {
    this.#lose(now, `queue ${qid}: ${why}`);
  }

  #lose(now: Nanos, why: string): void {
    this.#lost ||= why;
    this.news.raise(now);
  }

  /** A request takes too long: its command is aborted, and the second time the connection is given up. */
  tooLate(now: Nanos, request: DriverRequest): void {
    if (this.state !== 'live') return;
    if (this.#aborted.has(request)) return this.#lose(now, 'a request is not answered');
    this.#late.push(request);
    this.news.raise(now);
  }

  // The controller's thread

  *#run(thread: Thread): Generator<Wait, void, void> {
    const { reconnectNs = RECONNECT, lossNs = PATH_LOSS } = this.options;
    let giveUp: Nanos = NEVER;
    while (!this.#deleted) {
      this.#become(thread.now, 'connecting');
      const result = yield* this.#bringUp(thread);
      if (result) {
        this.failure = result.failure;
        yield* this.#tearDown(thread);
        // What never was, is not waited for.
        if (giveUp === NEVER || result.final || after(thread.now, reconnectNs) > giveUp) break;
        const until = after(thread.now, reconnectNs);
        while (!this.#deleted && thread.now < until) yield thread.block(this.news, until);
        continue;
      }
      this.failure = '';
      this.counts.connects++;
      yield* this.#live(thread);
      this.failure = this.#lost;
      if (!this.#deleted) this.counts.losses++;
      this.#become(thread.now, 'resetting');
      yield* this.#tearDown(thread);
      giveUp = after(thread.now, lossNs);
    }
    this.#become(thread.now, 'dead');
    for (const disk of [...this.disks.values()]) this.#drop(thread.now, disk);
    this.#asking.release();
  }

  #become(now: Nanos, state: ControllerState): void {
    this.state = state;
    if (state !== 'live') this.isScanned = false;
    this.changed.raise(now);
  }

  /** Everything up to running disks; what went wrong, or nothing. */
  *#bringUp(thread: Thread): Generator<Wait, Failed | undefined, void> {
    const { katoMs, entries, wanted } = this.#wanted();
    this.#lost = '';
    this.#hasEvent = false;
    const admin = this.#newQueue(thread, 0, ADMIN_ENTRIES, { inlineBytes: 0, data: ADMIN_BYTES });
    this.#admin = admin;
    const why = yield* admin.connect(thread);
    if (why !== '') return failed(why);
    const connect = { entries: ADMIN_ENTRIES, katoMs };
    const cntlid = yield* connectQueue(this.#asking, thread, admin, this.names, connect);
    if (typeof cntlid !== 'number') return cntlid;
    const facts = yield* enable(this.#asking, thread, admin, cntlid);
    if (isFailed(facts)) return facts;
    this.facts = facts;
    this.#keepAlive = this.#keepsAlive(thread, admin, katoMs);
    const granted = yield* askQueues(this.#asking, thread, admin, wanted);
    if (typeof granted !== 'number') return granted;
    if (this.tags.length > granted) return failed('it grants fewer queues than before');
    const size = Math.min(entries, facts.mqes);
    if (this.tags.length === 0) this.tags = newTags(granted, size - 1);
    const io = yield* this.#connectIo(thread, facts, size);
    if (io) return io;
    const watched = yield* this.#watchEvents(thread, facts);
    if (watched) return watched;
    this.#become(thread.now, 'live');
    return yield* this.#scan(thread);
  }

  #wanted() {
    const { keepAliveMs = KEEP_ALIVE_MS, entries = IO_ENTRIES, queues } = this.options;
    const wanted = this.tags.length || (queues ?? this.computer.cores.cores.length);
    return { katoMs: keepAliveMs, entries, wanted };
  }

  #keepsAlive(thread: Thread, admin: HostQueue, timeoutMs: number): KeepAlive | undefined {
    if (timeoutMs === 0) return undefined;
    const { computer, counts } = this;
    const sent = () => {
      counts.keepAlives++;
    };
    const lost = (now: Nanos, why: string) => this.#lose(now, why);
    return new KeepAlive({ computer, core: thread.core, admin, timeoutMs, sent, lost });
  }

  *#connectIo(
    thread: Thread,
    { cntlid, inlineBytes }: ControllerFacts,
    entries: number,
  ): Generator<Wait, Failed | undefined, void> {
    // All transports first, as Linux does it.
    for (let qid = 1; qid <= this.tags.length; qid++) {
      const queue = this.#newQueue(thread, qid, entries, { inlineBytes, data: this.#mostBytes() });
      this.#io.push(queue);
      const why = yield* queue.connect(thread);
      if (why !== '') return failed(why);
    }
    for (const queue of this.#io) {
      const options = { entries, cntlid };
      const answer = yield* connectQueue(this.#asking, thread, queue, this.names, options);
      if (typeof answer !== 'number') return answer;
    }
    return undefined;
  }

  /** Bytes of the longest request. */
  #mostBytes(): number {
    const { maxTransferBytes = MOST_TRANSFER } = this.options;
    return Math.min(maxTransferBytes, this.facts!.mdtsBytes);
  }

  #newQueue(
    thread: Thread,
    qid: number,
    entries: number,
    { inlineBytes, data }: { inlineBytes: number; data: number },
  ): HostQueue {
    const { computer } = this;
    const { target, port = PORT } = this.options;
    const core = qid === 0 ? thread.core : qid - 1;
    const options: QueueOptions = {
      ...{ computer, owner: this, qid, entries, core, inlineBytes, target, port },
      dataBytes: data,
    };
    const { transport, digests, r2ts } = this.options;
    return newHostQueue(transport, thread, options, digests, r2ts);
  }

  /** Asks to be told of namespaces that come and go. */
  *#watchEvents(
    thread: Thread,
    { hasEvents }: ControllerFacts,
  ): Generator<Wait, Failed | undefined, void> {
    if (!hasEvents) return undefined;
    const wanted = { namespaceAttribute: 1 };
    const set = yield* this.#asking.ask(thread, this.#admin!, 'Set Features 0Bh', (command) =>
      commands.setEvents(command, wanted),
    );
    if (set.failure !== '') return this.#admin!.why === '' ? undefined : set;
    yield* this.#requestEvent(thread);
    return undefined;
  }

  *#requestEvent(thread: Thread): Generator<Wait, void, void> {
    const command = this.#admin!.commands[commands.EVENT_TAG]!;
    commands.requestEvent(command);
    command.at();
    command.done = (now) => {
      this.#hasEvent = command.succeeded;
      this.counts.events++;
      this.news.raise(now);
    };
    yield* this.#admin!.send(thread, command, true);
  }

  /** Disks for the namespaces that there are now: new ones, of other sizes, gone ones. */
  *#scan(thread: Thread): Generator<Wait, Failed | undefined, void> {
    const found = yield* scan(this.#asking, thread, this.#admin!);
    if (isFailed(found)) return found;
    const { now } = thread;
    for (const disk of [...this.disks.values()])
      if (
        !found.some(({ nsid, uuid }) => nsid === disk.facts.nsid && isSame(uuid, disk.facts.uuid))
      )
        this.#drop(now, disk);
    for (const facts of found) {
      const known = this.disks.get(facts.nsid);
      if (known) {
        known.connected(this.facts!.boot);
        known.queue.readOnly = facts.readOnly;
        known.queue.resize(now, facts.sizeBytes);
        known.queue.start(now);
      } else this.#add(now, facts);
    }
    this.isScanned = true;
    this.changed.raise(now);
    return undefined;
  }

  #add(now: Nanos, facts: NamespaceFacts): void {
    const isRdma = this.options.transport === 'rdma';
    const maxTransferBytes = this.#mostBytes();
    const cache = this.hooks.cacheOf?.(facts) ?? new WriteCache();
    const disk = new NamespaceDisk(
      this,
      this.hooks.nameOf(facts),
      facts,
      {
        maxTransferBytes,
        // RDMA: one region names pages, and has gaps at its ends alone.
        maxSegments: isRdma ? maxTransferBytes / PAGE_4K + 1 : 127,
        virtBoundaryBytes: isRdma ? PAGE_4K : 1,
        writeCache: this.facts!.writeCache,
      },
      cache,
    );
    disk.connected(this.facts!.boot);
    this.disks.set(facts.nsid, disk);
    this.hooks.added?.(now, disk);
  }

  #drop(now: Nanos, disk: NamespaceDisk): void {
    this.disks.delete(disk.facts.nsid);
    disk.queue.remove(now, this.failure === '' ? 'BLK_STS_OFFLINE' : 'BLK_STS_TRANSPORT');
    if (this.state === 'dead') disk.lost(now);
    this.hooks.removed?.(now, disk);
  }

  /** Until it is lost or deleted. */
  *#live(thread: Thread): Generator<Wait, void, void> {
    while (this.#lost === '' && !this.#deleted) {
      if (this.#hasEvent) yield* this.#hearEvent(thread);
      else if (this.#late.length > 0) yield* this.#abort(thread, this.#late.shift()!);
      else {
        yield thread.block(this.news);
        this.#hearAll(thread.now);
      }
    }
  }

  #hearAll(now: Nanos): void {
    this.#admin!.hear(now);
    for (const queue of this.#io) queue.hear(now);
  }

  *#hearEvent(thread: Thread): Generator<Wait, void, void> {
    this.#hasEvent = false;
    const { lid } = nvme.CQEAsyncEvent.get;
    const { result } = this.#admin!.commands[commands.EVENT_TAG]!;
    const isNamespace = lid(result, 0) === NAMESPACES_CHANGED;
    yield* this.#requestEvent(thread);
    if (!isNamespace) return;
    const changes = yield* readChanges(this.#asking, thread, this.#admin!);
    const problem = changes.failure !== '' ? changes : yield* this.#scan(thread);
    if (problem && this.#admin!.why !== '') this.#lose(thread.now, problem.failure);
  }

  /** Only what is still the same command of the same request. */
  *#abort(thread: Thread, request: DriverRequest): Generator<Wait, void, void> {
    const queue = this.#io[request.queue];
    if (request.state !== 'started' || !queue) return;
    this.counts.aborts++;
    this.#aborted.add(request);
    const { cid } = queue.commands[request.tag]!;
    const answer = yield* this.#asking.ask(thread, this.#admin!, 'Abort', (command) =>
      commands.abort(command, queue.qid, cid),
    );
    if (answer.failure !== '' && this.#admin!.why !== '') this.#lose(thread.now, answer.failure);
  }

  /** Ends all connections; what was under way is kept to be sent again. */
  *#tearDown(thread: Thread): Generator<Wait, void, void> {
    this.#keepAlive?.end(thread.now);
    for (const { queue } of this.disks.values()) queue.stop();
    if (this.#deleted && this.#admin?.why === '') yield* this.#sayGoodbye(thread);
    const queues = [...this.#io, ...(this.#admin ? [this.#admin] : [])];
    this.#io = [];
    this.#admin = undefined;
    for (const queue of queues) yield* queue.close(thread);
    this.#late.length = 0;
    this.#aborted.clear();
    for (const disk of this.disks.values()) {
      disk.lost(thread.now);
      if (this.options.failFast) disk.queue.start(thread.now);
    }
  }

  *#sayGoodbye(thread: Thread): Generator<Wait, void, void> {
    const { shutDown } = commands;
    for (const queue of this.#io) yield* queue.close(thread);
    yield* this.#asking.ask(thread, this.#admin!, 'Property Set CC', shutDown, 0, GOODBYE);
  }
}

const NAMESPACES_CHANGED = 0x04;
const GOODBYE = seconds(5);

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
