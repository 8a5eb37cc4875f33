// A guest's network by virtio-net: its kernel over rings, a thread of the host that copies, a bridge, the host's card.

import { PciCommon } from '../../../../protocols/virtio/index.js';
import { BridgedFrame, type KernelOptions } from '../../../../src/kernel/index.js';
import { parseIp } from '../../../../src/stack/index.js';
import { after } from '../../../../src/time/index.js';
import { netTable } from '../../../../src/vm/virtio/features.js';
import { Chain, probeVirtioNet, VirtioNet } from '../../../../src/vm/virtio/index.js';
import type { VirtioNetCard } from '../../../../src/vm/virtio/net-card.js';
import { PciDriver } from '../../../../src/vm/virtio/pci-driver.js';
import { assert, spec } from '../../../support/spec.js';
import { bridgedWorld, echo, sendAndCompare } from '../network-guests.js';

const rings = [[], ['INDIRECT_DESC', 'EVENT_IDX'], ['RING_PACKED', 'EVENT_IDX']];

function talk(
  onFirst: number,
  onSecond: number,
  bytes: number,
  ringFeatures?: readonly string[],
  vcpus = 1,
  zeroCopy?: boolean,
  kernel: KernelOptions = {},
) {
  const world = bridgedWorld(onFirst, onSecond, vcpus, kernel);
  const cards = world.vms.map(
    ({ vm, bridge, mac }, i) =>
      new VirtioNet({
        name: `net${i}`,
        vm,
        bridge,
        mac,
        ...(ringFeatures && { ringFeatures }),
        ...(zeroCopy !== undefined && { zeroCopy }),
      }),
  );
  let took = 0;
  const network = (i: number) => ({ addresses: [`${world.vms[i]!.ip}/24`] });
  const [first, second] = world.vms;
  const last = { core: vcpus - 1 };
  const server = second!.vm.guest.spawn(
    'server',
    function* (thread) {
      yield* probeVirtioNet(cards[1]!, thread, network(1));
      yield* echo(second!.vm.guest, thread, bytes);
    },
    last,
  );
  const client = first!.vm.guest.spawn(
    'client',
    function* (thread) {
      yield* probeVirtioNet(cards[0]!, thread, network(0));
      took = yield* sendAndCompare(first!.vm.guest, thread, parseIp(second!.ip), bytes);
    },
    last,
  );
  world.run([server, client]);
  return { world, cards, took };
}

spec('virtio-net', (it) => {
  for (const features of rings)
    it(`what a guest sends, another on another host has: ${features.join(' ') || 'split'}`, () => {
      const { cards } = talk(1, 1, 300_000, features);
      for (const { counters, pci } of cards) {
        assert.ok(counters.sent > 0 && counters.received > 0);
        assert.is(counters.refused, 0);
        assert.is(pci.needsReset, false);
      }
    });

  it('guests with several virtual CPUs send from any of them', () => {
    const { cards } = talk(1, 1, 300_000, undefined, 3);
    assert.ok(cards[0]!.counters.sent > 0 && cards[1]!.counters.received > 0);
  });

  it('guests of one host reach each other without its card', () => {
    const { world, cards } = talk(2, 0, 100_000);
    assert.ok(cards[1]!.counters.received > 0);
    const sent = world.hosts[0]!.kernel!.nic.transmitQueues.reduce((sum, q) => sum + q.frames, 0);
    // Who asks for a neighbour asks all.
    assert.ok(sent < 10, `${sent} frames went out`);
  });

  it('frames are cut by the card at the latest, and merged frames reach the guest as one', () => {
    const { cards } = talk(1, 1, 300_000);
    const frames = Math.ceil(300_000 / 1448);
    assert.ok(cards[0]!.counters.sent < frames / 4, `${cards[0]!.counters.sent}`);
    assert.ok(cards[1]!.counters.received < frames, `${cards[1]!.counters.received}`);
  });

  /** Bytes that the first host copied, and its guest. */
  function copied(bytes: number, zeroCopy: boolean, ringFeatures?: readonly string[]) {
    const { world, cards } = talk(1, 1, bytes, ringFeatures, 1, zeroCopy);
    const { ledger } = world.hosts[0]!;
    const copiedBy = (name: string) => {
      const actors = ledger.actors.filter((one) => one.startsWith(name));
      return actors.reduce((sum, one) => sum + ledger.total('copy', ledger.actor(one)).bytes, 0);
    };
    assert.is(copiedBy('vm0'), 2 * bytes);
    return { host: copiedBy('core'), card: cards[0]! };
  }

  it('the host copies every byte once each way, beside what the guests copy', () => {
    const bytes = 100_000;
    const { host } = copied(bytes, false);
    // Out and back, and a little for headers.
    assert.ok(host >= 2 * bytes && host < 2.1 * bytes, `${host}`);
  });

  for (const features of rings)
    it(`or lends the guest's pages to its card, and copies headers alone: ${features.join(' ') || 'split'}`, () => {
      const bytes = 300_000;
      const { host, card } = copied(bytes, true, features);
      assert.ok(host >= bytes && host < 1.1 * bytes, `${host}`);
      assert.is(card.counters.dropped + card.counters.refused, 0);
    });

  it("the host's kernel cuts large frames for a card that does not, copied or lent", () => {
    for (const zeroCopy of [false, true]) {
      const { world } = talk(1, 1, 300_000, undefined, 1, zeroCopy, { tso: false });
      const { nic } = world.hosts[0]!.kernel!;
      const frames = nic.transmitQueues.reduce((sum, queue) => sum + queue.frames, 0);
      assert.ok(frames >= Math.ceil(300_000 / 1448), `${frames}`);
      assert.is(world.bridges[0]!.counters.card_dropped, 0);
    }
  });

  it('frames between guests of one host are copied, whoever lends', () => {
    const { cards } = talk(2, 0, 100_000, undefined, 1, true);
    assert.ok(cards[1]!.counters.received > 0);
  });

  it('a driver says by the control queue which frames it wants, and under which address', () => {
    const world = bridgedWorld(1, 0);
    const { vm, bridge, mac, ip } = world.vms[0]!;
    const card = new VirtioNet({ name: 'net0', vm, bridge, mac });
    const { kernel, memory } = vm.host;
    const { pages } = kernel!.parts;
    /** Does the device take a frame to that address? */
    const takes = (...to: number[]): boolean => {
      const frame = new BridgedFrame();
      const block = pages.take();
      memory.view(pages.address(block), 60).set([...to, ...mac]);
      frame.add(pages.address(block), 60, pages, block);
      return card.offer(vm.host.now, frame);
    };
    const all = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    const [one, other] = [
      [1, 0, 0x5e, 0, 0, 1],
      [1, 0, 0x5e, 0, 0, 2],
    ] as const;
    const driver = vm.guest.spawn('driver', function* (thread) {
      const guest = yield* probeVirtioNet(card, thread, { addresses: [`${ip}/24`] });
      const { commands } = guest.card as VirtioNetCard;
      assert.equal([takes(...all), takes(...one)], [true, true], 'all groups at first');
      assert.ok(yield* commands!.setAllMulticast(thread, false));
      assert.equal([takes(...all), takes(...mac), takes(...one)], [true, true, false]);
      assert.ok(yield* commands!.setTable(thread, [], [Uint8Array.from(one)]));
      assert.equal([takes(...one), takes(...other)], [true, false]);
      const many = Array.from({ length: 65 }, (_, i) => Uint8Array.of(1, 0, 0x5e, 0, 1, i));
      assert.not.ok(
        yield* commands!.setTable(thread, [], many),
        'more than the device has room for',
      );
      assert.equal([takes(...one), takes(...other)], [true, false], 'as before');
      assert.ok(yield* commands!.setPromiscuous(thread, true));
      assert.ok(takes(...other));
      const renamed = Uint8Array.of(2, 0, 0, 0, 0, 9);
      assert.ok(yield* commands!.setAddress(thread, renamed));
      assert.equal(card.mac, renamed);
      assert.not.ok(yield* commands!.setAddress(thread, Uint8Array.from(one)), 'a group is nobody');
      assert.equal(card.mac, renamed);
      card.pci.write(PciCommon.at.driverOk, Uint8Array.of(0));
      assert.equal(card.mac, mac, 'a reset gives it back its own');
    });
    world.run([driver]);
    assert.is(card.counters.refused, 0);
  });

  it('commands that are none are answered so, and change nothing', () => {
    const world = bridgedWorld(1, 0);
    const { vm, bridge, mac } = world.vms[0]!;
    const card = new VirtioNet({ name: 'net0', vm, bridge, mac });
    const hostile = vm.guest.spawn('hostile', function* (thread) {
      const bus = new PciDriver(card);
      yield* bus.settle(thread, netTable, new Set(['VERSION_1', 'CTRL_VQ']));
      const queue = (yield* bus.openQueue(thread, 2))!;
      yield* bus.ready(thread);
      const at = vm.memory.allocate(4096, 1);
      const commands = [[], [0], [0, 0], [0, 0, 1, 1], [0, 9, 1], [1, 0, 255, 255, 255, 255]];
      for (const bytes of [...commands, [1, 1, 2], [4, 0, 2, 0], [99, 0]]) {
        vm.memory.view(at, 64).set(bytes);
        vm.memory.view(at + 64, 1)[0] = 77;
        const chain = new Chain();
        if (bytes.length > 0) chain.read(at, bytes.length);
        queue.add(chain.write(at + 64, 1), 0);
        yield* bus.kick(thread, queue);
        for (let i = 0; i < 100 && queue.take() !== 'chain'; i++)
          yield thread.sleep(after(thread.now, 10_000));
        assert.is(vm.memory.view(at + 64, 1)[0], 1, `${bytes}`);
      }
    });
    world.run([hostile]);
    assert.equal([card.pci.needsReset, card.mac], [false, mac]);
  });

  it('frames that are none are refused one by one; buffers that cannot be filled stop the device', () => {
    const world = bridgedWorld(1, 0);
    const { vm, bridge, mac } = world.vms[0]!;
    const card = new VirtioNet({ name: 'net0', vm, bridge, mac });
    const { memory } = vm;
    const hostile = vm.guest.spawn('hostile', function* (thread) {
      const bus = new PciDriver(card);
      yield* bus.settle(thread, netTable, new Set(['VERSION_1', 'INDIRECT_DESC']));
      const receive = (yield* bus.openQueue(thread, 0))!;
      const transmit = (yield* bus.openQueue(thread, 1))!;
      yield* bus.ready(thread);
      const at = memory.allocate(4096, 32);
      const send = function* (header: readonly number[], length: number) {
        memory.view(at, 12).set(header);
        assert.ok(transmit.add(new Chain().read(at, 12).read(at + 4096, length), 0));
        yield* bus.kick(thread, transmit);
        yield thread.sleep(after(thread.now, 1_000_000));
        assert.is(transmit.take(), 'chain');
        return card.counters.refused;
      };
      assert.is(yield* send([0, 0], 10), 1); // no Ethernet header
      assert.is(yield* send([0, 0], 1600), 2); // longer than the link takes
      assert.is(yield* send([1, 1, 54, 0, 100, 0], 9000), 3); // to be cut, and no TCP
      assert.is(yield* send([1, 1, 255, 255, 0, 0], 9000), 4);
      assert.is(yield* send([0, 0], 100), 4);
      assert.is(card.counters.sent, 1);
      // A buffer for frames that is none; then a frame for it: what this guest sends to itself.
      receive.add(new Chain().read(at, 64).write(at + 64, 64), 0);
      yield* bus.kick(thread, receive);
      memory.view(at + 4096, 6).set(mac);
      yield* send([0, 0], 100);
      assert.ok(card.pci.needsReset);
    });
    world.run([hostile]);
  });
});
