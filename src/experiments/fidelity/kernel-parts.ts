// F09: one small message between two hosts, by TCP sockets, by verbs and by sockets over RDMA; and what single calls take.

import { type Program, Signal, type Thread, type Wait } from '../../cpu/index.js';
import { star } from '../../fabric/index.js';
import { Host, type HostOptions } from '../../host/index.js';
import { MSG_DONTWAIT, mapPages } from '../../kernel/index.js';
import { copy } from '../../memory/index.js';
import { xeonHaswell } from '../../profiles/cpu.js';
import { kernelOn } from '../../profiles/kernel.js';
import { connectX4 } from '../../profiles/nic.js';
import { arista7060cx } from '../../profiles/switch.js';
import { Lab } from '../../scenario/lab.js';
import { parseIp } from '../../stack/index.js';
import { START, us } from '../../time/index.js';
import { Simulation } from '../../world/sim.js';
import { MESSAGE, messageByTcp } from './message.js';
import { messageOverRdma } from './rdma-message.js';
import { type Experiments, once } from './row.js';
import { TcpPair } from './tcp-pair.js';

const US = 1000;
const KIB = 1024;
const PAGE = 4096;

const setting = { cpu: xeonHaswell, card: connectX4, switchNs: arista7060cx.latencyNs };
const run = once(() => messageByTcp(setting));
const runRdma = once(() => messageOverRdma(setting));

/** From posting to the completion, around the switch: there and back once. */
function verbs(opcode: 'write_bw' | 'send_bw'): number {
  const topology = {
    ...star(2),
    settings: { s0: { latencyNs: arista7060cx.latencyNs, cutThrough: true } },
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

/** How long a program waits for what it does once, on a host of its own. */
function timeOf(
  work: (thread: Thread, host: Host) => Generator<Wait, void, void>,
  options: Partial<HostOptions> = {},
): number {
  const sim = new Simulation({ seed: 1 });
  const { pool, random } = sim;
  const mac = '52:54:00:00:00:01';
  const own = { name: 'h0', pool, random, mac, addresses: ['10.0.0.1/24'], kernel: {} };
  const host = sim.add(new Host({ ...own, cpu: xeonHaswell, ...options }));
  let took = 0;
  host.spawn('once', function* (thread) {
    yield thread.spend(1); // behind the switch to it
    const began = thread.now;
    yield* work(thread, host);
    took = thread.now - began;
  });
  sim.settle(host);
  sim.run();
  return took;
}

function* nothing(thread: Thread): Generator<Wait, void, void> {
  yield thread.systemCall();
}

/** A call of a connected socket that finds nothing. */
function operation(): number {
  const pair = new TcpPair({ ...setting, kernel: { queues: 1 } });
  let took = 0;
  pair.start(
    function* (thread, socket, host) {
      const address = host.space.allocate(PAGE);
      const began = thread.now;
      yield* socket.recv(thread, address, PAGE, MSG_DONTWAIT);
      took = thread.now - began;
    },
    function* (thread) {
      yield thread.sleep(us(1000));
    },
  );
  pair.sim.run(us(1000));
  return took;
}

/** Two programs of a host that answer each other over loopback: there and back. */
function withinOneHost(): number {
  const { sim, hosts } = new TcpPair({ ...setting, kernel: { queues: 1 } });
  const [host] = hosts;
  const rounds = 64;
  const target = parseIp('127.0.0.1');
  let took = 0;
  host.spawn(
    'server',
    function* (thread) {
      const listening = host.socket({ noDelay: true });
      yield* listening.bind(thread, 7);
      yield* listening.listen(thread);
      const socket = (yield* listening.accept(thread))!;
      const address = host.space.allocate(MESSAGE);
      while ((yield* socket.recv(thread, address, MESSAGE)) > 0)
        yield* socket.send(thread, address, MESSAGE);
    },
    { core: 0 },
  );
  host.spawn(
    'client',
    function* (thread) {
      const socket = host.socket({ noDelay: true });
      if ((yield* socket.connect(thread, target, 7)) !== 0) throw new Error(socket.errno);
      const address = host.space.allocate(MESSAGE);
      const began = thread.now;
      for (let i = 0; i < rounds; i++) {
        yield* socket.send(thread, address, MESSAGE);
        yield* socket.recv(thread, address, MESSAGE);
      }
      took = (thread.now - began) / rounds;
      yield* socket.close(thread);
    },
    { core: 1 },
  );
  sim.settle(host);
  sim.run(us(10_000));
  return took;
}

function* mapOne(thread: Thread, { kernel, space }: Host): Generator<Wait, void, void> {
  const source = space.allocate(PAGE);
  const target = 0x7000_0000_0000n;
  yield* mapPages(kernel!, thread, space, source, space, target, PAGE);
}

/** A thread wakes one that sleeps on another core: until that runs, and from when a thread ends until the next runs. */
function switches(): { readonly wakeUp: number; readonly contextSwitch: number } {
  const signal = new Signal();
  const at = { raised: 0, woken: 0, ended: 0, next: 0 };
  timeOf(function* (thread, host) {
    const sleeper: Program = function* (other) {
      yield other.block(signal);
      at.woken = other.now;
    };
    const last: Program = function* (other) {
      yield other.spend(100);
      at.ended = other.now;
    };
    const next: Program = function* (other) {
      at.next = other.now;
      yield other.spend(0);
    };
    host.spawn('sleeper', sleeper, { core: 1 });
    yield thread.spend(US);
    at.raised = thread.now;
    signal.raise(thread.now);
    host.spawn('last', last, { core: 2 });
    host.spawn('next', next, { core: 2 });
    yield thread.spend(10 * US);
  });
  const contextSwitch = at.next - at.ended;
  return { wakeUp: at.woken - at.raised - contextSwitch, contextSwitch };
}

/** The wake-up itself, and both cores' part of it; the sleeper's own way to sleep is not in the message's way. */
const wakeUp = (): number => {
  const { blockThread } = kernelOn(xeonHaswell.name);
  const asleep = (blockThread * 1e9) / xeonHaswell.hertz;
  const { wakeUpNs, contextSwitchNs } = xeonHaswell;
  return run().of('sched') - asleep + wakeUpNs + contextSwitchNs;
};

export const kernelParts: Experiments = {
  'message, TCP': () => run().message,
  'TCP: operation': operation,
  'TCP: system call': () => timeOf(nothing),
  // A message is sent and received: two operations.
  'TCP: lock': () => run().of('lock') / 2,
  'TCP: buffers': () => run().of('mm') + run().of('skb'),
  'TCP: transport': () => run().of('tcp/ip'),
  'TCP: packet': () => run().of('netdev'),
  'TCP: doorbell and DMA': () => run().doorbellAndDma,
  'TCP: NIC and wire': () => run().wire,
  'TCP: interrupt': () => run().interrupt,
  'TCP: wake-up': wakeUp,
  'round trip, TCP': () => (2 * run().message) / US,
  'round trip, WRITE': () => verbs('write_bw') / US,
  'round trip, SEND': () => verbs('send_bw') / US,
  'round trip, TCP in one host': () => withinOneHost() / US,
  'system call with KPTI': () => timeOf(nothing),
  'system call without KPTI': () => timeOf(nothing, { pageTableIsolation: false }),
  'copy 4 KiB': () => copyNs(4 * KIB),
  'copy 128 KiB': () => copyNs(128 * KIB),
  'map a page': () => timeOf(mapOne),
  'context switch': () => switches().contextSwitch,
  'wake a process': () => switches().wakeUp,
  'message, RSocket': () => runRdma().message,
  'RSocket: operation': () => runRdma().operation,
  'RSocket: lock': () => runRdma().lock,
  'RSocket: buffers': () => runRdma().buffers,
  'RSocket: doorbell and DMA': () => runRdma().doorbellAndDma,
  'RSocket: NIC and wire': () => runRdma().wire,
};
