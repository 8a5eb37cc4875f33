// Mirrors src/fabric/rule.ts, rule-words.ts and outage.ts as people meet them: `wireverbs perftest ... --fault RULE`, a rule of each kind.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { inFolder, wireverbs } from '../../support/cli.js';
import { assert, spec } from '../../support/spec.js';

/** Twenty WRITEs of two packets each; what JSON says of it, and what `check` finds in the capture. */
async function faulty(folder: string, fault: string, test = 'write_bw') {
  const file = join(folder, 'fault.pcapng');
  const size = test === 'write_bw' ? '8192' : '64';
  const args = ['perftest', test, '--wire', 'rocev2', '-s', size, '-n', '20', '--fault', fault];
  const { status, stderr, lines } = await wireverbs([...args, '--json', '--pcap', file]);
  assert.is(status, 0, stderr);
  const checked = await wireverbs(['check', file]);
  return { row: JSON.parse(lines[0]!), checked: checked.stdout };
}

const met = (row: { faults: { frames: number }[] }) => row.faults[0]!.frames;
const CLEAN = /nothing is wrong/;

spec('wireverbs perftest --fault', (it) => {
  it('drop: the frame does not arrive, is named among the lost, and is sent again', async () => {
    await inFolder(async (folder) => {
      const fault = 'drop the 3rd frame with bth.opcode == RC_RDMA_WRITE_FIRST from client';
      const { row, checked } = await faulty(folder, fault);
      assert.equal(row.lost, [{ where: 'on links', why: `rule: ${fault}`, count: 1 }]);
      assert.ok(row.frames.client.sent > 40);
      assert.is(met(row), 1);
      assert.match(checked, CLEAN);
    });
  });
  it('duplicate: frames come twice and do no harm', async () => {
    await inFolder(async (folder) => {
      const { row, checked } = await faulty(folder, 'duplicate every 10th frame from client');
      assert.is(met(row), 4);
      assert.is(row.frames.server.received, row.frames.client.sent + 4);
      assert.match(checked, CLEAN);
    });
  });
  it('delay: messages take that much longer', async () => {
    await inFolder(async (folder) => {
      const { row } = await faulty(folder, 'delay frames from client by 7us', 'write_lat');
      const { row: usual } = await faulty(folder, 'delay the 900th frame by 7us', 'write_lat');
      assert.equal([met(row) >= 20, met(usual)], [true, 0]);
      // perftest halves round trips.
      const longer = row.latencyNs.typical - usual.latencyNs.typical;
      assert.ok(Math.abs(longer - 3500) < 100, `${longer} ns`);
    });
  });
  it('flip and truncate: what is broken is found, and sent again', async () => {
    await inFolder(async (folder) => {
      const flipped = await faulty(folder, 'flip 3 bits in the 4th frame from client');
      assert.match(flipped.checked, /icrc/);
      const cut = await faulty(folder, 'truncate the 5th frame from client to 60 bytes');
      assert.match(cut.checked, /ipv4\.totalLength/);
      for (const { row } of [flipped, cut]) {
        assert.is(met(row), 1);
        assert.ok(row.frames.client.sent > 40);
      }
    });
  });
  it('set: with the ICRC left wrong the frame is dropped, with the ICRC repaired it is believed', async () => {
    await inFolder(async (folder) => {
      const fault = 'set bth.psn=7 in the 5th frame with bth.opcode == RC_ACKNOWLEDGE';
      const left = await faulty(folder, fault);
      assert.match(left.checked, /icrc/);
      const repaired = await faulty(folder, `${fault} and repair`);
      assert.match(repaired.checked, CLEAN);
      assert.equal([met(left.row), met(repaired.row)], [1, 1]);
    });
  });
  it('link down: what was on it is lost, and the test ends well when it comes up', async () => {
    await inFolder(async (folder) => {
      const { row, checked } = await faulty(folder, 'link client-server down at 10us for 50us');
      assert.is(row.lost[0].why, 'link down');
      assert.match(checked, CLEAN);
    });
  });
  it('tells of each rule how many frames it met, none included', async () => {
    const args = ['perftest', 'write_bw', '--wire', 'rocev2', '-s', '8192', '-n', '20'];
    const never = 'drop frames with bth.opcode == RC_RDMA_WRITE_MIDDLE';
    const { stdout } = await wireverbs([...args, '--fault', never]);
    assert.match(stdout, /^fault +frames that it met\n-*\n?drop frames with .*MIDDLE +0$/m);
  });
  it('refuses what it does not understand, where it stands, and leaves no empty capture behind', async () => {
    await inFolder(async (folder) => {
      const file = join(folder, 'none.pcapng');
      for (const [fault, expected] of [
        ['drop 3 frames', /'3 frames' does not go with 'drop'/],
        ['truncate frames', /expected 'to' a length such as 60 bytes\n.*\n {17}\^/],
        ['delay frames by 5', /expected a time such as 50us, found '5'/],
        ['drop frames from nobody', /there is no 'nobody'; there are h0, h1/],
        ['link a-b down at 3us', /there is no link 'a-b' in pair; there are h0-h1/],
      ] as const) {
        const args = ['perftest', 'write_bw', '--wire', 'rocev2', '--fault', fault];
        const { status, stderr } = await wireverbs([...args, '--pcap', file]);
        assert.is(status, 2, fault);
        assert.match(stderr, expected);
        assert.not.ok(existsSync(file), fault);
      }
    });
  });
});
