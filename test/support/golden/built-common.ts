// What the expressions of built golden frames have in common.

import { bindings } from '../../../protocols/bindings.js';
import { protocolByKey } from '../../../protocols/index.js';
import type { Built } from './recipe.js';

export const ETH = 'eth(dst=52:54:00:00:00:02,src=52:54:00:00:00:01)';
export const IPV4 = 'ipv4(src=10.0.0.1,dst=10.0.0.2,ttl=64,identification=0x1234,df=1)';
export const IPV6 = 'ipv6(src=fd00::1,dst=fd00::2,hopLimit=64,flowLabel=0x12345)';
export const UDP = `${ETH}/${IPV4}/udp(srcPort=49152,dstPort=7)`;
export const ROCE = `${ETH}/${IPV4}/udp(srcPort=49152)`;
export const ROCE6 = `${ETH}/${IPV6}/udp(srcPort=49152)`;
export const TCP = `${ETH}/${IPV4}/tcp(srcPort=49152,dstPort=4420,seq=0x10203040,ack=0x50607080,ackFlag=1,psh=1,window=502)`;
export const LRH = 'lrh(vl=0,sl=3,dlid=0x12,slid=0x11)';
export const GRH = 'grh(sgid=fe80::1,dgid=fe80::2,hopLmt=64,flowLabel=0x12345)';

export const titleOf = (key: string): string => protocolByKey.get(key)!.header.title;
export const row = (
  name: string,
  title: string,
  build: string,
  more: Partial<Built> = {},
): Built => ({
  name,
  title,
  build,
  ...more,
});
/** What stands behind the numbers of a space. */
export const bound = (space: string): string[] => [
  ...new Set([...(bindings[space]?.values() ?? [])].map((p) => p.key)),
];
