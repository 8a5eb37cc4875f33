// One path: two hosts, a program on each, the recorder between them, and the record that comes out of it.

import type { Host } from '../../host/index.js';
import type { Nanos } from '../../time/index.js';
import { Exchange, type Soon, type WireName, wires } from '../perftest/index.js';
import * as bySockets from './by-sockets.js';
import * as byVerbs from './by-verbs.js';
import { pathFindings } from './finding.js';
import {
  type Operation,
  type PathName,
  type PathRecord,
  pathTitles,
  type SideName,
} from './model.js';
import { Recorder } from './recorder.js';
import { Run } from './run.js';
import { phaseEnds, stationsOf } from './station.js';

export interface PathOptions {
  readonly path: PathName;
  readonly op: Operation;
  readonly size: number;
  /** Path MTU of RDMA, as far as the link allows it. */
  readonly mtu: number;
  readonly linkType: number;
  /** The target's address, for sockets. */
  readonly remote: Uint8Array;
  /** Does something at this instant, and tells the driver that the hosts have changed. */
  readonly soon: Soon;
}

const verbNames: Readonly<Record<Operation, string>> = {
  write: 'RDMA WRITE',
  read: 'RDMA READ',
  send: 'SEND and RECV',
};
const socketNames: Readonly<Record<Operation, string>> = {
  write: 'send() and recv()',
  read: 'a request, and the answer to it',
  send: 'send() and recv()',
};

/** Whether programs over this path use verbs; the other ones use sockets. */
export const isVerbs = (path: PathName): path is PathName & WireName =>
  (wires as readonly string[]).includes(path);

export class PathRun {
  readonly recorder: Recorder;
  readonly #run: Run;

  constructor(
    readonly hosts: Readonly<Record<SideName, Host>>,
    readonly options: PathOptions,
  ) {
    this.recorder = new Recorder(hosts, options.linkType, options.path === 'iwarp');
    this.#run = new Run(options, this.recorder);
  }

  /** Starts both programs; the driver must be told that the hosts have changed. */
  start(): void {
    const { path, remote, mtu, soon } = this.options;
    const { initiator, target } = this.hosts;
    const run = this.#run;
    if (!isVerbs(path)) {
      target.spawn('target', (thread) => bySockets.target(run, target, thread), FIRST);
      initiator.spawn('initiator', (t) => bySockets.initiator(run, initiator, t, remote), FIRST);
      return;
    }
    const exchange = new Exchange(soon);
    const parameters = byVerbs.verbsParameters(this.options, path, mtu);
    target.spawn('target', (t) => byVerbs.target(run, target, t, parameters, exchange), FIRST);
    initiator.spawn(
      'initiator',
      (t) => byVerbs.initiator(run, initiator, t, parameters, exchange),
      FIRST,
    );
  }

  /** The message has reached its purpose, or never will. */
  get ended(): boolean {
    return this.#run.failure !== '' || this.#run.knownAt !== null;
  }

  /**
   * What happened until `now`, when all is quiet again.
   * @throws RangeError when the message did not arrive
   */
  record(now: Nanos): PathRecord {
    const { path, op, size, linkType } = this.options;
    const { failure, knownAt, knownBy, sink, verified } = this.#run;
    if (failure !== '' || knownAt === null || !sink)
      throw new RangeError(`${pathTitles[path]}: ${failure || 'the message never arrived'}`);
    const recording = this.recorder.take(now);
    const placed = recording.moves
      .filter((move) => move.side === sink.side && move.to === APPLICATION)
      .map((move) => move.untilNs);
    const { initiator, target } = this.hosts;
    const record = {
      path,
      title: pathTitles[path],
      operation: (isVerbs(path) ? verbNames : socketNames)[op],
      hosts: { initiator: initiator.name, target: target.name },
      linkType,
      verified,
      placedNs: Math.max(...placed),
      knownNs: knownAt - this.recorder.beginAt,
      knownBy,
      quietNs: phaseEnds(recording)[0]!,
      ...recording,
    };
    const stations = stationsOf(record);
    return { ...record, stations, findings: pathFindings(record, size, sink.side) };
  }
}

/** Programs run on the first core of their host. */
const FIRST = { core: 0 };
/** What pages of a process are for, unless it says more (memory/address-space.ts). */
const APPLICATION = 'application memory';
