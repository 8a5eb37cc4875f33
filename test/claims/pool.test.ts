// Claims about the pool.

import { assert, spec } from '../support/spec.js';
import { cpuNs, outcomes, reads } from './worlds.js';

const writes = (result: Parameters<typeof reads>[0]) =>
  result.operations.find(({ operation }) => operation === 'write')!;

spec('claims about the pool', (it) => {
  it('three copies cost a write more than one, and a read the same; over RDMA no node copies', () => {
    const found = outcomes(`experiment: copies
pool: { nodes: 3 }
workload: { block: { rw: randrw, operations: 200 } }
sweep: { transport: [tcp, rocev2], pool.replicas: [1, 3] }`);
    for (const transport of ['tcp', 'rocev2']) {
      const [one, three] = [found.get(`${transport} 1`)!, found.get(`${transport} 3`)!];
      const [short, long] = [writes(one).latency!.p50Ns, writes(three).latency!.p50Ns];
      assert.ok(long > 1.5 * short, `${transport}: a write takes ${short} and ${long} ns`);
      const [a, b] = [reads(one).latency!.p50Ns, reads(three).latency!.p50Ns];
      assert.ok(Math.abs(b / a - 1) < 0.05, `${transport}: a read takes ${a} and ${b} ns`);
      assert.ok(cpuNs(three) > 1.4 * cpuNs(one), 'the nodes work for it');
      const { copies } = three.pool!;
      assert.equal(
        copies.map(({ host, state }) => `${host} ${state}`),
        ['h1 in', 'h2 in', 'h3 in'],
      );
      const copied = Object.values(three.measured!.hosts).map(({ counts }) => counts.bytesCopied);
      if (transport === 'rocev2') assert.equal(copied, [0, 0, 0, 0]);
      else assert.ok(copied.every((bytes) => bytes > 0));
    }
  });

  it('a clone copies what is written first, on media that take their time', () => {
    const found = outcomes(`experiment: first writes
pool: { media: flashp5510 }
workload: { block: { rw: randwrite, operations: 60, area: 64MiB } }
sweep: { pool.clone: [false, true] }`);
    const [plain, clone] = [found.get('false')!, found.get('true')!];
    const media = { readNs: 81_000 };
    const more = writes(clone).latency!.p50Ns - writes(plain).latency!.p50Ns;
    assert.ok(more > media.readNs, `${more} ns more`);
  });

  it('a volume does no more than its limits, and a thin one holds what was written', () => {
    const found = outcomes(`experiment: limits
workload: { block: { rw: randwrite, operations: 400, depth: 8, area: 16MiB } }
sweep: [{ pool.limits: [{ iops: 5000, burst: 1us }] }, { pool.thin: [true, false] }]`);
    const [limited, thin, thick] = [...found.values()];
    const { operationsPerSecond } = writes(limited!);
    assert.ok(Math.abs(operationsPerSecond - 5000) < 100, `${operationsPerSecond} a second`);
    const held = (result: typeof thin) => result!.pool!.copies[0]!.allocatedBytes;
    assert.is(held(thick), 16 << 20);
    assert.ok(held(thin) < held(thick), `${held(thin)} bytes`);
  });
});
