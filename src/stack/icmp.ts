// ICMP (RFC 792, RFC 1122 3.2.2) and ICMPv6 (RFC 4443) of a host: echo answered and asked, "port unreachable" for
// datagrams that nobody wants.

import { checksumOfSum, internetSum, sumIsGood } from '../../protocols/core/checksum/index.js';
import { ICMP, ICMPEcho, ICMPUnreachable, IPv4, IPv6 } from '../../protocols/index.js';
import type { Nanos } from '../time/index.js';
import { isMapped, isMulticast, MAPPED_AT, sameBytes, UNSPECIFIED } from './address.js';
import type { Datagram } from './datagram.js';
import type { StackDrop } from './drop.js';
import { IcmpError, readIcmpError } from './icmp-error.js';
import type { IpOutput, Outgoing } from './ip-output.js';
import { PROTOCOL } from './ip-packet.js';
import { RateLimit } from './rate-limit.js';

interface Numbers {
  readonly request: number;
  readonly reply: number;
  readonly unreachable: number;
  readonly port: number;
  /** Longest packet with an error: RFC 1812 4.3.2.3; the least MTU of IPv6 (RFC 4443 3.1). */
  readonly most: number;
}
const numbers4: Numbers = { request: 8, reply: 0, unreachable: 3, port: 3, most: 576 };
const numbers6: Numbers = { request: 128, reply: 129, unreachable: 1, port: 4, most: 1280 };
const numbersOf = (version6: boolean) => (version6 ? numbers6 : numbers4);

/** Head, identifier and sequence number: ICMP's echo and ICMPv6's lie alike, and so do their errors. */
const ECHO_BYTES = ICMP.size + ICMPEcho.size;
const ERROR_BYTES = ICMP.size + ICMPUnreachable.size;
const MOST_BYTES = 65_535;
/** Errors a second, and at once (RFC 4443 2.4 f). */
const ERRORS_PER_SECOND = 100;
const ERRORS_AT_ONCE = 50;
/** Replies kept for whoever asked; older ones are forgotten. */
const MOST_REPLIES = 256;

export interface EchoReply {
  readonly from: Uint8Array;
  readonly identifier: number;
  readonly sequence: number;
  /** Bytes behind the identifiers. */
  readonly size: number;
  readonly at: Nanos;
}

/** Sum over what both protocols' checksums cover: ICMPv6's includes the addresses (RFC 8200 8.1). */
export function messageSum(
  source: Uint8Array,
  target: Uint8Array,
  protocol: number,
  b: Uint8Array,
  from: number,
  to: number,
): number {
  if (protocol === PROTOCOL.icmp) return internetSum(b, from, to);
  const first = isMapped(target) ? MAPPED_AT : 0;
  const addresses = internetSum(target, first, 16, internetSum(source, first, 16));
  return internetSum(b, from, to, addresses + protocol + to - from);
}

/** Fills in the checksum and sends. */
export class IcmpSender {
  constructor(readonly output: IpOutput) {}

  send(now: Nanos, to: Omit<Outgoing, 'protocol'>, message: Uint8Array, length: number): void {
    const protocol = isMapped(to.target) ? PROTOCOL.icmp : PROTOCOL.icmpv6;
    ICMP.set.checksum(message, 0, 0);
    const sum = messageSum(to.source, to.target, protocol, message, 0, length);
    ICMP.set.checksum(message, 0, checksumOfSum(sum));
    this.output.send(now, { ...to, protocol }, message, length);
  }
}

export class Icmp {
  /** Requests answered. */
  answered = 0;
  readonly #message = new Uint8Array(MOST_BYTES);
  readonly #replies: EchoReply[] = [];
  readonly #errors = new RateLimit(ERRORS_PER_SECOND, ERRORS_AT_ONCE);

  /** Who is told of errors about packets of ours; false when nobody wanted to know. */
  onError: (now: Nanos, error: IcmpError) => boolean = () => false;
  readonly #error = new IcmpError();

  constructor(
    readonly sender: IcmpSender,
    readonly drop: (why: StackDrop) => void,
    /** Our address to speak to `target` with. */
    readonly sourceFor: (target: Uint8Array) => Uint8Array | undefined,
  ) {}

  /** A whole message; true when it belongs to neighbour discovery, for which it is good. */
  receive(now: Nanos, datagram: Datagram, isNeighbour: (type: number) => boolean): boolean {
    const { source, target, protocol, bytes: b, at, end } = datagram;
    if (end - at < ICMP.size) return this.#refuse('too short');
    if (!sumIsGood(messageSum(source, target, protocol, b, at, end))) {
      return this.#refuse('bad checksum');
    }
    const numbers = numbersOf(protocol === PROTOCOL.icmpv6);
    const type = ICMP.get.type(b, at);
    if (protocol === PROTOCOL.icmpv6 && isNeighbour(type)) return true;
    if (type !== numbers.request && type !== numbers.reply) {
      const told =
        readIcmpError(this.#error, protocol, b, at, end) && this.onError(now, this.#error);
      return told ? false : this.#refuse('ignored message');
    }
    if (end - at < ECHO_BYTES) return this.#refuse('too short');
    if (type === numbers.request) this.#answer(now, datagram, numbers.reply);
    else this.#keep(now, datagram);
    return false;
  }

  #refuse(why: StackDrop): false {
    this.drop(why);
    return false;
  }

  #answer(now: Nanos, { source, target, bytes, at, end }: Datagram, type: number): void {
    if (sameBytes(UNSPECIFIED, source) || isMulticast(source)) return this.drop('bad source');
    const own = isMulticast(target) ? this.sourceFor(source) : target;
    if (!own) return this.drop('no route');
    const message = this.#message;
    message.set(bytes.subarray(at, end));
    ICMP.set.type(message, 0, type);
    this.answered++;
    this.sender.send(now, { source: own, target: source.slice() }, message, end - at);
  }

  #keep(now: Nanos, { source, bytes, at, end }: Datagram): void {
    if (this.#replies.length >= MOST_REPLIES) this.#replies.shift();
    this.#replies.push({
      from: source.slice(),
      identifier: ICMPEcho.get.identifier(bytes, at + ICMP.size),
      sequence: ICMPEcho.get.sequence(bytes, at + ICMP.size),
      size: end - at - ECHO_BYTES,
      at: now,
    });
  }

  /** A reply to one of our requests, oldest first. */
  takeReply(): EchoReply | undefined {
    return this.#replies.shift();
  }

  /** Asks `target` for an echo with `size` bytes of data. @throws RangeError when it is too far or too much */
  ask(now: Nanos, target: Uint8Array, identifier: number, sequence: number, size: number): void {
    const source = this.sourceFor(target);
    if (!source) throw new RangeError('no address of ours reaches there');
    if (size > MOST_BYTES - ECHO_BYTES - IPv6.size)
      throw new RangeError(`${size} bytes are too many`);
    const message = this.#message.fill(0, 0, ECHO_BYTES + size);
    ICMP.set.type(message, 0, numbersOf(!isMapped(target)).request);
    ICMPEcho.set.identifier(message, ICMP.size, identifier);
    ICMPEcho.set.sequence(message, ICMP.size, sequence);
    for (let i = 0; i < size; i++) message[ECHO_BYTES + i] = i % 256;
    this.sender.send(now, { source, target }, message, ECHO_BYTES + size);
  }

  /** Nobody has the port that `datagram` is for (RFC 1122 4.1.3.1, RFC 4443 3.1); quotes it as far as allowed. */
  portUnreachable(now: Nanos, datagram: Datagram): void {
    const { source, target, bytes, headerAt, end } = datagram;
    // No errors about what went to a group or came from nobody (RFC 1122 3.2.2, RFC 4443 2.4 e).
    if (headerAt < 0 || isMulticast(target) || isMulticast(source)) return;
    if (sameBytes(UNSPECIFIED, source)) return;
    if (!this.#errors.allows(now)) return this.drop('rate limit');
    const version4 = isMapped(target);
    const numbers = numbersOf(!version4);
    const room = numbers.most - (version4 ? IPv4.size : IPv6.size) - ERROR_BYTES;
    const quoted = Math.min(room, end - headerAt);
    const message = this.#message.fill(0, 0, ERROR_BYTES);
    ICMP.set.type(message, 0, numbers.unreachable);
    ICMP.set.code(message, 0, numbers.port);
    message.set(bytes.subarray(headerAt, headerAt + quoted), ERROR_BYTES);
    const outgoing = { source: target.slice(), target: source.slice() };
    this.sender.send(now, outgoing, message, ERROR_BYTES + quoted);
  }
}
