// Tables of published measurements on which the model is calibrated, each with its source. Numbers are as published.

import { cpuCategories } from '../../kernel/index.js';
import type { PublishedRow, PublishedValue, Unit } from './row.js';

const values = (unit: Unit, table: Readonly<Record<string, number>>): PublishedValue[] =>
  Object.entries(table).map(([name, value]) => ({ name, value, unit }));

const shares = (name: string, percents: readonly number[]): PublishedValue[] =>
  percents.map((value, i) => ({
    name: `${name} ${cpuCategories[i]}`,
    value,
    unit: '%',
    points: 4,
  }));

const rate = (name: string, value: number, bottleneck: string): PublishedValue => ({
  name,
  value,
  unit: 'M/s',
  bottleneck,
});

export const published: readonly PublishedRow[] = [
  {
    id: 'F01',
    title: 'DMA read latency by size, local socket, warm cache',
    hardware: 'NFP-6000, PCIe 3.0 x8, Xeon E5-2620 v2 (Ivy Bridge)',
    source:
      'Neugebauer et al., Understanding PCIe performance for end host networking, SIGCOMM 2018, data set lat_dma_sizes',
    percent: 8,
    medianPercent: 3,
    values: values('ns', {
      '8 B': 548.2,
      '64 B': 560.4,
      '128 B': 587.2,
      '256 B': 631.4,
      '512 B': 707.8,
      '1024 B': 858.2,
      '2048 B': 1143.7,
    }),
  },
  {
    id: 'F03',
    title: 'ib_write_lat, half round trip by message size',
    hardware:
      'ConnectX-2 class, QDR InfiniBand, PCIe 2.0 x8, one Infiniscale-IV switch, MTU 4096, inline up to 220 B',
    source: 'perftest log published by a user (community run)',
    percent: 8,
    medianPercent: 4,
    values: values('us', {
      '2 B': 0.89,
      '64 B': 0.97,
      '256 B': 1.84,
      '4096 B': 5.03,
      '65536 B': 23.09,
      '1048576 B': 310.33,
    }),
  },
  {
    id: 'F05',
    title: 'ib_send_lat, half round trip, RC and UD',
    hardware: 'ConnectX-4, EDR InfiniBand, back to back by 0.5 m of copper, Xeon E5-2643 v4',
    source: 'D. Potter, MSc thesis, RWTH Aachen 2018',
    percent: 5,
    values: values('us', {
      'RC 32 B': 0.82,
      'RC 1024 B': 1.52,
      'RC 4096 B': 2.25,
      'RC 32768 B': 4.57,
      'UD 32 B': 0.86,
      'UD 1024 B': 1.44,
      'UD 4096 B': 2.22,
    }),
  },
  {
    id: 'F07',
    title: 'READ of 128 B over InfiniBand; what one RoCE v2 switch with its cables adds',
    hardware: 'ConnectX-4 100 Gb/s VPI; mlx5 100 Gb/s, RoCE v2, IB MTU 1024',
    source: 'Storm, SYSTOR 2019, table 4; perftest log published by a user',
    percent: 5,
    values: values('us', {
      'READ 128 B, InfiniBand': 1.8,
      'write, hairpin': 0.78,
      'send, hairpin': 0.88,
      'read, hairpin': 1.48,
      'atomic, hairpin': 1.46,
      'write, switch': 1.26,
      'read, switch': 2.4,
      'atomic, switch': 2.32,
    }),
  },
  {
    id: 'F09',
    title: 'where the time of one small message goes: TCP sockets and sockets over RDMA',
    hardware:
      '2 x Xeon E5-2698 v3, ConnectX-4 100 Gb/s RoCE v2, one Arista 7060CX switch, Linux 4.15',
    source: 'SocksDirect, SIGCOMM 2019, tables 2 and 4',
    percent: 10,
    values: [
      ...values('ns', {
        'message, TCP': 15000,
        'message, RSocket': 1700,
        'TCP: operation': 413,
        'TCP: system call': 205,
        'TCP: lock': 160,
        'TCP: buffers': 430,
        'TCP: transport': 360,
        'TCP: packet': 500,
        'TCP: doorbell and DMA': 2100,
        'TCP: NIC and wire': 200,
        'TCP: interrupt': 4000,
        'TCP: wake-up': 5000,
        'RSocket: operation': 209,
        'RSocket: lock': 138,
        'RSocket: buffers': 370,
        'RSocket: doorbell and DMA': 900,
        'RSocket: NIC and wire': 200,
      }),
      { name: 'round trip, TCP', value: 30, unit: 'us', percent: 5 },
      { name: 'round trip, WRITE', value: 1.6, unit: 'us', percent: 5 },
      { name: 'round trip, SEND', value: 1.6, unit: 'us', percent: 5 },
      { name: 'round trip, TCP in one host', value: 11, unit: 'us', percent: 5 },
      ...values('ns', {
        'system call with KPTI': 200,
        'system call without KPTI': 50,
        'copy 4 KiB': 400,
        'copy 128 KiB': 13000,
        'map a page': 780,
        'context switch': 520,
      }),
      { name: 'wake a process', value: 2800, most: 5500, unit: 'ns' },
    ],
  },
  {
    id: 'F11',
    title: 'one long TCP flow at 100 Gb/s without and with all optimisations',
    hardware:
      'Xeon Gold 6128 3.4 GHz (no hyper-threading), ConnectX-5 Ex 100 Gb/s, direct cable, Linux 5.4',
    source: 'Cai et al., Understanding Host Network Stack Overheads, SIGCOMM 2021, artefact',
    percent: 5,
    values: [
      { name: 'no-opts', value: 9.009, unit: 'Gb/s' },
      { name: 'no-opts a core', value: 4.783, unit: 'Gb/s' },
      { name: 'no-opts sender', value: 101.523, unit: '%', points: 4 },
      { name: 'no-opts receiver', value: 185.764, unit: '%', points: 4 },
      ...shares('no-opts sender', [5.9, 4.94, 4.52, 8.23, 17.5, 2.16, 9.45, 41.46]),
      ...shares('no-opts receiver', [7.39, 0.54, 8.9, 4.43, 9.27, 2.4, 7.26, 54.82]),
      { name: 'all-opts', value: 42.2, unit: 'Gb/s' },
      { name: 'all-opts a core', value: 41.21, unit: 'Gb/s' },
      { name: 'all-opts sender', value: 59.813, unit: '%', points: 4 },
      { name: 'all-opts receiver', value: 100, unit: '%', points: 4 },
      ...shares('all-opts sender', [47.95, 4.75, 1.81, 6.79, 8.48, 6.98, 3.39, 12.73]),
      ...shares('all-opts receiver', [54.33, 1.77, 0.61, 10.99, 18.25, 2.96, 3.67, 2.22]),
    ],
  },
  {
    id: 'F13',
    title: 'rate of small verbs and what limits each',
    hardware: 'Connect-IB 2 x 56 Gb/s InfiniBand, PCIe 3.0 x16',
    source:
      'Kalia et al., Design Guidelines for High Performance RDMA Systems, USENIX ATC 2016, table 4',
    percent: 8,
    values: [
      rate('UD SEND, not batched', 80, 'MMIO bandwidth'),
      rate('UD SEND, batched', 101.6, 'DMA bandwidth'),
      rate('UD SEND, batched, header only', 157, 'NIC'),
      rate('RECV', 82, 'NIC'),
      rate('RECV, header only', 122, 'NIC'),
      rate('READ up to 64 B', 121.6, 'NIC'),
      rate('READ 128 B', 76.2, 'InfiniBand bandwidth'),
      rate('atomic, one address', 2.24, 'PCIe round trip'),
      rate('atomic, 4096 addresses', 52, 'NIC'),
    ],
  },
  {
    id: 'F15',
    title:
      'forwarding at 0.1 Mpps by polling, interrupts, interrupts every 10 us at most; reads of 4 KiB from NVMe drives, polled, 128 under way on each',
    hardware: 'Intel 82599 10 Gb/s (ixy driver); Xeon 8280L with 21 DC P4600 (SPDK)',
    source: 'User Space Network Drivers, ANCS 2019, table 1; SPDK project blog 2019-05',
    percent: 8,
    values: [
      ...values('us', {
        'poll median': 3.8,
        'poll p99': 4.7,
        'poll p99.99': 5.8,
        'interrupt median': 7.7,
        'interrupt p99': 8.4,
        'interrupt p99.99': 11,
        'interrupt 10 us median': 11.3,
        'interrupt 10 us p99': 11.9,
        'interrupt 10 us p99.99': 15.3,
      }),
      { name: 'polled NVMe I/O of one core', value: 10.39, unit: 'M/s' },
    ],
  },
  {
    id: 'F17',
    title:
      'TCP of a machine and of its KVM guest: netperf TCP_RR (100 and 200 B), CPU cost of bulk data',
    hardware: '2 x Xeon E5-2665, ConnectX-2 EN 10 Gb/s direct, Linux 3.11, QEMU 1.5',
    source: 'Felter et al., IBM RC25482 / ISPASS 2015, figures 2 and 3',
    percent: 8,
    values: [
      ...values('us', {
        'native, request and response': 38,
        'guest, request and response': 68,
      }),
      ...values('cycles', {
        'native, a byte sent': 2.13,
        'native, a byte received': 2.3,
        'guest, a byte sent': 2.27,
        'guest, a byte received': 3.25,
      }),
    ],
  },
  {
    id: 'F19',
    title: 'memory latency and read bandwidth, local and remote NUMA node',
    hardware: '2-socket Skylake-SP class',
    source: 'Intel MLC log published by the FD.io CSIT project',
    percent: 3,
    values: [
      ...values('ns', { 'idle latency, local': 81.3, 'idle latency, remote': 131.1 }),
      ...values('GB/s', { 'local node': 108.1, 'remote node': 51, 'both nodes': 215.6 }),
    ],
  },
  {
    id: 'F21',
    title:
      'go-back-N in software under loss (8 MB messages, RTO 5 ms); how fast a NIC answers a gap',
    hardware: 'ConnectX-5 100 Gb/s InfiniBand, one core (eRPC); ConnectX-5 RoCE v2 (Lumina)',
    source: 'eRPC, NSDI 2019, table 4; Lumina, SIGCOMM 2023, section 6.1',
    percent: 8,
    values: [
      { name: 'loss 1e-7', value: 73, unit: 'Gb/s' },
      { name: 'loss 1e-4', value: 18, unit: 'Gb/s' },
      { name: 'NAK generation', value: 2, unit: 'us' },
      { name: 'NAK reaction', value: 2, most: 6, unit: 'us' },
    ],
  },
];
