// The extended transport headers that may stand between BTH and payload (IBA 9.3). Which of them an opcode
// has, and in which order, is in opcode.ts; AETH with its codes is in aeth.ts.

import { reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { beforeHex, hexOf, namedHexOf64 } from '../core/hex.js';
import { Printed } from '../core/printed.js';
import { protocol } from '../core/protocol.js';
import { alignedAddress, exactDmaLength, inAtomicWrite, zeroReserved } from './rule.js';

const family = 'infiniband';

export const RDETH = header(
  'RDETH',
  [
    word(
      reserved(8),
      uint(24, 'eeContext', 'end-to-end context of the receiver', {
        format: 'hex',
        alias: 'infiniband.rdeth.eecnxt',
      }),
    ),
  ],
  { family, title: 'Reliable Datagram Extended Transport Header', section: 'IBA 9.3.1' },
);

export const rdeth = protocol(RDETH, {
  continues: true,
  verify: zeroReserved,
  info: (layer) => `EEC 0x${layer.number('eeContext').toString(16)}`,
});

/** Queue keys that the standard fixes (IBA 10.2.5). */
const GSI_QUEUE_KEY = 0x80010000;
const queueKeys = { [GSI_QUEUE_KEY]: 'GSI' } as const;

export const DETH = header(
  'DETH',
  [
    uint(32, 'qkey', 'queue key that the receiving queue pair must have', {
      format: 'hex',
      names: queueKeys,
      alias: 'infiniband.deth.q_key',
    }),
    word(
      reserved(8),
      uint(24, 'srcQp', 'queue pair that sent it', {
        format: 'hex',
        alias: 'infiniband.deth.srcqp',
      }),
    ),
  ],
  { family, title: 'Datagram Extended Transport Header', section: 'IBA 9.3.2' },
);

export const deth = protocol(DETH, {
  continues: true,
  verify: zeroReserved,
  info: (layer) => `from QP 0x${hexOf(layer.number('srcQp'))}`,
});

export const XRCETH = header(
  'XRCETH',
  [word(reserved(8), uint(24, 'xrcSrq', 'shared receive queue of the target', { format: 'hex' }))],
  { family, title: 'XRC Extended Transport Header', section: 'IBA A14.3' },
);

export const xrceth = protocol(XRCETH, {
  continues: true,
  verify: zeroReserved,
  info: (layer) => `XRC SRQ 0x${layer.number('xrcSrq').toString(16)}`,
});

export const RETH = header(
  'RETH',
  [
    uint(64, 'va', 'virtual address at the target', { format: 'hex', alias: 'infiniband.reth.va' }),
    uint(32, 'rkey', 'remote key of the memory region', {
      format: 'hex',
      alias: 'infiniband.reth.r_key',
    }),
    uint(32, 'dmaLen', 'length of the whole message', {
      unit: 'bytes',
      alias: 'infiniband.reth.dmalen',
    }),
  ],
  { family, title: 'RDMA Extended Transport Header', section: 'IBA 9.3.3' },
);

const { dmaLen: dmaLenOf } = RETH.get;

const vaBefore = beforeHex('va 0x');
const lengthBehind = new Printed((length) => `, ${length} bytes`);

/** Longest message (IBA 9.7.4.1.6): 2^31 bytes. */
export const MAX_MESSAGE = 2 ** 31;

export const reth = protocol(RETH, {
  continues: true,
  derive: { dmaLen: { kind: 'length', value: exactDmaLength } },
  verify(scene, index, report) {
    const length = scene.layers[index]!.number('dmaLen');
    if (length > MAX_MESSAGE) report('dmaLen', `${length} bytes are more than 2^31`);
    if (inAtomicWrite(scene, index)) alignedAddress(scene, index, report);
  },
  // hot
  info: ({ bytes, at }) =>
    namedHexOf64(vaBefore, bytes, at + RETH.at.va) + lengthBehind.of(dmaLenOf(bytes, at)),
});

export const AtomicETH = header(
  'AtomicETH',
  [
    uint(64, 'va', 'virtual address of the eight bytes at the target', {
      format: 'hex',
      alias: 'infiniband.reth.va',
    }),
    uint(32, 'rkey', 'remote key of the memory region', {
      format: 'hex',
      alias: 'infiniband.reth.r_key',
    }),
    uint(64, 'swapDt', 'value to store (COMPARE_SWAP) or to add (FETCH_ADD)', {
      format: 'hex',
      alias: 'infiniband.atomiceth.swapdt',
    }),
    uint(64, 'cmpDt', 'value to compare with (COMPARE_SWAP)', {
      format: 'hex',
      alias: 'infiniband.atomiceth.cmpdt',
    }),
  ],
  { family, title: 'Atomic Extended Transport Header', section: 'IBA 9.3.4' },
);

export const atomiceth = protocol(AtomicETH, {
  continues: true,
  verify: alignedAddress,
  info: ({ bytes, at }) => namedHexOf64(vaBefore, bytes, at + AtomicETH.at.va),
});

export const AtomicAckETH = header(
  'AtomicAckETH',
  [
    uint(64, 'origRemDt', 'what the eight bytes held before', {
      format: 'hex',
      alias: 'infiniband.atomicacketh.origremdt',
    }),
  ],
  { family, title: 'Atomic ACK Extended Transport Header', section: 'IBA 9.3.5.3' },
);

export const atomicacketh = protocol(AtomicAckETH, {
  continues: true,
  info: (layer) => `was 0x${layer.get('origRemDt').toString(16)}`,
});

export const ImmDt = header(
  'ImmDt',
  [
    uint(32, 'immediate', 'data for the completion of the receiver', {
      format: 'hex',
      alias: 'infiniband.immdt',
    }),
  ],
  { family, title: 'Immediate Data', section: 'IBA 9.3.6' },
);

export const immdt = protocol(ImmDt, {
  continues: true,
  info: (layer) => `immediate 0x${hexOf(layer.number('immediate'))}`,
});

export const IETH = header(
  'IETH',
  [
    uint(32, 'rkey', 'remote key to be invalidated at the target', {
      format: 'hex',
      alias: 'infiniband.ieth',
    }),
  ],
  { family, title: 'Invalidate Extended Transport Header', section: 'IBA 9.3.7' },
);

export const ieth = protocol(IETH, {
  continues: true,
  info: (layer) => `invalidate 0x${layer.number('rkey').toString(16)}`,
});

/** Placement types (IBA A19.4.1); they are bits, so that both may be asked for. */
const placements = { 1: 'GLOBAL', 2: 'PERSISTENT', 3: 'GLOBAL_AND_PERSISTENT' } as const;

export const FETH = header(
  'FETH',
  [
    word(
      reserved(26),
      uint(2, 'sel', 'selectivity level: what to flush', { names: { 0: 'RANGE', 1: 'REGION' } }),
      uint(4, 'plt', 'placement type: how far the bytes must have got', { names: placements }),
    ),
  ],
  { family, title: 'Flush Extended Transport Header', section: 'IBA A19.4.1' },
);

export const feth = protocol(FETH, {
  continues: true,
  verify(scene, index, report) {
    zeroReserved(scene, index, report);
    const layer = scene.layers[index]!;
    if (layer.number('sel') > 1) report('sel', 'is a reserved selectivity level');
    if (!(layer.number('plt') in placements)) report('plt', 'is no placement type');
  },
  info: (layer) => `flush ${layer.number('sel') === 0 ? 'range' : 'region'}`,
});

export const CNP = header('CNP', [reserved(128, 'sent as zeros')], {
  family,
  title: 'Congestion Notification Packet, behind its BTH',
  section: 'IBA A17.9.3',
});

export const cnp = protocol(CNP, { continues: true, verify: zeroReserved });
