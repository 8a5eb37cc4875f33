// What one request and its answer over TCP cost a guest in each of the four ways of giving it a network.

import type { Thread, Wait } from '../../../src/cpu/index.js';
import type { Computer } from '../../../src/host/index.js';
import { Bridge } from '../../../src/kernel/index.js';
import { connectX5 } from '../../../src/profiles/nic.js';
import { after, type Nanos, seconds } from '../../../src/time/index.js';
import { E1000, probeE1000 } from '../../../src/vm/emulated/index.js';
import { assignCard, assignFunction, Vm } from '../../../src/vm/index.js';
import { probeVirtioNet, VirtioNet } from '../../../src/vm/virtio/index.js';
import { assert, spec } from '../../support/spec.js';
import { type World, worldOf } from '../host/pair.js';

const ways = ['emulated', 'virtio', 'vf', 'passthrough'] as const;
type Way = (typeof ways)[number];

const PORT = 5001;
const BYTES = 100;
const ROUNDS = 30;
const MAC = Uint8Array.of(0x0a, 0, 0, 0, 1, 1);
const ADDRESS = '10.0.0.101/24';

interface Cost {
  readonly latencyNs: number;
  readonly cpuNs: number;
}

/** In a thread of the guest: from then on it has sockets. */
function* open(way: Way, world: World, vm: Vm, thread: Thread): Generator<Wait, void, void> {
  const network = { addresses: [ADDRESS] };
  if (way !== 'emulated' && way !== 'virtio') return;
  const bridge = new Bridge(world.hosts[0]!.kernel!);
  const options = { name: 'net0', vm, bridge, mac: MAC };
  if (way === 'emulated') yield* probeE1000(new E1000(options), thread, network);
  else yield* probeVirtioNet(new VirtioNet(options), thread, network);
}

function assign(way: Way, world: World, vm: Vm): void {
  const network = { mac: MAC, card: connectX5, kernel: {}, wire: 'RoCE v2' } as const;
  if (way === 'vf') assignFunction(vm, { ...network, addresses: [ADDRESS] });
  if (way === 'passthrough') assignCard(vm, { ...network, addresses: [ADDRESS] });
  world.sim.settle(world.stations[0]!);
}

function* answer(computer: Computer, thread: Thread): Generator<Wait, void, void> {
  const listener = computer.socket();
  yield* listener.bind(thread, PORT);
  yield* listener.listen(thread, 1);
  const socket = (yield* listener.accept(thread))!;
  const address = computer.space.allocate(BYTES);
  while ((yield* socket.recv(thread, address, BYTES)) > 0)
    yield* socket.send(thread, address, BYTES);
}

function costOf(way: Way): Cost {
  const world = worldOf({
    kind: 'switched',
    wire: 'RoCE v2',
    uncaptured: true,
    host: { kernel: {}, card: connectX5, nodes: [2 ** 30] },
    each: way === 'vf' ? [{ sriov: {} }] : [],
  });
  const [host, peer] = world.hosts;
  const vm = new Vm({ name: 'vm', host: host!, memoryBytes: 256 * 2 ** 20, pins: [2] });
  assign(way, world, vm);
  peer!.spawn('server', (thread) => answer(peer!, thread));
  let cost: Cost = { latencyNs: 0, cpuNs: 0 };
  const busy = (now: Nanos) =>
    host!.cores.cores.reduce((sum, core) => {
      core.account(now);
      return sum + core.busyNs + core.spinNs + core.interruptNs + core.switchNs;
    }, 0);
  const client = vm.guest.spawn('client', function* (thread) {
    yield* open(way, world, vm, thread);
    const { guest } = vm;
    const socket = guest.socket({ noDelay: true });
    yield thread.sleep(after(thread.now, 1_000_000));
    assert.is(yield* socket.connect(thread, world.ip(1), PORT), 0, socket.errno);
    const [out, back] = [guest.space.allocate(BYTES), guest.space.allocate(BYTES)];
    const turn = function* (i: number) {
      const data = Uint8Array.from({ length: BYTES }, (_, j) => (i * 3 + j) % 256);
      guest.space.write(out, data);
      yield* socket.send(thread, out, BYTES);
      assert.is(yield* socket.recv(thread, back, BYTES), BYTES);
      assert.equal(guest.space.read(back, BYTES), data);
    };
    for (let i = 0; i < 5; i++) yield* turn(i);
    const begun = [thread.now, busy(thread.now)] as const;
    for (let i = 0; i < ROUNDS; i++) yield* turn(i);
    const latencyNs = (thread.now - begun[0]) / ROUNDS;
    cost = { latencyNs, cpuNs: (busy(thread.now) - begun[1]) / ROUNDS };
    yield* socket.close(thread);
  });
  for (const station of world.stations) world.sim.settle(station);
  world.sim.run(seconds(20), () => !client.ended);
  assert.ok(client.ended, `${way} ends`);
  return cost;
}

spec('a guest network in four ways', (it) => {
  it('passthrough <= VF <= virtio <= emulated, in latency and in time of cores', () => {
    const costs = ways.map(costOf);
    if (process.env.SHOW) console.log(costs);
    for (let i = 1; i < ways.length; i++) {
      const [dearer, cheaper] = [costs[i - 1]!, costs[i]!];
      const says = `${ways[i]} ${JSON.stringify(cheaper)}, ${ways[i - 1]} ${JSON.stringify(dearer)}`;
      assert.ok(cheaper.latencyNs <= dearer.latencyNs, says);
      assert.ok(cheaper.cpuNs <= dearer.cpuNs, says);
    }
  });
});
