// One side of a transfer: a UD queue pair with its buffers, and what a core takes for posting and polling.

import type { Thread } from '../../cpu/index.js';
import type { Computer } from '../../host/index.js';
import {
  type Ah,
  allocPd,
  type CompletionQueue,
  type Context,
  createAh,
  createCq,
  createQp,
  IBV_SEND_SIGNALED,
  type Mr,
  modifyQp,
  type Pd,
  pollCq,
  postRecv,
  postSend,
  type QueuePair,
  regMr,
  type SendWr,
  type Wc,
} from '../../rdma/index.js';
import { DATAGRAM_BYTES, PieceHeader } from './packet.js';

/** In front of each datagram in its receive buffer (IBA 9.8.3). */
const GRH_BYTES = 40;
const QKEY = 0x11111111;
const LOCAL_WRITE = 1;
const RECEIVES = 128;
const SENDS = 256;
/** Room for a header of each entry of the send queue. */
const HEADERS = SENDS * PieceHeader.size;
const STRIDE = 4096;

export class DatagramEndpoint {
  readonly context: Context;
  readonly cq: CompletionQueue;
  readonly #sendCq: CompletionQueue;
  readonly qp: QueuePair;
  readonly #pd: Pd;
  readonly #received: bigint;
  readonly #headers: bigint;
  readonly #mr: Mr;
  readonly #headerMr: Mr;
  readonly #wc: Wc[] = [];
  #ah: Ah | null = null;
  #peerQpn = 0;
  #posted = 0;
  #completed = 0;

  /** @param message where the whole message lies */
  constructor(
    readonly host: Computer,
    readonly thread: Thread,
    readonly message: bigint,
    readonly length: number,
  ) {
    const { space } = host;
    this.context = host.open(thread);
    const pd = allocPd(this.context);
    this.#pd = pd;
    this.cq = createCq(this.context, RECEIVES);
    this.#sendCq = createCq(this.context, SENDS);
    this.qp = createQp(pd, {
      qpType: 'IBV_QPT_UD',
      sendCq: this.#sendCq,
      recvCq: this.cq,
      cap: {
        maxSendWr: SENDS,
        maxRecvWr: RECEIVES,
        maxSendSge: 2,
        maxRecvSge: 1,
        maxInlineData: PieceHeader.size,
      },
    });
    this.#received = space.allocate(RECEIVES * STRIDE, { contiguous: true });
    this.#headers = space.allocate(HEADERS, { contiguous: true });
    const all = regMr(pd, message, length, LOCAL_WRITE);
    this.#mr = regMr(pd, this.#received, RECEIVES * STRIDE, LOCAL_WRITE);
    this.#headerMr = regMr(pd, this.#headers, HEADERS, LOCAL_WRITE);
    this.messageKey = all.lkey;
    modifyQp(this.context, this.qp, { qpState: 'INIT', pkeyIndex: 0, portNum: 1, qkey: QKEY });
    modifyQp(this.context, this.qp, { qpState: 'RTR' });
    modifyQp(this.context, this.qp, { qpState: 'RTS', sqPsn: 0 });
    for (let i = 0; i < RECEIVES; i++) this.repost(i);
  }
  readonly messageKey: number;

  /** Both know each other's queue pair beforehand, as from a session that was set up. */
  meet(peer: DatagramEndpoint): void {
    const { native, gids, lid } = peer.host.device.address;
    const dgid = gids[0]!.bytes;
    const grh = { dgid, sgidIndex: 0, trafficClass: 0, hopLimit: 64 };
    this.#ah = createAh(this.#pd, native ? { dlid: lid } : { grh });
    this.#peerQpn = peer.qp.qpn;
  }

  repost(place: number): void {
    const addr = this.#received + BigInt(place * STRIDE);
    const sge = { addr, length: GRH_BYTES + DATAGRAM_BYTES, lkey: this.#mr.lkey };
    postRecv(this.context, this.qp, { wrId: place, sgList: [sge] });
  }

  /** Where the datagram of a completion lies. */
  datagramAt(place: number): bigint {
    return this.#received + BigInt(place * STRIDE + GRH_BYTES);
  }

  bytesAt(address: bigint, length: number): Uint8Array {
    return this.host.space.bytes(address, length);
  }

  /** Entries of the send queue that are free. */
  get room(): number {
    return SENDS - (this.#posted - this.#completed);
  }

  /** A request for one datagram: a header of its own, and a part of the message behind it. */
  request(fields: Parameters<typeof PieceHeader.encode>[0], from = 0, length = 0): SendWr {
    const addr = this.#headers + BigInt((this.#posted++ % SENDS) * PieceHeader.size);
    const bytes = this.bytesAt(addr, PieceHeader.size);
    PieceHeader.encode(fields, bytes);
    const ud = { ah: this.#ah!, remoteQpn: this.#peerQpn, remoteQkey: QKEY };
    const common = { opcode: 'IBV_WR_SEND', sendFlags: IBV_SEND_SIGNALED, ud } as const;
    if (length === 0) return { ...common, inlineData: bytes };
    const head = { addr, length: PieceHeader.size, lkey: this.#headerMr.lkey };
    const text = { addr: this.message + BigInt(from), length, lkey: this.messageKey };
    return { ...common, sgList: [head, text] };
  }

  send(list: readonly SendWr[]): void {
    postSend(this.context, this.qp, list);
  }

  /** Sends that are through give their entries back. */
  reap(): void {
    for (;;) {
      const count = pollCq(this.context, this.#sendCq, SENDS, this.#wc);
      if (count === 0) return;
      this.#completed += count;
    }
  }
}
