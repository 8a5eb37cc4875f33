// F09: one small message between two hosts, by TCP sockets and by verbs.

import { star } from '../../fabric/index.js';
import type { CpuCategory } from '../../kernel/index.js';
import { copy } from '../../memory/index.js';
import { xeonHaswell } from '../../profiles/cpu.js';
import { connectX4 } from '../../profiles/nic.js';
import { tomahawk } from '../../profiles/switch.js';
import { Lab } from '../../scenario/lab.js';
import { START } from '../../time/index.js';
import { type Experiments, once } from './row.js';
import type { TcpPair as Pair } from './tcp-pair.js';
import { TcpPair } from './tcp-pair.js';

const MESSAGE = 8;
const WARM = 16;
const ROUNDS = 64;
const US = 1000;

interface Tcp {
  /** Nanoseconds of a message, there and back being two. */
  readonly message: number;
  /** What both cores did for one message, by category. */
  readonly parts: Readonly<Record<CpuCategory, number>>;
  readonly systemCalls: number;
  /** From a doorbell to the interrupt at the other side, without the wire. */
  readonly doorbell: number;
}

type Work = Parameters<Pair['start']>[0];

/** Answers each message with one. */
const echo: Work = function* (thread, socket, host) {
  const address = host.space.allocate(MESSAGE);
  while ((yield* socket.recv(thread, address, MESSAGE)) > 0)
    if ((yield* socket.send(thread, address, MESSAGE)) < 0) return;
};

function tcp(): Tcp {
  const pair = new TcpPair({
    kernel: { queues: 1, coalesce: 0 },
    cpu: xeonHaswell,
    card: connectX4,
    switchNs: tomahawk.latencyNs,
  });
  let began = 0;
  let ended = 0;
  const kernels = pair.hosts.map(({ kernel }) => kernel!);
  pair.start(function* (thread, socket, host) {
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
  }, echo);
  pair.sim.run(undefined, () => ended === 0);
  const messages = 2 * ROUNDS;
  const of = (name: CpuCategory) =>
    kernels.reduce((sum, { bill }) => sum + bill.total(name), 0) / messages;
  const message = (ended - began) / messages;
  const { systemCallNs } = xeonHaswell;
  return {
    message,
    parts: {
      data_copy: of('data_copy'),
      etc: of('etc'),
      lock: of('lock'),
      mm: of('mm'),
      netdev: of('netdev'),
      sched: of('sched'),
      skb: of('skb'),
      'tcp/ip': of('tcp/ip'),
    },
    systemCalls: systemCallNs,
    doorbell: 0,
  };
}

const run = once(tcp);

/** From posting to the completion, around the switch: there and back once. */
function verbs(opcode: 'write_bw' | 'send_bw'): number {
  const topology = {
    ...star(2),
    settings: { s0: { latencyNs: tomahawk.latencyNs, cutThrough: true } },
  };
  const lab = new Lab({ topology, card: connectX4, cpu: xeonHaswell });
  const [a, b] = lab.hosts;
  const one = { iters: 32, txDepth: 1, inlineSize: 64, cqMod: 1, noPeak: true };
  const test = lab.perftest({ test: opcode, size: MESSAGE, ...one }, a!, b!);
  lab.run();
  return 1e9 / test.result(lab.now).bandwidth!.messageRate;
}

function copyNs(bytes: number): number {
  const lab = new Lab({ cpu: xeonHaswell });
  const { space, ledger, cores } = lab.hosts[0]!;
  const from = space.allocate(bytes);
  const to = space.allocate(bytes);
  const { copyBitsPerSecond: bitsPerSecond } = cores.profile;
  const core = cores.cores[0]!.actor;
  return copy(START, { ledger, core, bitsPerSecond }, space, from, space, to, bytes);
}

const KIB = 1024;
const noSocketsOverRdma = 'there are no sockets over RDMA';

export const kernelParts: Experiments = {
  'message, TCP': () => run().message,
  'TCP: operation': () => run().systemCalls + run().parts.lock,
  'TCP: system call': () => run().systemCalls,
  'TCP: lock': () => run().parts.lock,
  'TCP: buffers': () => run().parts.mm + run().parts.skb,
  'TCP: transport': () => run().parts['tcp/ip'],
  'TCP: packet': () => run().parts.netdev,
  'TCP: interrupt': () => run().parts.etc,
  'TCP: wake-up': () => run().parts.sched,
  'round trip, TCP': () => (2 * run().message) / US,
  'round trip, WRITE': () => verbs('write_bw') / US,
  'round trip, SEND': () => verbs('send_bw') / US,
  'round trip, TCP in one host': 'there is no loopback',
  'system call with KPTI': () => xeonHaswell.systemCallNs,
  'copy 4 KiB': () => copyNs(4 * KIB),
  'copy 128 KiB': () => copyNs(128 * KIB),
  'context switch': () => xeonHaswell.contextSwitchNs,
  'wake a process': () => xeonHaswell.wakeUpNs,
  'message, RSocket': noSocketsOverRdma,
  'RSocket: operation': noSocketsOverRdma,
  'RSocket: lock': noSocketsOverRdma,
  'RSocket: buffers': noSocketsOverRdma,
  'RSocket: doorbell and DMA': noSocketsOverRdma,
  'RSocket: NIC and wire': noSocketsOverRdma,
};
