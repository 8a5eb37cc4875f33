// What congestion control, pauses and selective repeat put on the wire, read by tshark: nothing malformed, and the
// fields that they are about as we read them. tshark 4.0 knows no CNP by name, nor FECN and BECN.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, dissect, PcapWriter } from '../../protocols/index.js';
import { chances, pair, star } from '../../src/fabric/index.js';
import { gentleCct, zhuDcqcn } from '../../src/rdma/index.js';
import { readCapture } from '../support/capture.js';
import { inErf, LINKTYPE_ERF } from '../support/erf.js';
import { FlowWorld, type FlowWorldOptions } from '../support/flow-world.js';
import { assert, spec } from '../support/spec.js';
import { noTshark } from '../support/tshark.js';

const RATE = 10e9;
const KB = 1000;
const columns = [
  '_ws.malformed',
  'vlan.priority',
  'ip.dsfield.dscp',
  'ip.dsfield.ecn',
  'ip.checksum.status',
  'infiniband.bth.opcode',
  'infiniband.bth.psn',
  'infiniband.aeth.msn',
  'macc.cbfc.pause_time.c3',
] as const;
type Column = (typeof columns)[number];
type Row = Record<Column, string>;

/** One row a frame, of what tshark shows. */
function byTshark(frames: readonly Uint8Array[], native: boolean): Row[] {
  const folder = mkdtempSync(join(tmpdir(), 'wireverbs-'));
  try {
    const file = join(folder, 'flows.pcap');
    const writer = new PcapWriter({ linkType: native ? LINKTYPE_ERF : 1 });
    for (const bytes of frames) writer.packet({ bytes: native ? inErf(bytes) : bytes });
    writeFileSync(file, writer.take());
    const shown = columns.flatMap((name) => ['-e', name]);
    const options = ['-o', 'ip.check_checksum:TRUE', '-T', 'fields', '-E', 'separator=,'];
    const { stdout } = spawnSync('tshark', ['-n', '-r', file, ...options, ...shown], {
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    });
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => {
        const values = line.split(',');
        return Object.fromEntries(columns.map((name, i) => [name, values[i] ?? ''])) as Row;
      });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Several flows into one host, whose link is captured; every frame is checked by us, and read by tshark. */
function judged(options: FlowWorldOptions, flow: object, lossy = false) {
  const world = new FlowWorld(options);
  const target = world.hosts.length - 1;
  if (lossy) {
    const { sim, fabric } = world;
    sim.impair(fabric.hosts[0]!, 0, chances({ loss: 0.05 }, sim.random.fork('loss')));
  }
  for (let from = 0; from < target; from++) world.add({ from, to: target, depth: 8, ...flow });
  const capture = world.tap(target);
  world.run(400_000, 10_000);
  const native = options.kind === 'infiniband';
  const frames = readCapture(capture()).map(({ bytes, linkType }) => {
    const scene = dissect(bytes, { linkType });
    assert.equal(check(scene).findings, []);
    return { bytes, scene };
  });
  const rows = byTshark(
    frames.map(({ bytes }) => bytes),
    native,
  );
  assert.is(rows.length, frames.length);
  rows.forEach((row, i) => {
    assert.is(row['_ws.malformed'], '');
    assert.is.not(row['ip.checksum.status'], '0');
    const bth = frames[i]!.scene.layers.find((l) => l.key === 'bth')?.fields();
    if (!bth) return;
    assert.is(Number(row['infiniband.bth.opcode']), bth.opcode);
    assert.is(Number(row['infiniband.bth.psn']), bth.psn);
  });
  return rows;
}

const ecn = { kmin: 5 * KB, kmax: 20 * KB, most: 1 };
const pfc = { xoff: 40 * KB, xon: 30 * KB, headroom: 16 * KB };
const congested: FlowWorldOptions = {
  topology: { ...star(3, { rate: RATE }), settings: { s0: { ecn: { 0: ecn, 3: ecn } } } },
  rate: RATE,
  profile: { congestion: { dcqcn: zhuDcqcn } },
  port: { receive: { bytes: 60 * KB, drain: RATE / 4, pfc: { 0: pfc, 3: pfc } } },
};
const tagged = { vlanId: 42, sl: 3, trafficClass: 3 * 32 };

spec('tshark reads what congestion makes of the wire', (it) => {
  if (noTshark) return it(`is not judged: ${noTshark}`, () => {});

  it('marks, CNPs and pauses of RoCE v2 in a VLAN', () => {
    const rows = judged(congested, tagged);
    const marked = rows.filter((row) => row['ip.dsfield.ecn'] === '3');
    const cnps = rows.filter((row) => Number(row['infiniband.bth.opcode']) === 0x81);
    const pauses = rows.filter((row) => row['macc.cbfc.pause_time.c3'] === '65535');
    assert.ok(marked.length > 5 && cnps.length > 1 && pauses.length > 1);
    for (const row of cnps)
      assert.equal([row['vlan.priority'], row['ip.dsfield.dscp']], ['6', '48']);
    for (const row of marked) assert.is(row['vlan.priority'], '3');
  });

  it('pauses of RoCE v1 in a VLAN', () => {
    const rows = judged({ ...congested, wire: 'RoCE v1' }, tagged);
    assert.ok(rows.some((row) => row['macc.cbfc.pause_time.c3'] === '65535'));
    assert.is(new Set(rows.map((row) => row['vlan.priority'])).size, 2); // 3, and none of pauses
  });

  it('FECN and BECN over InfiniBand', () => {
    const settings = { s0: { fecnBytes: 8 * KB } };
    const rows = judged(
      {
        topology: { ...star(3, { rate: RATE }), settings },
        kind: 'infiniband',
        wire: 'IB',
        rate: RATE,
        profile: { congestion: { cct: gentleCct } },
      },
      { sl: 1 },
    );
    assert.ok(rows.length > 50);
  });

  it('NAKs of selective repeat', () => {
    const options = { topology: pair({ rate: RATE }), rate: RATE };
    const rows = judged({ ...options, profile: { selectiveRepeat: 64 } }, {}, true);
    // An ordinary acknowledgement's MSN counts messages of 16 packets: it is far below the PSN.
    const naks = rows.filter((row) => {
      const ahead = Number(row['infiniband.aeth.msn']) - Number(row['infiniband.bth.psn']);
      return row['infiniband.aeth.msn'] !== '' && ahead > 0 && ahead < 64;
    });
    assert.ok(naks.length > 0);
  });
});
