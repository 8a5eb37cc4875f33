// The IP addressing of rdma_cm: what a service ID of the RDMA IP CM service stands for, and the header that
// a request then has in front of its private data (IBA annex A11). There are two forms of it, because
// an IPv4 address takes the last four of sixteen bytes.

import { formatIpv4, formatIpv6 } from '../../core/address.js';
import { bytes, ipv4Address, ipv6Address, uint, word } from '../../core/field.js';
import { header } from '../../core/header.js';
import { type Protocol, protocol } from '../../core/protocol.js';
import type { Walk } from '../../core/walk.js';
import { cmPrivate } from './cm-private.js';

/** A service ID of the RDMA IP CM service, read from the eight bytes of that field. */
export const RDMAServiceID = header(
  'RDMAServiceID',
  [
    uint(40, 'prefix', 'always 1', { alias: 'infiniband.cm.req.serviceid.prefix' }),
    uint(8, 'protocol', 'port space: 6 TCP, 17 UDP, 63 InfiniBand', {
      alias: 'infiniband.cm.req.serviceid.protocol',
    }),
    uint(16, 'port', 'destination port', { alias: 'infiniband.cm.req.serviceid.dport' }),
  ],
  { title: 'RDMA IP CM service ID', section: 'IBA A11.2' },
);

/** The first five bytes of such a service ID. */
const RDMA_IP_CM_PREFIX = 1;

const common = [
  word(
    uint(4, 'majorVersion', 'always 0', { alias: 'infiniband.cm.req.ip_cm.majv' }),
    uint(4, 'minorVersion', 'always 0', { alias: 'infiniband.cm.req.ip_cm.minv' }),
  ),
  word(
    uint(4, 'ipVersion', 'of the addresses', { alias: 'infiniband.cm.req.ip_cm.ipv' }),
    uint(4, 'reservedFlags', 'reserved', {
      format: 'hex',
      alias: 'infiniband.cm.req.ip_cm.reserved',
    }),
  ),
  uint(16, 'srcPort', 'source port', { alias: 'infiniband.cm.req.ip_cm.sport' }),
] as const;

const options = { family: 'mad', section: 'IBA A11.3' };

export const RDMAIPCM4 = header(
  'RDMA-IP-CM4',
  [
    ...common,
    bytes(12, 'srcHigh', 'zero in front of an IPv4 address'),
    ipv4Address('src', 'source address', { alias: 'infiniband.cm.req.ip_cm.sip4' }),
    bytes(12, 'dstHigh', 'zero in front of an IPv4 address'),
    ipv4Address('dst', 'destination address', { alias: 'infiniband.cm.req.ip_cm.dip4' }),
  ],
  { ...options, title: 'RDMA IP CM private data, IPv4' },
);

export const RDMAIPCM6 = header(
  'RDMA-IP-CM6',
  [
    ...common,
    ipv6Address('src', 'source address', { alias: 'infiniband.cm.req.ip_cm.sip6' }),
    ipv6Address('dst', 'destination address', { alias: 'infiniband.cm.req.ip_cm.dip6' }),
  ],
  { ...options, title: 'RDMA IP CM private data, IPv6' },
);

/** The port of the service ID at `at`; -1 where it is none of the RDMA IP CM service. */
export function servicePort(b: Uint8Array, at: number): number {
  const { prefix, port } = RDMAServiceID.get;
  return prefix(b, at) === RDMA_IP_CM_PREFIX ? port(b, at) : -1;
}

/** What stands behind a request whose service ID is at `serviceAt`: the IP addresses, if it has them. */
export function behindRequest(walk: Walk, serviceAt: number): Protocol {
  if (servicePort(walk.bytes, serviceAt) < 0 || walk.left < RDMAIPCM4.size) return cmPrivate;
  return walk.next('rdma-ip-cm', RDMAIPCM4.get.ipVersion(walk.bytes, walk.at)) ?? cmPrivate;
}

/** Takes the addresses; behind them is what the service's port stands for. */
function read(walk: Walk, form: Protocol): Protocol | null {
  const request = walk.layers.length > 0 ? walk.last : undefined;
  if (walk.take(form) < 0) return null;
  const field = request?.protocol.header.offset.serviceId;
  const port = field === undefined ? -1 : servicePort(walk.bytes, request!.at + field);
  return walk.next('cm-private', port) ?? cmPrivate;
}

export const rdmaIpCm4 = protocol(RDMAIPCM4, {
  read: (walk): Protocol | null => read(walk, rdmaIpCm4),
  derive: { ipVersion: { kind: 'type', value: () => 4 } },
  info: (layer) => `${formatIpv4(layer.number('src'))} -> ${formatIpv4(layer.number('dst'))}`,
  label: 'RDMA IP CM',
  continues: true,
});

export const rdmaIpCm6 = protocol(RDMAIPCM6, {
  read: (walk): Protocol | null => read(walk, rdmaIpCm6),
  derive: { ipVersion: { kind: 'type', value: () => 6 } },
  info: (layer) =>
    `${formatIpv6(layer.get('src') as Uint8Array)} -> ${formatIpv6(layer.get('dst') as Uint8Array)}`,
  label: 'RDMA IP CM',
  continues: true,
});
