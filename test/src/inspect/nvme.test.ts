// Mirrors src/inspect/nvme-service.ts and connections.ts, on captures of Linux: what runs on a queue is learned, and
// each completion and each move of data is linked to its command.

import { build, type Layer, parseFrame, protocolByKey } from '../../../protocols/index.js';
import { allLayers, type Inspected, Inspector } from '../../../src/inspect/index.js';
import { capturedFrames, inspectedFrames } from '../../support/capture.js';
import { assert, spec } from '../../support/spec.js';

const layersOf = (frames: readonly Inspected[]): Layer[] =>
  frames.flatMap((f) => [...allLayers(f)]);
const count = (layers: readonly Layer[], key: string) => layers.filter((l) => l.key === key).length;
const noted = (frames: readonly Inspected[], pattern: RegExp) =>
  frames.flatMap((f) => f.notes).filter((note) => pattern.test(note)).length;

/**
 * Commands and completions that tshark 4.0 finds (-T fields -e nvme.cmd.opc, -e nvme.fabrics.cmd.fctype,
 * -e nvme.cqe.sqhd). It leaves messages of several packets alone: `cut` of the commands are such, and so it misses
 * their completions too.
 */
const counted = [
  { name: 'nvme-tcp-connect.pcap', commands: 43, completions: 42, cut: 0 },
  { name: 'nvme-tcp.pcap.gz', commands: 366, completions: 366, cut: 0 },
  { name: 'nvme-rdma-connect.pcap', commands: 41, completions: 39, cut: 2 },
  { name: 'nvme-rxe.pcap.gz', commands: 331, completions: 329, cut: 34 },
] as const;

spec('NVMe queues of captures', (it) => {
  for (const { name, commands, completions, cut } of counted) {
    it(`link every completion of ${name} to its command`, () => {
      const frames = inspectedFrames(name);
      const layers = layersOf(frames);
      assert.is(count(layers, 'cqe'), completions + cut);
      assert.is(noted(frames, /^completes /), completions + cut);
      assert.is(count(layers, 'sqe'), commands + cut);
    });
  }
  it('give Identify its structure from a WRITE of several packets', () => {
    const frames = inspectedFrames('nvme-rdma-connect.pcap');
    const writes = frames
      .flatMap((f) => f.messages)
      .filter((m) => m.title === 'RDMA WRITE message');
    const controllers = writes.filter((m) => m.layers[0]!.key === 'nvme-id-ctrl');
    assert.is(controllers.length, 3);
    for (const { bytes, parts } of controllers) {
      assert.is(bytes.length, 4096);
      assert.is(parts.length, 4, 'path MTU 1024');
    }
  });
  it("give Connect its data from the command's capsule or the READ that fetches it", () => {
    const frames = inspectedFrames('nvme-rdma-connect.pcap');
    assert.is(count(layersOf(frames), 'nvme-connect-data'), 4);
    assert.is(noted(frames, /^READ fetches data of Connect/), 4);
    assert.is(noted(frames, /^answers the READ of frame/), 2);
  });
  // tshark lacks one of the completions: that of an event which was asked for before the capture began.
  it('read NVMe/TCP in a capture that begins in the middle of its connections', () => {
    const frames = inspectedFrames('nvme-tcp-namespace-change.pcap');
    const layers = layersOf(frames);
    assert.is(count(layers, 'sqe'), 26);
    assert.is(count(layers, 'cqe'), 26);
    assert.ok(frames.every((f) => f.stop === null));
  });
  it('read the private data with which a queue is accepted', () => {
    const accepted = layersOf(inspectedFrames('nvme-rdma-connect.pcap'));
    assert.is(count(accepted, 'nvme-rdma-req'), 4);
    assert.is(count(accepted, 'nvme-rdma-rep'), 4);
  });

  /** A REJ of the first request of that capture, as the target would send it. */
  const refused = (reason: string) => {
    const layers = [
      'eth/ipv4(src=10.99.0.1,dst=10.99.0.2)/udp/bth(opcode=UD_SEND_ONLY,destQp=1)/deth(srcQp=1)/mad',
      `cm-rej(remoteCommId=0x07b2374b,messageRejected=0,reason=${reason})`,
      `nvme-rdma-rej(sts=INVALID_QID)/cm-private(data=${'00'.repeat(144)})`,
    ];
    const { bytes } = build(parseFrame(layers.join('/'), protocolByKey));
    const inspector = new Inspector();
    const [, , request] = capturedFrames('nvme-rdma-connect.pcap');
    inspector.inspect(request!.bytes);
    return inspector.inspect(bytes).layers.map((layer) => layer.key);
  };
  it('read the private data with which the service, and nobody else, refuses a queue', () => {
    assert.ok(refused('28').includes('nvme-rdma-rej'));
    assert.ok(!refused('8').includes('nvme-rdma-rej'), 'an invalid service ID is not its word');
  });
});
