// Queue pair 1 of a host: between the port for MADs and the connection manager, and what rdma_cm asks about addresses.
// MADs whose next hop is still being asked for wait, few and not for ever.

import {
  ConnectionManager,
  type MadAddress,
  type Path,
  pathMtuFor,
  RdmaCm,
  type ResolvedPath,
  usual,
} from '../rdma/cm/index.js';
import { type AhAttr, MAD_BYTES, ManagementPort, openDevice } from '../rdma/index.js';
import { isAdministration } from '../subnet/index.js';
import { type Alarm, after, isDue, ms, type Nanos, NEVER } from '../time/index.js';
import type { Adapter } from './adapter.js';
import { sameBytes } from './bytes.js';
import { Memberships } from './memberships.js';
import { PathResolver } from './path-resolver.js';

/** Which port of an InfiniBand subnet has an IP address: what IPoIB's ARP and a path query find out. */
export type Directory = (ip: Uint8Array) =>
  | {
      readonly gid: Uint8Array;
      readonly lid: number;
      /** The port is one of several functions that share its LID. */
      readonly grhRequired?: boolean;
    }
  | undefined;

/** MADs whose neighbour is being asked for; more are lost, and their senders repeat them. */
const MOST_HELD = 64;
const HELD_FOR = ms(3000);
const HELD_INTERVAL = ms(1);
/** 4.096 us x 2^16, as Linux's CMA_IBOE_PACKET_LIFETIME since 6.6. */
const PACKET_LIFE_TIME = 16;
const IB_MTU_CODE = 5;

interface HeldMad {
  readonly bytes: Uint8Array;
  readonly to: MadAddress;
  readonly until: Nanos;
}

export interface ServiceOptions {
  readonly directory?: Directory;
}

export class GeneralServices {
  readonly port: ManagementPort;
  readonly manager: ConnectionManager;
  readonly rdmaCm: RdmaCm;
  readonly paths: PathResolver;
  /** Multicast groups of an InfiniBand subnet. */
  readonly memberships: Memberships;
  /** MADs that were lost for want of a way or of room. */
  lost = 0;
  readonly #adapter: Adapter;
  readonly #directory: Directory;
  #held: HeldMad[] = [];
  #heldAt: Nanos = NEVER;
  readonly #mad = new Uint8Array(MAD_BYTES);

  constructor(adapter: Adapter, guid: bigint, options: ServiceOptions) {
    const { device, machine } = adapter;
    this.#adapter = adapter;
    this.#directory = options.directory ?? (() => undefined);
    this.port = new ManagementPort(
      openDevice(device, machine.space, machine.ledger.actor('kernel')),
    );
    const random = machine.random.fork('cm');
    this.manager = new ConnectionManager({ guid, random });
    this.rdmaCm = new RdmaCm(this.manager, this, random);
    this.paths = new PathResolver(device.address, this.port);
    this.memberships = new Memberships(device.address, this.port);
  }

  // AddressLookup

  path(now: Nanos, target: Uint8Array, source?: Uint8Array): ResolvedPath | 'pending' | undefined {
    const { stack, mtu } = this.#adapter;
    if (!stack) return this.#native(target);
    const way = stack.way(now, target);
    if (way === undefined || way === 'pending') return way;
    const localGid = source ?? stack.sourceFor(target);
    if (!localGid) return undefined;
    return { localGid, remoteGid: target, mtu: pathMtuFor(mtu), lifeTime: PACKET_LIFE_TIME };
  }

  #native(target: Uint8Array): ResolvedPath | undefined {
    const { address } = this.#adapter.device;
    const found = this.#directory(target);
    if (!found) return undefined;
    const localGid = address.gids[0]!.bytes;
    const ends = { localGid, localLid: address.lid, remoteGid: found.gid, remoteLid: found.lid };
    const isGlobal = address.grhRequired === true || found.grhRequired === true;
    const hopLimit = isGlobal ? usual.hopLimit : 1;
    return { ...ends, mtu: IB_MTU_CODE, hopLimit, lifeTime: PACKET_LIFE_TIME };
  }

  route(now: Nanos, path: Path): Path | 'pending' | undefined {
    // Who shares a LID has no way back from subnet administration, and takes the way that the directory says.
    const { native, grhRequired } = this.#adapter.device.address;
    return native && grhRequired !== true ? this.paths.route(now, path) : path;
  }

  /** An address vector for what connection management calls an address. */
  vectorOf(to: MadAddress): AhAttr {
    const { native, gids } = this.#adapter.device.address;
    const local = native ? { dlid: to.lid, sl: to.sl ?? 0 } : {};
    if (native && (to.hopLimit ?? 1) <= 1) return local; // IBA 12.7.20: subnet local
    const { localGid } = to;
    const index = localGid ? gids.findIndex(({ bytes }) => sameBytes(bytes, localGid)) : 0;
    return {
      ...local,
      grh: {
        dgid: to.gid!,
        sgidIndex: Math.max(0, index),
        flowLabel: to.flowLabel ?? 0,
        trafficClass: to.trafficClass ?? 0,
        hopLimit: to.hopLimit ?? usual.hopLimit,
      },
    };
  }

  // hot
  soonest(alarm: Alarm, now: Nanos): void {
    if (this.manager.waiting > 0) alarm.lower(now);
    this.rdmaCm.soonest(alarm);
    this.paths.soonest(alarm);
    this.memberships.soonest(alarm);
    alarm.lower(this.#heldAt);
  }

  expire(now: Nanos): void {
    if (isDue(this.paths, now)) this.paths.expire(now);
    if (isDue(this.memberships, now)) this.memberships.expire(now);
    if (isDue(this.rdmaCm, now)) this.rdmaCm.expire(now);
    if (this.#heldAt <= now) this.#retry(now);
    this.rdmaCm.settle(now);
  }

  /** MADs that arrived go to the manager, what it has to say goes out, and programs hear of events. */
  // hot
  settle(now: Nanos): void {
    if (this.port.waiting) this.#receive(now);
    if (this.manager.waiting > 0) this.#send(now);
  }

  #receive(now: Nanos): void {
    for (let mad = this.port.receive(); mad; mad = this.port.receive()) {
      const { from, localGid } = mad;
      if (isAdministration(mad.bytes)) {
        if (this.paths.receive(now, mad.bytes)) this.rdmaCm.look(now);
        else this.memberships.receive(now, mad.bytes);
        continue;
      }
      const gid = from.grh && (from.grh.dgid as Uint8Array);
      this.manager.receive(now, mad.bytes, 0, mad.bytes.length, {
        lid: from.dlid ?? 0,
        sl: from.sl ?? 0,
        ...(gid && { gid, hopLimit: usual.hopLimit }),
        ...(localGid && { localGid }),
      });
    }
    this.rdmaCm.settle(now);
  }

  #send(now: Nanos): void {
    for (let to = this.manager.transmit(this.#mad); to; to = this.manager.transmit(this.#mad)) {
      this.#pass(now, { bytes: this.#mad, to, until: after(now, HELD_FOR) });
    }
    this.rdmaCm.settle(now);
  }

  /** Sends a MAD if the next hop is known, and holds it if it is being asked for. */
  #pass(now: Nanos, mad: HeldMad): void {
    const { stack } = this.#adapter;
    const { to } = mad;
    const way = stack && to.gid ? stack.way(now, to.gid) : undefined;
    if (way === 'pending') {
      if (this.#held.length >= MOST_HELD || mad.until <= now) this.lost++;
      else this.#held.push({ ...mad, bytes: mad.bytes.slice() });
      this.#heldAt = after(now, HELD_INTERVAL);
      return;
    }
    const reachable = way !== undefined || !stack;
    if (!reachable || !this.port.send(this.vectorOf(to), mad.bytes)) this.lost++;
  }

  #retry(now: Nanos): void {
    const held = this.#held;
    this.#held = [];
    this.#heldAt = NEVER;
    for (const mad of held) this.#pass(now, mad);
  }
}
