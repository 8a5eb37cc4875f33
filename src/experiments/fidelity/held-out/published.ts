// Published measurements beside the calibration set: other sizes, operations, processors and rates. The few numbers of profiles that came
// from one of them are named in docs/fidelity.md; H07 to H10 are quoted as remembered, the others were read. Numbers are as published.
// They say how far the model can be trusted; nothing fails by them.

import type { HeldOutRow, PublishedValue, Unit } from '../row.js';

const values = (unit: Unit, table: Readonly<Record<string, number>>): PublishedValue[] =>
  Object.entries(table).map(([name, value]) => ({ name, value, unit }));

const PCIE_BENCH =
  'Neugebauer et al., SIGCOMM 2018, github.com/pcie-bench/data, nfp6000-1.2GHz_bdw-Xeon-E5-2630v4-dell-t430';
const QDR =
  'perftest log published by a user: write, read, atomic and send, all sizes, ConnectX-3 (MT4099, firmware 2.42.5000)';
const CSIT = 'Intel MLC log published by the FD.io CSIT project, "Calibration Data - Haswell"';

export const heldOut: readonly HeldOutRow[] = [
  {
    id: 'H01',
    title: 'DMA latency by size on another processor: reads, and reads behind a write',
    hardware: 'NFP-6000, PCIe 3.0 x8, Xeon E5-2630 v4 (Broadwell)',
    source: `${PCIE_BENCH}-s0-s0-s0 and -s0-s1-s1, lat_dma_sizes.csv (averages)`,
    values: values('ns', {
      'read 8 B': 541.1,
      'read 64 B': 552.4,
      'read 512 B': 700.9,
      'read 2048 B': 1129,
      'read 64 B, other node': 676.1,
      'write, read 64 B': 775.6,
      'write, read 512 B': 1009.5,
      'write, read 2048 B': 1844.4,
    }),
  },
  {
    id: 'H02',
    title: 'DMA bandwidth by size: reads, writes, both; reads of 64 B behind an IOMMU by window',
    hardware: 'NFP-6000, PCIe 3.0 x8, Xeon E5-2630 v4 (Broadwell), pages of 4 KiB',
    source: `${PCIE_BENCH}-s0-s0-s0, bw_dma_sz_sweep.csv; -iommu-nosp, bw_dma_win_sweep_rd_rnd_64.csv`,
    values: values('Gb/s', {
      'read 64 B': 31.91,
      'read 128 B': 43.77,
      'read 256 B': 47.67,
      'read 512 B': 55.03,
      'read 2048 B': 55.58,
      'write 64 B': 24.27,
      'write 128 B': 42.36,
      'write 256 B': 50.49,
      'write 2048 B': 53.01,
      'both 64 B': 23.08,
      'both 512 B': 42.68,
      'both 2048 B': 52,
      'IOMMU, 256 KiB': 32.43,
      'IOMMU, 1 MiB': 15.19,
      'IOMMU, 64 MiB': 9.83,
    }),
  },
  {
    id: 'H03',
    title: 'perftest latencies of ConnectX-3: write, read, send, atomic',
    hardware: 'ConnectX-3, QDR InfiniBand, one switch, MTU 2048, 2.3 GHz',
    source: QDR,
    values: values('us', {
      'write 2 B': 0.98,
      'write 64 B': 1.09,
      'write 256 B': 1.84,
      'write 1024 B': 2.42,
      'write 4096 B': 3.74,
      'write 65536 B': 19.97,
      'read 2 B': 1.99,
      'read 256 B': 2.13,
      'read 4096 B': 4.02,
      'read 65536 B': 20,
      'send 2 B': 1.07,
      'send 256 B': 1.86,
      'send 4096 B': 3.77,
      'atomic 8 B': 2.34,
    }),
  },
  {
    id: 'H04',
    title: 'perftest rates of one queue pair of ConnectX-3, by size',
    hardware: 'ConnectX-3, QDR InfiniBand, one switch, MTU 2048, 2.3 GHz',
    source: QDR,
    values: [
      ...values('M/s', {
        'write 2 B': 5.468,
        'write 512 B': 5.34,
        'read 2 B': 4.758,
        'read 512 B': 4.421,
        'send 2 B': 5.19,
        'atomic 8 B': 2.447,
      }),
      ...values('Gb/s', {
        'write 4096 B': 30.27,
        'write 65536 B': 30.69,
        'read 4096 B': 29.53,
        'read 65536 B': 30.96,
        'send 65536 B': 30.65,
      }),
    ],
  },
  {
    id: 'H05',
    title: 'ib_write_bw of 64 KiB over other links, and ib_write_lat',
    hardware:
      'ConnectX-3: FDR10 (MTU 2048), 40 Gb/s RoCE (MTU 2048); mlx5: 100 Gb/s RoCE v2 (MTU 4096; 1024)',
    source:
      'perftest logs that users and NVIDIA (GPU operator, GPUDirect RDMA) published, as found on GitHub',
    values: [
      ...values('Gb/s', {
        'FDR10, MTU 2048': 37.82,
        'RoCE 40G, MTU 2048': 38.21,
        'RoCE v2 100G, MTU 4096': 98.03,
        'RoCE v2 100G, MTU 1024': 92.39,
      }),
      ...values('us', { 'FDR10, latency of 2 B': 0.98 }),
    ],
  },
  {
    id: 'H06',
    title: 'memory latency and read bandwidth of Haswell: channels and links by data sheet',
    hardware: '2 x Xeon E5-2699 v3, four channels of DDR4-2133 each',
    source: CSIT,
    values: values('GB/s', { 'local node': 57.93, 'remote node': 30.3, 'both nodes': 115.47 }),
  },
  {
    id: 'H07',
    title: 'go-back-N in software at other losses',
    hardware: 'ConnectX-5 100 Gb/s InfiniBand, one core (eRPC)',
    source: 'eRPC, NSDI 2019, table 4',
    values: values('Gb/s', { 'loss 1e-6': 71, 'loss 1e-5': 57, 'loss 1e-3': 2.5 }),
  },
  {
    id: 'H08',
    title: 'READs: latency of 32 B around one switch; rates of ConnectX-3',
    hardware: 'ConnectX-3 FDR InfiniBand; ConnectX-5 at 40 Gb/s, SX1036',
    source: 'eRPC, NSDI 2019, table 2; HERD, SIGCOMM 2014, figures 3 and 4',
    values: [
      ...values('us', { 'ConnectX-3, 32 B': 1.7, 'ConnectX-5, 32 B': 2 }),
      ...values('M/s', { 'ConnectX-3, READs in': 26, 'ConnectX-3, READs out': 22 }),
    ],
  },
  {
    id: 'H09',
    title: 'TCP at 100 Gb/s: many flows, one sender, the cache off, losses',
    hardware: '4 x Xeon Gold 6128, ConnectX-5 Ex 100 Gb/s, all optimisations, Linux 5.4',
    source: 'Cai et al., SIGCOMM 2021, sections 3.1 to 3.6: Gb/s of a receiving or sending core',
    values: values('Gb/s', {
      'one to one, 24 flows, a core': 15,
      'one sender, 8 flows, a core': 89,
      'DCA off, a core': 34.2,
      'loss 1.5e-2, a core': 32,
    }),
  },
  {
    id: 'H10',
    title: 'forwarding at 0.1 Mpps by interrupts every 200 us at most',
    hardware: 'Intel 82599 10 Gb/s (ixy driver)',
    source: 'User Space Network Drivers, ANCS 2019, table 1',
    values: values('us', { median: 107.4, p99: 208.1, 'p99.99': 240 }),
  },
];
