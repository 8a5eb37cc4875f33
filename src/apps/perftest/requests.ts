// The work requests of a test, made once: perftest posts the same ones again and again.

import { IBV_SEND_SIGNALED, postSend, type SendWr, type WrOpcode } from '../../rdma/index.js';
import type { Endpoint, Flow } from './endpoint.js';

const opcodes = {
  write: 'IBV_WR_RDMA_WRITE',
  read: 'IBV_WR_RDMA_READ',
  send: 'IBV_WR_SEND',
} as const;
const atomicOpcodes = {
  FETCH_AND_ADD: 'IBV_WR_ATOMIC_FETCH_AND_ADD',
  CMP_AND_SWAP: 'IBV_WR_ATOMIC_CMP_AND_SWP',
} as const;
const QKEY = 0x11111111;

/** The requests of one flow, by place in the buffer, unsignalled and signalled. */
export class Requests {
  readonly #silent: readonly SendWr[];
  readonly #signaled: readonly SendWr[];
  readonly #list: SendWr[] = [];
  #place = 0;

  constructor(
    readonly endpoint: Endpoint,
    readonly flow: Flow,
  ) {
    const places = Array.from({ length: endpoint.places }, (_, i) => BigInt(i * endpoint.step));
    this.#silent = places.map((offset) => request(endpoint, flow, offset, 0));
    this.#signaled = places.map((offset) => request(endpoint, flow, offset, IBV_SEND_SIGNALED));
  }

  /** Posts `count` requests with one doorbell; the bits of `signaled` say which of them are to be completed. */
  // hot
  post(count: number, signaled: (i: number) => boolean): void {
    const list = this.#list;
    list.length = count;
    for (let i = 0; i < count; i++) {
      list[i] = (signaled(i) ? this.#signaled : this.#silent)[this.#place]!;
      this.#place = this.#place + 1 === this.#silent.length ? 0 : this.#place + 1;
    }
    postSend(this.endpoint.context, this.flow.qp, list);
  }
}

function request(endpoint: Endpoint, flow: Flow, offset: bigint, sendFlags: number): SendWr {
  const { p, context } = endpoint;
  const { local, mr, index } = flow;
  const peer = flow.peer!;
  const addr = local + (p.verb === 'read' ? BigInt(endpoint.stride) : 0n) + offset;
  const inline =
    p.inlineSize > 0 && p.size <= p.inlineSize && (p.verb === 'write' || p.verb === 'send');
  const opcode: WrOpcode = p.verb === 'atomic' ? atomicOpcodes[p.atomicType] : opcodes[p.verb];
  const remote = { remoteAddr: peer.address + offset, rkey: peer.rkey };
  return {
    wrId: index,
    opcode,
    sendFlags,
    ...(p.size === 0
      ? {}
      : inline
        ? { inlineData: context.space.bytes(addr, p.size) }
        : { sgList: [{ addr, length: p.size, lkey: mr.lkey }] }),
    ...((p.verb === 'write' || p.verb === 'read') && { rdma: remote }),
    ...(p.verb === 'atomic' && { atomic: { ...remote, compareAdd: 1n, swap: 0n } }),
    ...(flow.ah && { ud: { ah: flow.ah, remoteQpn: peer.qpn, remoteQkey: QKEY } }),
  };
}
