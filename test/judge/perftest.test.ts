// Judges the captures of simulations as a user has them: tshark opens those of every wire, finds nothing malformed, and reads
// opcodes, sequence numbers and nanoseconds as we wrote them.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dissect } from '../../protocols/index.js';
import { testNames, type WireName, wires } from '../../src/apps/perftest/index.js';
import { Lab } from '../../src/scenario/lab.js';
import { readCapture } from '../support/capture.js';
import { assert, spec } from '../support/spec.js';
import { noTshark } from '../support/tshark.js';

const FIELDS = [
  'frame.time_epoch',
  'infiniband.bth.opcode',
  'infiniband.bth.psn',
  '_ws.malformed',
  'frame.comment',
];

/** The fields of each frame. */
function byTshark(capture: Uint8Array): string[][] {
  const folder = mkdtempSync(join(tmpdir(), 'perftest-'));
  try {
    const file = join(folder, 'run.pcapng');
    writeFileSync(file, capture);
    const args = ['-n', '-r', file, '-T', 'fields', ...FIELDS.flatMap((name) => ['-e', name])];
    const { stdout, status, stderr } = spawnSync('tshark', args, {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    if (status !== 0) throw new Error(stderr);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split('\t'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function capture(wire: WireName, up: boolean): Uint8Array {
  const lab = new Lab({ wire, up });
  const parts: Uint8Array[] = [];
  lab.capture((bytes) => parts.push(bytes.slice()));
  if (!up) lab.bringUp();
  lab.fault('drop the 2nd frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from h0');
  for (const test of testNames) {
    const size = test.startsWith('atomic') ? 8 : 9000;
    lab.perftest({ test, size, iters: 5 }, lab.hosts[0]!, lab.hosts[1]!);
    lab.run();
  }
  lab.runFor(1e6);
  return Buffer.concat(parts);
}

spec('tshark on captures of simulations', (it) => {
  for (const wire of wires) {
    it.where(noTshark === '', noTshark, `reads every frame over ${wire}`, () => {
      const bytes = capture(wire, true);
      const theirs = byTshark(bytes);
      const ours = [...readCapture(bytes)];
      assert.is(theirs.length, ours.length);
      assert.ok(ours.length > 100);
      ours.forEach((frame, i) => {
        const [time = '', opcode, psn, malformed, comment] = theirs[i]!;
        const layers = dissect(frame.bytes, { linkType: frame.linkType }).layers;
        const bth = layers.find(({ key }) => key === 'bth');
        assert.is(time.replace('.', '').replace(/^0+/, ''), frame.timestamp.toString());
        assert.is(Number(opcode), bth ? bth.number('opcode') : 0);
        assert.is(Number(psn), bth ? bth.number('psn') : 0);
        assert.is(malformed, '');
        assert.is(comment === '', frame.comments.length === 0);
      });
    });
  }

  it.where(noTshark === '', noTshark, "reads how InfiniBand's subnet is set up", () => {
    const bytes = capture('ib', false);
    const keys = readCapture(bytes).map(({ bytes: b, linkType }) =>
      dissect(b, { linkType }).layers.some(({ key }) => key === 'mad-dr'),
    );
    assert.ok(keys.some((is) => is));
    assert.ok(byTshark(bytes).every(([, , , malformed]) => malformed === ''));
  });
});
