// Judges what a subnet manager and the agents say: tshark dissects every frame of a subnet that is set up, loses a link and
// is asked for paths, and finds none malformed.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PcapWriter } from '../../protocols/pcap/index.js';
import { leafSpine } from '../../src/fabric/topology.js';
import { managed } from '../src/world/managed.js';
import { readCapture } from '../support/capture.js';
import { inErf, LINKTYPE_ERF } from '../support/erf.js';
import { assert, spec } from '../support/spec.js';
import { noTshark } from '../support/tshark.js';

/** What tshark says of each frame: its attribute by the name of a summary, and whether anything is malformed. */
function summaries(packets: readonly Uint8Array[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'subnet-'));
  try {
    const file = join(folder, 'subnet.pcap');
    const writer = new PcapWriter({ linkType: LINKTYPE_ERF });
    for (const bytes of packets) writer.packet({ bytes: inErf(bytes) });
    writeFileSync(file, writer.take());
    const fields = ['_ws.col.Info', '_ws.malformed', '_ws.expert.severity'];
    const args = ['-n', '-r', file, '-T', 'fields', ...fields.flatMap((name) => ['-e', name])];
    const { stdout, status, stderr } = spawnSync('tshark', args, {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    });
    if (status !== 0) throw new Error(stderr);
    return stdout.trimEnd().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

spec('tshark on a managed subnet', (it) => {
  it.where(noTshark === '', noTshark, 'finds nothing malformed and knows what is said', () => {
    const net = managed(leafSpine(2, 2, 1));
    net.up();
    net.sim.setLink(net.fabric.links[2]!, false);
    net.sim.run();
    const frames = readCapture(net.capture()).map(({ bytes }) => bytes);
    const found = summaries(frames);
    assert.is(found.length, frames.length);
    const [first = ''] = found;
    assert.match(first, /SubnGet\(NodeInfo\)/);
    const wrong = found.filter((line) =>
      line
        .split('\t')
        .slice(1)
        .some((text) => text !== ''),
    );
    assert.equal(wrong, []);
    for (const said of [
      'SubnGetResp(SwitchInfo)',
      'SubnSet(PortInfo)',
      'SubnSet(LinearForwardingTable)',
      'SubnTrap(Notice)',
    ])
      assert.ok(
        found.some((line) => line.includes(said)),
        said,
      );
  });
});
