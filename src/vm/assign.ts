// Devices given to a guest (VFIO): a virtual function of the host's card, or the whole card. The IOMMU shows the device the
// guest's memory under the guest's own addresses; since DMA cannot fault, all of that memory is there and pinned from then on.

import { Adapter, type AdapterOptions, type Host } from '../host/index.js';
import { DmaEngine, Iommu, UsageError } from '../memory/index.js';
import { vtdBroadwell } from '../profiles/iommu.js';
import type { Vm } from './vm.js';

export interface FunctionOptions extends AdapterOptions {
  /** Bits a second that the function may send (max_tx_rate). */
  readonly maxTxRate?: number;
}

const iommus = new WeakMap<Host, Iommu>();

/** The IOMMU of a host: one for all that is given to its guests. */
export function iommuOf(host: Host): Iommu {
  const known = iommus.get(host);
  if (known !== undefined) return known;
  const iommu = new Iommu(vtdBroadwell, host.memory, host.ledger);
  iommus.set(host, iommu);
  return iommu;
}

/** A virtual function of the host's card, which must have some (`sriov`), becomes the guest's network. */
export function assignFunction(vm: Vm, options: FunctionOptions): Adapter {
  const { maxTxRate, ...network } = options;
  if (vm.host.embedded === null)
    throw new UsageError('EOPNOTSUPP', `the card of ${vm.host.name} has no virtual functions`);
  const { lid } = vm.host.device.address;
  const adapter = adapterOf(vm, 'vf', { lid, ...network }, true);
  vm.host.addFunction(adapter, maxTxRate === undefined ? {} : { maxTxRate });
  return adapter;
}

/** The host's whole card becomes the guest's; the host has none from then on. */
export function assignCard(vm: Vm, options: AdapterOptions): Adapter {
  const adapter = adapterOf(vm, 'nic', options, false);
  vm.host.handOver(adapter);
  return adapter;
}

function adapterOf(vm: Vm, kind: string, options: AdapterOptions, shares: boolean): Adapter {
  const { host, guest, memory, name } = vm;
  if (guest.network.device !== null)
    throw new UsageError('EBUSY', `${name} has a function of a card already`);
  const { pool, ledger, pcie } = host;
  const domain = iommuOf(host).domain(`${name} ${kind}`);
  memory.pinAll((address, machine) => domain.map(address, machine, memory.pageBytes));
  const { random, space, cores } = guest;
  const machine = { name, pool, random, memory, space, ledger, cores, interrupts: vm };
  const dma = new DmaEngine(pcie, ledger, ledger.actor(`${name} ${kind}`), domain);
  const shared = shares ? host.adapter.engines : null;
  const adapter = new Adapter({ ...machine, dma, ...(shared && { shared }) }, options);
  guest.network = adapter;
  return adapter;
}
