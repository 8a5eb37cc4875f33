// Packets whose bytes come from elsewhere, each with its source.

import { parseHex } from '../../../protocols/index.js';

const hex = (text: string): Uint8Array => parseHex(text.replaceAll(/\s/g, ''));

/** Linux 6.12 rdma_rxe, captured on the wire between it and a peer. */
export const rxeAck = hex(`
  020000000002 020000000001 0800 45000030d5a74000401151130a0000010a000002 c58012b7001c0000
  1100ffff000007770085f5af 1f000002 f1f184dd`);

export const rxeSendOnly = hex(`
  020000000002 020000000001 0800 4500003cd5a240004011510c0a0000010a000002 c58012b700280000
  0400ffff000007778000abcd 000055a3dee694c0000005f300000bb9 6e2b98f8`);

/** scapy, test/contrib/roce.uts: CNP captured on a ConnectX-4 Lx. */
export const cnpConnectX4 = hex(`
  e41d2dab2bc27cfe90643b32080045c2003c718c400040119161 0a0011010a001201 000012b700280000
  8100ffff4000011800000000 00000000000000000000000000000000 82fd002a`);

/** scapy, test/contrib/roce.uts: RoCE v1, RC RDMA WRITE ONLY of five bytes. */
export const roceV1Write = hex(`
  7cfe90753cd87cfe90753cd88915 6020000000281b40 0000000000000000 0000ffff0f000002
  0000000000000000 0000ffff0f000002 0a70ffff0000010a80a788bc 000055d4c0726000000047b300000005
  00000000 01000000 e3d856bb`);

/** scapy, test/contrib/roce.uts: RoCE v1, RC ACKNOWLEDGE. */
export const roceV1Ack = hex(`
  7cfe90753cd87cfe90753cd88915 6020000000141b40 0000000000000000 0000ffff0f000002
  0000000000000000 0000ffff0f000002 1140ffff0000010900a788c0 00000005 25f0c038`);

/** scapy, test/contrib/roce.uts: UC SEND ONLY over IPv4, its checksums and ICRC as that test states them. */
export const ucSendOnly = hex(`
  248a07a8fa22248a07a8fa220800 450100400478400040 11b4d5c0a80007c0a80007 c00012b7002caca2
  2460ffff000000d300cf1710 4630818be28935d90e9a95505401be885e500000 78f353f3`);

/**
 * scapy, test/contrib/roce.uts: the same packet over IPv6 (2022::1023 to 2023::1024), with the ICRC that scapy
 * states. Traffic class, flow label, hop limit and UDP checksum, which no ICRC covers, are ours.
 */
export const ucSendOnlyV6 = hex(`
  248a07a8fa22248a07a8fa2286dd 60000000002c1140 20220000000000000000000000001023
  20230000000000000000000000001024 c00012b7002c0000
  2460ffff000000d300cf1710 4630818be28935d90e9a95505401be885e500000 3e5b743b`);

/**
 * IBA volume 1, 7.8.1: the sample data packet, a local one from its LRH to its ICRC, as quoted on the linux-rdma
 * list on 29 January 2025 ("RDMA/rxe: handle ICRC correctly on big endian systems"). It is printed with the
 * masked fields as ones, so that its VL and the byte of FECN and BECN are not known.
 */
export const ibaSample = hex(`
  f012375c000e17d2 0a202487ff87b1b3000dec2a 01710a1c015d400238f27a050000000e
  bb884d85fd5cfba4728bc0690ed4 0000 9625b75a`);
