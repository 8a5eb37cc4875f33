// What Identify returns for namespaces: CNS 00h and 11h, lists of namespaces (02h, 07h, 10h) and controllers
// (12h, 13h), identification descriptors (03h), the structures of the NVM command set (05h) and of all sets (08h).

import { bytes, flag, reserved, rest, uint, word } from '../core/field.js';
import { protocol } from '../core/protocol.js';
import { nvmeHeader } from './base.js';
import { isZero, takeEntries, takeUntilZero, takeUnused } from './list.js';

const as = (name: string) => ({ alias: `nvme.cmd.identify.ns.${name}` });
const blocks = { unit: 'blocks' };

/** NMIC, RESCAP and FPI are the same in CNS 00h and 08h. */
const shared = [
  word(flag('nmicShared', 'NMIC: may be attached to several controllers'), reserved(7)),
  word(
    flag('rescapPtpl', 'RESCAP: persist through power loss'),
    flag('rescapWe', 'RESCAP: write exclusive'),
    flag('rescapEa', 'RESCAP: exclusive access'),
    flag('rescapWero', 'RESCAP: write exclusive, registrants only'),
    flag('rescapEaro', 'RESCAP: exclusive access, registrants only'),
    flag('rescapWear', 'RESCAP: write exclusive, all registrants'),
    flag('rescapEaar', 'RESCAP: exclusive access, all registrants'),
    flag('rescapIekey', 'RESCAP: ignore existing key as of 1.3'),
  ),
  word(uint(7, 'fpi', 'part of a format that is left', { unit: '%' }), flag('fpis', 'FPI is kept')),
] as const;

const protection = word(flag('nsattrProtected', 'NSATTR: write protected'), reserved(7));

export const IdentifyNamespace = nvmeHeader(
  'IdentifyNamespace',
  [
    uint(64, 'nsze', 'size', { ...blocks, ...as('nsze') }),
    uint(64, 'ncap', 'capacity', { ...blocks, ...as('ncap') }),
    uint(64, 'nuse', 'utilization', { ...blocks, ...as('nuse') }),
    word(
      flag('thinp', 'NSFEAT: thin provisioning'),
      flag('nsabp', 'NSFEAT: NAWUN, NAWUPF and NACWU are defined'),
      flag('dae', 'NSFEAT: errors on deallocated blocks'),
      flag('uidreuse', 'NSFEAT: identifiers are never reused'),
      flag('optperf', 'NSFEAT: NPWG to NOWS are defined'),
      reserved(3),
    ),
    uint(8, 'nlbaf', 'LBA formats, less one', as('nlbaf')),
    word(
      uint(4, 'flbasLow', 'FLBAS: format in use, low bits'),
      flag('flbasExtended', 'FLBAS: metadata behind the data'),
      uint(2, 'flbasHigh', 'FLBAS: format in use, high bits'),
      reserved(1),
    ),
    word(
      flag('mcExtended', 'MC: metadata behind the data'),
      flag('mcPointer', 'MC: metadata in a buffer of its own'),
      reserved(6),
    ),
    word(
      flag('dpcType1', 'DPC: protection type 1'),
      flag('dpcType2', 'DPC: protection type 2'),
      flag('dpcType3', 'DPC: protection type 3'),
      flag('dpcFirst', 'DPC: at the begin of the metadata'),
      flag('dpcLast', 'DPC: at the end of the metadata'),
      reserved(3),
    ),
    word(
      uint(3, 'dps', 'protection type in use'),
      flag('dpsFirst', 'DPS: at the begin of the metadata'),
      reserved(4),
    ),
    ...shared,
    word(
      uint(3, 'dlfeatRead', 'DLFEAT: deallocated blocks read as', {
        names: { 0: 'NOT_REPORTED', 1: 'ZEROS', 2: 'ONES' },
      }),
      flag('dlfeatWriteZeroes', 'DLFEAT: Write Zeroes may deallocate'),
      flag('dlfeatGuard', 'DLFEAT: the guard of deallocated blocks is right'),
      reserved(3),
    ),
    uint(16, 'nawun', 'atomic write unit, less one', blocks),
    uint(16, 'nawupf', 'atomic write unit at power fail, less one', blocks),
    uint(16, 'nacwu', 'atomic compare and write unit, less one', blocks),
    uint(16, 'nabsn', 'atomic boundary', blocks),
    uint(16, 'nabo', 'atomic boundary offset', blocks),
    uint(16, 'nabspf', 'atomic boundary at power fail', blocks),
    uint(16, 'noiob', 'optimal I/O boundary', blocks),
    bytes(16, 'nvmcap', 'capacity in bytes'),
    uint(16, 'npwg', 'preferred write granularity, less one', blocks),
    uint(16, 'npwa', 'preferred write alignment, less one', blocks),
    uint(16, 'npdg', 'preferred deallocate granularity, less one', blocks),
    uint(16, 'npda', 'preferred deallocate alignment, less one', blocks),
    uint(16, 'nows', 'optimal write size, less one', blocks),
    uint(16, 'mssrl', 'largest range of Copy', blocks),
    uint(32, 'mcl', 'largest Copy', blocks),
    uint(8, 'msrc', 'ranges of Copy, less one'),
    reserved(88),
    uint(32, 'anagrpid', 'ANA group'),
    reserved(24),
    protection,
    uint(16, 'nvmsetid', 'NVM set'),
    uint(16, 'endgid', 'endurance group'),
    bytes(16, 'nguid', 'globally unique identifier', as('nguid')),
    bytes(8, 'eui64', 'extended unique identifier', { format: 'eui64', ...as('eui64') }),
  ],
  {
    key: 'nvme-id-ns',
    title: 'Identify namespace, bytes 0 to 127',
    section: 'NVMe NVM Command Set 1.0 4.1.5.1',
  },
);

export const LBAFormat = nvmeHeader(
  'LBAFormat',
  [
    uint(16, 'ms', 'metadata of a block', { unit: 'bytes' }),
    uint(8, 'lbads', 'data of a block', { unit: '2^n bytes' }),
    word(
      uint(2, 'rp', 'relative performance', {
        names: { 0: 'BEST', 1: 'BETTER', 2: 'GOOD', 3: 'DEGRADED' },
      }),
      reserved(6),
    ),
  ],
  { key: 'nvme-lbaf', title: 'LBA format', section: 'NVMe NVM Command Set 1.0 4.1.5.1' },
);
export const NamespaceVendor = nvmeHeader(
  'NamespaceVendor',
  [bytes(3712, 'data', 'of the vendor', as('vs'))],
  { key: 'nvme-id-ns-vs', title: 'Identify namespace, bytes 384 to 4095' },
);
/** Room for LBA formats: 16 up to NVMe 1.4, 64 since. */
const LBA_FORMATS = 64;

export const lbaFormat = protocol(LBAFormat, {
  info: (layer) => `${2 ** layer.number('lbads')} + ${layer.number('ms')} bytes`,
});
export const namespaceVendor = protocol(NamespaceVendor);
export const identifyNamespace = protocol(IdentifyNamespace, {
  read(walk): null | undefined {
    const at = walk.take(identifyNamespace);
    if (at < 0) return null;
    const formats = IdentifyNamespace.get.nlbaf(walk.bytes, at) + 1;
    const taken = takeEntries(walk, lbaFormat, Math.min(formats, LBA_FORMATS));
    takeUnused(walk, (LBA_FORMATS - taken) * LBAFormat.size);
    if (walk.left > 0) walk.take(namespaceVendor);
    return undefined;
  },
  info: (layer) => `Identify Namespace of ${String(layer.get('nsze'))} blocks`,
});

export const IdentifyNvmNamespace = nvmeHeader(
  'IdentifyNvmNamespace',
  [
    uint(64, 'lbstm', 'mask of the storage tag', { format: 'hex' }),
    word(
      flag('pic16bStorageTag', 'PIC: storage tag with 16-bit guard'),
      flag('pic16bMask', 'PIC: mask of the storage tag with 16-bit guard'),
      flag('picCheckRead', 'PIC: storage tag check of reads'),
      reserved(5),
    ),
    reserved(24),
  ],
  {
    key: 'nvme-id-ns-nvm',
    title: 'Identify namespace of the NVM command set',
    section: 'NVMe NVM Command Set 1.0 4.1.5.3',
  },
);
export const ExtendedLBAFormat = nvmeHeader(
  'ExtendedLBAFormat',
  [
    word(
      uint(7, 'sts', 'size of the storage tag', { unit: 'bits' }),
      uint(2, 'pif', 'guard of the protection information', {
        names: { 0: 'CRC16', 1: 'CRC32', 2: 'CRC64' },
      }),
      reserved(23),
    ),
  ],
  {
    key: 'nvme-elbaf',
    title: 'Extended LBA format',
    section: 'NVMe NVM Command Set 1.0 4.1.5.3',
  },
);
export const extendedLbaFormat = protocol(ExtendedLBAFormat);
/** Zeros are a format, too: which ones there are, another structure says. The last that is not zeros ends the list. */
export const identifyNvmNamespace = protocol(IdentifyNvmNamespace, {
  read(walk): null | undefined {
    if (walk.take(identifyNvmNamespace) < 0) return null;
    const { size } = ExtendedLBAFormat;
    const room = Math.min(LBA_FORMATS * size, walk.left);
    let count = Math.floor(room / size);
    while (count > 0) {
      const at = walk.at + (count - 1) * size;
      if (!isZero(walk.bytes, at, at + size)) break;
      count--;
    }
    takeEntries(walk, extendedLbaFormat, count);
    if (!isZero(walk.bytes, walk.at, walk.boundary)) return undefined;
    takeUnused(walk);
    return null;
  },
});

export const IndependentNamespace = nvmeHeader(
  'IndependentNamespace',
  [
    word(
      reserved(3),
      flag('uidreuse', 'NSFEAT: identifiers are never reused'),
      flag('rmedia', 'NSFEAT: rotational media'),
      reserved(3),
    ),
    ...shared,
    uint(32, 'anagrpid', 'ANA group'),
    protection,
    reserved(8),
    uint(16, 'nvmsetid', 'NVM set'),
    uint(16, 'endgid', 'endurance group'),
    word(flag('nrdy', 'NSTAT: ready'), reserved(7)),
    reserved(4081 * 8),
  ],
  {
    key: 'nvme-id-ns-ind',
    title: 'Identify namespace, independent of the command set',
    section: 'NVMe Base 2.0 5.17.2.8',
  },
);
export const independentNamespace = protocol(IndependentNamespace);

export const NamespaceEntry = nvmeHeader(
  'NamespaceEntry',
  [uint(32, 'nsid', 'namespace', { alias: 'nvme.cmd.identify.nslist.nsid' })],
  { key: 'nvme-nsid', title: 'Entry of a namespace list', section: 'NVMe Base 2.0 4.5.1' },
);
/** The first entry stands for the list: lists have no header. */
export const namespaceEntry = protocol(NamespaceEntry, {
  read: (walk): null | undefined => takeUntilZero(walk, namespaceEntry),
});

export const ControllerList = nvmeHeader(
  'ControllerList',
  [uint(16, 'count', 'controllers that follow')],
  { key: 'nvme-ctrl-list', title: 'Controller list', section: 'NVMe Base 2.0 4.5.2' },
);
export const ControllerEntry = nvmeHeader(
  'ControllerEntry',
  [uint(16, 'cntlid', 'controller', { format: 'hex' })],
  { key: 'nvme-cntlid', title: 'Entry of a controller list', section: 'NVMe Base 2.0 4.5.2' },
);
export const controllerEntry = protocol(ControllerEntry);
export const controllerList = protocol(ControllerList, {
  read(walk): null | undefined {
    const at = walk.take(controllerList);
    if (at < 0) return null;
    takeEntries(walk, controllerEntry, ControllerList.get.count(walk.bytes, at));
    if (!isZero(walk.bytes, walk.at, walk.boundary)) return undefined;
    takeUnused(walk);
    return null;
  },
});

export const NamespaceDescriptor = nvmeHeader(
  'NamespaceDescriptor',
  [
    uint(8, 'nidt', 'kind of identifier', {
      names: { 1: 'EUI64', 2: 'NGUID', 3: 'UUID', 4: 'CSI' },
    }),
    uint(8, 'nidl', 'length of the identifier', { unit: 'bytes' }),
    reserved(16),
    rest('nid', 'identifier'),
  ],
  {
    key: 'nvme-ns-desc',
    title: 'Namespace identification descriptor',
    section: 'NVMe Base 2.0 5.17.2.3',
  },
);
/** Bytes of an identifier by its kind. */
const identifierSize: Readonly<Record<number, number>> = { 1: 8, 2: 16, 3: 16, 4: 1 };
/** Four kinds, and room for some more: the list has 4096 bytes. */
const MAX_DESCRIPTORS = 32;

export const namespaceDescriptor = protocol(NamespaceDescriptor, {
  read(walk): null | undefined {
    const { size } = NamespaceDescriptor;
    for (let n = 0; n < MAX_DESCRIPTORS && walk.left >= size; n++) {
      const length = NamespaceDescriptor.get.nidl(walk.bytes, walk.at);
      if (length === 0) break;
      if (walk.take(namespaceDescriptor, size + length) < 0) return null;
    }
    if (!isZero(walk.bytes, walk.at, walk.boundary)) return undefined;
    takeUnused(walk);
    return null;
  },
  derive: {
    nidl: {
      kind: 'length',
      value: ({ layers }, i) => layers[i]!.end - layers[i]!.at - NamespaceDescriptor.size,
    },
  },
  verify(scene, index, report) {
    const layer = scene.layers[index]!;
    const need = identifierSize[layer.number('nidt')];
    if (need !== undefined && layer.number('nidl') !== need) {
      report('nidl', `identifiers of this kind have ${need} bytes`);
    }
  },
});
