// Connections of random programs: queue pairs of each service between two hosts, brought to RTS with values drawn from
// the seed, and brought back to life after they broke.

import {
  createQp,
  deallocMw,
  destroyQp,
  type Mtu,
  type Mw,
  modifyQp,
  type QpAttr,
  type QpType,
} from '../../../src/rdma/index.js';
import type { Random } from '../../../src/time/index.js';
import { newInbox, Peer } from './peer.js';
import type { World, WorldHost } from './world.js';

export type Service = 'RC' | 'XRC' | 'UC' | 'UD';

const types: Readonly<Record<Service, readonly [QpType, QpType]>> = {
  RC: ['IBV_QPT_RC', 'IBV_QPT_RC'],
  XRC: ['IBV_QPT_XRC_SEND', 'IBV_QPT_XRC_RECV'],
  UC: ['IBV_QPT_UC', 'IBV_QPT_UC'],
  UD: ['IBV_QPT_UD', 'IBV_QPT_UD'],
};
const mtus: readonly Mtu[] = [
  'IBV_MTU_256',
  'IBV_MTU_512',
  'IBV_MTU_1024',
  'IBV_MTU_2048',
  'IBV_MTU_4096',
];
const cap = { maxSendWr: 16, maxRecvWr: 64, maxSendSge: 4, maxRecvSge: 4, maxInlineData: 64 };
const FOREVER = 7;
export const QKEY = 0x1234;

/** A window or region that the far side lends to this one, until it is invalidated. */
export interface Grant {
  state: 'none' | 'asked' | 'live' | 'spent';
  rkey: number;
  mw: Mw | null;
}

export class Connection {
  readonly peers: readonly [Peer, Peer];
  /** What the second lends to the first, and the first to the second. */
  readonly grants: [Grant, Grant] = [
    { state: 'none', rkey: 0, mw: null },
    { state: 'none', rkey: 0, mw: null },
  ];
  /** Times that it broke and was made anew. */
  lives = 0;

  constructor(
    readonly world: World,
    readonly service: Service,
    hosts: readonly [WorldHost, WorldHost],
    readonly random: Random,
  ) {
    const end = (i: 0 | 1): Peer => {
      const receivesXrc = service === 'XRC' && i === 1;
      const host = hosts[i];
      const shared = service === 'RC' && random.chance(0.3);
      const peer = new Peer(host, random, newInbox(host, random, shared));
      if (receivesXrc) peer.inbox = newInbox(host, random, true, peer.recvCq);
      return peer;
    };
    this.peers = [end(0), end(1)];
    this.#create();
    this.#ready();
  }

  get reliable(): boolean {
    return this.service === 'RC' || this.service === 'XRC';
  }

  #create(): void {
    this.peers.forEach((peer, i) => {
      const { host, sendCq, recvCq, inbox } = peer;
      const shared = inbox.srq && this.service !== 'XRC' ? { srq: inbox.srq } : {};
      const qpType = types[this.service][i]!;
      peer.qp = createQp(host.pd, { qpType, sendCq, recvCq, cap, ...shared });
    });
  }

  #ready(): void {
    const { random, peers } = this;
    const psns = [random.below(2 ** 24), random.below(2 ** 24)] as const;
    const global = random.chance(0.5);
    const pathMtu = mtus[random.below(mtus.length)]!;
    peers.forEach((peer, i) => {
      const other = peers[1 - i]!;
      const step = (attr: QpAttr) => modifyQp(peer.host.context, peer.qp, attr);
      const initial = { qpState: 'INIT', pkeyIndex: 0, portNum: 1 } as const;
      if (this.service === 'UD') {
        step({ ...initial, qkey: QKEY });
        step({ qpState: 'RTR' });
        step({ qpState: 'RTS', sqPsn: psns[i]! });
        return;
      }
      const { type } = peer.qp;
      const answers = type === 'IBV_QPT_RC' || type === 'IBV_QPT_XRC_RECV';
      const asks = type === 'IBV_QPT_RC' || type === 'IBV_QPT_XRC_SEND';
      const timeout = 5 + random.below(2);
      step({ ...initial, qpAccessFlags: 0xf | 0x300 });
      step({
        qpState: 'RTR',
        ahAttr: this.world.path(other.host, random, global),
        pathMtu,
        destQpNum: other.qp.qpn,
        rqPsn: psns[1 - i]!,
        ...(answers ? { maxDestRdAtomic: 4, minRnrTimer: 1 + random.below(4) } : {}),
      });
      step({
        qpState: 'RTS',
        sqPsn: psns[i]!,
        ...(asks ? { retryCnt: FOREVER, rnrRetry: FOREVER, maxRdAtomic: 1 + random.below(4) } : {}),
        ...(asks || answers ? { timeout } : {}),
      });
    });
  }

  /** Is one end in error, so that both must go? */
  get isBroken(): boolean {
    return this.peers.some(({ qp }) => qp.state === 'ERR');
  }

  /** Puts both ends into error; what was posted is flushed. */
  give(): void {
    for (const { qp, host } of this.peers)
      if (qp.state !== 'ERR') modifyQp(host.context, qp, { qpState: 'ERR' });
  }

  /** A new life: other queue pairs, or the same ones through RESET. */
  renew(): void {
    this.lives++;
    const anew = this.random.chance(0.5);
    this.grants.forEach((grant) => {
      if (grant.mw) deallocMw(grant.mw);
      Object.assign(grant, { state: 'none', rkey: 0, mw: null });
    });
    this.peers.forEach((peer, i) => {
      peer.settle(this.peers[1 - i]!);
      if (!peer.inbox.srq) {
        if (peer.inbox.buffers.size > 0) throw new Error('receive requests were not flushed');
        peer.inbox = newInbox(peer.host, this.random, false);
      }
      if (anew) destroyQp(peer.host.pd, peer.qp);
      else modifyQp(peer.host.context, peer.qp, { qpState: 'RESET' });
    });
    if (anew) this.#create();
    this.#ready();
  }
}
