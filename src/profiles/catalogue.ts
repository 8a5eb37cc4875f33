// Hardware by the names that people type: cards and processors of the tables beside this file.

import type { CpuProfile } from '../cpu/profile.js';
import type { EthernetProfile, KernelProfile } from '../kernel/profile.js';
import type { PcieProfile } from '../memory/pcie.js';
import type { MediaProfile } from '../storage/media.js';
import type { VmProfile } from '../vm/profile.js';
import * as cpus from './cpu.js';
import * as kernelProfiles from './kernel.js';
import * as medias from './media.js';
import * as nics from './nic.js';
import * as pcies from './pcie.js';
import * as vms from './vm.js';

const named = <T>(found: readonly (readonly [string, T])[]): ReadonlyMap<string, T> =>
  new Map(found.map(([name, profile]) => [name.toLowerCase(), profile]));

/** Cards: 'connectx4' ..., and 'ideal', whose parts take no time. */
export const cards: ReadonlyMap<string, nics.NicProfile> = named([
  ['ideal', { name: 'ideal', timing: nics.idealTiming, pcie: pcies.pcieGen3x16 }],
  ...Object.entries(nics).filter((entry): entry is [string, nics.NicProfile] => {
    const [, value] = entry;
    return typeof value === 'object' && 'timing' in value && 'pcie' in value;
  }),
]);

/** Processors with their kernels: 'xeonhaswell' ... */
export const processors: ReadonlyMap<string, CpuProfile> = named(
  Object.entries(cpus).filter((entry): entry is [string, CpuProfile] => {
    const [, value] = entry;
    return typeof value === 'object' && 'cores' in value && value.realTime !== true;
  }),
);

/** The Ethernet side of cards, by the same names. */
export const ethernetCards: ReadonlyMap<string, EthernetProfile> = named(
  Object.entries(kernelProfiles).filter((entry): entry is [string, EthernetProfile] => {
    const [, value] = entry;
    return typeof value === 'object' && 'txLatencyNs' in value;
  }),
);

/** What parts of kernels take: 'linux415' ... */
export const kernels: ReadonlyMap<string, KernelProfile> = named(
  Object.entries(kernelProfiles).filter((entry): entry is [string, KernelProfile] => {
    const [, value] = entry;
    return typeof value === 'object' && 'socketCall' in value;
  }),
);

/** Slots by the names of their PCI Express links: 'pciegen3x16' ... */
export const slots: ReadonlyMap<string, PcieProfile & { readonly name: string }> = named(
  Object.entries(pcies).map(([name, profile]) => [name, { ...profile, name }]),
);

/** What volumes lie on: 'memory' ... */
export const media: ReadonlyMap<string, MediaProfile> = named(Object.entries(medias));

/** What virtualization costs: 'kvmposted' ... */
export const hypervisors: ReadonlyMap<string, VmProfile> = named(Object.entries(vms));
