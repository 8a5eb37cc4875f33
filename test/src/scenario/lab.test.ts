// Mirrors src/scenario/lab.ts: what captures show of a whole fabric.

import { CaptureReader } from '../../../protocols/index.js';
import { star } from '../../../src/fabric/index.js';
import { Lab, type LabOptions } from '../../../src/scenario/lab.js';
import { assert, spec } from '../../support/spec.js';

/** A lab whose captures are read: '[interface] comment' of each frame that has one, and how many. */
function captured(options: LabOptions, where: readonly string[]) {
  const lab = new Lab(options);
  const parts: Uint8Array[] = [];
  lab.capture((bytes) => parts.push(bytes.slice()), where);
  const comments = () => {
    const reader = new CaptureReader();
    const seen: Record<string, number> = {};
    reader.push(Buffer.concat(parts));
    while (reader.next()) {
      const { comments: all, interfaceId } = reader.record;
      for (const text of all) {
        const name = `${reader.file!.interfaces[interfaceId]!.name} ${text}`;
        seen[name] = (seen[name] ?? 0) + 1;
      }
    }
    return seen;
  };
  return { lab, comments };
}

spec('captures of a lab', (it) => {
  it('say of each frame that a link loses or a card drops why', () => {
    for (const wire of ['rocev1', 'rocev2'] as const) {
      const { lab, comments } = captured({ wire }, ['h0', 'h1']);
      lab.fault('flip 1 bit in the 2nd frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from h0');
      lab.fault('drop the 7th frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from h0');
      lab.perftest({ test: 'write_bw', size: 20_000, iters: 5 }, lab.hosts[0]!, lab.hosts[1]!);
      lab.run();
      lab.runFor(1e6);
      const { 'h1 dropped: awaits-retry': behind, ...others } = comments();
      assert.equal(others, {
        'h0 lost: rule: drop the 7th frame with bth.opcode == RC_RDMA_WRITE_MIDDLE from h0': 1,
        'h1 dropped: bad-icrc': 1,
      });
      assert.ok(behind! > 0);
    }
  });

  it('say why a card drops a packet of InfiniBand', () => {
    const { lab, comments } = captured({ wire: 'ib' }, ['h0', 'h1']);
    lab.fault('flip 1 bit in the 2nd frame with bth.opcode == RC_SEND_ONLY from h0');
    lab.perftest({ test: 'send_bw', size: 100, iters: 5 }, lab.hosts[0]!, lab.hosts[1]!);
    lab.run();
    lab.runFor(1e6);
    assert.is(comments()['h1 dropped: bad VCRC'], 1);
  });

  it('say why a switch drops a frame, as often as it counts', () => {
    const topology = { ...star(3), settings: { s0: { bufferBytes: 65_536 } } };
    const { lab, comments } = captured({ topology }, ['s0.0', 's0.1', 's0.2']);
    const [to, ...from] = lab.hosts;
    for (const host of from) lab.perftest({ test: 'write_bw', iters: 10 }, host, to!);
    lab.run();
    const { drops } = lab.fabric.switches.get('s0') as unknown as { drops: Map<string, number> };
    const full = drops.get('buffer full')!;
    const seen = comments();
    const at = (port: number) => seen[`s0.${port} dropped: buffer full`] ?? 0;
    assert.ok(full > 0);
    assert.is(at(0) + at(1) + at(2), full);
  });

  it("say why a host's stack drops a frame", () => {
    const { lab, comments } = captured({}, ['h1']);
    lab.fault('set ipv4.dst=10.9.9.9 in the 1st frame with icmp from h0 and repair');
    lab.hosts[0]!.stack!.ping(lab.now, lab.hosts[1]!.stack!.addresses[0]!.ip, 1, 1);
    lab.runFor(1e6);
    assert.equal(comments(), { 'h1 dropped: not my address': 1 });
  });
});
