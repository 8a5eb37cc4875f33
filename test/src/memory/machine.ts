// A small machine for the tests of this folder: memory, a process, a device with its keys, DMA engine and ledger.

import {
  AddressSpace,
  DmaEngine,
  KeyTable,
  Ledger,
  MachineMemory,
  PcieLink,
  type PcieProfile,
  tlpOverhead,
} from '../../../src/memory/index.js';

/** Round numbers, to reckon with by hand: a byte takes a tenth of a nanosecond. */
export const pcieProfile: PcieProfile = {
  bitsPerSecond: 80e9,
  latencyNs: 200,
  memoryReadNs: 100,
  maxPayloadSize: 256,
  maxReadRequestSize: 512,
  readCompletionBoundary: 64,
  outstandingReads: 32,
  ...tlpOverhead,
};

export interface Rig {
  readonly memory: MachineMemory;
  readonly process: AddressSpace;
  readonly keys: KeyTable;
  readonly ledger: Ledger;
  readonly pcie: PcieLink;
  readonly dma: DmaEngine;
}

export function machine(bytes = 2 ** 23, keepEvents = 0, profile = pcieProfile): Rig {
  // Plain arrays: hundreds of small machines would each reserve address space for a WebAssembly memory.
  const backing = (length: number) => new Uint8Array(length);
  const memory = new MachineMemory({ nodes: [bytes, bytes], backing });
  const ledger = new Ledger(keepEvents);
  const pcie = new PcieLink(profile);
  return {
    memory,
    process: new AddressSpace(memory, 'user'),
    keys: new KeyTable(memory),
    ledger,
    pcie,
    dma: new DmaEngine(pcie, ledger, ledger.actor('nic0')),
  };
}

/** Bytes that tell their place. */
export const pattern = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + (i >> 8)) % 256);

/** The errno that a call throws, or 'nothing'. */
export function errno(call: () => unknown): string {
  try {
    call();
    return 'nothing';
  } catch (error) {
    return (error as { code?: string }).code ?? (error as Error).name;
  }
}
