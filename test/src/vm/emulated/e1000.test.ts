// A guest's network by full emulation: Intel's 8254x, whose registers trap, served by a process of the host.

import * as fc from 'fast-check';
import { parseIp } from '../../../../src/stack/index.js';
import { after } from '../../../../src/time/index.js';
import { E1000, probeE1000 } from '../../../../src/vm/emulated/index.js';
import { probeVirtioNet, VirtioNet } from '../../../../src/vm/virtio/index.js';
import { assert, spec } from '../../../support/spec.js';
import { bridgedWorld, echo, sendAndCompare } from '../network-guests.js';

type Device = 'e1000' | 'virtio';

function talk(kind: Device, bytes: number, vcpus = 1) {
  const world = bridgedWorld(1, 1, vcpus);
  const network = (i: number) => ({ addresses: [`${world.vms[i]!.ip}/24`] });
  const probes = world.vms.map(({ vm, bridge, mac }, i) => {
    const options = { name: `net${i}`, vm, bridge, mac };
    if (kind === 'e1000') {
      const device = new E1000(options);
      return {
        device,
        probe: (thread: Parameters<typeof probeE1000>[1]) => probeE1000(device, thread, network(i)),
      };
    }
    const device = new VirtioNet(options);
    return {
      device,
      probe: (thread: Parameters<typeof probeE1000>[1]) =>
        probeVirtioNet(device, thread, network(i)),
    };
  });
  let took = 0;
  const [first, second] = world.vms;
  const last = { core: vcpus - 1 };
  const server = second!.vm.guest.spawn(
    'server',
    function* (thread) {
      yield* probes[1]!.probe(thread);
      yield* echo(second!.vm.guest, thread, bytes);
    },
    last,
  );
  const client = first!.vm.guest.spawn(
    'client',
    function* (thread) {
      yield* probes[0]!.probe(thread);
      took = yield* sendAndCompare(first!.vm.guest, thread, parseIp(second!.ip), bytes);
    },
    last,
  );
  world.run([server, client]);
  return { world, devices: probes.map(({ device }) => device), took };
}

spec('emulated e1000', (it) => {
  it('what a guest sends, another on another host has', () => {
    const { devices } = talk('e1000', 200_000);
    for (const { counters } of devices) {
      assert.ok(counters.sent > 100 && counters.received > 100);
      assert.is(counters.refused, 0);
    }
  });

  it('guests with several virtual CPUs send from any of them', () => {
    const { devices } = talk('e1000', 100_000, 3);
    for (const { counters } of devices) assert.is(counters.refused, 0);
  });

  it('the process copies every byte twice each way', () => {
    const bytes = 100_000;
    const { world } = talk('e1000', bytes);
    const { ledger } = world.hosts[0]!;
    const actors = ledger.actors.filter((one) => one.startsWith('core'));
    const copied = actors.reduce(
      (sum, one) => sum + ledger.total('copy', ledger.actor(one)).bytes,
      0,
    );
    assert.ok(copied >= 4 * bytes && copied < 4.5 * bytes, `${copied}`);
  });

  it('virtio answers sooner, and leaves the guest far less often', () => {
    const cost = (kind: Device, bytes: number) => {
      const { world, took } = talk(kind, bytes);
      return { took, exits: world.vms[0]!.vm.vcpus[0]!.exits['ept-misconfig'] };
    };
    const [emulated, virtio] = [cost('e1000', 100), cost('virtio', 100)];
    assert.ok(virtio.took < emulated.took, `${virtio.took} ${emulated.took}`);
    // So many that what sets the devices up hardly counts.
    const [many, few] = [cost('e1000', 200_000).exits, cost('virtio', 200_000).exits];
    assert.ok(few * 2 < many, `${few} ${many}`);
  });

  it('any access to any register, and any ring, is answered, refused or ignored', () => {
    const access = fc.record({
      offset: fc.oneof(
        fc.constantFrom(0xc0, 0xd0, 0xd8, 0x100, 0x400, 0x2800, 0x2808, 0x2810, 0x2818),
        fc.constantFrom(0x3800, 0x3804, 0x3808, 0x3810, 0x3818),
        fc.nat({ max: 0x6000 }),
      ),
      bytes: fc.oneof(
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        fc.nat({ max: 4096 }).map((n) => Uint8Array.of(n % 256, n >> 8, 0, 0)),
      ),
    });
    const any = fc.property(
      fc.array(access, { maxLength: 40 }),
      fc.uint8Array({ minLength: 1024, maxLength: 1024 }),
      (accesses, ring) => {
        const world = bridgedWorld(1, 0);
        const { vm, bridge, mac, ip } = world.vms[0]!;
        const device = new E1000({ name: 'net0', vm, bridge, mac });
        const thread = vm.guest.spawn('hostile', function* (own) {
          yield* probeE1000(device, own, { addresses: [`${ip}/24`] });
          for (let page = 0; page < 8; page++) vm.memory.view(page * 4096, ring.length).set(ring);
          for (const { offset, bytes } of accesses) {
            device.state.read(offset, new Uint8Array(bytes.length));
            yield* device.write(own, offset, bytes);
            yield own.spend(1000);
          }
          yield own.sleep(after(own.now, 1_000_000));
        });
        world.run([thread]);
      },
    );
    fc.assert(any, { numRuns: 15 });
  });
});
