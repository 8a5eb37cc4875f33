// An RNIC of ours that a peer wrongs: FPDUs made by hand, and a region that they may name.

import { build } from '../../protocols/index.js';
import {
  DDPUntagged,
  ddpUntagged,
  MPA,
  MPACrc,
  mpa,
  RDMAPTerminate,
  rdmapReadReq,
} from '../../protocols/iwarp/index.js';
import { postRecv, regMr } from '../../src/rdma/index.js';
import { RawIwarp, type RawOptions } from './raw-iwarp.js';

type Layers = Parameters<typeof build>[0];
export const fpdu = (...layers: Layers): Uint8Array => build([mpa(), ...layers]).bytes.slice();
export const bytes = (length: number) => new Uint8Array(length).fill(7);
export const ROOM = 4096;

/** An RNIC as passive side, its peer in FPDU mode, and a region that the peer may use. */
export class Wronged extends RawIwarp {
  readonly addr: bigint;
  readonly key: number;
  readonly region: ReturnType<typeof regMr>;

  constructor(options: RawOptions = {}) {
    super({ iwarp: { crc: false, ...options.iwarp }, ...options });
    this.addr = this.host.space.allocate(ROOM, { contiguous: true });
    this.region = regMr(this.pd, this.addr, ROOM, 0xf);
    this.key = this.region.rkey;
    this.listen();
    this.write(requestFrame);
    this.answer(this.event());
    this.read();
  }

  receive(length: number): void {
    const sgList = [{ addr: this.addr, length, lkey: this.region.lkey }];
    postRecv(this.context, this.qp, { sgList });
  }

  /** A region with these rights, in our protection domain or another. */
  other(access: number, pd = this.pd): number {
    return regMr(pd, this.addr, ROOM, access).rkey;
  }

  /** Sends, one message after the other. */
  send(msn: number, length: number, more: Record<string, number> = {}): void {
    this.write(fpdu(ddpUntagged({ msn, ...more }), bytes(length)));
  }

  readRequest(fields: Parameters<typeof rdmapReadReq>[0], more: Record<string, number> = {}): void {
    this.write(fpdu(ddpUntagged(more), rdmapReadReq({ size: 8, ...fields })));
  }
}

/** MPA's request, revision 2, as siw writes it. */
export const requestFrame = Uint8Array.from(
  Buffer.from('4d504120494420526571204672616d651002000400040004', 'hex'),
);

/** The Terminate that the RNIC said, and where the headers are that it quotes. */
export function terminateOf(said: Uint8Array) {
  for (let at = 0; at < said.length; ) {
    const size = MPA.size + MPA.get.length(said, at);
    const { opcode, tagged } = DDPUntagged.decode(said, at + MPA.size);
    if (tagged === 0 && opcode === TERMINATE) {
      const word = at + MPA.size + DDPUntagged.size;
      const { layer, etype, errorCode, m, d, r } = RDMAPTerminate.decode(said, word);
      const quoted = word + RDMAPTerminate.size;
      return { error: [layer, etype, errorCode], quotes: [m, d, r], quoted };
    }
    at += Math.ceil(size / 4) * 4 + MPACrc.size;
  }
  return undefined;
}
const TERMINATE = 7;
