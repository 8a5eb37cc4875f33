// BTH itself (IBA 9.2): the header that every InfiniBand transport packet has, whatever carries it.

import { flag, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { opcodeNames } from './opcode.js';

/** Queue pairs with a meaning of their own (IBA 3.5.10 and 10.5.2). */
export const QP = { SMI: 0, GSI: 1, MULTICAST: 0xffffff } as const;

export const BTH = header(
  'BTH',
  [
    uint(8, 'opcode', 'transport service and operation', {
      names: opcodeNames,
      format: 'hex',
      alias: 'infiniband.bth.opcode',
    }),
    word(
      flag('solicited', 'raise a solicited event at the receiver', { alias: 'infiniband.bth.se' }),
      flag('migReq', 'path migration state; hardware sends 1, Linux 0', {
        alias: 'infiniband.bth.m',
      }),
      uint(2, 'padCount', 'pad bytes before the ICRC', { alias: 'infiniband.bth.padcnt' }),
      uint(4, 'tver', 'transport header version, always 0', { alias: 'infiniband.bth.tver' }),
    ),
    uint(16, 'pkey', 'partition key; 0xffff is the default partition, full member', {
      format: 'hex',
      usual: 0xffff,
      alias: 'infiniband.bth.p_key',
    }),
    word(
      flag('fecn', 'congestion was met on the way'),
      flag('becn', 'the sender of this met congestion from you'),
      reserved(6, 'reserved; not covered by the ICRC'),
      uint(24, 'destQp', 'destination queue pair', {
        format: 'hex',
        alias: 'infiniband.bth.destqp',
      }),
    ),
    word(
      flag('ackReq', 'the responder must acknowledge', { alias: 'infiniband.bth.a' }),
      reserved(7),
      uint(24, 'psn', 'packet sequence number', { alias: 'infiniband.bth.psn' }),
    ),
  ],
  { family: 'infiniband', title: 'Base Transport Header', section: 'IBA 9.2' },
);
