// Golden frames of NVMe over Fabrics: every command, feature, property and structure, over TCP.

import { bindings } from '../../../protocols/bindings.js';
import { bound, row, TCP, titleOf } from './built-common.js';
import { filled } from './pattern.js';
import type { Built } from './recipe.js';

const NVME = `${TCP}/nvme-tcp`;
const NS = 'sqe-ns(nsid=1)/sgl-transport(length=4096)';
const property = (key: string) =>
  `${NVME}/${filled(key)}/${filled('cqe', { phase: 0, sc: 0, sct: 0, more: 0, dnr: 0, crd: 0 })}`;
const queues = (queue: 'admin' | 'io') =>
  bound(`nvme-${queue}`)
    .filter((key) => !/-(set|get)-features$/.test(key))
    .map((key) =>
      row(
        `nvme-tcp-${key.slice(5)}`,
        `NVMe/TCP: ${titleOf(key)}`,
        `${NVME}/sqe(cid=0x1c)/${NS}/${filled(key)}`,
      ),
    );
const pointers = ['sgl', 'sgl-bit-bucket', 'sgl-segment', 'sgl-last-segment', 'sgl-keyed'];
export const nvme: Built[] = [
  ...queues('admin'),
  ...queues('io'),
  ...bound('nvme-fabrics')
    .filter((key) => key !== 'nvme-property-set')
    .map((key) =>
      row(
        `nvme-tcp-${key.slice(5)}`,
        `NVMe/TCP: ${titleOf(key)}`,
        `${NVME}/sqe(cid=0x1c)/sqe-fabrics/sgl-transport(length=1024)/${filled(key)}`,
      ),
    ),
  ...['cc', 'nssr'].map((key) =>
    row(
      `nvme-tcp-property-set-${key}`,
      `NVMe/TCP: Property Set, ${titleOf(`nvme-${key}`)}`,
      `${NVME}/sqe(cid=0x1c)/sqe-fabrics/sgl-transport/nvme-property-set/${filled(`nvme-${key}`)}/nvme-property-set-tail`,
    ),
  ),
  row(
    'nvme-tcp-property-set',
    'NVMe/TCP: Property Set of 8 bytes, a property that is not declared',
    `${NVME}/sqe(cid=0x1c)/sqe-fabrics/sgl-transport/nvme-property-set(size=8_BYTES,offset=ASQ)/${filled('nvme-property-value')}/nvme-property-set-tail`,
  ),
  row(
    'nvme-tcp-command',
    'NVMe/TCP: a command of a queue that is not known',
    `${NVME}/sqe(cid=0x1c,opcode=0xc1)/${NS}/${filled('nvme-cdw')}`,
  ),
  row(
    'nvme-tcp-fabrics-unknown',
    'NVMe/TCP: a Fabrics command that is not known',
    `${NVME}/sqe(cid=0x1c)/sqe-fabrics(fctype=0x7f)/sgl-transport/${filled('nvme-fabrics-cdw')}`,
  ),
  row(
    'nvme-tcp-get-features',
    'NVMe/TCP: Get Features',
    `${NVME}/sqe(cid=0x1c)/${NS}/${filled('nvme-get-features', { fid: 7 })}`,
  ),
  ...(bindings['nvme-feature'] ? [...bindings['nvme-feature']] : []).map(([fid, { key }]) =>
    row(
      `nvme-tcp-set-${key.slice(5)}`,
      `NVMe/TCP: Set Features, ${titleOf(key).replace(/^Feature: /, '')}`,
      `${NVME}/sqe(cid=0x1c)/${NS}/nvme-set-features(fid=${fid},sv=1)/${filled(key)}/nvme-feat-tail`,
    ),
  ),
  row(
    'nvme-tcp-set-feat-unknown',
    'NVMe/TCP: Set Features, a feature that is not known',
    `${NVME}/sqe(cid=0x1c)/${NS}/nvme-set-features(fid=0xc0)/${filled('nvme-feat-dword')}/${filled('nvme-feat-tail')}`,
  ),
  ...pointers.map((key) =>
    row(
      `nvme-tcp-read-${key}`,
      `NVMe/TCP: Read, ${titleOf(key)}`,
      `${NVME}/sqe(cid=0x1c)/sqe-ns(nsid=1)/${filled(key)}/${filled('nvme-read')}`,
    ),
  ),
  row(
    'nvme-tcp-read-prp',
    'NVMe/TCP: Read with PRPs, as on PCI Express',
    `${NVME}/sqe(cid=0x1c,psdt=0)/sqe-ns(nsid=1)/${filled('nvme-prp')}/${filled('nvme-read')}`,
  ),
  row(
    'nvme-tcp-read-sgl-unknown',
    'NVMe/TCP: Read with a descriptor of an unknown type',
    `${NVME}/sqe(cid=0x1c,psdt=1)/sqe-ns(nsid=1)/${filled('sgl-unknown', { type: 9 })}/${filled('nvme-read')}`,
  ),
  ...bound('nvme-property').map((key) =>
    row(`nvme-tcp-cqe-${key.slice(5)}`, `NVMe/TCP: completion, ${titleOf(key)}`, property(key)),
  ),
  ...[
    'cqe-connect',
    'cqe-connect-error',
    'cqe-async-event',
    'cqe-queues',
    'cqe-abort',
    'nvme-property-value',
  ].map((key) =>
    row(
      `nvme-tcp-${key.startsWith('cqe') ? '' : 'cqe-'}${key.replace('nvme-', '')}`,
      `NVMe/TCP: ${titleOf(key)}`,
      property(key),
    ),
  ),
  row(
    'nvme-tcp-cqe-feat-write-cache',
    'NVMe/TCP: completion, Feature: volatile write cache',
    property('nvme-feat-write-cache').replace('/cqe(', '/cqe-dword1/cqe('),
  ),
  row(
    'nvme-tcp-h2c-data',
    'NVMe/TCP: H2CData with both digests',
    `${TCP}/nvme-tcp(hdgst=1,ddgst=1,last=1)/nvme-tcp-h2c-data(cid=0x1c,ttag=3,offset=8192)/"sixteen of bytes"`,
  ),
  row(
    'nvme-tcp-c2h-data-padded',
    'NVMe/TCP: C2HData with padding in front of the data',
    `${TCP}/nvme-tcp(hdgst=1,ddgst=1,last=1)/nvme-tcp-c2h-data(cid=0x1c)/nvme-tcp-hdgst/nvme-tcp-pad(pad=00000000)/"sixteen of bytes"`,
  ),
  row(
    'nvme-tcp-h2c-term',
    'NVMe/TCP: host ends the connection, quoting a header',
    `${NVME}/nvme-tcp-h2c-term(fes=1,fei=4)/hex(0500180018000000)`,
  ),
  row(
    'nvme-tcp-c2h-term',
    'NVMe/TCP: controller ends the connection, quoting a header',
    `${NVME}/nvme-tcp-c2h-term(fes=3,fei=0)/hex(0400480048000000)`,
  ),
  row(
    'nvme-tcp-dsm-ranges',
    'NVMe/TCP: Dataset Management with its range',
    `${NVME}/sqe(cid=0x1c)/sqe-ns(nsid=1)/sgl(length=16,subtype=1)/nvme-dsm(nr=0,ad=1)/${filled('nvme-dsm-range')}`,
  ),
  row(
    'nvme-tcp-copy-ranges',
    'NVMe/TCP: Copy with its source range',
    `${NVME}/sqe(cid=0x1c)/sqe-ns(nsid=1)/sgl(length=32,subtype=1)/nvme-copy(nr=0)/${filled('nvme-copy-range')}`,
  ),
  ...['register', 'acquire', 'release'].map((what) =>
    row(
      `nvme-tcp-reservation-${what}-data`,
      `NVMe/TCP: Reservation ${what} with its data`,
      `${NVME}/sqe(cid=0x1c)/sqe-ns(nsid=1)/sgl(length=16,subtype=1)/nvme-reservation-${what}/${filled(`nvme-${what}-data`)}`,
    ),
  ),
  row(
    'nvme-tcp-reservation-status',
    'NVMe/TCP: data of Reservation Report',
    `${TCP}/nvme-tcp(last=1)/nvme-tcp-c2h-data(cid=0x1c)/${filled('nvme-reservation-status', { regctl: 1 })}/${filled('nvme-registered-ctrl')}`,
  ),
  row(
    'nvme-tcp-reservation-status-ext',
    'NVMe/TCP: extended data of Reservation Report',
    `${TCP}/nvme-tcp(last=1)/nvme-tcp-c2h-data(cid=0x1c)/${filled('nvme-reservation-status-ext', { regctl: 1 })}/${filled('nvme-registered-ctrl-ext')}`,
  ),
];
// What NVMe commands return: each alone in one PDU.

const many = (count: number, layer: string): string =>
  Array.from({ length: count }, () => layer).join('/');
const zeros = (bytes: number): string => '00'.repeat(bytes);
const returned = (name: string, title: string, data: string): Built =>
  row(
    `nvme-tcp-data-${name}`,
    `NVMe/TCP: ${title}`,
    `${TCP}/nvme-tcp(last=1)/nvme-tcp-c2h-data(cid=0x1c)/${data}`,
  );
export const structures: Built[] = [
  returned(
    'id-ctrl',
    'Identify Controller',
    `${filled('nvme-id-ctrl')}/${many(32, filled('nvme-power-state'))}/nvme-id-ctrl-vs(data=${zeros(1024)})`,
  ),
  returned('id-ctrl-nvm', 'Identify Controller of the NVM command set', filled('nvme-id-ctrl-nvm')),
  returned(
    'id-ns',
    'Identify Namespace',
    `${filled('nvme-id-ns')}/${many(64, filled('nvme-lbaf'))}/nvme-id-ns-vs(data=${zeros(3712)})`,
  ),
  returned(
    'id-ns-ind',
    'Identify Namespace, independent of the command set',
    filled('nvme-id-ns-ind'),
  ),
  returned(
    'id-ns-nvm',
    'Identify Namespace of the NVM command set',
    `${filled('nvme-id-ns-nvm')}/${many(2, filled('nvme-elbaf'))}/nvme-unused(data=${zeros(4076)})`,
  ),
  returned(
    'nsid-list',
    'active namespaces',
    `nvme-nsid(nsid=1)/nvme-nsid(nsid=2)/nvme-unused(data=${zeros(8)})`,
  ),
  returned(
    'ctrl-list',
    'controllers',
    `nvme-ctrl-list(count=2)/nvme-cntlid(cntlid=1)/nvme-cntlid(cntlid=2)/nvme-unused(data=${zeros(10)})`,
  ),
  returned(
    'ns-desc',
    'namespace identification descriptors',
    `nvme-ns-desc(nidt=3,nid=${'0a'.repeat(16)})/nvme-unused(data=${zeros(8)})`,
  ),
  returned('error', 'error log', filled('nvme-error')),
  returned('fw-slots', 'firmware slot log', filled('nvme-fw-slots')),
  returned('effects', 'commands supported and effects', many(4, filled('nvme-effects'))),
  returned(
    'ana',
    'asymmetric namespace access',
    `nvme-ana(groups=1)/${filled('nvme-ana-group', { nnsids: 1 })}/nvme-nsid(nsid=1)`,
  ),
  returned(
    'discovery-tcp',
    'discovery log with an entry for TCP',
    `nvme-discovery(numrec=1)/${filled('nvme-discovery-entry', { trtype: 3 })}/nvme-tsas-tcp`,
  ),
  returned(
    'discovery-rdma',
    'discovery log with an entry for RDMA',
    `nvme-discovery(numrec=1)/${filled('nvme-discovery-entry', { trtype: 1 })}/nvme-tsas-rdma(qptype=1,prtype=4,cms=1)`,
  ),
  returned(
    'discovery-loop',
    'discovery log with an entry for another transport',
    `nvme-discovery(numrec=1)/${filled('nvme-discovery-entry', { trtype: 254 })}/nvme-tsas(data=${zeros(256)})`,
  ),
];
