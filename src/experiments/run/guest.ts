// A guest's disk in one of four ways: the host's own disk behind an emulated controller or a virtio ring, or the guest's
// driver over a virtual function of the host's card, or over all of it. And the neighbours that want the same cores.

import { parseMac } from '../../../protocols/index.js';
import type { BlockDevice } from '../../block/index.js';
import type { Thread, Wait } from '../../cpu/index.js';
import type { Host } from '../../host/index.js';
import { Bridge } from '../../kernel/index.js';
import type { Lab } from '../../scenario/lab.js';
import { after } from '../../time/index.js';
import { E1000, NvmeDisk, probeE1000, probeNvme } from '../../vm/emulated/index.js';
import { assignCard, assignFunction, Vm } from '../../vm/index.js';
import { probeVirtioBlk, probeVirtioNet, VirtioBlk, VirtioNet } from '../../vm/virtio/index.js';
import { NEIGHBOUR_MEMORY, type VmSettings } from '../file/vm.js';
import { NEIGHBOUR } from '../measure/measurement.js';

/** What the guest calls it. */
export const GUEST_DISK = '/dev/sdc';
/** A neighbour computes and rests in turns of about so long together. */
const TURN_NS = 1_000_000;
const PERCENT = 100;

/** Does the guest's own driver connect to the pool, or the host's? */
export const hasOwnDriver = ({ device }: VmSettings): boolean =>
  device === 'vf' || device === 'passthrough';

/** Makes the VM, with its function of the card where it gets one, and its neighbours. */
export function makeVm(lab: Lab, host: Host, settings: VmSettings): Vm {
  const { name, placement, vcpus, memoryBytes, pageBytes, node, pins, profile } = settings;
  const vm = new Vm({
    name,
    host,
    vcpus,
    memoryBytes,
    pageBytes,
    memoryNodes: [node],
    profile,
    ...(placement === 'pinned' && { pins }),
  });
  if (hasOwnDriver(settings)) giveCard(lab, host, vm, settings);
  for (let i = 0; i < settings.neighbours; i++) neighbour(host, i, settings);
  lab.settle(host);
  return vm;
}

function giveCard(lab: Lab, host: Host, vm: Vm, settings: VmSettings): void {
  const options = lab.hostOptions[lab.hosts.indexOf(host)]!;
  const { mac, addresses } = ownNetwork(lab, host, settings);
  // A whole card keeps its MAC. A guest has its own addresses by whichever way: they decide which of its queues, and so
  // which virtual CPU, has a flow.
  if (settings.device === 'passthrough') assignCard(vm, { ...options, addresses });
  else {
    const { sriov: _, guid: __, ...others } = options;
    assignFunction(vm, { ...others, mac, addresses });
  }
}

/** What a guest is on its host's link: another station, with addresses of its own. */
function ownNetwork(
  lab: Lab,
  host: Host,
  { index }: VmSettings,
): { mac: string; addresses: string[] } {
  const { mac, addresses } = lab.hostOptions[lab.hosts.indexOf(host)]!;
  const second = index.toString(HEX).padStart(2, '0');
  const own = addresses.map((one) =>
    one.replace(/\d+(?=\/)/, `${Math.max(OWN, 1 + lab.hosts.length) + index}`),
  );
  return { mac: String(mac).replace(/^..:../, `0a:${second}`), addresses: own };
}
/** In their host's network those of VMs end in this and what follows, or come after those of all hosts. */
const OWN = 101;
const HEX = 16;

/** Computes for a part of the time, in pieces of random length, on every virtual CPU. */
function neighbour(host: Host, index: number, settings: VmSettings): void {
  const { vcpus, pageBytes, profile, loadPercent } = settings;
  const memoryBytes = Math.ceil(NEIGHBOUR_MEMORY / pageBytes) * pageBytes;
  const vm = new Vm({
    name: `${NEIGHBOUR} ${index}`,
    host,
    vcpus,
    memoryBytes,
    pageBytes,
    profile,
  });
  const random = vm.guest.random.fork('load');
  const busy = (TURN_NS * loadPercent) / PERCENT;
  for (let i = 0; i < vcpus; i++)
    vm.guest.spawn(`load ${i}`, function* (thread) {
      for (;;) {
        yield thread.spend(2 * random.unit() * busy);
        yield thread.sleep(after(thread.now, Math.ceil(2 * random.unit() * (TURN_NS - busy)) + 1));
      }
    });
}

/** In a thread of the guest: from then on it has sockets, through the host's bridge where it has no function of the card. */
export function* openGuestNetwork(
  lab: Lab,
  host: Host,
  vm: Vm,
  thread: Thread,
  settings: VmSettings,
): Generator<Wait, void, void> {
  if (hasOwnDriver(settings)) return;
  const { mac, addresses } = ownNetwork(lab, host, settings);
  const kernel = host.kernel!;
  const bridge = kernel.bridge ?? new Bridge(kernel);
  const options = { name: 'net0', vm, bridge, mac: parseMac(mac) };
  if (settings.device === 'emulated') yield* probeE1000(new E1000(options), thread, { addresses });
  else yield* probeVirtioNet(new VirtioNet(options), thread, { addresses });
}

/** In a thread of the guest: its disk, once the host has the volume. */
export function* openGuestDisk(
  vm: Vm,
  thread: Thread,
  { device }: VmSettings,
  disk: BlockDevice,
): Generator<Wait, BlockDevice, void> {
  if (device === 'emulated')
    return yield* probeNvme(new NvmeDisk({ name: 'nvme0', vm, disk }), thread, GUEST_DISK);
  return yield* probeVirtioBlk(new VirtioBlk({ name: 'virtio0', vm, disk }), thread, GUEST_DISK);
}
