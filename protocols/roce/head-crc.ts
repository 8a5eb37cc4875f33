// The ICRC of headers of which only the PSN, the request for an acknowledgement and the IPv4 identification vary: they
// are run through once, and from then on a few look-ups tell their CRC. The payload's goes on from there.

import { Crc32Number, crc32 } from '../core/checksum/index.js';
import { BTH } from '../infiniband/base-transport.js';
import { IPv4 } from '../ip/ipv4.js';

const PSN_BYTES = 3;
const IDENTIFICATION_BYTES = 2;

export class HeadCrc {
  /** With zero in what varies. */
  readonly #blank: number;
  readonly #ackReq: number;
  readonly #psn: Crc32Number;
  readonly #identification: Crc32Number | null;

  /**
   * @param head headers up to the end of BTH, ones where the ICRC has them; what varies is zero
   * @param coverAt where the ICRC begins to count, `seed` with what
   * @param ipv4At where the IPv4 header begins; -1 when there is none
   */
  constructor(head: Uint8Array, coverAt: number, seed: number, bthAt: number, ipv4At: number) {
    const end = bthAt + BTH.size;
    const asking = head.slice(0, end);
    this.#blank = crc32(asking, coverAt, end, seed) | 0;
    BTH.set.ackReq(asking, bthAt, 1);
    this.#ackReq = crc32(asking, coverAt, end, seed) ^ this.#blank;
    this.#psn = new Crc32Number(end - (bthAt + BTH.at.psn + PSN_BYTES));
    const idAt = ipv4At + IPv4.at.identification;
    this.#identification = ipv4At < 0 ? null : new Crc32Number(end - (idAt + IDENTIFICATION_BYTES));
  }

  /** The seed of what follows BTH: 32 bits, with a sign. */
  // hot
  of(psn: number, ackReq: number, identification: number): number {
    const numbers = this.#blank ^ this.#psn.of(psn) ^ (ackReq === 0 ? 0 : this.#ackReq);
    return this.#identification === null
      ? numbers
      : numbers ^ this.#identification.of(identification);
  }
}
