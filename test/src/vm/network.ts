// Two hosts on a fabric, each with a guest that was given a function of its host's card, or all of it.

import type { HostOptions } from '../../../src/host/index.js';
import type { PageBytes } from '../../../src/memory/index.js';
import { assignCard, assignFunction, Vm, type VmOptions } from '../../../src/vm/index.js';
import { type Wiring, type World, worldOf } from '../host/pair.js';

export type Way = 'vf' | 'card';

export interface GuestWiring extends Wiring {
  readonly way: Way;
  readonly vm?: Partial<VmOptions>;
  readonly pageBytes?: PageBytes;
  readonly guest?: Partial<HostOptions>;
}

export interface GuestWorld extends World {
  readonly vms: readonly Vm[];
  readonly addresses: readonly string[];
}

export function guestsOf(wiring: GuestWiring): GuestWorld {
  const { way, wire } = wiring;
  const world = worldOf({
    ...wiring,
    host: { ...wiring.host, ...(way === 'vf' && { sriov: {} }) },
  });
  const addresses: string[] = [];
  const vms = world.hosts.map((host, i) => {
    const vm = new Vm({ name: `vm${i}`, host, memoryBytes: 32 * 2 ** 20, ...wiring.vm });
    const place = world.places[i]!;
    // A guest's function is another station on the same link; the whole card is the host's station.
    const address =
      way === 'vf' ? place.ip.replace(/\d+$/, (last) => `${Number(last) + 100}`) : place.ip;
    addresses.push(address);
    const mac = way === 'vf' ? place.mac.replace(/^../, '0a') : place.mac;
    const { card, kernel, nic } = { ...wiring.host };
    const options = {
      mac,
      wire,
      addresses: place.addresses.map((one) => one.replace(place.ip, address)),
      gateways: place.gateways,
      lid: place.lid,
      ...(card && { card }),
      ...(kernel && { kernel }),
      ...(nic && { nic }),
      ...wiring.guest,
    };
    if (way === 'vf') assignFunction(vm, options);
    else assignCard(vm, options);
    world.sim.settle(world.stations[i]!);
    return vm;
  });
  return { ...world, vms, addresses };
}
