// perftest over every wire and service through fabrics of every shape, with other MTUs, several queue pairs and losses by
// turns: each test ends well, no check finds anything in what hosts sent, and tshark finds no frame malformed.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check, dissect } from '../../../../protocols/index.js';
import {
  type PerftestOptions,
  type TestName,
  type Transport,
  testNames,
  type WireName,
} from '../../../../src/apps/perftest/index.js';
import { dumbbell, fatTree, leafSpine, pair, star } from '../../../../src/fabric/index.js';
import { Lab } from '../../../../src/scenario/lab.js';
import { readCapture } from '../../../support/capture.js';
import { inFolder } from '../../../support/cli.js';
import { assert, spec } from '../../../support/spec.js';
import { malformedFrames, noTshark } from '../../../support/tshark.js';

const trees = [pair(), star(4), dumbbell(2)];
const shapes = [...trees, leafSpine(2, 2, 2), fatTree(4)];
const mtus = [256, 512, 1024, 2048, 4096];
const carriers: readonly (readonly [WireName, ipv6: boolean])[] = [
  ['ib', false],
  ['rocev1', false],
  ['rocev2', false],
  ['rocev2', true],
];

const services = (test: TestName): readonly Transport[] =>
  test.startsWith('send') ? ['RC', 'UC', 'UD'] : test.startsWith('write') ? ['RC', 'UC'] : ['RC'];

/** What the `turn`-th test is run with, of those that its service takes. */
function variant(turn: number, test: TestName, qpType: Transport): Partial<PerftestOptions> {
  const mtu = mtus[turn % mtus.length]!;
  const qps = test.endsWith('_bw') && turn % 2 === 0 ? 4 : 1;
  const size = test.startsWith('atomic') ? 8 : qpType === 'UD' ? mtu : 3 * mtu + 5;
  return { mtu, qps, size, iters: 5 };
}

/** Runs it between the first host and the last; the capture of both. */
function captureOf(turn: number, test: TestName, qpType: Transport, wire: WireName, ipv6: boolean) {
  const possible = wire === 'rocev1' ? trees : shapes; // RoCE v1 has no way through routers
  const topology = possible[turn % possible.length]!;
  const lab = new Lab({ wire, ipv6, topology, seed: turn + 1 });
  const [from, to] = [lab.hosts[0]!, lab.hosts.at(-1)!];
  const parts: Uint8Array[] = [];
  lab.capture((bytes) => parts.push(bytes.slice()), [from.name, to.name]);
  if (qpType === 'RC' && turn % 3 === 0) lab.chances({ loss: 0.01 });
  const options = { test, qpType, ipv6, ...variant(turn, test, qpType) };
  const run = lab.perftest(options, from, to);
  lab.run();
  lab.runFor(1e6);
  const { failure, completed } = run.result(lab.now);
  const title = `${test} ${qpType} ${wire} ${ipv6 ? 'IPv6 ' : ''}${topology.name} ${JSON.stringify(options)}`;
  assert.equal([failure, completed], ['', 5 * options.qps!], title);
  assert.is(lab.sim.pool.inUse, 0, title);
  return { title, bytes: Buffer.concat(parts) };
}

/** A capture in which one frame ends inside its BTH. */
function cutShort(): Uint8Array {
  const parts: Uint8Array[] = [];
  const lab = new Lab({ wire: 'rocev2' });
  lab.fault('truncate the 1st frame with bth to 48 bytes');
  lab.capture((bytes) => parts.push(bytes.slice()), ['h1'], ['in']);
  lab.perftest({ test: 'write_lat', iters: 5 }, lab.hosts[0]!, lab.hosts[1]!);
  lab.run();
  return Buffer.concat(parts);
}

spec('perftest through every fabric', (it) => {
  const captures: Uint8Array[] = [];
  for (const [wire, ipv6] of carriers) {
    it(`ends well over ${wire}${ipv6 ? ' and IPv6' : ''}, with nothing wrong in its frames`, () => {
      for (const test of testNames) {
        for (const qpType of services(test)) {
          const { title, bytes } = captureOf(captures.length, test, qpType, wire, ipv6);
          captures.push(bytes);
          for (const { bytes: frame, linkType } of readCapture(bytes))
            assert.equal(check(dissect(frame, { linkType })).findings, [], title);
        }
      }
    });
  }

  it.where(noTshark === '', noTshark, 'sends nothing that tshark calls malformed', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'all.pcapng');
      writeFileSync(file, Buffer.concat(captures)); // sections one behind the other
      assert.equal(malformedFrames(file), []);
      // The judge does find what is broken: a frame without its end.
      writeFileSync(file, Buffer.concat([captures[0]!, cutShort()]));
      assert.is(malformedFrames(file).length, 1);
    });
  });
});
