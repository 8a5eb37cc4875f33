// Multicast groups that programs of a host are members of, over InfiniBand (rdma_join_multicast): subnet administration gives
// each its LID. A manager that has taken the subnet over knows of no group, and asks clients to register again (IBA 14.4.11):
// then every membership is asked for anew, and its group may have another LID.

import { Signal } from '../cpu/index.js';
import type { ManagementPort, PortAddress } from '../rdma/index.js';
import { GroupQueries, type SubnetGroup } from '../subnet/index.js';
import type { Nanos } from '../time/index.js';
import { Inquiry } from './inquiry.js';

export interface MembershipOptions {
  /** Of the group, where it is created by this. */
  readonly qKey: number;
  readonly sl?: number;
}

/** A membership as a program has it. */
export class Membership {
  state: 'asking' | 'member' | 'refused' | 'left' = 'asking';
  /** What the group is; its LID may change when the subnet has another manager. */
  group: SubnetGroup | undefined;
  /** Raised when state or group changed. */
  readonly changed = new Signal();

  constructor(
    readonly mgid: Uint8Array,
    readonly options: MembershipOptions,
  ) {}
}

export class Memberships extends Inquiry<GroupQueries> {
  readonly #all = new Set<Membership>();
  #now: Nanos = 0 as Nanos;

  constructor(address: PortAddress, port: ManagementPort) {
    super(address, port, new GroupQueries());
  }

  /** Without a manager the question waits until there is one. */
  join(now: Nanos, mgid: Uint8Array, options: MembershipOptions): Membership {
    const membership = new Membership(mgid.slice(), options);
    this.#all.add(membership);
    this.#ask(membership);
    this.send(now);
    return membership;
  }

  leave(now: Nanos, membership: Membership): void {
    if (!this.#all.delete(membership)) return;
    this.queries.leave(this.#question(membership));
    membership.state = 'left';
    membership.changed.raise(now);
    this.send(now);
  }

  /** The port was told to register again. */
  registerAgain(now: Nanos): void {
    for (const membership of this.#all) if (membership.state !== 'refused') this.#ask(membership);
    this.send(now);
  }

  #question({ mgid, options }: Membership) {
    const { managerLid = 0, managerSl = 0, gids } = this.address;
    const { qKey, sl = 0 } = options;
    return { mgid, portGid: gids[0]!.bytes, qKey, sl, managerLid, managerSl };
  }

  #ask(membership: Membership): void {
    if (!this.address.managerLid) return;
    this.queries.join(this.#question(membership), (group) => {
      if (membership.state === 'left') return;
      membership.state = group ? 'member' : 'refused';
      membership.group = group;
      membership.changed.raise(this.#now);
    });
  }

  override receive(now: Nanos, mad: Uint8Array): boolean {
    this.#now = now;
    return super.receive(now, mad);
  }

  override expire(now: Nanos): void {
    this.#now = now;
    super.expire(now);
  }
}
