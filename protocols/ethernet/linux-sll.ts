// Linux cooked captures: what `tcpdump -i any` writes in place of link headers, which differ from interface to
// interface. Version 1 is link type 113, version 2 link type 276 (tcpdump.org, LINKTYPE_LINUX_SLL and _SLL2).

import { formatMac } from '../core/address.js';
import { follower } from '../core/bind.js';
import { bytes, mac, reserved, uint } from '../core/field.js';
import { header } from '../core/header.js';
import type { Layer } from '../core/layer.js';
import { type Derivation, type Protocol, protocol } from '../core/protocol.js';
import type { Walk } from '../core/walk.js';
import { etherTypes } from './ether-type.js';
import { deriveEtherType } from './length-type.js';
import { llc } from './llc.js';

/** What stands for an EtherType where LLC follows (Linux's ETH_P_802_2). */
const LLC_FOLLOWS = 4;

/** Seen from the host that captured (Linux's PACKET_ values). */
const packetTypes = {
  0: 'HOST',
  1: 'BROADCAST',
  2: 'MULTICAST',
  3: 'OTHERHOST',
  4: 'OUTGOING',
} as const;
/** Linux's ARPHRD_ values, of the links that matter here. */
const hardwareTypes = { 1: 'ETHERNET', 32: 'INFINIBAND', 772: 'LOOPBACK', 65534: 'NONE' } as const;
const ETHERNET = 1;
const MAC_SIZE = 6;

const type = uint(16, 'type', 'EtherType of what follows; 4 where LLC does', {
  names: { ...etherTypes, [LLC_FOLLOWS]: 'LLC' },
  format: 'hex',
  alias: 'sll.etype',
});
const hardwareType = uint(16, 'hardwareType', 'kind of the link', {
  names: hardwareTypes,
  usual: ETHERNET,
  alias: 'sll.hatype',
});
const addressSize = { unit: 'bytes', usual: MAC_SIZE, alias: 'sll.halen' } as const;
const packetType = { names: packetTypes, alias: 'sll.pkttype' } as const;
const address = [
  mac('src', "sender's link address; zero where the link has none", { alias: 'sll.src.eth' }),
  bytes(2, 'unused', 'the rest of an address of eight bytes', { alias: 'sll.unused' }),
] as const;

export const LinuxSLL = header(
  'LinuxSLL',
  [
    uint(16, 'packetType', 'to whom it was sent', packetType),
    hardwareType,
    uint(16, 'addressSize', 'of the link address', addressSize),
    ...address,
    type,
  ],
  {
    key: 'sll',
    family: 'linux-sll',
    title: 'Linux cooked capture',
    section: 'LINKTYPE_LINUX_SLL',
  },
);

export const LinuxSLL2 = header(
  'LinuxSLL2',
  [
    type,
    reserved(16),
    uint(32, 'interfaceIndex', 'number of the interface on the capturing host', {
      alias: 'sll.ifindex',
    }),
    hardwareType,
    uint(8, 'packetType', 'to whom it was sent', packetType),
    uint(8, 'addressSize', 'of the link address', addressSize),
    ...address,
  ],
  {
    key: 'sll2',
    family: 'linux-sll',
    title: 'Linux cooked capture, version 2',
    section: 'LINKTYPE_LINUX_SLL2',
  },
);

const follows = (walk: Walk, value: number): Protocol | undefined =>
  value === LLC_FOLLOWS ? llc : walk.next('ethertype', value);

const deriveType: Derivation = {
  kind: 'type',
  value(scene, index) {
    const next = scene.layers[follower(scene, index)]?.protocol;
    return next === llc ? LLC_FOLLOWS : deriveEtherType.value(scene, index);
  },
};

const addresses = (layer: Layer) => [formatMac(layer.get('src') as Uint8Array), ''] as const;

export const sll = protocol(LinuxSLL, {
  read(walk) {
    const at = walk.take(sll);
    return at < 0 ? null : follows(walk, LinuxSLL.get.type(walk.bytes, at));
  },
  derive: { type: deriveType },
  label: 'Linux SLL',
  addresses,
});

export const sll2 = protocol(LinuxSLL2, {
  read(walk) {
    const at = walk.take(sll2);
    return at < 0 ? null : follows(walk, LinuxSLL2.get.type(walk.bytes, at));
  },
  derive: { type: deriveType },
  label: 'Linux SLL2',
  addresses,
});
