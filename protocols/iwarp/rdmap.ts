// The headers that RDMAP puts behind an untagged DDP header: Read Request (RFC 5040 4.4), atomics and
// immediate data (RFC 7306 5 and 6). Terminate has a file of its own.

import { formatHex } from '../core/address.js';
import { bytes, reserved, uint, word } from '../core/field.js';
import { header } from '../core/header.js';
import { protocol } from '../core/protocol.js';

const family = 'iwarp';

export const RDMAPReadRequest = header(
  'RDMAPReadRequest',
  [
    uint(32, 'sinkStag', 'buffer that the data shall go to', {
      format: 'hex',
      alias: 'iwarp_rdma.sinkstag',
    }),
    uint(64, 'sinkTo', 'offset there', { format: 'hex', alias: 'iwarp_rdma.sinkto' }),
    uint(32, 'size', 'bytes to read', { unit: 'bytes', alias: 'iwarp_rdma.rdmardsz' }),
    uint(32, 'sourceStag', 'buffer to be read', { format: 'hex', alias: 'iwarp_rdma.srcstag' }),
    uint(64, 'sourceTo', 'offset there', { format: 'hex', alias: 'iwarp_rdma.srcto' }),
  ],
  { key: 'rdmap-read-req', family, title: 'RDMAP Read Request', section: 'RFC 5040 4.4' },
);

export const rdmapReadReq = protocol(RDMAPReadRequest, {
  label: 'DDP/RDMAP',
  continues: true,
  info: (layer) => `size ${layer.number('size')}`,
});

/** RFC 7306 5.1: FetchAdd 0, CmpSwap 2; 1 was Swap in a draft and is not assigned. */
export const atomicOpcodes = { 0: 'FETCH_ADD', 2: 'CMP_SWAP' } as const;

export const RDMAPAtomicRequest = header(
  'RDMAPAtomicRequest',
  [
    word(
      reserved(28),
      uint(4, 'opcode', 'atomic operation', {
        names: atomicOpcodes,
        alias: 'iwarp_rdma.atomic.opcode',
      }),
    ),
    uint(32, 'requestIdentifier', 'returned in the response', {
      alias: 'iwarp_rdma.atomic.request_identifier',
    }),
    uint(32, 'remoteStag', 'buffer to operate on', {
      format: 'hex',
      alias: 'iwarp_rdma.atomic.remote_stag',
    }),
    uint(64, 'remoteTo', 'offset there, a multiple of 8', {
      format: 'hex',
      alias: 'iwarp_rdma.atomic.remote_tagged_offset',
    }),
    // tshark names the next two after the operation: add_data and add_mask, or swap_data and swap_mask.
    uint(64, 'addOrSwapData', 'value to add or to store', {
      format: 'hex',
      alias: 'iwarp_rdma.atomic.swap_data',
    }),
    uint(64, 'addOrSwapMask', 'where carries stop, or which bits are stored', {
      format: 'hex',
      alias: 'iwarp_rdma.atomic.swap_mask',
    }),
    uint(64, 'compareData', 'value to compare with', {
      format: 'hex',
      alias: 'iwarp_rdma.atomic.compare_data',
    }),
    uint(64, 'compareMask', 'bits that are compared', {
      format: 'hex',
      alias: 'iwarp_rdma.atomic.compare_mask',
    }),
  ],
  { key: 'rdmap-atomic-req', family, title: 'RDMAP Atomic Request', section: 'RFC 7306 5.2.1' },
);

export const rdmapAtomicReq = protocol(RDMAPAtomicRequest, {
  label: 'DDP/RDMAP',
  continues: true,
  verify({ layers }, index, report) {
    const layer = layers[index]!;
    if (!(layer.number('opcode') in atomicOpcodes)) report('opcode', 'is no atomic operation');
    if ((layer.get('remoteTo') as bigint) % 8n !== 0n) report('remoteTo', 'is no multiple of 8');
  },
  info: (layer) => atomicOpcodes[layer.number('opcode') as 0] ?? 'unknown operation',
});

export const RDMAPAtomicResponse = header(
  'RDMAPAtomicResponse',
  [
    uint(32, 'originalRequestIdentifier', 'of the request that it answers', {
      alias: 'iwarp_rdma.atomic.original_request_identifier',
    }),
    uint(64, 'originalRemoteDataValue', 'what was there before', {
      format: 'hex',
      alias: 'iwarp_rdma.atomic.original_remote_data_value',
    }),
  ],
  { key: 'rdmap-atomic-resp', family, title: 'RDMAP Atomic Response', section: 'RFC 7306 5.2.2' },
);

export const rdmapAtomicResp = protocol(RDMAPAtomicResponse, { label: 'DDP/RDMAP' });

export const RDMAPImmediate = header(
  'RDMAPImmediate',
  [bytes(8, 'data', 'handed to the completion of the message')],
  { key: 'rdmap-imm', family, title: 'RDMAP Immediate Data', section: 'RFC 7306 6.1' },
);

export const rdmapImm = protocol(RDMAPImmediate, {
  label: 'DDP/RDMAP',
  continues: true,
  info: (layer) => `0x${formatHex(layer.get('data') as Uint8Array)}`,
});
