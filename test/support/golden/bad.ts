// Deliberately bad frames: good golden frames with one thing changed. Every checksum, length and count of every
// header is spoiled once by rule; the others are written down.

import { protocols } from '../../../protocols/index.js';
import type { GoldenFrame } from '../../../src/testing/index.js';
import { add, type Change, cut, drop, resealed, set, spoil } from './change.js';
import type { Changed } from './recipe.js';

const bad = (name: string, title: string, of: string, what: string, change: Change): Changed => ({
  name: `bad-${name}`,
  title,
  of,
  what,
  change,
});
const wrongSum = (name: string, title: string, of: string, field: string): Changed =>
  bad(
    name,
    `${title}: wrong ${field}`,
    of,
    `lowest bit of ${field} inverted`,
    resealed(spoil(field), field),
  );
const wrongField = (name: string, title: string, of: string, ...settings: string[]): Changed =>
  bad(name, title, of, `${settings.join(', ')}; checksums fit`, resealed(set(...settings)));
const truncated = (name: string, title: string, of: string, bytes: number): Changed =>
  bad(name, title, of, `cut off behind ${bytes} bytes`, cut(bytes));

const WRITE = 'roce-v2-rc-write-only';

const written: readonly Changed[] = [
  wrongSum('icrc-roce-v2', 'RoCE v2', WRITE, 'icrc.icrc'),
  wrongSum('icrc-roce-v2-ipv6', 'RoCE v2 over IPv6', 'roce-v2-ipv6-rc-write-only', 'icrc.icrc'),
  wrongSum('icrc-roce-v1', 'RoCE v1', 'roce-v1-rc-write-only', 'icrc.icrc'),
  wrongSum('icrc-ib', 'InfiniBand', 'ib-rc-write-only', 'icrc.icrc'),
  wrongSum('icrc-ib-global', 'InfiniBand, global route', 'ib-global-ud-send-only', 'icrc.icrc'),
  bad(
    'icrc-payload-changed',
    'RoCE v2: a byte of the payload was changed on the way',
    WRITE,
    'lowest bit of the last byte of payload.data inverted',
    spoil('payload.data'),
  ),
  bad(
    'icrc-source-port',
    'RoCE v2: a router that rewrote the UDP source port, which ICRC covers',
    WRITE,
    'udp.srcPort=50000',
    set('udp.srcPort=50000'),
  ),
  bad(
    'icrc-big-endian',
    'RoCE v2: ICRC written in the wrong byte order',
    WRITE,
    'the four bytes of ICRC reversed',
    (frame) => {
      frame.bytes.subarray(-4).reverse();
      return frame.bytes;
    },
  ),
  bad('icrc-missing', 'RoCE v2: no ICRC', WRITE, 'last four bytes dropped', drop(4)),
  wrongSum('nvme-tcp-header-digest', 'NVMe/TCP', 'nvme-tcp-r2t-digest', 'nvme-tcp-hdgst.digest'),
  wrongSum('nvme-tcp-data-digest', 'NVMe/TCP', 'nvme-tcp-h2c-data', 'nvme-tcp-ddgst.digest'),
  wrongSum('mpa-crc', 'iWARP', 'iwarp-write', 'mpa-crc.crc'),

  truncated('truncated-eth', 'Ethernet: the header is cut', WRITE, 10),
  truncated('truncated-ipv4', 'IPv4: the header is cut', WRITE, 24),
  truncated('truncated-udp', 'UDP: the header is cut', WRITE, 38),
  truncated('truncated-bth', 'RoCE v2: BTH is cut', WRITE, 50),
  truncated('truncated-reth', 'RoCE v2: RETH is cut', WRITE, 62),
  truncated('truncated-payload', 'RoCE v2: the payload is cut', WRITE, 75),
  truncated('truncated-tcp', 'TCP: the header is cut', 'tcp-syn', 44),
  truncated('truncated-tcp-options', 'TCP: the options are cut', 'tcp-syn', 60),
  truncated('truncated-lrh', 'InfiniBand: LRH is cut', 'ib-rc-write-only', 6),
  truncated('truncated-grh', 'RoCE v1: GRH is cut', 'roce-v1-rc-acknowledge', 40),
  truncated('truncated-arp', 'ARP: the addresses are cut', 'arp-request', 30),
  truncated('truncated-sqe', 'NVMe/TCP: the command is cut', 'nvme-tcp-identify', 100),
  truncated('truncated-mpa', 'iWARP: an FPDU is cut', 'iwarp-write', 70),

  wrongField('version-ipv4', 'IPv4: version 5', WRITE, 'ipv4.version=5'),
  wrongField('version-ipv6', 'IPv6: version 4', 'udp-ipv6', 'ipv6.version=4'),
  wrongField('version-bth', 'RoCE v2: transport header version 1', WRITE, 'bth.tver=1'),
  wrongField('version-grh', 'RoCE v1: GRH version 4', 'roce-v1-rc-acknowledge', 'grh.ipVer=4'),
  wrongField('version-lrh', 'InfiniBand: link version 1', 'ib-rc-write-only', 'lrh.lver=1'),
  wrongField('version-ddp', 'iWARP: DDP version 0', 'iwarp-write', 'ddp-tagged.dv=0'),
  wrongField('version-rdmap', 'iWARP: RDMAP version 2', 'iwarp-write', 'ddp-tagged.rv=2'),
  wrongField('version-mpa', 'iWARP: MPA revision 3', 'iwarp-mpa-request', 'mpa-req.rev=3'),

  wrongField('opcode-reserved', 'RoCE v2: a reserved opcode (1Fh)', WRITE, 'bth.opcode=0x1f'),
  wrongField(
    'opcode-reserved-service',
    'RoCE v2: an opcode of a service that does not exist (C0h)',
    WRITE,
    'bth.opcode=0xc0',
  ),
  wrongField(
    'opcode-chain-acknowledge',
    'RoCE v2: a WRITE that calls itself an ACKNOWLEDGE',
    WRITE,
    'bth.opcode=RC_ACKNOWLEDGE',
  ),
  wrongField(
    'opcode-chain-atomic',
    'RoCE v2: an ACKNOWLEDGE that calls itself COMPARE SWAP',
    'roce-v2-rc-acknowledge',
    'bth.opcode=RC_COMPARE_SWAP',
  ),
  wrongField(
    'opcode-chain-read-request',
    'RoCE v2: a READ REQUEST with a payload',
    WRITE,
    'bth.opcode=RC_RDMA_READ_REQUEST',
  ),
  wrongField('cnp-without-becn', 'RoCE v2: CNP without BECN', 'roce-v2-cnp', 'bth.becn=0'),
  wrongField(
    'cnp-not-zero',
    'RoCE v2: CNP whose reserved bytes are not zero',
    'roce-v2-cnp',
    'cnp.reserved=00000000000000000000000000000001',
  ),
  wrongField(
    'pad-not-zero',
    'RoCE v2: pad bytes that are not zero',
    'roce-v2-rc-send-only-pad',
    'ibpad.zeros=0001',
  ),
  wrongField(
    'pad-count',
    'RoCE v2: a pad count without a pad',
    'roce-v2-rc-send-only',
    'bth.padCount=3',
  ),
  wrongField(
    'dma-length',
    'RoCE v2: RETH names more bytes than the packet of a WRITE ONLY has',
    WRITE,
    'reth.dmaLen=4096',
  ),
  wrongField('bth-reserved', 'RoCE v2: reserved bits of BTH are not zero', WRITE, 'bth.reserved=1'),

  wrongField(
    'eth-type',
    'Ethernet: a type that is neither a length nor a type',
    WRITE,
    'eth.type=1501',
  ),
  wrongField(
    'eth-source-multicast',
    'Ethernet: a group address as source',
    WRITE,
    'eth.src=01:00:5e:00:00:01',
  ),
  wrongField(
    'llc-length',
    'Ethernet: an 802.3 length beyond the frame',
    'llc-snap',
    'eth.type=1400',
  ),
  wrongField('ipv4-header-length', 'IPv4: a header of less than 20 bytes', WRITE, 'ipv4.ihl=4'),
  wrongField(
    'ipv4-total-length-long',
    'IPv4: a total length beyond the frame',
    WRITE,
    'ipv4.totalLength=1500',
  ),
  wrongField(
    'ipv4-total-length-short',
    'IPv4: a total length that cuts UDP',
    WRITE,
    'ipv4.totalLength=24',
  ),
  wrongField('udp-length-long', 'UDP: a length beyond that of IPv4', 'udp', 'udp.length=1400'),
  wrongField('udp-length-short', 'UDP: a length of less than the header', 'udp', 'udp.length=7'),
  wrongField(
    'tcp-data-offset-short',
    'TCP: a header of less than 20 bytes',
    'tcp-syn',
    'tcp.dataOffset=4',
  ),
  wrongField(
    'tcp-data-offset-long',
    'TCP: a header beyond the segment',
    'tcp-syn',
    'tcp.dataOffset=15',
  ),
  wrongField('tcp-option-length-zero', 'TCP: an option of length 0', 'tcp-syn', 'tcp-mss.length=0'),
  wrongField(
    'tcp-option-length-long',
    'TCP: an option beyond the header',
    'tcp-ack-timestamps',
    'tcp-ts.length=30',
  ),
  wrongField(
    'ipv4-option-length-zero',
    'IPv4: an option of length 0',
    'ipv4-option-ra',
    'ipv4-ra.length=0',
  ),
  wrongField(
    'ipv6-option-length-long',
    'IPv6: an option beyond its header',
    'ipv6-option-ra',
    'ipv6-ra.optDataLen=60',
  ),
  wrongField(
    'mpa-length-long',
    'iWARP: an FPDU beyond the segment',
    'iwarp-write',
    'mpa.length=1000',
  ),
  wrongField(
    'nvme-tcp-type',
    'NVMe/TCP: a PDU type that does not exist',
    'nvme-tcp-icreq',
    'nvme-tcp.type=0x20',
  ),
  wrongField(
    'nvme-tcp-hlen',
    'NVMe/TCP: a header length that the type cannot have',
    'nvme-tcp-icreq',
    'nvme-tcp.hlen=24',
  ),
  wrongField(
    'nvme-tcp-plen-long',
    'NVMe/TCP: a PDU beyond the segment',
    'nvme-tcp-icreq',
    'nvme-tcp.plen=4096',
  ),
  wrongField(
    'nvme-tcp-pdo',
    'NVMe/TCP: data that begins inside the header',
    'nvme-tcp-h2c-data',
    'nvme-tcp.pdo=8',
  ),
  wrongField(
    'nbd-magic',
    'NBD: a request without its magic number',
    'nbd-request',
    'nbd-request.magic=0',
  ),
  wrongField(
    'nbd-option-length',
    'NBD: an option beyond the segment',
    'nbd-opt',
    'nbd-opt.length=4096',
  ),
];

/** Lower case with dashes: headerChecksum becomes header-checksum. */
const dashed = (name: string) => name.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/**
 * Each field that follows from the frame spoiled once, in the smallest good frame that has it. Where a
 * header's length is still possible, the frame says nothing that is wrong and is left out.
 */
function byRule(made: ReadonlyMap<string, GoldenFrame>): Changed[] {
  const good = [...made.values()].filter((frame) => frame.verdict === 'good');
  // The shortest that has the field, on a link of its own rather than in a cooked capture.
  const cooked = ({ linkType }: GoldenFrame) => Number([0, 108, 113, 276].includes(linkType));
  good.sort((a, b) => cooked(a) - cooked(b) || a.bytes.length - b.bytes.length);
  return protocols.flatMap(({ key, header, derive }) =>
    Object.entries(derive).flatMap(([field, { kind }]) => {
      if (kind === 'type') return [];
      const base = good.find((frame) => frame.layers.some((layer) => layer.layer === key));
      const where = `${key}.${field}`;
      if (!base) return [];
      const name = `${kind}-${key}-${dashed(field)}`;
      if (kind === 'checksum') return [wrongSum(name, header.title, base.name, where)];
      return [
        {
          ...bad(
            name,
            `${header.title}: ${where} is one too large`,
            base.name,
            `one added to ${where}; checksums fit`,
            resealed(add(where, 1)),
          ),
          byRule: true,
        },
      ];
    }),
  );
}

/** The bad frames; `made` has the good ones. */
export const badFrames = (made: ReadonlyMap<string, GoldenFrame>): Changed[] => [
  ...written,
  ...byRule(made),
];
