// A run without end: two hosts that write, send, read and add for as long as one likes, some frames lost. What it holds
// in memory must not grow, and the same work must take the same time whenever it is done.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { chances, star } from '../../../src/fabric/index.js';
import { connectX4 } from '../../../src/profiles/nic.js';
import {
  createCq,
  createQp,
  emptyWc,
  gidOf,
  modifyQp,
  pollCq,
  postRecv,
  postSend,
  type QueuePair,
  rxeProfile,
  type SendWr,
  type Wc,
} from '../../../src/rdma/index.js';
import type { Nanos } from '../../../src/time/index.js';
import { buildFabric, type HostPlace } from '../../../src/world/fabric.js';
import { Simulation } from '../../../src/world/sim.js';
import { assert } from '../spec.js';
import { macBytes, type Piece, type Surroundings, WorldHost } from './world.js';

const SIGNALED = 2;
const SLICE_NS = 2000;
const WINDOW = 8;
const BYTES = 4096;
const QKEY_LESS = { pkeyIndex: 0, portNum: 1, qpAccessFlags: 0xf } as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes that are held after everything that can go has gone. */
export function held(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

interface End {
  readonly host: WorldHost;
  readonly qp: QueuePair;
  readonly sendCq: ReturnType<typeof createCq>;
  readonly recvCq: ReturnType<typeof createCq>;
  readonly source: Piece;
  readonly target: Piece;
  posted: number;
  done: number;
  received: number;
}

export class Endless {
  readonly sim: Simulation;
  readonly ends: readonly [End, End];
  /** Whole messages so far. */
  get done(): number {
    return this.ends[0].done + this.ends[1].done;
  }
  readonly #wc: Wc[] = [emptyWc()];

  /** @param start the instant at which everything begins; `loss` of frames; `timed`: the NIC's parts take time */
  constructor(start: number, loss: number, timed: boolean, seed = 1) {
    this.sim = new Simulation({ seed });
    this.sim.run(start as Nanos);
    const places: HostPlace[] = [];
    const around: Surroundings = {
      sim: this.sim,
      v6: false,
      wire: 'RoCE v2',
      profile: rxeProfile,
      timing: timed ? connectX4.timing : undefined,
      neighbour: (_from, gid) => {
        const to = places.find((p) => gidOf(p.ip).join() === gid.join());
        return to && macBytes(to.mac);
      },
    };
    const hosts: WorldHost[] = [];
    const fabric = buildFabric(this.sim, star(2), 'switched', (place) => {
      places.push(place);
      const host = new WorldHost(place, around, seed);
      hosts.push(host);
      return host.device;
    });
    for (const host of hosts) {
      host.station = fabric.hosts[host.place.index]!;
      const random = this.sim.random.fork(`loss ${host.place.name}`);
      this.sim.impair(host.station, 0, chances({ loss }, random));
    }
    this.ends = [this.#end(hosts[0]!), this.#end(hosts[1]!)];
    this.#ready(0);
    this.#ready(1);
  }

  #end(host: WorldHost): End {
    const sendCq = createCq(host.context, 64);
    const recvCq = createCq(host.context, 64);
    const qp = createQp(host.pd, { qpType: 'IBV_QPT_RC', sendCq, recvCq });
    const [source, target] = [host.take(BYTES), host.take(BYTES)];
    return { host, qp, sendCq, recvCq, source, target, posted: 0, done: 0, received: 0 };
  }

  #ready(i: 0 | 1): void {
    const { host, qp } = this.ends[i];
    const other = this.ends[i === 0 ? 1 : 0];
    const step = (attr: Parameters<typeof modifyQp>[2]) => modifyQp(host.context, qp, attr);
    step({ qpState: 'INIT', ...QKEY_LESS });
    step({
      qpState: 'RTR',
      ahAttr: { grh: { dgid: other.host.gid } },
      pathMtu: 'IBV_MTU_1024',
      destQpNum: other.qp.qpn,
      rqPsn: 0,
      maxDestRdAtomic: 4,
      minRnrTimer: 1,
    });
    const retries = { timeout: 6, retryCnt: 7, rnrRetry: 7, maxRdAtomic: 4 };
    step({ qpState: 'RTS', sqPsn: 0, ...retries });
    for (let k = 0; k < 2 * WINDOW; k++) this.#receive(this.ends[i]);
  }

  #receive({ host, qp, target }: End): void {
    const sgList = [{ addr: target.addr, length: BYTES, lkey: host.mr.lkey }];
    postRecv(host.context, qp, { sgList });
  }

  #post(end: End, other: End): void {
    const { host, qp, source } = end;
    const far = { remoteAddr: other.target.addr, rkey: other.host.mr.rkey };
    const list = (length: number) => [{ addr: source.addr, length, lkey: host.mr.lkey }];
    const wrs: readonly SendWr[] = [
      { opcode: 'IBV_WR_RDMA_WRITE', sgList: list(BYTES), rdma: far },
      { opcode: 'IBV_WR_SEND', sgList: list(100) },
      { opcode: 'IBV_WR_RDMA_READ', sgList: list(1500), rdma: far },
      {
        opcode: 'IBV_WR_ATOMIC_FETCH_AND_ADD',
        sgList: list(8),
        atomic: { ...far, compareAdd: 1n },
      },
    ];
    const wr = wrs[end.posted % wrs.length]!;
    postSend(host.context, qp, { ...wr, wrId: end.posted, sendFlags: SIGNALED });
    end.posted++;
  }

  /** Goes on for a moment. */
  step(): void {
    const { sim, ends } = this;
    for (const [i, end] of ends.entries()) {
      const [wc] = this.#wc;
      while (pollCq(end.host.context, end.sendCq, 1, this.#wc) === 1) {
        assert.is(wc!.status, 'IBV_WC_SUCCESS');
        assert.is(wc!.wrId, end.done++, 'completions come in order');
      }
      while (pollCq(end.host.context, end.recvCq, 1, this.#wc) === 1) {
        end.received++;
        this.#receive(end);
      }
      while (end.posted - end.done < WINDOW) this.#post(end, ends[1 - i]!);
      sim.settle(end.host.station);
    }
    sim.run((sim.now + SLICE_NS) as Nanos);
    assert.ok(Number.isSafeInteger(sim.now), `${sim.now} is no whole number of nanoseconds`);
  }

  /** Until so many events have happened. */
  until(events: number): void {
    while (this.sim.events < events) this.step();
    assert.ok(this.sim.pool.inUse <= MOST_FRAMES, `${this.sim.pool.inUse} frames are held`);
  }
}

/** Frames that two windows of messages can have under way, with their acknowledgements. */
const MOST_FRAMES = 512;
