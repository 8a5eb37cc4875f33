// F17: TCP of a machine and of its KVM guest (virtio-net, vhost-net) to an equal machine on a cable of 10 Gb/s: requests that
// are answered, and bulk data, whose price is what all cores of the machine did for a byte.

import type { Thread, Wait } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import { Bridge, type KernelOptions, type Socket, settledUs } from '../../kernel/index.js';
import { xeonSandyBridge } from '../../profiles/cpu.js';
import { mlx4Moderation } from '../../profiles/kernel.js';
import { connectX2 } from '../../profiles/nic.js';
import { kvmSandyBridge } from '../../profiles/vm.js';
import { ms, ns } from '../../time/index.js';
import { Vm } from '../../vm/index.js';
import { probeVirtioNet, VirtioNet } from '../../vm/virtio/index.js';
import { type Experiments, once } from './row.js';
import { type Caller, TcpPair, type TcpPairOptions } from './tcp-pair.js';

const REQUEST_BYTES = 100;
const RESPONSE_BYTES = 200;
const CALL_BYTES = 65_536; // nuttcp's
const RATE = 10e9;
const WARM = 50;
const ROUNDS = 200;
const US = 1000;
const SETTLING = ms(20);
const WATCHED = ms(15);

/** Memory for a guest beside the host's own. */
const NODES = [2 ** 30];
const GUEST_BYTES = 2 ** 28;
/** As many virtual CPUs as its network keeps busy, each on a core of its own. */
const PINS = [2, 3];

/** Of the driver's adaptive moderation: messages and acknowledgements, and bulk data at the link's rate. */
const few = settledUs(mlx4Moderation, 0, 0);
const many = settledUs(mlx4Moderation, RATE / (1538 * 8), 1514);
/** Requests find their programs on the cores that are interrupted. */
const together: KernelOptions = { queues: 1, affinity: [0], coalesce: few };
/**
 * Bulk data is interrupted on other cores than the programs', as irqbalance leaves it. The kernel cuts segments: the paper does not
 * say that it does, but of a card that does it the sender's cycles would be half of what it has.
 */
const apart: KernelOptions = { affinity: [1, 2, 3, 4, 5, 6, 7, 8], tso: false };
const receives: KernelOptions = { ...apart, coalesce: many };
const sendsOnly: KernelOptions = { ...apart, coalesce: few };
const bulk = {
  tx: [sendsOnly, receives],
  rx: [receives, sendsOnly],
} as const;

const pairOf = (kernel: TcpPairOptions['kernel']): TcpPair =>
  new TcpPair({ kernel, cpu: xeonSandyBridge, card: connectX2, rate: RATE, nodes: NODES });

/** A guest of the first host, behind a bridge, by virtio-net. */
function guestOf({ hosts: [host] }: TcpPair): Caller {
  const bridge = new Bridge(host.kernel!);
  const vm = new Vm({
    name: 'guest',
    host,
    vcpus: PINS.length,
    pins: PINS,
    memoryBytes: GUEST_BYTES,
    populate: true,
    profile: kvmSandyBridge,
  });
  const mac = Uint8Array.of(0x52, 0x54, 0, 0, 1, 1);
  const device = new VirtioNet({ name: 'net0', vm, bridge, mac });
  const network = { addresses: ['10.0.0.11/24'] };
  return {
    computer: vm.guest,
    prepare: (thread) => probeVirtioNet(device, thread, network),
  };
}

/** Microseconds of a request with its answer. */
function requestResponse(pair: TcpPair, caller?: Caller): number {
  let began = 0;
  let ended = 0;
  pair.start(
    function* (thread, socket, host) {
      const address = host.space.allocate(RESPONSE_BYTES);
      for (let i = 0; i < WARM + ROUNDS; i++) {
        if (i === WARM) began = thread.now;
        yield* socket.send(thread, address, REQUEST_BYTES);
        yield* socket.recv(thread, address, RESPONSE_BYTES);
      }
      ended = thread.now;
    },
    function* (thread, socket, host) {
      const address = host.space.allocate(RESPONSE_BYTES);
      while ((yield* socket.recv(thread, address, REQUEST_BYTES)) > 0)
        yield* socket.send(thread, address, RESPONSE_BYTES);
    },
    caller,
  );
  pair.sim.run(ms(1000), () => ended === 0);
  return (ended - began) / ROUNDS / US;
}

function* sends(thread: Thread, socket: Socket, host: Computer): Generator<Wait, void, void> {
  const address = host.space.allocate(CALL_BYTES);
  while ((yield* socket.send(thread, address, CALL_BYTES)) > 0);
}

/** Cycles of all cores of the first machine for a byte that it sends, or receives. */
function bulkCycles(pair: TcpPair, direction: 'tx' | 'rx', caller?: Caller): number {
  let received = 0;
  const takes = function* (thread: Thread, socket: Socket, host: Computer) {
    const address = host.space.allocate(CALL_BYTES);
    for (;;) {
      const got = yield* socket.recv(thread, address, CALL_BYTES);
      if (got <= 0) return;
      received += got;
    }
  };
  if (direction === 'tx') pair.start(sends, takes, caller);
  else pair.start(takes, sends, caller);
  const { sim, hosts } = pair;
  const [machine] = hosts;
  sim.run(SETTLING);
  const bytes = received;
  const busy = busyOf(machine, SETTLING);
  const end = ns(SETTLING + WATCHED);
  sim.run(end);
  const cycles = ((busyOf(machine, end) - busy) * machine.cores.profile.hertz) / 1e9;
  return cycles / (received - bytes);
}

/** Nanoseconds that the machine's cores worked so far. */
function busyOf({ cores }: Computer, now: number): number {
  let sum = 0;
  for (const core of cores.cores) {
    core.account(ns(now));
    sum += core.busyNs + core.interruptNs + core.switchNs + core.spinNs;
  }
  return sum;
}

const inGuest = (
  what: (pair: TcpPair, caller: Caller) => number,
  kernel: TcpPairOptions['kernel'],
): (() => number) =>
  once(() => {
    const pair = pairOf(kernel);
    return what(pair, guestOf(pair));
  });

export const kvmNetwork: Experiments = {
  'native, request and response': once(() => requestResponse(pairOf(together))),
  'native, a byte sent': once(() => bulkCycles(pairOf(bulk.tx), 'tx')),
  'native, a byte received': once(() => bulkCycles(pairOf(bulk.rx), 'rx')),
  'guest, request and response': inGuest(requestResponse, together),
  'guest, a byte sent': inGuest((pair, caller) => bulkCycles(pair, 'tx', caller), bulk.tx),
  'guest, a byte received': inGuest((pair, caller) => bulkCycles(pair, 'rx', caller), bulk.rx),
};
