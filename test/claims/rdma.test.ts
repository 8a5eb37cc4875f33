// Claims about RDMA beside kernel TCP, on the way to a disk.

import { assert, spec } from '../support/spec.js';
import { cpuNs, outcomes, reads } from './worlds.js';

const wires = ['iwarp', 'rocev1', 'rocev2', 'ib'] as const;

spec('claims about RDMA', (it) => {
  it('no CPU of host or pool copies a byte, whichever way the disk comes; over kernel TCP CPUs copy', () => {
    const found = outcomes(`experiment: copies
workload: { block: { rw: randrw, block-size: 16KiB, operations: 60, depth: 4 } }
sweep:
  transport: [tcp, ${wires.join(', ')}]
  vms.device: [host, emulated, virtio, vf, passthrough]`);
    for (const [name, { measured }] of found) {
      const copied = Object.values(measured!.hosts).map(({ counts }) => counts.bytesCopied);
      if (name.startsWith('tcp')) assert.ok(copied[0]! > 0, name);
      else assert.equal(copied, [0, 0], name);
    }
  });

  it('takes less time and less CPU than kernel TCP, for small requests and large ones', () => {
    const found = outcomes(`experiment: time and cores
hosts: { all: { cpu: xeongold6128 } }
options: { arfs: true, coalesce: adaptive }
workload: { block: { rw: randread, operations: 100 } }
sweep:
  workload.block.block-size: [512, 4KiB, 64KiB]
  transport: [tcp, ${wires.join(', ')}]`);
    for (const size of ['512', '4KiB', '64KiB']) {
      const tcp = found.get(`${size} tcp`)!;
      for (const wire of wires) {
        const rdma = found.get(`${size} ${wire}`)!;
        assert.ok(reads(rdma).latency!.p50Ns < reads(tcp).latency!.p50Ns, `${size} ${wire}`);
        assert.ok(cpuNs(rdma) < cpuNs(tcp), `${size} ${wire}: ${cpuNs(rdma)} ns`);
      }
    }
  });
});
