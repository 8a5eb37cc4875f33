// Guests behind bridges of their hosts, by whichever device, and TCP between them.

import type { Thread, Wait } from '../../../src/cpu/index.js';
import type { Computer } from '../../../src/host/index.js';
import { Bridge, type KernelOptions } from '../../../src/kernel/index.js';
import { connectX5 } from '../../../src/profiles/nic.js';
import { after, seconds } from '../../../src/time/index.js';
import { Vm } from '../../../src/vm/index.js';
import { assert } from '../../support/spec.js';
import { worldOf } from '../host/pair.js';

export const macOf = (i: number): Uint8Array => Uint8Array.of(0x0a, 0, 0, 0, 1, i);
export const ipOf = (i: number): string => `10.0.0.${101 + i}`;

/** Two hosts with kernels, a bridge on each, and so many guests on the first, the rest on the second. */
export function bridgedWorld(
  onFirst: number,
  onSecond: number,
  vcpus = 1,
  kernel: KernelOptions = {},
) {
  const world = worldOf({
    kind: 'switched',
    wire: 'RoCE v2',
    uncaptured: true,
    host: { kernel, card: connectX5, nodes: [2 ** 30] },
  });
  const bridges = world.hosts.map((host) => new Bridge(host.kernel!));
  const vms = Array.from({ length: onFirst + onSecond }, (_, i) => {
    const at = i < onFirst ? 0 : 1;
    const host = world.hosts[at]!;
    const pins = Array.from({ length: vcpus }, (_, j) => 2 + i * vcpus + j);
    const vm = new Vm({ name: `vm${i}`, host, memoryBytes: 256 * 2 ** 20, vcpus, pins });
    return { vm, bridge: bridges[at]!, mac: macOf(i), ip: ipOf(i) };
  });
  const run = (threads: readonly Thread[]) => {
    for (const station of world.stations) world.sim.settle(station);
    world.sim.run(seconds(20), () => threads.some((one) => !one.ended));
    for (const one of threads) assert.ok(one.ended, `${one.name} ends`);
  };
  return { ...world, bridges, vms, run };
}

const PORT = 5001;

/** Takes so many bytes and sends them back. */
export function* echo(
  computer: Computer,
  thread: Thread,
  bytes: number,
): Generator<Wait, void, void> {
  const listener = computer.socket();
  yield* listener.bind(thread, PORT);
  yield* listener.listen(thread, 1);
  const socket = (yield* listener.accept(thread))!;
  const address = computer.space.allocate(bytes);
  for (let got = 0; got < bytes; ) {
    const size = yield* socket.recv(thread, address + BigInt(got), bytes - got);
    assert.ok(size > 0, 'the peer sends on');
    got += size;
  }
  yield* socket.send(thread, address, bytes);
  yield* socket.close(thread);
}

/** Sends bytes, and compares what comes back; nanoseconds that it took. */
export function* sendAndCompare(
  computer: Computer,
  thread: Thread,
  target: Uint8Array,
  bytes: number,
): Generator<Wait, number, void> {
  const socket = computer.socket({ noDelay: true });
  yield thread.sleep(after(thread.now, 1_000_000));
  const failed = yield* socket.connect(thread, target, PORT);
  assert.is(failed, 0, socket.errno);
  const address = computer.space.allocate(bytes);
  const data = Uint8Array.from({ length: bytes }, (_, i) => (i * 13 + (i >> 9)) % 251);
  computer.space.write(address, data);
  const begun = thread.now;
  yield* socket.send(thread, address, bytes);
  const back = computer.space.allocate(bytes);
  for (let got = 0; got < bytes; ) {
    const size = yield* socket.recv(thread, back + BigInt(got), bytes - got);
    assert.ok(size > 0, 'the peer sends on');
    got += size;
  }
  assert.equal(computer.space.read(back, bytes), data);
  yield* socket.close(thread);
  return thread.now - begun;
}
