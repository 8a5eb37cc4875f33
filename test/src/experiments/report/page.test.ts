// Mirrors src/experiments/report: what a small comparison finds, and a page that needs nothing else.

import { readFileSync } from 'node:fs';
import {
  type PointResult,
  readExperiment,
  runPoints,
  type Source,
} from '../../../../src/experiments/index.js';
import { findings } from '../../../../src/experiments/report/finding.js';
import { pageOf } from '../../../../src/experiments/report/page.js';
import {
  copiesOfEachByte,
  cpuUs,
  latencyUs,
  sizeWords,
} from '../../../../src/experiments/report/row.js';
import { sourcedProfile } from '../../../../src/experiments/report/source.js';
import { rowsOf, studyOf } from '../../../../src/experiments/report/study.js';
import { textBlocks } from '../../../../src/experiments/report/text-table.js';
import { assert, spec } from '../../../support/spec.js';

const text = `experiment: Small & quick
about: what a test has time for
hosts: { all: { cpu: xeongold6128 } }
vms: { neighbours: 2 }
workload: { block: { rw: randrw, operations: 40 } }
sweep:
  - transport: [tcp, rocev2]
    vms.device: [host, virtio, passthrough]
    workload.block.block-size: [4KiB, 64KiB]
    workload.block.depth: [1, 8]
  - { transport: [rocev2], vms.device: [virtio], vms.placement: [shared] }`;
const source: Source = { name: 'small.yaml', text, files: {} };
const experiment = readExperiment(source.name, text, () => '');

let results: PointResult[] = [];
async function rows() {
  if (results.length === 0) {
    const found: PointResult[] = [];
    const onLine = (line: string) => found.push(JSON.parse(line) as PointResult);
    await runPoints(source, experiment.points, { jobs: 2, onLine });
    results = found;
  }
  return rowsOf(experiment, results);
}

spec('the report', (it) => {
  it('finds what follows from its numbers, in three sentences', async () => {
    const all = await rows();
    const sentences = findings(all);
    assert.is(sentences.length, 3);
    const at = (transport: 'tcp' | 'rocev2', depth: number) =>
      all.find({ transport, depth, device: 'virtio', size: 4096, placement: 'pinned' })!;
    assert.ok(sentences[0]!.includes(latencyUs(at('tcp', 1)).toFixed(1)));
    assert.ok(sentences[0]!.includes(latencyUs(at('rocev2', 1)).toFixed(1)));
    const cpu = (row: ReturnType<typeof at>) => cpuUs(row).host + cpuUs(row).pool;
    const ratio = cpu(at('tcp', 8)) / cpu(at('rocev2', 8));
    assert.ok(sentences[1]!.includes(`${ratio.toFixed(2)} times as many`), sentences[1]);
    assert.match(
      sentences[1]!,
      /kernel TCP, whose CPUs copy every byte .* RoCE v2, whose CPUs copy no byte/,
    );
    assert.match(sentences[2]!, /passthrough [\d.]+ us, virtio [\d.]+ us, and sharing its cores/);
    assert.is(copiesOfEachByte(at('rocev2', 8)).host, 0);
  });

  it('is a table that fits 120 columns', async () => {
    for (const { head, rows: lines } of textBlocks(await rows())) {
      const widths = head.map((name, i) =>
        Math.max(name.length, ...lines.map((line) => line[i]!.length)),
      );
      assert.ok(widths.reduce((sum, width) => sum + width + 2, 0) <= 120);
      assert.is(lines.length >= 3, true);
      assert.ok(lines.every((line) => line.length === head.length));
    }
  });

  it('is a page that fetches nothing, with every plot, each read, every number and the file', async () => {
    const study = await studyOf(experiment, source, await rows(), { version: '0.0.0', jobs: 2 });
    assert.is(study.reads.length, 6, 'three ways, two transports');
    assert.ok(study.reads.every(({ record }) => record.verified));
    const page = pageOf(study);
    const fetched = [...page.matchAll(/(?:src|href)="([^"]*)"|url\(([^)]*)\)|@import/g)]
      .map(([, address = '', url = '']) => address || url)
      .filter((address) => !address.startsWith('#'));
    assert.equal(
      [...new Set(fetched)].sort(),
      study.reads.map(({ file }) => file).sort(),
      'but for captures beside it, which a reader may follow',
    );
    assert.not.match(page, /<script|<link|<iframe|<img/);
    assert.match(page, /<h1>Small &amp; quick<\/h1>/);
    assert.not.match(page, /NaN|undefined|Infinity/);
    assert.match(page, /<svg [^>]*aria-label="kernel TCP, RoCE v2"/, 'both on one scale');
    assert.is([...page.matchAll(/<figure/g)].length, 8 + study.reads.length);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    assert.is(new Set(ids).size, ids.length, 'ids are unique');
    for (const words of [
      'ibv_',
      'pread()',
      'RC_SEND_ONLY',
      'SocksDirect',
      'ISCA',
      'npx wireverbs run small.yaml',
    ])
      assert.is(page.includes(words), words !== 'ibv_', words);
  });

  it('has the source of each number of the hardware from where the number is', () => {
    const { about, values } = sourcedProfile('cpu', 'xeonGold6128')!;
    assert.match(about.join(' '), /Cai et al\. \(SIGCOMM 2021\).*SocksDirect \(SIGCOMM 2019\)/);
    const of = (name: string) => values.find(({ member }) => member === name)!;
    assert.is(of('hertz').value, '3.4e9');
    assert.is(
      of('contextSwitchNs').source,
      '[1]: cooperative context switch',
      'of the profile that it is like',
    );
    assert.is(sourcedProfile('cpu', 'abacus'), undefined);
  });

  it('tells sizes as people do', () => {
    assert.equal([512, 4096, 65_536, 1 << 20].map(sizeWords), [
      '512 B',
      '4 KiB',
      '64 KiB',
      '1 MiB',
    ]);
  });

  it('is what the shipped comparison is made for: every way, every transport, pinned and shared', () => {
    const path = new URL('../../../../../examples/cloud-disk.yaml', import.meta.url);
    const { points } = readExperiment('cloud-disk.yaml', readFileSync(path, 'utf8'), () => '');
    const count = (test: (set: Readonly<Record<string, unknown>>) => boolean) =>
      points.filter(({ set }) => test(set)).length;
    for (const transport of ['tcp', 'iwarp', 'rocev1', 'rocev2', 'ib'])
      for (const device of ['emulated', 'virtio', 'vf', 'passthrough'])
        for (const placement of [undefined, 'shared'])
          assert.ok(
            count(
              (set) =>
                set.transport === transport &&
                set['vms.device'] === device &&
                set['vms.placement'] === placement,
            ) >= 4,
          );
    for (const size of [512, '1MiB'])
      for (const depth of [1, 32])
        assert.ok(
          count(
            (set) =>
              set['workload.block.block-size'] === size && set['workload.block.depth'] === depth,
          ) >= 25,
        );
  });
});
