// Golden frames of InfiniBand and RoCE: every opcode, every management datagram.

import { type Extension, type Opcode, opcodes, protocolByKey } from '../../../protocols/index.js';
import { bound, ETH, GRH, IPV6, LRH, ROCE, ROCE6, row, titleOf } from './built-common.js';
import { filled } from './pattern.js';
import type { Built } from './recipe.js';

const bthOf = ({ name }: Opcode) =>
  name === 'CNP'
    ? 'bth(opcode=CNP,migReq=1,pkey=0xffff,becn=1,destQp=0x11)'
    : `bth(opcode=${name},migReq=1,pkey=0xffff,destQp=0x11,ackReq=1,psn=7)`;
const given: Readonly<Partial<Record<Extension, Record<string, string | number>>>> = {
  reth: { va: '0x1000', rkey: '0x1ee' },
  deth: { qkey: '0x80010000', srcQp: 1 },
  aeth: { syndrome: '0x1f' },
  atomiceth: { va: '0x1000' },
  feth: { sel: 0, plt: 1 },
};
const dataOf = ({ payload, place }: Opcode): string =>
  payload === 'none'
    ? ''
    : payload === 'eight'
      ? '/hex(0102030405060708)'
      : place === 'first' || place === 'middle'
        ? `/zeros(256)`
        : '/"hello"';

function packetOf(opcode: Opcode): string {
  const whole = opcode.does === 'RDMA_WRITE' && opcode.place === 'first' ? { dmaLen: 261 } : {};
  const length =
    opcode.does === 'RDMA_READ_REQUEST' || opcode.does === 'FLUSH' ? { dmaLen: 4096 } : whole;
  const chain = opcode.chain.map((key) =>
    key === 'cnp' ? key : filled(key, { ...given[key], ...(key === 'reth' ? length : {}) }),
  );
  return [bthOf(opcode), ...chain].join('/') + dataOf(opcode);
}

const dashed = (name: string) => name.toLowerCase().replace('rdma_', '').replaceAll('_', '-');
const named =
  (prefix: string, words: string, head: string, more: Partial<Built> = {}) =>
  (opcode: Opcode): Built =>
    row(
      `${prefix}-${dashed(opcode.name)}`,
      `${words}: ${opcode.name.replaceAll('_', ' ')}`,
      `${head}/${packetOf(opcode)}`,
      more,
    );

/** RD exists on InfiniBand's own links only; every other service is there on all of them. */
export const packets: Built[] = [
  ...opcodes.filter((o) => o.service !== 'RD').map(named('roce-v2', 'RoCE v2', ROCE)),
  ...opcodes
    .filter((o) => o.place === 'only' && o.service !== 'RD')
    .map(named('roce-v2-ipv6', 'RoCE v2 over IPv6', ROCE6)),
  ...opcodes
    .filter((o) => ['RC', 'UD'].includes(o.service) && o.place !== 'middle')
    .map(named('roce-v1', 'RoCE v1', `${ETH}/${GRH}`)),
  ...opcodes
    .filter((o) => o.service !== 'CNP')
    .map(named('ib', 'InfiniBand', LRH, { linkType: 247 })),
  ...opcodes
    .filter((o) => o.name === 'UD_SEND_ONLY')
    .map(named('ib-global', 'InfiniBand, global route', `${LRH}/${GRH}`, { linkType: 247 })),
  row('ib-raw', 'InfiniBand: raw packet with RWH', `${LRH}/rwh(etherType=0x88b5)/"raw."`, {
    linkType: 247,
  }),
  row(
    'ib-raw-ipv6',
    'InfiniBand: raw IPv6 packet',
    `${LRH}/${IPV6}/udp(srcPort=5,dstPort=7)/"raw."`,
    { linkType: 247 },
  ),
  row('ib-flow-control', 'InfiniBand: link flow-control packet', filled('flowctl', { op: 0 }), {
    linkType: 65783,
  }),
];

// Management datagrams.

const UD = `${ROCE}/bth(opcode=UD_SEND_ONLY,migReq=1,pkey=0xffff,destQp=1,psn=9)/deth(qkey=0x80010000,srcQp=1)`;
const SUBNET = `${LRH}/bth(opcode=UD_SEND_ONLY,migReq=1,pkey=0xffff,destQp=0,psn=9)/deth(qkey=0,srcQp=0)`;
/** Bytes of a management datagram, and what is left of it behind its headers. */
const MAD_SIZE = 256;
const left = (...keys: string[]): string =>
  '00'.repeat(keys.reduce((n, key) => n - protocolByKey.get(key)!.header.size, MAD_SIZE));
const cm = (message: string): string =>
  `${UD}/mad(transactionId=0x1122)/${filled(message, message === 'cm-rej' ? { rejectInfoLength: 0 } : {})}/cm-private(data=${left('mad', message)})`;
/** Attributes that follow in a record of subnet administration. */
const recorded: Readonly<Record<string, readonly string[]>> = {
  'node-record': ['node-info', 'node-description'],
  'port-info-record': ['port-info'],
  'switch-info-record': ['switch-info'],
  'lft-record': ['lft'],
  'sm-info-record': ['sm-info'],
  'guid-info-record': ['guid-info'],
  'pkey-table-record': ['pkey-table'],
};
export const mads: Built[] = [
  ...bound('cm-attribute')
    .filter((key) => key.startsWith('cm-'))
    .map((key) => row(`roce-v2-${key}`, `Connection management: ${titleOf(key)}`, cm(key))),
  row(
    'roce-v2-cm-req-ipv6',
    'CM REQ with the private data of rdma_cm over IPv6',
    `${UD}/mad/${filled('cm-req', { serviceId: '0x010612fe' })}/${filled('rdma-ip-cm6', { src: 'fd00::1', dst: 'fd00::2', majorVersion: 0, minorVersion: 0 })}/cm-private(data=${left('mad', 'cm-req', 'rdma-ip-cm6')})`,
  ),
  ...['class-port-info', 'notice'].map((key) =>
    row(
      `mad-cm-${key}`,
      `Management: ${titleOf(key)}`,
      `${UD}/mad(mgmtClass=COM_MGT,method=GET_RESP)/${filled(key)}/mad-rest`,
    ),
  ),
  ...bound('sm-attribute').map((key) =>
    row(
      `smp-${key}`,
      `Subnet management: ${titleOf(key)}`,
      `${SUBNET}/mad(mgmtClass=1)/${filled('smp-lid')}/${filled(key)}/smp-lid-end`,
      { linkType: 247 },
    ),
  ),
  row(
    'smp-directed-route',
    'Subnet management: NodeInfo by directed route',
    `${SUBNET}/mad-dr(method=GET,hopCount=2)/${filled('smp-dr')}/${filled('node-info')}/${filled('smp-path')}`,
    { linkType: 247 },
  ),
  ...bound('sa-attribute')
    .filter((key) => key.endsWith('-record'))
    .map((key) =>
      row(
        `sa-${key}`,
        `Subnet administration: ${titleOf(key)}`,
        `${UD}/mad(method=GET)/rmpp(rmppVersion=1)/${filled('sa')}/${[key, ...(recorded[key] ?? [])].map((k) => filled(k)).join('/')}/mad-rest`,
      ),
    ),
  ...bound('pm-attribute')
    .filter((key) => key.startsWith('port'))
    .map((key) =>
      row(
        `pm-${key}`,
        `Performance management: ${titleOf(key)}`,
        `${UD}/mad(method=GET)/pm/${filled(key)}/mad-rest`,
      ),
    ),
  row(
    'mad-data',
    'Management: a class that is not dissected',
    `${UD}/mad(mgmtClass=0x09,classVersion=1,method=GET,attributeId=0x30)/mad-data(data=${left('mad').replace(/^0{16}/, '0102030405060708')})`,
  ),
];
