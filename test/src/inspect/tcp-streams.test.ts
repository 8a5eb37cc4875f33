// Mirrors src/inspect/tcp-streams.ts and stream-reader.ts: what was sent is found, however it was cut and delivered.

import * as fc from 'fast-check';
import { formatHex, mpaStream, nvme, type StreamProtocol } from '../../../protocols/index.js';
import { type Inspected, Inspector } from '../../../src/inspect/index.js';
import { MAX_CONNECTIONS, MAX_DIRECTION_BYTES } from '../../../src/inspect/tcp-streams.js';
import { capturedFrames } from '../../support/capture.js';
import { conversations, follow } from '../../support/conversation.js';
import { joined } from '../../support/hostile.js';
import {
  acknowledgment,
  anySegments,
  type Ends,
  opening,
  type Segment,
  segmentFrame,
} from '../../support/segments.js';
import { assert, spec } from '../../support/spec.js';
import { tilesAndReencodes } from '../../support/tiling.js';

/** A conversation of a capture: both byte streams, and the units in them as hex. */
interface Talk {
  readonly name: string;
  readonly streams: readonly [Uint8Array, Uint8Array];
  readonly units: readonly string[];
}

const SHORT = 30_000;

function talks(name: string, stream: StreamProtocol): Talk[] {
  return conversations(capturedFrames(name)).flatMap((chunks, i) => {
    const side = (from: number) =>
      joined(...chunks.filter((c) => c.from === from).map((c) => c.bytes));
    const streams = [side(0), side(1)] as const;
    if (streams[0].length + streams[1].length > SHORT) return [];
    const followed = follow(stream, chunks);
    if (followed.units.length === 0 || followed.stops.length > 0) return [];
    const units = followed.units.map(({ walk }) =>
      formatHex(walk.bytes.subarray(walk.start, walk.end)),
    );
    return [{ name: `${name} ${i}`, streams, units: units.sort() }];
  });
}

const nvmeTalks = talks('nvme-tcp-connect.pcap', nvme.tcpStream);
const iwarpTalks = talks('siw.pcap', mpaStream);
const [shortest] = [...nvmeTalks].sort((a, b) => a.streams[1].length - b.streams[1].length);

const unitKeys = ['nvme-tcp', 'mpa', 'mpa-req', 'mpa-rep'];

/** The units that a frame brought to light, in place and as messages, as hex. */
function unitsOf(found: Inspected): string[] {
  const inPlace = found.layers
    .filter((layer) => unitKeys.includes(layer.key))
    .map((layer) => formatHex(layer.bytes.subarray(layer.at, layer.bodyEnd)));
  const cut = found.messages
    .filter((message) => unitKeys.includes(message.layers[0]!.key))
    .map((message) => formatHex(message.bytes));
  return [...inPlace, ...cut];
}

/** What the frames' parts say must be what the frames carried. */
function partsAddUp(found: Inspected, frames: readonly Uint8Array[]): void {
  for (const { parts, bytes, title } of found.messages) {
    // RDMAP messages name the frames that completed their segments.
    if (title.startsWith('RDMAP')) continue;
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    assert.is(size, bytes.length, 'the parts make up the message');
    let at = 0;
    for (const part of parts) {
      const piece = formatHex(bytes.subarray(at, at + part.size));
      assert.ok(part.frame <= found.number, 'a part comes from this frame or an earlier one');
      assert.ok(formatHex(frames[part.frame - 1]!).includes(piece), 'the frame carried that part');
      at += part.size;
    }
  }
}

function deliver(ends: Ends, segments: readonly Segment[]): { units: string[]; kept: number } {
  const frames = [...opening(ends), ...segments.map((segment) => segmentFrame(ends, segment))];
  const inspector = new Inspector();
  const units = frames.flatMap((frame) => {
    const found = inspector.inspect(frame);
    tilesAndReencodes(found);
    for (const message of found.messages) tilesAndReencodes(message);
    partsAddUp(found, frames);
    return unitsOf(found);
  });
  return { units: units.sort(), kept: inspector.keptBytes };
}

const isn = fc
  .oneof(fc.constantFrom(0, 2 ** 32 - 1, 2 ** 31 - 5), fc.nat({ max: 2 ** 31 - 1 }))
  .map((n) => (n * 2 - 3000) >>> 0);

function survivesDelivery(all: readonly Talk[], port: number, runs: number): void {
  assert.ok(all.length > 0);
  const anything = fc.constantFrom(...all).chain((talk) =>
    fc.record({
      talk: fc.constant(talk),
      segments: anySegments(talk.streams),
      isn: fc.tuple(isn, isn),
    }),
  );
  fc.assert(
    fc.property(anything, ({ talk, segments, isn: counted }) => {
      const { units, kept } = deliver({ isn: counted, port }, segments);
      assert.equal(units, talk.units, talk.name);
      assert.is(kept, 0, 'nothing is kept in the end');
    }),
    { numRuns: runs },
  );
}

const ends: Ends = { isn: [4_294_967_290, 7], port: 4420 };
const from = (side: 0 | 1, at: number, bytes: Uint8Array): Segment => ({ from: side, at, bytes });

/** Inspects frames one by one and returns what was found in each. */
function inspectAll(frames: readonly Uint8Array[], inspector = new Inspector()): Inspected[] {
  return frames.map((frame) => inspector.inspect(frame));
}

const icReq = shortest!.streams[0].subarray(0, 128);

spec('TCP streams', (it) => {
  it('give the NVMe/TCP PDUs that were sent, however segments are cut, lost and repeated', () => {
    survivesDelivery(nvmeTalks, 4420, 60);
  });
  it('give the MPA frames that were sent, however segments are cut, lost and repeated', () => {
    survivesDelivery(iwarpTalks, 4711, 60);
  });
  it('come a byte at a time, across the end of the sequence numbers', () => {
    const talk = shortest!;
    const segments = ([0, 1] as const).flatMap((side) =>
      [...talk.streams[side].subarray(0, 1500)].map((byte, at) =>
        from(side, at, Uint8Array.of(byte)),
      ),
    );
    const { units } = deliver(ends, segments);
    assert.ok(units.length >= 4);
    assert.ok(units.every((unit) => talk.units.includes(unit)));
  });
  it('keep the bytes that came first where copies differ', () => {
    const spoilt = icReq.slice().fill(0xee, 64);
    const found = inspectAll([
      ...opening(ends),
      segmentFrame(ends, from(0, 64, icReq.subarray(64))),
      segmentFrame(ends, from(0, 0, spoilt)),
    ]);
    assert.equal(unitsOf(found[3]!), [formatHex(spoilt)], 'its own bytes were next');
    const late = inspectAll([
      ...opening(ends),
      segmentFrame(ends, from(0, 100, icReq.subarray(100))),
      segmentFrame(ends, from(0, 50, spoilt.subarray(50))),
      segmentFrame(ends, from(0, 0, icReq.subarray(0, 50))),
    ]);
    const mixed = joined(icReq.subarray(0, 50), spoilt.subarray(50, 100), icReq.subarray(100));
    assert.equal(unitsOf(late[4]!), [formatHex(mixed)]);
  });
  it('begin anew when a SYN with another number uses the ports again', () => {
    const half = segmentFrame(ends, from(0, 0, icReq.subarray(0, 50)));
    const again: Ends = { ...ends, isn: [1000, 2000] };
    const inspector = new Inspector();
    const found = inspectAll(
      [...opening(ends), half, ...opening(again), segmentFrame(again, from(0, 0, icReq))],
      inspector,
    );
    assert.equal(unitsOf(found.at(-1)!), [formatHex(icReq)]);
    assert.is(inspector.keptBytes, 0);
  });
  it('are forgotten when one end resets them', () => {
    const inspector = new Inspector();
    inspectAll(
      [...opening(ends), segmentFrame(ends, from(0, 0, icReq.subarray(0, 50)))],
      inspector,
    );
    assert.ok(inspector.keptBytes >= 50);
    inspector.inspect(segmentFrame(ends, from(1, 0, new Uint8Array(0)), { rst: 1 }));
    assert.is(inspector.keptBytes, 0);
  });
});

spec('TCP streams with bytes missing', (it) => {
  const talk = nvmeTalks.find((t) => t.streams[1].length > 6000)!;
  const stream = talk.streams[1];
  const segments = (size: number, first = 0): Segment[] => {
    const cut: Segment[] = [];
    for (let at = first; at < stream.length; at += size) {
      cut.push(from(1, at, stream.subarray(at, at + size)));
    }
    return cut;
  };

  it('are joined in the middle at the next PDU that begins a segment', () => {
    // Frame by frame as the controller sent it: most segments begin with a PDU.
    const frames = capturedFrames('nvme-tcp-connect.pcap')
      .slice(60)
      .map((f) => f.bytes);
    const found = inspectAll(frames);
    const units = found.flatMap(unitsOf);
    assert.ok(units.length > 20);
    assert.ok(
      found.some((f) => f.notes.includes('nvme-tcp goes on here; bytes before are missing')),
    );
    assert.ok(found.every((f) => f.stop === null));
  });
  it('go on behind a hole once the other end acknowledges what is missing', () => {
    const all = segments(900);
    const frames = all.filter((_, i) => i !== 2).map((segment) => segmentFrame(ends, segment));
    const inspector = new Inspector();
    inspectAll([...opening(ends), ...frames], inspector);
    assert.ok(inspector.keptBytes > 900, 'segments wait');
    const ack = inspector.inspect(acknowledgment(ends, 0, 0, stream.length));
    assert.ok(
      ack.notes.includes('900 bytes of the other direction are missing from the capture'),
      ack.notes.join('; '),
    );
    assert.ok(inspector.keptBytes < 4096, `${inspector.keptBytes} bytes are kept`);
  });
  it('look for the next unit where one makes no sense', () => {
    const broken = stream.slice(0, 128);
    broken[0] = 0x77;
    const found = inspectAll([
      ...opening(ends),
      segmentFrame(ends, from(0, 0, icReq)),
      segmentFrame(ends, from(1, 0, broken)),
      segmentFrame(ends, from(1, 128, stream.subarray(0, 128))),
    ]);
    assert.is(found[3]!.stop?.field, 'type');
    assert.equal(unitsOf(found[4]!), [formatHex(stream.subarray(0, 128))]);
  });
});

spec('memory of TCP streams', (it) => {
  const MARGIN = 1 << 20;
  it('is bounded where a hole is never filled', () => {
    const inspector = new Inspector();
    inspectAll([...opening(ends), segmentFrame(ends, from(0, 0, icReq))], inspector);
    const size = 60_000;
    let most = 0;
    let said = false;
    for (let at = 200; at < MAX_DIRECTION_BYTES * 1.2; at += size) {
      const { notes } = inspector.inspect(segmentFrame(ends, from(0, at, new Uint8Array(size))));
      said ||= notes.some((note) => note.includes('MAX_DIRECTION_BYTES'));
      most = Math.max(most, inspector.keptBytes);
    }
    assert.ok(said, 'the bound is said');
    assert.ok(most < MAX_DIRECTION_BYTES + MARGIN);
  });
  it('is bounded where segments of one byte each wait', () => {
    const inspector = new Inspector();
    inspectAll([...opening(ends), segmentFrame(ends, from(0, 0, icReq))], inspector);
    const template = segmentFrame(ends, from(0, 0, Uint8Array.of(1)));
    const seqAt = 14 + 20 + 4;
    let said = false;
    let most = 0;
    for (let i = 0; i < 40_000; i++) {
      new DataView(template.buffer).setUint32(seqAt, 1000 + 2 * i);
      said ||= inspector.inspect(template).notes.some((note) => note.includes('given up'));
      most = Math.max(most, inspector.keptBytes);
    }
    assert.ok(said && most < MAX_DIRECTION_BYTES + MARGIN);
  });
  it('is bounded over floods of connections, the oldest of which are forgotten', () => {
    const inspector = new Inspector();
    const connection = { srcPort: 14 + 20, source: 14 + 12 };
    const template = segmentFrame(ends, from(0, 0, icReq.subarray(0, 100)));
    const view = new DataView(template.buffer);
    for (let i = 0; i < MAX_CONNECTIONS * 2; i++) {
      view.setUint32(connection.source, 0x0a000000 + i);
      view.setUint16(connection.srcPort, 1024 + (i % 5000));
      inspector.inspect(template);
    }
    assert.ok(inspector.keptBytes > 0);
    assert.ok(inspector.keptBytes <= MAX_CONNECTIONS * 200, `${inspector.keptBytes}`);
  });
});
