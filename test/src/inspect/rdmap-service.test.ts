// Mirrors src/inspect/rdmap-service.ts: messages over iWARP, as siw sent them, and NVMe as a capture of NVMe/RDMA has
// it, carried by MPA instead (there is no capture of NVMe over iWARP).

import {
  build,
  ddpTagged,
  ddpUntagged,
  type Layer,
  type LayerInput,
  mpa,
  mpaRep,
  mpaReq,
  nvme,
  rdmapReadReq,
} from '../../../protocols/index.js';
import { allLayers, type Inspected, Inspector } from '../../../src/inspect/index.js';
import { inspectedFrames } from '../../support/capture.js';
import { opening, segmentFrame } from '../../support/segments.js';
import { assert, spec } from '../../support/spec.js';
import { tilesAndReencodes } from '../../support/tiling.js';

const source = inspectedFrames('nvme-rdma-connect.pcap');
const layersOf = (frame: Inspected): Layer[] => [...allLayers(frame)];

/** The bytes of a capsule: all that a packet of the capture carries between its headers and its ICRC. */
function capsule(frame: Inspected, first: string): Uint8Array {
  const at = frame.layers.find((layer) => layer.key === first)!.at;
  return frame.bytes.slice(at, frame.layers.find((layer) => layer.key === 'icrc')!.at);
}

const asked = source.find((f) => f.layers.some((l) => l.key === 'nvme-identify'))!;
const cid = asked.layers.find((l) => l.key === 'sqe')!.number('cid');
const sgl = asked.layers.find((l) => l.key === 'sgl-keyed')!;
const returned = source
  .flatMap((f) => f.messages)
  .find((m) => m.layers[0]!.key === 'nvme-id-ctrl')!.bytes;
const answered = source.find(
  (f) =>
    f.number > asked.number && f.layers.some((l) => l.key === 'cqe' && l.number('cid') === cid),
)!;
const qidOfAdmin = nvme.RDMAReq.encode({ qid: 0 });

const SEND = 3;
const ends = { isn: [1, 2], port: nvme.RDMA_PORT } as const;

/** Sends each unit in a segment of its own. */
class Talk {
  readonly inspector = new Inspector();
  readonly #at: [number, number] = [0, 0];
  constructor(port: number = ends.port) {
    this.ends = { ...ends, port };
    for (const frame of opening(this.ends)) this.inspector.inspect(frame);
    this.say(0, [mpaReq({ c: 1 }), qidOfAdmin]);
    this.say(1, [mpaRep({ c: 1 })]);
  }
  readonly ends;
  say(from: 0 | 1, unit: LayerInput[]): Inspected {
    const { bytes } = build(unit);
    const found = this.inspector.inspect(
      segmentFrame(this.ends, { from, at: this.#at[from], bytes }),
    );
    this.#at[from] += bytes.length;
    assert.is(found.stop, null);
    tilesAndReencodes(found);
    for (const message of found.messages) tilesAndReencodes(message);
    return found;
  }
}

const sent = (bytes: Uint8Array, mo: number, last: 0 | 1): LayerInput[] => [
  mpa(),
  ddpUntagged({ opcode: SEND, qn: 0, msn: 1, mo, last }),
  bytes,
];

const PIECE = 1200;

/** Tagged data in segments of at most so many bytes. */
const tagged = (opcode: number, stag: number, to: bigint, bytes: Uint8Array): LayerInput[][] =>
  Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, i) => [
    mpa(),
    ddpTagged({
      opcode,
      stag,
      to: to + BigInt(i * PIECE),
      last: (i + 1) * PIECE >= bytes.length ? 1 : 0,
    }),
    bytes.subarray(i * PIECE, (i + 1) * PIECE),
  ]);

const keys = (frame: Inspected) => layersOf(frame).map((layer) => layer.key);
const WRITE = 0;
const READ_RESPONSE = 2;

spec('RDMA over iWARP', (it) => {
  it('gives the messages that siw sent in several segments', () => {
    const messages = inspectedFrames('siw.pcap').flatMap((f) => f.messages);
    const titles = messages.map((m) => m.title).filter((title) => title.startsWith('RDMAP'));
    assert.ok(titles.includes('RDMAP Read Response message'));
    assert.ok(titles.includes('RDMAP Write message'));
  });
  it('dissects a command in its place and links what a WRITE returns to it', () => {
    const talk = new Talk();
    const command = talk.say(0, sent(capsule(asked, 'sqe'), 0, 1));
    assert.ok(keys(command).includes('nvme-identify'));
    const stag = sgl.number('key');
    const found = tagged(WRITE, stag, sgl.get('addr') as bigint, returned).map((unit) =>
      talk.say(1, unit),
    );
    const last = found.at(-1)!;
    assert.is(last.messages[0]!.layers[0]!.key, 'nvme-id-ctrl');
    assert.is(last.messages[0]!.parts.length, 4);
    assert.match(last.notes.join(), /^WRITE returns data of Identify/);
    const completion = talk.say(1, sent(capsule(answered, 'cqe-result'), 0, 1));
    assert.match(completion.notes.join(), /^completes Identify/);
    assert.is(talk.inspector.keptBytes, 0);
  });
  it('puts a SEND of several segments together before it is read', () => {
    const talk = new Talk();
    const bytes = capsule(asked, 'sqe');
    talk.say(0, sent(bytes.subarray(0, 20), 0, 0));
    const found = talk.say(0, sent(bytes.subarray(20), 20, 1));
    assert.is(found.messages[0]!.title, 'RDMAP Send message');
    assert.ok(keys(found).includes('nvme-identify'));
  });
  it('links a READ and its response to the command that offered the memory', () => {
    const talk = new Talk();
    talk.say(0, sent(capsule(asked, 'sqe'), 0, 1));
    const read = talk.say(1, [
      mpa(),
      ddpUntagged({ opcode: 1, qn: 1 }),
      rdmapReadReq({
        sinkStag: 5,
        sinkTo: 0x500n,
        size: returned.length,
        sourceStag: sgl.number('key'),
        sourceTo: sgl.get('addr') as bigint,
      }),
    ]);
    assert.match(read.notes.join(), /^READ fetches data of Identify/);
    const found = tagged(READ_RESPONSE, 5, 0x500n, returned).map((unit) => talk.say(0, unit));
    assert.match(found.at(-1)!.notes.join(), /answers the READ of frame 6/);
    assert.is(found.at(-1)!.messages[0]!.layers[0]!.key, 'nvme-id-ctrl');
  });
  it('takes data on other ports for bytes without structure', () => {
    const talk = new Talk(4711);
    const found = talk.say(0, sent(capsule(asked, 'sqe'), 0, 1));
    assert.not.ok(keys(found).includes('sqe'));
  });
});
