// A volume of a node of the pool that has copies on other nodes: its own copy and those of its peers as one volume, kept
// whole by a thread. Nodes come and go; the node itself may have gone and come back, and then asks its peers what is true.

import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { after, earlier, ms, type Nanos, NEVER } from '../../time/index.js';
import { ReplicatedVolume } from '../replicated-volume.js';
import { type IoError, OK, type Volume } from '../volume.js';
import { Front } from './front.js';
import { Peer, type PeerOptions } from './peer.js';
import { RECORD_BYTES, readRecord, type SetRecord, writeRecord } from './record.js';

export interface ReplicaSetOptions {
  /** The node's own copy; the record lies behind it. */
  readonly local: Volume;
  /** Bytes of the volume. */
  readonly size: number;
  readonly peers: readonly (Omit<PeerOptions, 'size'> & { readonly name: string })[];
  /** A copy that failed though its node answers is tried again after so long: 1 s. */
  readonly retryNs?: Nanos;
}

const RETRY = ms(1000);
const OWN = 0;
const LIFE_BYTES = 16;
const NO_LIFE = new Uint8Array(LIFE_BYTES);
const NOTHING = new Uint8Array(0);

export class ReplicaSet {
  /** Undefined until it is known which copies are whole. */
  volume: ReplicatedVolume | undefined;
  readonly peers: readonly Peer[];
  readonly news = new Signal();
  #record: SetRecord | undefined;
  /** Connections of each peer when its copy last came in or began to come back. */
  readonly #connections: number[];
  /** When a copy that is out may be tried again. */
  readonly #retryAt: Nanos[];

  constructor(
    readonly computer: Computer,
    readonly options: ReplicaSetOptions,
  ) {
    const { size, peers } = options;
    this.peers = peers.map(
      ({ name, ...peer }) => new Peer(computer, name, { ...peer, size }, this.news),
    );
    this.#connections = peers.map(() => 0);
    this.#retryAt = [OWN, ...peers].map(() => 0 as Nanos);
    computer.spawn('copies', (thread) => this.#run(thread));
  }

  /** Of a target that offers the volume: another one when what was not flushed may be gone. */
  get bootId(): Uint8Array {
    return new TextEncoder().encode(String(this.#record?.cache ?? 0).padStart(LIFE_BYTES, '0'));
  }

  /** Waits until it is known which copies are whole, so that there is a volume. */
  *assembled(thread: Thread): Generator<Wait, ReplicatedVolume, void> {
    while (!this.volume) yield thread.block(this.news);
    return this.volume;
  }

  /** Waits until all copies are whole; what is missing, or nothing. */
  *whole(thread: Thread, end: Nanos = NEVER): Generator<Wait, string, void> {
    for (;;) {
      if (this.volume?.states.every((state) => state === 'in')) return '';
      if (thread.now >= end) return this.#missing() || 'copies are not whole yet';
      yield thread.block(this.news, end);
    }
  }

  #missing(): string {
    return this.peers
      .filter(({ isThere }) => !isThere)
      .map(({ failure }) => failure)
      .join('; ');
  }

  // The thread

  *#run(thread: Thread): Generator<Wait, void, void> {
    while (!this.volume) {
      const next = this.#look(thread.now);
      if (!(yield* this.#assemble(thread))) yield thread.block(this.news, next);
    }
    this.news.raise(thread.now);
    for (;;) {
      const next = this.#look(thread.now);
      yield thread.block(this.news, earlier(next, this.#bringBack(thread.now)));
    }
  }

  #look(now: Nanos): Nanos {
    return this.peers.reduce((next, peer) => earlier(next, peer.look(now)), NEVER);
  }

  /** Copies of other lives leave, those that may come back do; when to try again. */
  #bringBack(now: Nanos): Nanos {
    const volume = this.volume!;
    let next: Nanos = NEVER;
    volume.states.forEach((_, i) => {
      const peer = this.peers[i - 1];
      const isOther = peer !== undefined && this.#connections[i - 1] !== peer.connections;
      if (peer && (isOther || !peer.isThere)) volume.leave(i);
      if (volume.states[i] !== 'out' || (peer && !peer.isThere)) return;
      if (!isOther && now < this.#retryAt[i]!) {
        next = earlier(next, this.#retryAt[i]!);
        return;
      }
      if (peer) this.#connections[i - 1] = peer.connections;
      this.#retryAt[i] = after(now, this.options.retryNs ?? RETRY);
      volume.rejoin(i);
    });
    return next;
  }

  // Which copies are whole

  /** Makes the volume when all are there who must be asked; false while they are not. */
  *#assemble(thread: Thread): Generator<Wait, boolean, void> {
    const isThere = [true, ...this.peers.map((peer) => peer.isThere)];
    let latest: SetRecord | undefined;
    for (const [i, there] of isThere.entries()) {
      const bytes = new Uint8Array(RECORD_BYTES);
      if (!there || (yield* this.#do(thread, 'read', i, bytes)) !== OK) continue;
      const found = readRecord(bytes);
      if (found && found.generation > (latest?.generation ?? 0)) latest = found;
    }
    // Any of those that were whole may know of later ones.
    if (isThere.some((there, i) => !there && (latest?.whole[i] ?? true))) return false;
    const record = this.#begins(latest);
    for (const [i, isWhole] of record.whole.entries()) {
      if (!isWhole) continue;
      // What it has not flushed since an earlier life of this node nobody would know that it may lose.
      if ((yield* this.#do(thread, 'flush', i, NOTHING)) !== OK) return false;
      if ((yield* this.#do(thread, 'write', i, writeRecord(record))) !== OK) return false;
    }
    this.#record = record;
    this.#make(record.whole);
    return true;
  }

  /** Copies may differ in what was under way when this node went: one counts, the others get all of it. */
  #begins(latest: SetRecord | undefined): SetRecord {
    const lives = this.#livesNow();
    if (!latest) return { generation: 1, whole: lives.map(() => true), lives, cache: 1 };
    const { generation, whole, cache } = latest;
    const isAlive = (i: number) =>
      !isSame(lives[i]!, NO_LIFE) && isSame(lives[i]!, latest.lives[i]!);
    const alive = lives.findIndex((_, i) => whole[i] && isAlive(i));
    const source = alive < 0 ? whole.indexOf(true) : alive;
    return {
      generation: generation + 1,
      whole: lives.map((_, i) => i === source),
      lives,
      cache: alive < 0 ? cache + 1 : cache,
    };
  }

  /** This node has none: it asks when it begins anew. */
  #livesNow(): Uint8Array[] {
    return [NO_LIFE, ...this.peers.map(({ life }) => life)];
  }

  #make(members: readonly boolean[]): void {
    const { size, local } = this.options;
    this.peers.forEach(({ connections }, i) => {
      this.#connections[i] = connections;
    });
    this.volume = new ReplicatedVolume(
      [new Front(local, size), ...this.peers.map(({ volume }) => volume)],
      { members, membership: { note: (whole, done) => this.#note(whole, done) } },
    );
    this.volume.onChange = () => this.news.raise(this.computer.now);
  }

  /** Membership: durable on all nodes whose copy is whole. One that does not take it is not. */
  #note(whole: readonly boolean[], done: (error: IoError) => void): void {
    const { generation, cache } = this.#record!;
    const record = { generation: generation + 1, whole, lives: this.#livesNow(), cache };
    this.#record = record;
    const bytes = writeRecord(record);
    let left = whole.filter((isWhole) => isWhole).length;
    let failure = OK;
    whole.forEach((isWhole, i) => {
      if (!isWhole) return;
      const over = (error: IoError) => {
        if (error !== OK) {
          failure = error;
          this.volume!.leave(i);
        }
        if (--left === 0) done(failure);
      };
      this.#place(i).write({ ...this.#recordAt(bytes), done: over });
    });
  }

  *#do(
    thread: Thread,
    kind: 'read' | 'write' | 'flush',
    node: number,
    bytes: Uint8Array,
  ): Generator<Wait, IoError, void> {
    const over = new Signal();
    let result: IoError | undefined;
    const done = (error: IoError) => {
      result = error;
      over.raise(this.computer.now);
    };
    this.#place(node)[kind]({ ...this.#recordAt(bytes), done });
    while (result === undefined) yield thread.block(over);
    return result;
  }

  #place(node: number): Volume {
    return node === OWN ? this.options.local : this.peers[node - 1]!.volume;
  }

  #recordAt(bytes: Uint8Array) {
    const { size: offset } = this.options;
    return { offset, length: RECORD_BYTES, bytes, at: 0, fua: true, noHole: false };
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => byte === b[i]);
