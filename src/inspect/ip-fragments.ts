// Fragments of IPv4 (RFC 791 3.2) and IPv6 (RFC 8200 4.5) put together, as a receiver does. The whole datagram is shown
// as the sender had it before it was cut, with the header of the first fragment, so that checksums inside can be
// verified. Where fragments overlap, the bytes that came first win; a receiver of IPv6 drops such a packet (RFC 5722).

import { checksumOfSum, internetSum } from '../../protocols/core/checksum/index.js';
import {
  IPv4,
  IPv6,
  IPv6Fragment,
  ipv4,
  ipv6,
  ipv6Fragment,
  type Layer,
  type Protocol,
} from '../../protocols/index.js';
import { InOrder } from './in-order.js';
import type { Part } from './message.js';

/** Datagrams under way; the oldest is forgotten first. */
export const MAX_DATAGRAMS = 1024;
/** Bytes kept for all of them. */
export const MAX_FRAGMENT_BYTES = 16 << 20;

/** Places are counted in units of 8 bytes in both versions. */
const UNIT = 8;
/** The longest that a length field of 16 bits can tell. */
const MAX_DATAGRAM = 0xffff;

/** One fragment, read from its header. */
interface Fragment {
  readonly key: string;
  /** Bytes in front of what was cut, without a fragment header. */
  readonly head: Uint8Array;
  readonly offset: number;
  readonly more: boolean;
  /** What the fragment carries. */
  readonly from: number;
  readonly to: number;
  readonly protocol: Protocol;
  /** Puts the length of the whole into its head. */
  seal(whole: Uint8Array, headSize: number): void;
}

/** A datagram of which fragments came. */
class Datagram {
  readonly order = new InOrder();
  head: Uint8Array | undefined;
  /** Bytes behind the head, once the last fragment told. */
  size = -1;

  constructor() {
    this.order.next = 0;
  }

  get kept(): number {
    return this.order.kept + (this.head?.length ?? 0);
  }
}

/** A datagram that became whole. */
export interface Reassembled {
  readonly title: string;
  readonly bytes: Uint8Array;
  readonly parts: readonly Part[];
  readonly protocol: Protocol;
}

export class IpFragments {
  readonly #open = new Map<string, Datagram>();
  #keptBytes = 0;

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Takes the fragment in a frame, if there is one; returns the datagram that it completes. */
  add(layers: readonly Layer[], frame: number, notes: string[]): Reassembled | undefined {
    const fragment = fragmentOf(layers);
    if (!fragment) return undefined;
    const size = fragment.to - fragment.from;
    const end = fragment.offset + size;
    if (size <= 0 || end + fragment.head.length > MAX_DATAGRAM) return undefined;
    const datagram = this.#take(fragment.key);
    if (fragment.offset === 0) datagram.head ??= fragment.head;
    if (!fragment.more) datagram.size = end;
    const { bytes } = layers[0]!;
    datagram.order.hold(fragment.offset, bytes.subarray(fragment.from, fragment.to), frame);
    const { head } = datagram;
    const whole = head ? wholeOf(datagram, head, fragment) : undefined;
    if (whole) return whole;
    this.#keep(fragment.key, datagram, notes);
    return undefined;
  }

  #take(key: string): Datagram {
    const known = this.#open.get(key);
    if (!known) return new Datagram();
    this.#open.delete(key);
    this.#keptBytes -= known.kept;
    return known;
  }

  #keep(key: string, datagram: Datagram, notes: string[]): void {
    this.#open.set(key, datagram);
    this.#keptBytes += datagram.kept;
    while (this.#open.size > MAX_DATAGRAMS || this.#keptBytes > MAX_FRAGMENT_BYTES) {
      const bound = this.#open.size > MAX_DATAGRAMS ? 'MAX_DATAGRAMS' : 'MAX_FRAGMENT_BYTES';
      this.#take(this.#open.keys().next().value!);
      notes.push(`fragments of a datagram given up (bound: ${bound})`);
    }
  }
}

/** The datagram with its head in front; undefined while bytes are missing. */
function wholeOf(datagram: Datagram, head: Uint8Array, last: Fragment): Reassembled | undefined {
  const { order, size } = datagram;
  if (size < 0 || order.waiting < size || order.reach() < size) return undefined;
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  const parts: Part[] = [];
  for (let held = order.due(); held && held.seq < size; held = order.due()) {
    const run = held.bytes.subarray(0, size - held.seq);
    bytes.set(run, head.length + held.seq);
    parts.push({ frame: held.frame, size: run.length + (held.seq === 0 ? head.length : 0) });
    order.deliver(held.bytes.length);
  }
  last.seal(bytes, head.length);
  return { title: `${last.protocol.header.name} datagram`, bytes, parts, protocol: last.protocol };
}

/** The fragment that a frame carries, outside of what an ICMP error quotes. */
function fragmentOf(layers: readonly Layer[]): Fragment | undefined {
  for (let i = 0; i < layers.length; i++) {
    const layer = layers[i]!;
    if (layer.protocol === ipv4) return ipv4Fragment(layer);
    if (layer.protocol === ipv6Fragment) return fragmentOfIpv6(layers, i);
    if (layer.key === 'icmp' || layer.key === 'icmpv6') return undefined;
  }
  return undefined;
}

function ipv4Fragment({ bytes, at, bodyEnd }: Layer): Fragment | undefined {
  const { get } = IPv4;
  const offset = get.fragmentOffset(bytes, at) * UNIT;
  const more = get.mf(bytes, at) === 1;
  if (offset === 0 && !more) return undefined;
  const from = at + get.ihl(bytes, at) * 4;
  if (from < at + IPv4.size || from > bodyEnd) return undefined;
  const ends = `${get.src(bytes, at)} ${get.dst(bytes, at)}`;
  return {
    key: `${ends} ${get.protocol(bytes, at)} ${get.identification(bytes, at)}`,
    head: bytes.slice(at, from),
    offset,
    more,
    from,
    to: bodyEnd,
    protocol: ipv4,
    seal(whole, headSize) {
      const { set } = IPv4;
      set.totalLength(whole, 0, whole.length);
      set.mf(whole, 0, 0);
      set.headerChecksum(whole, 0, 0);
      set.headerChecksum(whole, 0, checksumOfSum(internetSum(whole, 0, headSize)));
    },
  };
}

function fragmentOfIpv6(layers: readonly Layer[], index: number): Fragment | undefined {
  const fragment = layers[index]!;
  const outer = layers.find((layer) => layer.protocol === ipv6);
  // Options stand between the headers of the chain.
  const before = layers.findLast((l, i) => i < index && l.protocol.header.span('nextHeader'));
  const { bytes, at, end } = fragment;
  const { get } = IPv6Fragment;
  const more = get.mf(bytes, at) === 1;
  const offset = get.fragmentOffset(bytes, at) * UNIT;
  if (!outer || !before || (offset === 0 && !more)) return undefined;
  const head = bytes.slice(outer.at, at);
  // RFC 8200 4.5: the header in front names what the fragment header named.
  const naming = before.protocol.header.span('nextHeader')!;
  head[before.at - outer.at + naming.at] = get.nextHeader(bytes, at);
  return {
    key: `${ipv6.addresses!(outer).join(' ')} ${get.identification(bytes, at)}`,
    head,
    offset,
    more,
    from: end,
    to: fragment.bodyEnd,
    protocol: ipv6,
    seal: (whole) => IPv6.set.payloadLength(whole, 0, whole.length - IPv6.size),
  };
}
