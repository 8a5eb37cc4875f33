// What a packet must be before a queue pair looks at it (docs/rdma-rules.md 5.3; IBA 9.6): the checks of Linux's hdr_check
// in their order. Whatever fails is dropped without an answer.

import { sameBytes } from './address.js';
import { GSI_QKEY } from './datagram.js';
import type { Engine } from './engine.js';
import { serviceOf } from './opcode-map.js';
import type { Packet } from './packet.js';
import type { QueuePair } from './queue-pair.js';
import type { DropReason } from './verdict.js';
import { BTH, DETH } from './wire.js';

/** P_Keys belong together when their low 15 bits are equal and not both are limited members (IBA 10.9.3). */
const FULL_MEMBER = 0x8000;

// hot
export function hdrCheck(dev: Engine, qp: QueuePair | undefined, pkt: Packet): DropReason | '' {
  const { bytes, bthAt, opcode } = pkt;
  if (BTH.get.tver(bytes, bthAt) !== 0) return 'bad-version';
  if (qp === undefined || qp.destroyed) return 'no-queue-pair';
  if (opcode.service === 'CNP') return '';
  if (opcode.service !== serviceOf(qp.type)) return 'wrong-service';
  if (!qp.allows.receives) return 'wrong-state';
  const isResponse = opcode.kind === 'response';
  if (isResponse && (qp.state === 'RTR' || qp.type === 'IBV_QPT_XRC_RECV')) return 'wrong-state';
  if (!isResponse && qp.type === 'IBV_QPT_XRC_SEND') return 'wrong-service';
  if (!qp.datagram && !fromPeer(qp, pkt)) return 'wrong-peer';
  const pkey = BTH.get.pkey(bytes, bthAt);
  const own = dev.pkey(qp.pkeyIndex);
  if (pkey % FULL_MEMBER !== own % FULL_MEMBER || (pkey < FULL_MEMBER && own < FULL_MEMBER)) {
    return 'bad-pkey';
  }
  if (!qp.datagram) return '';
  const wanted = qp.type === 'IBV_QPT_GSI' ? GSI_QKEY : qp.qkey;
  return DETH.get.qkey(bytes, pkt.dethAt) === wanted ? '' : 'bad-qkey';
}

/** Source and destination must be the connection's (rxe: check_addr). */
// hot
function fromPeer(qp: QueuePair, pkt: Packet): boolean {
  const { path } = qp;
  if (path === null) return false;
  if (pkt.network === 'none') return true;
  if (pkt.network === 'ipv4') {
    return (
      sameBytes(pkt.bytes, pkt.sourceAt, path.dgid, 12, 4) &&
      sameBytes(pkt.bytes, pkt.destinationAt, path.sgid, 12, 4)
    );
  }
  const same =
    sameBytes(pkt.bytes, pkt.sourceAt, path.dgid, 0, 16) &&
    sameBytes(pkt.bytes, pkt.destinationAt, path.sgid, 0, 16);
  // Within an InfiniBand subnet one side may go with a GRH and the other without: who has no route cannot compare.
  return same || path.attr.grh === undefined;
}
