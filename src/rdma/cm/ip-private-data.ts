// The addresses in front of a request's private data (IBA A11.3), which REP does not have (trap 26).

import { RDMAIPCM4, RDMAIPCM6 } from '../../../protocols/infiniband/mad/index.js';
import { gidOfIpv4, ipv4OfGid } from './identifier.js';

export interface IpAddresses {
  readonly sourcePort: number;
  /** GIDs; IPv4 addresses in their mapped form. */
  readonly source: Uint8Array;
  readonly target: Uint8Array;
}

/** Bytes that the addresses take. */
export const IP_HEADER_SIZE = RDMAIPCM4.size;

/** The addresses with the user's private data behind them. */
export function withAddresses(a: IpAddresses, privateData: Uint8Array | undefined): Uint8Array {
  const all = new Uint8Array(IP_HEADER_SIZE + (privateData?.length ?? 0));
  const srcPort = a.sourcePort;
  const src = ipv4OfGid(a.source);
  const dst = ipv4OfGid(a.target);
  if (src !== undefined && dst !== undefined) {
    RDMAIPCM4.encode({ ipVersion: 4, srcPort, src, dst }, all);
  } else {
    RDMAIPCM6.encode({ ipVersion: 6, srcPort, src: a.source, dst: a.target }, all);
  }
  if (privateData) all.set(privateData, IP_HEADER_SIZE);
  return all;
}

/** The addresses in front of a request's private data; undefined when there are none. */
export function addressesIn(b: Uint8Array): IpAddresses | undefined {
  if (b.length < IP_HEADER_SIZE || RDMAIPCM4.get.majorVersion(b, 0) !== 0) return undefined;
  const version = RDMAIPCM4.get.ipVersion(b, 0);
  const sourcePort = RDMAIPCM4.get.srcPort(b, 0);
  if (version === 4) {
    const { src, dst } = RDMAIPCM4.decode(b, 0);
    return { sourcePort, source: gidOfIpv4(src), target: gidOfIpv4(dst) };
  }
  if (version !== 6) return undefined;
  const { src, dst } = RDMAIPCM6.decode(b, 0);
  return { sourcePort, source: src, target: dst };
}
