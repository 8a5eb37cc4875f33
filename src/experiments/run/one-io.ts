// One read of a disk, station by station: the same world as an experiment's combination, warmed up and then quiet, and
// everything that one more read leaves behind.

import {
  type Move,
  type PathName,
  type PathRecord,
  pathFindings,
  pathTitles,
  phaseEnds,
  QUIET,
  Recorder,
  stationsOf,
  WARM_UP,
} from '../../apps/compare/index.js';
import { type BlockDevice, BlockRequest, segmentsOf } from '../../block/index.js';
import { Signal, type Thread, type Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { Lab } from '../../scenario/lab.js';
import { after, type Nanos, seconds } from '../../time/index.js';
import type { Settings } from '../file/settings.js';
import { diskUser } from './disk-user.js';
import { Pool } from './pool.js';

/** Events of a host for one read; those of the largest fit. */
const LEDGER_EVENTS = 2 ** 17;
const LONGEST = seconds(10);
const APPLICATION = 'application memory';
const PATTERN = 251;

/**
 * Reads so many bytes once more after a while and tells all about it.
 * @throws RangeError when the read did not come to its end
 */
export function recordRead(settings: Settings, size: number): PathRecord {
  const { workloads, transport } = settings;
  const [workload] = workloads;
  if (workload?.kind !== 'block' || workloads.length > 1)
    throw new RangeError('only reads of a disk that is alone are recorded');
  const lab = new Lab({ ...settings.lab, ledgerEvents: LEDGER_EVENTS });
  const [initiator, target] = [lab.host(workload.from), lab.host(workload.to)];
  const pool = new Pool(lab, transport === 'tcp' ? 'tcp' : 'rdma', workload.pool);
  const there = Uint8Array.from({ length: size }, (_, i) => i % PATTERN);
  pool.precondition(0, there);
  const recorder = new Recorder({ initiator, target }, lab.linkType, transport === 'iwarp');
  lab.tap(initiator.name, recorder.tap('initiator'));
  lab.tap(target.name, recorder.tap('target'));
  const run = { knownAt: null as Nanos | null, verified: false, failure: '' };
  const { computer, vm, open } = diskUser(lab, pool, workload);
  computer.spawn('reader', function* (thread) {
    const found = yield* open(thread);
    if (typeof found === 'string') run.failure = found;
    else yield* readOnceMore(computer, thread, found, size, recorder, run, there);
  });
  lab.settle(initiator);
  lab.sim.run(after(lab.now, LONGEST), () => run.knownAt === null && run.failure === '');
  lab.runFor(QUIET);
  if (run.knownAt === null)
    throw new RangeError(`${pathTitles[transport]}: ${run.failure || 'the read never ended'}`);
  const hosts = { initiator: workload.from, target: workload.to };
  return recordOf(transport, hosts, recorder, size, run.knownAt, run.verified, lab, vm?.name);
}

interface Run {
  knownAt: Nanos | null;
  verified: boolean;
  failure: string;
}

function* readOnceMore(
  computer: Computer,
  thread: Thread,
  device: BlockDevice,
  size: number,
  recorder: Recorder,
  run: Run,
  there: Uint8Array,
): Generator<Wait, void, void> {
  const { space } = computer;
  const address = space.allocate(size);
  const over = new Signal();
  const request = new BlockRequest();
  request.length = size;
  request.segments = segmentsOf(space, address, size);
  let isOver = false;
  request.done = (now) => {
    isOver = true;
    over.raise(now);
  };
  for (let n = 0; n <= WARM_UP; n++) {
    isOver = false;
    if (n === WARM_UP) {
      // At work, as in the midst of a job: a virtual CPU that slept for so long would have forgotten that polling pays.
      yield thread.spend(QUIET);
      space.write(address, new Uint8Array(size));
      recorder.begin(thread.now);
    }
    const end = recorder.call(computer, thread, 'pread()', true);
    yield thread.systemCall();
    yield* device.submit(thread, request);
    while (!isOver) yield thread.block(over);
    end(thread.now);
  }
  const back = space.read(address, size);
  run.verified = request.status === 'BLK_STS_OK' && there.every((byte, i) => back[i] === byte);
  run.knownAt = thread.now;
}

/** The card's rings and queues have entries of up to 256 bytes; what is longer is data. */
const LONGEST_ENTRY = 256;

/** Of a guest the machine knows one thing: that the page is its. What lies there follows from how long it is. */
function ofGuest(move: Move, vm: string | undefined): Move {
  const name = move.bytes > LONGEST_ENTRY ? APPLICATION : "guest's rings";
  const place = (what: string) => (vm !== undefined && what === vm ? name : what);
  return { ...move, from: place(move.from), to: place(move.to) };
}

function recordOf(
  transport: PathName,
  hosts: PathRecord['hosts'],
  recorder: Recorder,
  size: number,
  knownAt: Nanos,
  verified: boolean,
  lab: Lab,
  vm: string | undefined,
): PathRecord {
  const taken = recorder.take(lab.now);
  const recording = { ...taken, moves: taken.moves.map((move) => ofGuest(move, vm)) };
  const placed = recording.moves
    .filter(({ side, to }) => side === 'initiator' && to === APPLICATION)
    .map(({ untilNs }) => untilNs);
  const record = {
    path: transport,
    title: pathTitles[transport],
    operation: `a read of ${size.toLocaleString('en')} bytes of the disk`,
    hosts,
    linkType: lab.linkType,
    verified,
    placedNs: Math.max(0, ...placed),
    knownNs: knownAt - recorder.beginAt,
    knownBy: 'initiator' as const,
    quietNs: phaseEnds(recording)[0]!,
    ...recording,
  };
  return {
    ...record,
    stations: stationsOf(record),
    findings: pathFindings(record, size, 'initiator'),
  };
}
