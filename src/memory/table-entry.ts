// Entries of x86-64 page tables as they lie in memory, eight bytes each, little-endian: those of a kernel for its processes, and
// those of a hypervisor for its guests. Names are the Intel SDM's.

import { flag, header, reserved, uint, word } from '../../protocols/core/index.js';

const options = { family: 'page-table', order: 'le' } as const;

/** Intel SDM volume 3A, 4.5: tables 4-14 to 4-19. */
export const PageEntry = header(
  'PageEntry',
  [
    word(
      flag('present', 'the entry refers to a table or maps a page'),
      flag('writable', 'writes are allowed'),
      flag('user', 'programs may use it'),
      flag('writeThrough', 'memory type'),
      flag('cacheDisable', 'memory type'),
      flag('accessed', 'it was used'),
      flag('dirty', 'it was written'),
      flag('pageSize', 'it maps a page of 2 MiB or 1 GiB'),
      flag('global', 'it outlives a change of address space'),
      reserved(3),
      uint(20, 'frameLow', 'bits 12 to 31 of the address'),
    ),
    word(uint(20, 'frameHigh', 'bits 32 to 51'), reserved(11), flag('executeDisable', 'no code')),
  ],
  { ...options, title: 'Page table entry' },
);

/** Intel SDM volume 3C, 28.3.2: tables 28-1 to 28-6. */
export const EptEntry = header(
  'EptEntry',
  [
    word(
      flag('read', 'reads are allowed'),
      flag('write', 'writes are allowed'),
      flag('execute', 'code may be fetched'),
      uint(3, 'memoryType', 'of a page: 6 is write-back'),
      flag('ignorePat', "the guest's memory type does not count"),
      flag('pageSize', 'it maps a page of 2 MiB or 1 GiB'),
      flag('accessed', 'it was used'),
      flag('dirty', 'it was written'),
      reserved(2),
      uint(20, 'frameLow', 'bits 12 to 31 of the address'),
    ),
    word(uint(20, 'frameHigh', 'bits 32 to 51'), reserved(12)),
  ],
  { ...options, title: 'Extended page table entry' },
);
