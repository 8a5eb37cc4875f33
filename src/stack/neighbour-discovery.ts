// Neighbour discovery (RFC 4861) of a host: solicitations answered, those of duplicate address detection included
// (RFC 4862 5.4), advertisements believed as far as their flags allow, neighbours asked for. Routers are not looked for.

import {
  ICMPv6,
  NDNeighbourAdvertisement,
  NDNeighbourSolicitation,
  NDSourceLinkLayerAddress,
  NDTargetLinkLayerAddress,
} from '../../protocols/index.js';
import type { Nanos } from '../time/index.js';
import { ALL_NODES, isMulticast, sameBytes, solicitedNodeOf, UNSPECIFIED } from './address.js';
import type { Datagram } from './datagram.js';
import type { StackDrop } from './drop.js';
import type { IcmpSender } from './icmp.js';
import type { NeighbourTable } from './neighbour-table.js';

export const ND = { solicitation: 135, advertisement: 136 } as const;
/** Only the link itself can send with all hops left (RFC 4861 7.1). */
const HOP_LIMIT = 255;
const OPTION = { source: 1, target: 2 } as const;
const OPTION_UNIT = 8;
const MAC_SIZE = 6;
/** Solicitation and advertisement are equally long: head, 32 bits, the target. */
const MESSAGE_BYTES = ICMPv6.size + NDNeighbourSolicitation.size;

export class NeighbourDiscovery {
  readonly #message = new Uint8Array(MESSAGE_BYTES + NDTargetLinkLayerAddress.size);

  constructor(
    readonly mac: Uint8Array,
    readonly isOurs: (ip: Uint8Array) => boolean,
    readonly neighbours: NeighbourTable,
    readonly sender: IcmpSender,
    readonly drop: (why: StackDrop) => void,
  ) {}

  /** A message whose checksum is good. */
  receive(now: Nanos, datagram: Datagram): void {
    const { bytes: b, at, end, source } = datagram;
    if (datagram.hopLimit !== HOP_LIMIT || ICMPv6.get.code(b, at) !== 0) {
      return this.drop('neighbour rule');
    }
    if (end - at < MESSAGE_BYTES) return this.drop('too short');
    const targetAt = at + ICMPv6.size + NDNeighbourSolicitation.at.target;
    const target = b.slice(targetAt, targetAt + UNSPECIFIED.length);
    if (isMulticast(target)) return this.drop('neighbour rule');
    const solicitation = ICMPv6.get.type(b, at) === ND.solicitation;
    const wanted = solicitation ? OPTION.source : OPTION.target;
    const optionAt = findOption(b, at + MESSAGE_BYTES, end, wanted);
    if (optionAt === undefined) return this.drop('neighbour rule');
    const macAt = optionAt + NDSourceLinkLayerAddress.at.address;
    const mac = optionAt < 0 ? undefined : b.slice(macAt, macAt + MAC_SIZE);
    if (mac && mac[0]! % 2 === 1) return this.drop('bad source');
    if (!solicitation) return this.#advertised(now, datagram, target, mac);
    if (!this.isOurs(target)) return this.drop('not my address');
    this.#solicited(now, source, datagram.target, target, mac);
  }

  #solicited(
    now: Nanos,
    source: Uint8Array,
    to: Uint8Array,
    target: Uint8Array,
    mac: Uint8Array | undefined,
  ): void {
    // Somebody wants to use our address and asks first: all of the link hears that it is taken.
    if (sameBytes(UNSPECIFIED, source)) {
      if (mac || !sameBytes(to, solicitedNodeOf(target))) return this.drop('neighbour rule');
      this.drop('address conflict');
      return this.#advertise(now, target, ALL_NODES, false);
    }
    if (this.isOurs(source)) return this.drop('address conflict');
    if (mac) this.neighbours.tell(now, source, mac, 'unasked', true);
    this.#advertise(now, target, source, true);
  }

  /** RFC 4861 7.2.5. */
  #advertised(
    now: Nanos,
    datagram: Datagram,
    target: Uint8Array,
    mac: Uint8Array | undefined,
  ): void {
    const flagsAt = datagram.at + ICMPv6.size;
    const solicited = NDNeighbourAdvertisement.get.s(datagram.bytes, flagsAt) === 1;
    const override = NDNeighbourAdvertisement.get.o(datagram.bytes, flagsAt) === 1;
    if (solicited && isMulticast(datagram.target)) return this.drop('neighbour rule');
    if (this.isOurs(target)) return this.drop('address conflict');
    const known = this.neighbours.get(target);
    if (!known) return this.drop('ignored message');
    if (!mac) {
      // Its address goes without saying only where it is known.
      if (solicited && known.mac) this.neighbours.confirm(now, target);
      return;
    }
    if (solicited) {
      const how = override ? 'answer' : 'answer without override';
      this.neighbours.tell(now, target, mac, how, false);
    } else if (override || !known.mac) {
      this.neighbours.tell(now, target, mac, 'unasked', false);
    }
  }

  /** Asks for `ip`: its group, or, to confirm what is known of it, itself. */
  ask(now: Nanos, source: Uint8Array, ip: Uint8Array, known: boolean): void {
    const b = this.#begin(ND.solicitation);
    b.set(ip, ICMPv6.size + NDNeighbourSolicitation.at.target);
    this.#option(OPTION.source);
    this.#send(now, source, known ? ip : solicitedNodeOf(ip));
  }

  /** Says of ourselves, unasked, where we are (RFC 4861 7.2.6). */
  announce(now: Nanos, ip: Uint8Array): void {
    this.#advertise(now, ip, ALL_NODES, false);
  }

  #advertise(now: Nanos, target: Uint8Array, to: Uint8Array, solicited: boolean): void {
    const b = this.#begin(ND.advertisement);
    NDNeighbourAdvertisement.set.s(b, ICMPv6.size, solicited ? 1 : 0);
    NDNeighbourAdvertisement.set.o(b, ICMPv6.size, 1);
    b.set(target, ICMPv6.size + NDNeighbourAdvertisement.at.target);
    this.#option(OPTION.target);
    this.#send(now, target, to);
  }

  #begin(type: number): Uint8Array {
    const b = this.#message.fill(0);
    ICMPv6.set.type(b, 0, type);
    return b;
  }

  #option(type: number): void {
    const b = this.#message;
    NDSourceLinkLayerAddress.set.type(b, MESSAGE_BYTES, type);
    NDSourceLinkLayerAddress.set.length(b, MESSAGE_BYTES, 1);
    b.set(this.mac, MESSAGE_BYTES + NDSourceLinkLayerAddress.at.address);
  }

  #send(now: Nanos, source: Uint8Array, target: Uint8Array): void {
    const b = this.#message;
    this.sender.send(now, { source, target, hopLimit: HOP_LIMIT }, b, b.length);
  }
}

/** Where the first option of that type begins; -1 when there is none, undefined when the list is wrong. */
function findOption(b: Uint8Array, from: number, end: number, type: number): number | undefined {
  let found = -1;
  for (let at = from; at < end; ) {
    if (end - at < 2) return undefined;
    const size = NDSourceLinkLayerAddress.get.length(b, at) * OPTION_UNIT;
    if (size === 0 || at + size > end) return undefined;
    if (found < 0 && NDSourceLinkLayerAddress.get.type(b, at) === type) found = at;
    at += size;
  }
  return found;
}
