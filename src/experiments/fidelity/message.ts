// One small message between two hosts by TCP, there and back many times: how long it takes, and where it is when.

import { Ethernet } from '../../../protocols/index.js';
import type { CpuProfile } from '../../cpu/index.js';
import type { Host } from '../../host/index.js';
import type { CpuCategory } from '../../kernel/index.js';
import type { LedgerKind } from '../../memory/index.js';
import { kernelOn } from '../../profiles/kernel.js';
import type { NicProfile } from '../../profiles/nic.js';
import { TcpPair } from './tcp-pair.js';

export const MESSAGE = 8;
/** Until adaptive moderation has settled: nine of its measurements. */
const WARM = 600;
const ROUNDS = 64;
/** Of the rounds, with room. */
const EVENTS = 4096;
const HERTZ_NS = 1e9;

export interface MessageTimes {
  /** Nanoseconds of one message, there and back being two. */
  readonly message: number;
  /** From the doorbell to the wire and from the wire to the receiver's memory: both cards and slots. */
  readonly doorbellAndDma: number;
  /** From one port to the other. */
  readonly wire: number;
  /** From the completion in memory to the driver, but for a core's coming out of its sleep: published parts leave 2 of 15 us to nobody. */
  readonly interrupt: number;
  /** What both hosts' cores did for one message, by category. */
  readonly of: (category: CpuCategory) => number;
}

/** When single things happened, each list in the order of time. */
interface Marks {
  readonly out: number[];
  readonly in: number[];
}

const times = (host: Host, kind: LedgerKind): number[] =>
  [...host.ledger.events()].filter((e) => e.kind === kind).map((e) => e.at + endOf(kind, e.timeNs));
/** DMA is dated by its beginning. */
const endOf = (kind: LedgerKind, ns: number): number => (kind === 'dma-write' ? ns : 0);

/** The last that is not after an instant, and the first that is not before it. */
const before = (list: readonly number[], at: number): number =>
  list.findLast((one) => one <= at) ?? Number.NaN;
const since = (list: readonly number[], at: number): number =>
  list.find((one) => one >= at) ?? Number.NaN;

const mean = (list: readonly number[]): number =>
  list.reduce((sum, one) => sum + one, 0) / list.length;

export interface MessageSetting {
  readonly cpu: CpuProfile;
  readonly card: NicProfile;
  readonly switchNs: number;
}

export function messageByTcp({ cpu, card, switchNs }: MessageSetting): MessageTimes {
  const kernel = { queues: 1 };
  const pair = new TcpPair({ kernel, cpu, card, switchNs, ledgerEvents: EVENTS });
  const kernels = pair.hosts.map((host) => host.kernel!);
  const marks: Marks = { out: [], in: [] };
  let began = 0;
  let ended = 0;
  const least = Ethernet.size + MESSAGE;
  pair.hosts.forEach((host, i) => {
    const direction = i === 0 ? 'out' : 'in';
    pair.sim.tap(host, 0, {
      frame: (now, way, pool, slot) => {
        if (began > 0 && way === direction && pool.length(slot) > least) marks[direction].push(now);
      },
    });
  });
  pair.start(
    function* (thread, socket, host) {
      const address = host.space.allocate(MESSAGE);
      for (let i = 0; i < WARM + ROUNDS; i++) {
        if (i === WARM) {
          began = thread.now;
          for (const { bill } of kernels) bill.clear();
        }
        yield* socket.send(thread, address, MESSAGE);
        yield* socket.recv(thread, address, MESSAGE);
      }
      ended = thread.now;
    },
    function* (thread, socket, host) {
      const address = host.space.allocate(MESSAGE);
      while ((yield* socket.recv(thread, address, MESSAGE)) > 0)
        if ((yield* socket.send(thread, address, MESSAGE)) < 0) return;
    },
  );
  pair.sim.run(undefined, () => ended === 0);
  const messages = 2 * ROUNDS;
  const of = (name: CpuCategory) =>
    kernels.reduce((sum, { bill }) => sum + bill.total(name), 0) / messages;
  return { message: (ended - began) / messages, of, ...onTheWay(pair, marks, cpu) };
}

/** What the message waits for between the cores, of those whose both ends were seen. */
function onTheWay({ hosts: [a, b] }: TcpPair, marks: Marks, cpu: CpuProfile) {
  const bells = times(a, 'doorbell');
  const landed = times(b, 'dma-write');
  const interrupts = times(b, 'interrupt');
  const handler =
    cpu.interruptNs - (cpu.idleExitNs ?? 0) + (kernelOn(cpu.name).softirq * HERTZ_NS) / cpu.hertz;
  const seen = marks.out.map((out, i) => ({ out, came: marks.in[i]! })).slice(-ROUNDS / 2);
  return {
    doorbellAndDma: mean(
      seen.map(({ out, came }) => out - before(bells, out) + landedAt(landed, came) - came),
    ),
    wire: mean(seen.map(({ out, came }) => came - out)),
    interrupt: mean(
      seen.map(({ came }) => {
        const here = landedAt(landed, came);
        return since(interrupts, here) - here + handler;
      }),
    ),
  };
}

/** A frame is there with its completion, which is written behind it. */
const landedAt = (landed: readonly number[], came: number): number => {
  const frame = landed.findIndex((one) => one >= came);
  return landed[frame + 1] ?? Number.NaN;
};
