// NVMe/TCP PDU headers (NVMe TCP Transport 1.0 3.6). Each PDU begins with the common header; the header of
// its type stands behind it. Sources: Linux include/linux/nvme-tcp.h, tshark's names.

import { flag, reserved, uint, word } from '../core/field.js';
import { nvmeHeader } from './base.js';

/** Names of NVMe/TCP's PDU types. */
export const pduTypes = {
  0: 'ICREQ',
  1: 'ICRESP',
  2: 'H2C_TERM_REQ',
  3: 'C2H_TERM_REQ',
  4: 'CAPSULE_CMD',
  5: 'CAPSULE_RESP',
  6: 'H2C_DATA',
  7: 'C2H_DATA',
  9: 'R2T',
} as const;

const section = (n: string) => `NVMe TCP Transport 1.0 ${n}`;

export const NVMeTCP = nvmeHeader(
  'NVMeTCP',
  [
    uint(8, 'type', 'of the PDU', { names: pduTypes, format: 'hex', alias: 'nvme-tcp.type' }),
    word(
      flag('hdgst', 'header digest follows the header', {
        alias: 'nvme-tcp.flags.pdu.hdgst',
      }),
      flag('ddgst', 'data digest follows the data', { alias: 'nvme-tcp.flags.pdu.ddgst' }),
      flag('last', 'last data PDU of the transfer', { alias: 'nvme-tcp.flags.pdu.data_last' }),
      flag('success', 'the command succeeded and no response follows', {
        alias: 'nvme-tcp.flags.pdu.data_success',
      }),
      reserved(4),
    ),
    uint(8, 'hlen', 'header of the PDU without its digest', {
      unit: 'bytes',
      alias: 'nvme-tcp.hlen',
    }),
    uint(8, 'pdo', 'where the data starts in the PDU, 0 without data', {
      unit: 'bytes',
      alias: 'nvme-tcp.pdo',
    }),
    uint(32, 'plen', 'whole PDU with digests, padding and data', {
      unit: 'bytes',
      alias: 'nvme-tcp.plen',
    }),
  ],
  { key: 'nvme-tcp', title: 'NVMe/TCP common header', section: section('3.6.1') },
);

export const ICReq = nvmeHeader(
  'ICReq',
  [
    uint(16, 'pfv', 'PDU format version, 0', { alias: 'nvme-tcp.icreq.pfv' }),
    uint(8, 'hpda', 'alignment of data sent to the host, less one', {
      unit: '4 bytes',
      alias: 'nvme-tcp.icreq.hpda',
    }),
    word(
      flag('hdgst', 'the host wants header digests'),
      flag('ddgst', 'the host wants data digests'),
      reserved(6),
    ),
    uint(32, 'maxr2t', 'R2T PDUs outstanding per command, less one', {
      alias: 'nvme-tcp.icreq.maxr2t',
    }),
    reserved(112 * 8),
  ],
  { key: 'nvme-tcp-icreq', title: 'Initialize connection request', section: section('3.6.2.2') },
);
export const ICResp = nvmeHeader(
  'ICResp',
  [
    uint(16, 'pfv', 'PDU format version, 0', { alias: 'nvme-tcp.icresp.pfv' }),
    uint(8, 'cpda', 'alignment of data sent to the controller, less one', {
      unit: '4 bytes',
      alias: 'nvme-tcp.icresp.cpda',
    }),
    word(flag('hdgst', 'header digests are on'), flag('ddgst', 'data digests are on'), reserved(6)),
    uint(32, 'maxh2cdata', 'data in one H2CData PDU', {
      unit: 'bytes',
      alias: 'nvme-tcp.icresp.maxdata',
    }),
    reserved(112 * 8),
  ],
  { key: 'nvme-tcp-icresp', title: 'Initialize connection response', section: section('3.6.2.3') },
);

const fatalErrors = {
  1: 'INVALID_HEADER_FIELD',
  2: 'SEQUENCE_ERROR',
  3: 'HEADER_DIGEST_ERROR',
  4: 'DATA_OUT_OF_RANGE',
  5: 'TRANSFER_LIMIT_EXCEEDED',
  6: 'UNSUPPORTED_PARAMETER',
} as const;
const termination = (sender: string) =>
  [
    uint(16, 'fes', 'fatal error status', {
      names: fatalErrors,
      alias: `nvme-tcp.${sender}termreq.fes`,
    }),
    uint(32, 'fei', 'offset of the field, or the digest that was computed', {
      format: 'hex',
      alias: `nvme-tcp.${sender}termreq.phfo`,
    }),
    reserved(80),
  ] as const;
export const H2CTermReq = nvmeHeader('H2CTermReq', termination('h2c'), {
  key: 'nvme-tcp-h2c-term',
  title: 'Host to controller terminate connection request',
  section: section('3.6.2.4'),
});
export const C2HTermReq = nvmeHeader('C2HTermReq', termination('c2h'), {
  key: 'nvme-tcp-c2h-term',
  title: 'Controller to host terminate connection request',
  section: section('3.6.2.5'),
});

const transfer = (what: string) =>
  [
    uint(16, 'cid', 'command that the data belongs to', {
      format: 'hex',
      alias: 'nvme-tcp.cmd.cid',
    }),
    uint(16, 'ttag', what, { format: 'hex', alias: 'nvme-tcp.ttag' }),
  ] as const;
const place = [
  uint(32, 'offset', 'of the data in the transfer', {
    unit: 'bytes',
    alias: 'nvme-tcp.data.offset',
  }),
  uint(32, 'length', 'of the data', { unit: 'bytes', alias: 'nvme-tcp.data.length' }),
  reserved(32),
] as const;
export const H2CData = nvmeHeader('H2CData', [...transfer('tag of the R2T'), ...place], {
  key: 'nvme-tcp-h2c-data',
  title: 'Host to controller data',
  section: section('3.6.2.8'),
});
export const C2HData = nvmeHeader('C2HData', [...transfer('reserved'), ...place], {
  key: 'nvme-tcp-c2h-data',
  title: 'Controller to host data',
  section: section('3.6.2.9'),
});
export const R2T = nvmeHeader(
  'R2T',
  [
    ...transfer('tag that the data must carry'),
    uint(32, 'r2to', 'offset of the data asked for', {
      unit: 'bytes',
      alias: 'nvme-tcp.r2t.offset',
    }),
    uint(32, 'r2tl', 'bytes asked for', { unit: 'bytes', alias: 'nvme-tcp.r2t.length' }),
    reserved(32),
  ],
  { key: 'nvme-tcp-r2t', title: 'Ready to transfer', section: section('3.6.2.10') },
);

// tshark reads the same four bytes as a big-endian number and shows them turned round.
const digest = (covers: string, alias: string) =>
  uint(32, 'digest', `CRC-32C of ${covers}`, { format: 'hex', alias });
export const HDGST = nvmeHeader('HDGST', [digest('the header', 'nvme-tcp.hdgst')], {
  key: 'nvme-tcp-hdgst',
  title: 'Header digest',
  section: section('3.3.1.1'),
});
export const DDGST = nvmeHeader('DDGST', [digest('the data', 'nvme-tcp.ddgst')], {
  key: 'nvme-tcp-ddgst',
  title: 'Data digest',
  section: section('3.3.1.2'),
});
