// Mirrors src/apps/perftest/perftest.ts and its loops: every combination that there is, on whole hosts.

import { check, dissect } from '../../../../protocols/index.js';
import {
  type PerftestOptions,
  testNames,
  transports,
  type WireName,
  wires,
} from '../../../../src/apps/perftest/index.js';
import { Lab } from '../../../../src/scenario/lab.js';
import { readCapture } from '../../../support/capture.js';
import { assert, spec } from '../../../support/spec.js';

interface Ran {
  readonly wire?: WireName;
  readonly ipv6?: boolean;
  readonly fault?: string;
  readonly loss?: number;
}

/** One test on two hosts and a cable, to its end. */
function run(options: PerftestOptions, { wire = 'rocev2', ipv6 = false, fault, loss }: Ran = {}) {
  const lab = new Lab({ wire, ipv6 });
  const parts: Uint8Array[] = [];
  lab.capture((bytes) => parts.push(bytes.slice()));
  if (fault) lab.fault(fault);
  if (loss) lab.chances({ loss });
  const test = lab.perftest({ ...options, ipv6 }, lab.hosts[0]!, lab.hosts[1]!);
  lab.run();
  lab.runFor(1e6);
  assert.is(lab.sim.pool.inUse, 0);
  return { lab, test, result: test.result(lab.now), capture: () => Buffer.concat(parts) };
}

/** Bits a second of a lab's links unless told. */
const LINK = 100e9;
const forbidden = /^(read|atomic)_\w+ U[CD]$|^write_\w+ UD$/;

spec('perftest', (it) => {
  for (const wire of wires) {
    for (const ipv6 of wire === 'rocev2' ? [false, true] : [false]) {
      it(`runs every test on every service over ${wire}${ipv6 ? ' and IPv6' : ''}`, () => {
        for (const test of testNames) {
          for (const qpType of transports) {
            const title = `${test} ${qpType}`;
            if (forbidden.test(title) || (wire === 'iwarp' && qpType !== 'RC')) {
              assert.throws(
                () => run({ test, qpType }, { wire }),
                /exist on|connections alone/,
                title,
              );
              continue;
            }
            const size = test.startsWith('atomic') ? 8 : test.endsWith('lat') ? 20 : 3000;
            const { result, capture } = run({ test, qpType, iters: 12, size }, { wire, ipv6 });
            assert.is(result.failure, '', title);
            assert.is(result.completed, 12, title);
            assert.ok((result.bandwidth?.average ?? result.latency?.average ?? 0) > 0, title);
            for (const { bytes, linkType } of readCapture(capture()))
              assert.equal(check(dissect(bytes, { linkType })).findings, [], title);
          }
        }
      });
    }
  }

  it('never shows more than the link carries, however short the run', () => {
    for (const qpType of transports) {
      const { result } = run({ test: 'send_bw', qpType, iters: 10, size: 4096 });
      assert.ok(
        result.bandwidth!.average < LINK / 8,
        `${qpType}: ${result.bandwidth!.average} B/s`,
      );
    }
  });

  it('touches payload by DMA alone: no CPU copies a byte, no system call, no interrupt', () => {
    const { counts } = run({ test: 'write_bw', size: 65_536, iters: 20 }).result;
    for (const side of [counts.client, counts.server]) {
      assert.is(side.bytesCopied, 0);
      assert.is(side.systemCalls, 0);
      assert.is(side.interrupts, 0);
    }
    assert.is(counts.client.doorbells, 20);
    assert.is(counts.server.doorbells, 0);
    assert.is(counts.server.dmaWriteBytes, 20 * 65_536);
    assert.is(counts.server.cpuNs, 0);
  });

  it('rings once for a list of requests, and completes one in so many', () => {
    const lists = { test: 'write_bw', size: 64, iters: 100, postList: 10, cqMod: 50 } as const;
    const { counts } = run(lists).result;
    assert.is(counts.client.doorbells, 10);
    assert.is(counts.client.dmaWrites, 2);
  });

  it('copies what goes inline, once a message', () => {
    const { counts } = run({ test: 'send_lat', size: 100, iters: 10 }).result;
    assert.is(counts.client.copies, 10);
    assert.is(counts.client.bytesCopied, 1000);
    assert.is(
      run({ test: 'send_lat', size: 100, iters: 10, inlineSize: 0 }).result.counts.client.copies,
      0,
    );
  });

  it('sleeps until interrupts when told to, which costs system calls and switches', () => {
    const { result } = run({ test: 'send_lat', size: 64, iters: 10, events: true });
    assert.is(result.failure, '');
    assert.ok(result.counts.client.interrupts >= 10);
    assert.ok(result.counts.client.systemCalls >= 10);
    const polling = run({ test: 'send_lat', size: 64, iters: 10 }).result;
    assert.ok(result.latency!.average > polling.latency!.average);
  });

  it('leaves at the server what the client wrote, through many queue pairs and both ways', () => {
    for (const bidirectional of [false, true]) {
      for (const test of ['write_bw', 'send_bw', 'read_bw'] as const) {
        const options = {
          test,
          size: 5000,
          iters: 30,
          qps: 3,
          bidirectional,
          txDepth: 8,
          rxDepth: 4,
        };
        const { result } = run(options);
        assert.is(result.failure, '', test);
        assert.is(result.completed, 90, test);
      }
    }
  });

  it('comes to its end through losses, by repeating', () => {
    for (const test of ['write_bw', 'read_bw', 'send_bw', 'atomic_bw'] as const) {
      const size = test === 'atomic_bw' ? 8 : 20_000;
      const { result, lab } = run({ test, size, iters: 40 }, { loss: 0.02 });
      assert.is(result.failure, '', test);
      assert.ok((lab.sim.lost.get('loss') ?? 0) > 0, test);
    }
  });

  it('says why it did not come to its end', () => {
    const gone = 'drop frames with bth.opcode == RC_RDMA_WRITE_ONLY';
    const retries = { test: 'write_bw', size: 64, iters: 5, qpTimeout: 5, retryCount: 2 } as const;
    assert.match(
      run(retries, { fault: gone }).result.failure,
      /^Completion with error at client: IBV_WC_RETRY_EXC_ERR/,
    );
    const lost = 'drop the 3rd frame with bth.opcode == UC_SEND_ONLY';
    const { result } = run({ test: 'send_bw', qpType: 'UC', size: 64, iters: 10 }, { fault: lost });
    assert.match(result.failure, /^the server waits for ever: 9 of 10 messages came/);
    assert.ok(result.bandwidth !== undefined);
  });

  it('runs the same twice, and differently by another seed', () => {
    const once = (seed: number) => {
      const lab = new Lab({ seed });
      lab.chances({ loss: 0.05 });
      const test = lab.perftest({ test: 'write_bw', iters: 20 }, lab.hosts[0]!, lab.hosts[1]!);
      lab.run();
      return test.result(lab.now);
    };
    assert.equal(once(3), once(3));
    assert.not.equal(once(3).endNs, once(4).endNs);
  });

  it('refuses a host that is to talk to itself', () => {
    const lab = new Lab();
    const [host] = lab.hosts;
    assert.throws(() => lab.perftest({ test: 'write_bw' }, host!, host!), /between two hosts/);
  });
});
