// Receiving datagrams (IBA 9.8.2): one packet a message, forty bytes of GRH always in front of the data; over IPv4 the
// header lies at offset 20 and the first twenty bytes are zeros, as rxe has it (trap 23).

import type { Nanos } from '../time/index.js';
import { WC, wcOpcodes } from './constant.js';
import type { Engine } from './engine.js';
import { completeReceive } from './execute.js';
import type { Packet } from './packet.js';
import type { QueuePair } from './queue-pair.js';
import type { DropReason } from './verdict.js';
import { DETH, GRH, IPv4, LRH } from './wire.js';

/** Well-known Q_Key of the GSI (IBA 10.2.5). */
export const GSI_QKEY = 0x80010000;

const head = new Uint8Array(GRH.size);

/** Takes a datagram whose keys were checked. */
// hot
export function receiveDatagram(
  dev: Engine,
  qp: QueuePair,
  pkt: Packet,
  now: Nanos,
): DropReason | '' {
  const { bytes, payloadAt, payloadLength: size, networkAt, network } = pkt;
  if (size > qp.mtu) return 'too-long';
  const { rq } = qp;
  if (!qp.hasRecv && !rq?.take(now, dev.memory, qp.recvJob)) return 'no-buffer';
  if (!qp.hasRecv && rq?.shared) dev.srqTaken(rq);
  qp.hasRecv = true;
  const { sges } = qp.recvJob;
  const { memory } = dev;
  // The buffer is too short: the completion says so, and the next datagram has its own (IBA 9.8.2.2.1).
  if (GRH.size + size > sges.total) return spoilt(dev, qp, WC.LOC_LEN_ERR, now);
  head.fill(0);
  const headAt = network === 'ipv4' ? GRH.size - IPv4.size : 0;
  const count = network === 'none' ? 0 : GRH.size - headAt;
  for (let i = 0; i < count; i++) head[headAt + i] = bytes[networkAt + i]!;
  // Without a GRH what is in front of the data is undefined, and nobody writes it.
  const front =
    count === 0 ? 'allowed' : memory.scatter(now, qp.pd, qp.qpn, sges, 0, GRH.size, head, 0);
  const body =
    size === 0 ? front : memory.scatter(now, qp.pd, qp.qpn, sges, GRH.size, size, bytes, payloadAt);
  if (front !== 'allowed' || body !== 'allowed') return spoilt(dev, qp, WC.LOC_PROT_ERR, now);
  const { arrival } = dev;
  arrival.grh = network !== 'none';
  arrival.srcQp = DETH.get.srcQp(bytes, pkt.dethAt);
  arrival.slid = pkt.lrhAt < 0 ? 0 : LRH.get.slid(bytes, pkt.lrhAt);
  arrival.sl = pkt.lrhAt < 0 ? 0 : LRH.get.sl(bytes, pkt.lrhAt);
  qp.received = GRH.size + size;
  completeReceive(dev, qp, pkt, wcOpcodes.IBV_WC_RECV, now);
  arrival.grh = false;
  arrival.srcQp = 0;
  arrival.slid = 0;
  arrival.sl = 0;
  return '';
}

/** The receive request is used up with an error, which is the consumer's; the queue pair lives on. */
function spoilt(dev: Engine, qp: QueuePair, status: number, now: Nanos): DropReason {
  qp.hasRecv = false;
  qp.received = 0;
  dev.completeRecv(now, qp, qp.recvJob, status);
  return status === WC.LOC_LEN_ERR ? 'too-long' : 'local-protection';
}
