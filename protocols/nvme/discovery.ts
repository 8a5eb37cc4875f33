// The discovery log (Base 2.0 5.16.1.23): a header of 1024 bytes and as many entries of 1024 bytes, each
// ending in what its transport needs.

import { reserved, rest, text, uint, word } from '../core/field.js';
import { type Protocol, protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { nvmeHeader, takeWhole } from './base.js';

const as = (name: string) => ({ alias: `nvme.cmd.get_logpage.identify.${name}` });
const rcrd = (name: string) => as(`rcrd.${name}`);
const section = 'NVMe Base 2.0 5.16.1.23';

export const DiscoveryLog = nvmeHeader(
  'DiscoveryLog',
  [
    uint(64, 'genctr', 'generation; must not change between two reads', as('genctr')),
    uint(64, 'numrec', 'entries', as('numrec')),
    uint(16, 'recfmt', 'format of the log', as('recfmt')),
    reserved(1006 * 8),
  ],
  { key: 'nvme-discovery', title: 'Discovery log', section },
);

/** Names of transport types in discovery log entries (NVMe base, discovery log page). */
export const transports = { 1: 'RDMA', 2: 'FC', 3: 'TCP', 254: 'LOOP' } as const;

export const DiscoveryEntry = nvmeHeader(
  'DiscoveryEntry',
  [
    uint(8, 'trtype', 'transport', { names: transports, ...rcrd('trtype') }),
    uint(8, 'adrfam', 'address family', {
      names: { 0: 'PCI', 1: 'IPV4', 2: 'IPV6', 3: 'INFINIBAND', 4: 'FC', 254: 'LOOP' },
      ...rcrd('adrfam'),
    }),
    uint(8, 'subtype', 'kind of subsystem', {
      names: { 1: 'REFERRAL', 2: 'NVM', 3: 'CURRENT_DISCOVERY' },
      ...rcrd('subtype'),
    }),
    // tshark 4.0 takes one bit for the secure channel and so reads the next field one bit too low.
    word(
      uint(2, 'secureChannel', 'TREQ: secure channel', {
        names: { 0: 'NOT_SPECIFIED', 1: 'REQUIRED', 2: 'NOT_REQUIRED' },
      }),
      uint(1, 'noSqFlow', 'TREQ: SQ flow control can be disabled'),
      reserved(5),
    ),
    uint(16, 'portid', 'port of the subsystem', rcrd('portid')),
    uint(16, 'cntlid', 'controller; FFFFh: chosen at Connect', {
      format: 'hex',
      ...rcrd('cntlid'),
    }),
    uint(16, 'asqsz', 'largest admin queue', rcrd('asqsz')),
    word(
      uint(1, 'dupretinfo', 'EFLAGS: duplicate of another port'),
      uint(1, 'epcsd', 'EFLAGS: explicit persistent connection'),
      uint(1, 'ncc', 'EFLAGS: no connectivity to this controller'),
      reserved(13),
    ),
    reserved(160),
    text(32, 'trsvcid', 'port or service', rcrd('trsvcid')),
    reserved(192 * 8),
    text(256, 'subnqn', 'name of the subsystem', rcrd('subnqn')),
    text(256, 'traddr', 'address', rcrd('traddr')),
  ],
  { key: 'nvme-discovery-entry', title: 'Discovery log entry, bytes 0 to 767', section },
);

const tsas = (name: string) => rcrd(`tsas.${name}`);
export const TSASRdma = nvmeHeader(
  'TSASRdma',
  [
    uint(8, 'qptype', 'service type', {
      names: { 1: 'CONNECTED', 2: 'DATAGRAM' },
      ...tsas('rdma_qptype'),
    }),
    uint(8, 'prtype', 'provider', {
      names: { 1: 'NONE', 2: 'INFINIBAND', 3: 'ROCE', 4: 'ROCE_V2', 5: 'IWARP' },
      ...tsas('rdma_prtype'),
    }),
    uint(8, 'cms', 'connection management', { names: { 1: 'RDMA_CM' }, ...tsas('rdma_cms') }),
    reserved(40),
    uint(16, 'pkey', 'partition key', { format: 'hex', ...tsas('rdma_pkey') }),
    reserved(246 * 8),
  ],
  { key: 'nvme-tsas-rdma', title: 'What RDMA needs', section: 'NVMe RDMA Transport 1.0 3.1' },
);
export const TSASTcp = nvmeHeader(
  'TSASTcp',
  [
    uint(8, 'sectype', 'security', {
      names: { 0: 'NONE', 1: 'TLS_1_2', 2: 'TLS_1_3' },
      ...tsas('tcp_sectype'),
    }),
    reserved(255 * 8),
  ],
  { key: 'nvme-tsas-tcp', title: 'What TCP needs', section: 'NVMe TCP Transport 1.0 3.1' },
);
export const TSAS = nvmeHeader('TSAS', [rest('data', 'what another transport needs')], {
  key: 'nvme-tsas',
  title: 'What the transport needs',
  section,
});
const TSAS_SIZE = TSASTcp.size;

/** Bytes of one record with what its transport needs; the log's own header has as many. */
export const RECORD_SIZE = DiscoveryEntry.size + TSAS_SIZE;

export const tsasRdma = protocol(TSASRdma);
export const tsasTcp = protocol(TSASTcp);
export const unknownTsas = protocol(TSAS);

/** Binding space 'nvme-tsas', by transport type. */
export const tsasForms: readonly (readonly [number, Protocol])[] = [
  [1, tsasRdma],
  [3, tsasTcp],
];
/** More entries than this stay payload. */
const MAX_RECORDS = 100;

const trimmed = (b: Uint8Array): string => new TextDecoder().decode(b).replace(/[\0 ]+$/, '');

/** The first record stands for all when the log is read from its middle. */
export const discoveryEntry = protocol(DiscoveryEntry, {
  read: takeRecords,
  info: (layer) => {
    const part = (name: string) => trimmed(layer.get(name) as Uint8Array);
    return `${part('subnqn')} at ${part('traddr')}:${part('trsvcid')}`;
  },
});
export const discoveryLog = protocol(DiscoveryLog, {
  read(walk): null | undefined {
    return takeWhole(walk, discoveryLog) < 0 ? undefined : takeRecords(walk);
  },
  info: (layer) => `discovery log, ${String(layer.get('numrec'))} records`,
});

function takeRecords(walk: Walk): undefined {
  for (let n = 0; n < MAX_RECORDS && walk.left >= RECORD_SIZE; n++) {
    const at = walk.take(discoveryEntry);
    const form = walk.next('nvme-tsas', DiscoveryEntry.get.trtype(walk.bytes, at));
    walk.take(form ?? unknownTsas, TSAS_SIZE);
  }
  return undefined;
}
