// Golden frames of iWARP.

import { TCP as NVME_TCP, row } from './built-common.js';
import { filled } from './pattern.js';
import type { Built } from './recipe.js';

/** Not NVMe's port, so that tshark looks what it is. */
const TCP = NVME_TCP.replace('dstPort=4420', 'dstPort=10000');

export const iwarp: Built[] = [
  row('iwarp-mpa-reject', 'iWARP: MPA reply that rejects', `${TCP}/mpa-rep(r=1,c=1)/"no"`),
  row('iwarp-write', 'iWARP: RDMA Write', `${TCP}/mpa/ddp-tagged(stag=0x1234,to=0x1000)/"hello"`),
  row(
    'iwarp-send-invalidate',
    'iWARP: Send with Invalidate',
    `${TCP}/mpa/ddp-untagged(opcode=4,invalidateStag=0x1234,msn=1)/"hello"`,
  ),
  row(
    'iwarp-send-solicited',
    'iWARP: Send with Solicited Event',
    `${TCP}/mpa/ddp-untagged(opcode=5,msn=1)/"hello"`,
  ),
  row(
    'iwarp-send-solicited-invalidate',
    'iWARP: Send with Solicited Event and Invalidate',
    `${TCP}/mpa/ddp-untagged(opcode=6,invalidateStag=0x1234,msn=1)/"hello"`,
  ),
  row(
    'iwarp-immediate',
    'iWARP: Immediate Data (RFC 7306)',
    `${TCP}/mpa/ddp-untagged(msn=1)/rdmap-imm(data=0x1122334455667788)`,
  ),
  row(
    'iwarp-immediate-solicited',
    'iWARP: Immediate Data with Solicited Event (RFC 7306)',
    `${TCP}/mpa/ddp-untagged(opcode=9,msn=1)/rdmap-imm(data=0x1122334455667788)`,
  ),
  ...['FETCH_ADD', 'CMP_SWAP'].map((opcode) =>
    row(
      `iwarp-atomic-${opcode.toLowerCase().replaceAll('_', '-')}`,
      `iWARP: Atomic Request, ${opcode} (RFC 7306)`,
      `${TCP}/mpa/ddp-untagged(msn=1)/${filled('rdmap-atomic-req', { opcode, remoteTo: '0x1000' })}`,
    ),
  ),
  row(
    'iwarp-atomic-response',
    'iWARP: Atomic Response (RFC 7306)',
    `${TCP}/mpa/ddp-untagged(msn=1)/${filled('rdmap-atomic-resp')}`,
  ),
  row(
    'iwarp-terminate-tagged-stag',
    'iWARP: Terminate for an invalid STag in a tagged segment, whose header it quotes',
    `${TCP}/mpa/ddp-untagged(msn=1)/rdmap-terminate(layer=1,etype=1,errorCode=0)/rdmap-terminate-length(ddpSegmentLength=19)/ddp-tagged(opcode=0,stag=0x1234,to=0x1000,last=1)`,
  ),
  row(
    'iwarp-terminate-read-request',
    'iWARP: Terminate for a Read Request, whose headers it quotes',
    `${TCP}/mpa/ddp-untagged(msn=1)/rdmap-terminate(layer=0,etype=1,errorCode=0)/rdmap-terminate-length(ddpSegmentLength=46)/ddp-untagged(opcode=1,qn=1,msn=1,last=1)/${filled('rdmap-read-req')}`,
  ),
  row(
    'iwarp-terminate-llp',
    'iWARP: Terminate for a CRC error of MPA, without headers',
    `${TCP}/mpa/ddp-untagged(msn=1)/rdmap-terminate(layer=2,etype=0,errorCode=2)`,
  ),
];
