// ARP (RFC 826) of a host: answers, asks, announces, and tells the neighbour table. Who uses our address is counted
// (RFC 5227 2.4) and neither believed nor answered.

import { ARP, Ethernet } from '../../protocols/index.js';
import type { FramePool } from '../frame/index.js';
import type { Nanos } from '../time/index.js';
import { BROADCAST_MAC, isMulticast, MAPPED_AT, mapped, sameBytes } from './address.js';
import type { StackDrop } from './drop.js';
import type { IpOutput } from './ip-output.js';
import type { NeighbourTable } from './neighbour-table.js';

export const ETHERTYPE_ARP = 0x0806;
const IPV4 = 0x0800;
const ETHERNET = 1;
const MAC_SIZE = 6;
const IPV4_SIZE = 4;
const REQUEST = 1;
const REPLY = 2;
const NOBODY = new Uint8Array(MAC_SIZE);

export class Arp {
  readonly #sender = new Uint8Array(16);
  readonly #target = new Uint8Array(16);

  constructor(
    readonly pool: FramePool,
    readonly mac: Uint8Array,
    readonly isOurs: (ip: Uint8Array) => boolean,
    readonly neighbours: NeighbourTable,
    readonly output: IpOutput,
    readonly drop: (why: StackDrop) => void,
  ) {}

  receive(now: Nanos, b: Uint8Array, at: number, end: number): void {
    if (end - at < ARP.size) return this.drop('too short');
    const { get } = ARP;
    const known =
      get.hardwareType(b, at) === ETHERNET &&
      get.protocolType(b, at) === IPV4 &&
      get.hardwareSize(b, at) === MAC_SIZE &&
      get.protocolSize(b, at) === IPV4_SIZE;
    const opcode = get.opcode(b, at);
    if (!known || (opcode !== REQUEST && opcode !== REPLY)) return this.drop('ignored message');
    const mac = b.slice(at + ARP.at.senderMac, at + ARP.at.senderMac + MAC_SIZE);
    const sender = mapped(b, at + ARP.at.senderIp, this.#sender);
    const target = mapped(b, at + ARP.at.targetIp, this.#target);
    if (mac[0]! % 2 === 1 || sameBytes(NOBODY, mac)) return this.drop('bad source');
    const forUs = this.isOurs(target);
    // A probe (RFC 5227 2.1.1) asks who has an address without having one.
    const probe = get.senderIp(b, at) === 0;
    if (!probe && !this.#learn(now, sender, mac, opcode, forUs)) return;
    if (opcode === REQUEST && forUs) this.#send(REPLY, target, mac, sender, mac);
    else if (!forUs && !sameBytes(sender, target)) this.drop('not my address');
  }

  /** RFC 826's merge: who is known is brought up to date; who asks for us becomes known. */
  #learn(now: Nanos, sender: Uint8Array, mac: Uint8Array, opcode: number, forUs: boolean): boolean {
    if (this.isOurs(sender)) {
      if (!sameBytes(mac, this.mac)) this.drop('address conflict');
      return false;
    }
    if (isMulticast(sender) || this.output.nextHop(sender) !== sender) {
      this.drop('bad source');
      return false;
    }
    const answer = opcode === REPLY && forUs;
    this.neighbours.tell(now, sender, mac, answer ? 'answer' : 'unasked', forUs && !answer);
    return true;
  }

  /** Asks for `ip`: all of the link, or one that is to confirm what is known of it. */
  ask(source: Uint8Array, ip: Uint8Array, mac: Uint8Array | undefined): void {
    this.#send(REQUEST, source, NOBODY, ip, mac ?? BROADCAST_MAC);
  }

  /** Says of ourselves, unasked, where we are (RFC 5227 3: a request for one's own address). */
  announce(ip: Uint8Array): void {
    this.#send(REQUEST, ip, NOBODY, ip, BROADCAST_MAC);
  }

  #send(
    opcode: number,
    sender: Uint8Array,
    targetMac: Uint8Array,
    target: Uint8Array,
    to: Uint8Array,
  ): void {
    const slot = this.pool.take();
    if (slot < 0) return this.drop('no slot');
    const b = this.pool.bytes(slot);
    const start = this.pool.at(slot);
    const at = start + Ethernet.size;
    Ethernet.set.type(b, start, ETHERTYPE_ARP);
    ARP.set.hardwareType(b, at, ETHERNET);
    ARP.set.protocolType(b, at, IPV4);
    ARP.set.hardwareSize(b, at, MAC_SIZE);
    ARP.set.protocolSize(b, at, IPV4_SIZE);
    ARP.set.opcode(b, at, opcode);
    b.set(this.mac, at + ARP.at.senderMac);
    b.set(sender.subarray(MAPPED_AT), at + ARP.at.senderIp);
    b.set(targetMac, at + ARP.at.targetMac);
    b.set(target.subarray(MAPPED_AT), at + ARP.at.targetIp);
    this.pool.setLength(slot, Ethernet.size + ARP.size);
    this.output.queueTo(slot, to);
  }
}
