// A connection's segments as frames: the IP header from its template, the TCP header in place, the text from its source,
// and the checksum computed where the bytes lie, or left to the NIC.

import { checksumOfSum, internetSum } from '../../protocols/core/checksum/index.js';
import { TCP } from '../../protocols/index.js';
import type { FramePool } from '../frame/index.js';
import { IpTemplate } from '../stack/index.js';
import type { TcpConnection } from './connection.js';
import type { Outgoing } from './outgoing.js';
import { writeHeader } from './write.js';

/** IANA's protocol number. */
export const TCP_NUMBER = 6;
const SUM_MOST = 0xffff;

export class FrameMaker {
  readonly template: IpTemplate;

  constructor(readonly connection: TcpConnection) {
    this.template = new IpTemplate(connection.local, connection.remote, TCP_NUMBER);
  }

  /** Writes the whole frame but for its link addresses; without its text, where that is to stay apart. */
  // hot
  make(out: Outgoing, pool: FramePool, slot: number, withText = true): void {
    const { connection, template } = this;
    const { tcb } = connection;
    const b = pool.bytes(slot);
    const start = pool.at(slot);
    const at = start + template.size;
    const textAt = writeHeader(out, b, at, connection.localPort, connection.remotePort);
    const { length } = out;
    if (length > 0 && withText) tcb.source.copy(out.from, length, b, textAt);
    const end = textAt + length;
    template.write(b, start, end - at, out.ecn);
    const pseudo = template.pseudoSum + end - at;
    if (tcb.options.checksum === 'offload' || !withText) TCP.set.checksum(b, at, folded(pseudo));
    else TCP.set.checksum(b, at, checksumOfSum(internetSum(b, at, end, pseudo)));
    pool.setLength(slot, (withText ? end : textAt) - start);
  }
}

/** The sum of the pseudo header in 16 bits, which a NIC goes on from. */
const folded = (sum: number): number =>
  sum > SUM_MOST ? (sum % 0x10000) + Math.floor(sum / 0x10000) : sum;
