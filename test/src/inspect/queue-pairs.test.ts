// Mirrors src/inspect/queue-pairs.ts and assembler.ts: messages of built packets, over every kind of carrier.

import {
  aeth,
  bth,
  build,
  eth,
  formatHex,
  grh,
  ipv4,
  type LayerInput,
  lrh,
  opcodes,
  psnAdd,
  reth,
  udp,
} from '../../../protocols/index.js';
import { type Inspected, Inspector } from '../../../src/inspect/index.js';
import { MAX_ASSEMBLY_BYTES, MAX_MESSAGE_BYTES } from '../../../src/inspect/queue-pairs.js';
import { assert, spec } from '../../support/spec.js';
import { tilesAndReencodes } from '../../support/tiling.js';

type Opcode = 'FIRST' | 'MIDDLE' | 'LAST' | 'ONLY';
type Carrier = (backwards: boolean) => { readonly layers: LayerInput[]; readonly linkType: number };

const code = (name: string): number => opcodes.find((o) => o.name === name)!.code;

const ends = (backwards: boolean, a: string, b: string) =>
  backwards ? { src: b, dst: a } : { src: a, dst: b };
const gids = (backwards: boolean) =>
  backwards ? { sgid: 'fe80::2', dgid: 'fe80::1' } : { sgid: 'fe80::1', dgid: 'fe80::2' };

const roceV2: Carrier = (backwards) => ({
  layers: [eth(), ipv4(ends(backwards, '10.0.0.1', '10.0.0.2')), udp()],
  linkType: 1,
});
const roceV1: Carrier = (backwards) => ({ layers: [eth(), grh(gids(backwards))], linkType: 1 });
const native: Carrier = (backwards) => ({
  layers: [lrh(backwards ? { slid: 2, dlid: 1 } : { slid: 1, dlid: 2 })],
  linkType: 247,
});

const MTU = 256;

/** A message as its packets' payloads. */
const pieces = (size: number, fill: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(size / MTU) }, (_, i) =>
    new Uint8Array(Math.min(MTU, size - i * MTU)).fill(fill + i),
  );

const place = (i: number, count: number): Opcode =>
  count === 1 ? 'ONLY' : i === 0 ? 'FIRST' : i === count - 1 ? 'LAST' : 'MIDDLE';

interface Packet {
  readonly layers: LayerInput[];
  readonly backwards?: boolean;
}

const sendPackets = (destQp: number, psn: number, size: number, fill = 1): Packet[] => {
  const cut = pieces(size, fill);
  return cut.map((bytes, i) => ({
    layers: [
      bth({ opcode: code(`RC_SEND_${place(i, cut.length)}`), destQp, psn: psnAdd(psn, i) }),
      bytes,
    ],
  }));
};

function inspect(
  packets: readonly Packet[],
  carrier: Carrier = roceV2,
  inspector = new Inspector(),
): Inspected[] {
  return packets.map(({ layers, backwards = false }) => {
    const under = carrier(backwards);
    const { bytes } = build([...under.layers, ...layers]);
    const found = inspector.inspect(bytes, { linkType: under.linkType });
    tilesAndReencodes(found);
    assert.is(found.stop, null);
    return found;
  });
}

const messages = (found: readonly Inspected[]) => found.flatMap((frame) => frame.messages);
const notes = (found: readonly Inspected[]) => found.map((frame) => frame.notes.join('; '));
const sizes = (found: readonly Inspected[]) => messages(found).map((m) => m.bytes.length);

spec('queue pairs', (it) => {
  for (const [name, carrier] of Object.entries({ roceV2, roceV1, native })) {
    it(`put a SEND together from its packets over ${name}`, () => {
      const packets = sendPackets(7, 100, 3 * MTU + 8);
      const inspector = new Inspector();
      const found = inspect(packets, carrier, inspector);
      assert.equal(sizes(found), [3 * MTU + 8]);
      const [message] = messages(found);
      assert.is(message!.title, 'SEND message');
      assert.equal(message!.parts, [
        { frame: 1, size: MTU },
        { frame: 2, size: MTU },
        { frame: 3, size: MTU },
        { frame: 4, size: 8 },
      ]);
      assert.is(formatHex(message!.bytes.subarray(MTU - 1, MTU + 1)), '0102');
      assert.is(inspector.keptBytes, 0);
    });
  }
  it('go on across the end of the packet sequence numbers', () => {
    const found = inspect(sendPackets(7, 0xfffffe, 4 * MTU));
    assert.equal(sizes(found), [4 * MTU]);
    assert.ok(notes(found).every((note) => note === ''));
  });
  it('leave packets out that came before', () => {
    const [a, b, c] = sendPackets(7, 100, 3 * MTU) as [Packet, Packet, Packet];
    const found = inspect([a, b, a, b, c, c]);
    assert.equal(sizes(found), [3 * MTU]);
    assert.is(found[4]!.messages.length, 1);
    assert.equal(notes(found), ['', '', 'duplicate PSN', 'duplicate PSN', '', 'duplicate PSN']);
  });
  it('give a message up of which a packet is missing, and go on with the next', () => {
    const [a, , c] = sendPackets(7, 100, 3 * MTU) as [Packet, Packet, Packet];
    const inspector = new Inspector();
    const found = inspect([a, c, ...sendPackets(7, 103, 2 * MTU, 9)], roceV2, inspector);
    assert.equal(sizes(found), [2 * MTU]);
    assert.is(notes(found)[1], 'PSN gap: packets before this one are missing');
    assert.is(inspector.keptBytes, 0);
  });
  it('keep messages of several queue pairs and both directions apart', () => {
    const a = sendPackets(7, 100, 3 * MTU, 0x10);
    const b = sendPackets(8, 900, 3 * MTU, 0x40);
    const c = sendPackets(7, 5000, 3 * MTU, 0x70).map((p) => ({ ...p, backwards: true }));
    const found = inspect(a.flatMap((packet, i) => [packet, b[i]!, c[i]!]));
    assert.equal(sizes(found), [3 * MTU, 3 * MTU, 3 * MTU]);
    assert.equal(
      messages(found).map((m) => m.bytes[MTU]),
      [0x11, 0x41, 0x71],
    );
  });
  it('match the responses of a READ with its request', () => {
    const response = (i: number, where: Opcode): Packet => ({
      backwards: true,
      layers: [
        bth({ opcode: code(`RC_RDMA_READ_RESPONSE_${where}`), destQp: 3, psn: 50 + i }),
        ...(where === 'MIDDLE' ? [] : [aeth()]),
        new Uint8Array(MTU).fill(i),
      ],
    });
    const request: Packet = {
      layers: [
        bth({ opcode: code('RC_RDMA_READ_REQUEST'), destQp: 4, psn: 50 }),
        reth({ va: 0x1000n, rkey: 0x77, dmaLen: 3 * MTU }),
      ],
    };
    const found = inspect([
      request,
      response(0, 'FIRST'),
      response(1, 'MIDDLE'),
      response(2, 'LAST'),
    ]);
    assert.is(notes(found)[1], 'answers the READ of frame 1');
    assert.equal(sizes(found), [3 * MTU]);
    assert.is(messages(found)[0]!.title, 'RDMA READ RESPONSE message');
  });
  it('take no packet without payload for a part of a message', () => {
    const [a, b] = sendPackets(7, 100, 2 * MTU) as [Packet, Packet];
    const empty: Packet = {
      layers: [bth({ opcode: code('RC_SEND_MIDDLE'), destQp: 7, psn: 101 })],
    };
    const last: Packet = {
      layers: [bth({ opcode: code('RC_SEND_LAST'), destQp: 7, psn: 102 }), ...b.layers.slice(1)],
    };
    assert.equal(sizes(inspect([a, empty, last])), [2 * MTU]);
  });
});

spec('memory of queue pairs', (it) => {
  const opening = (destQp: number, psn: number, opcode: number, size: number) =>
    build([...roceV2(false).layers, bth({ opcode, destQp, psn }), new Uint8Array(size)]).bytes;

  it('is bounded for one endless message, and the bound is said', () => {
    const inspector = new Inspector();
    const size = 60_000;
    let said = '';
    let most = 0;
    const packet = opening(7, 0, code('RC_SEND_MIDDLE'), size);
    inspector.inspect(opening(7, 0, code('RC_SEND_FIRST'), size));
    const psnAt = 14 + 20 + 8 + 8;
    for (let psn = 1; psn < (MAX_MESSAGE_BYTES / size) * 1.5; psn++) {
      new DataView(packet.buffer).setUint32(psnAt, psn);
      said ||= inspector.inspect(packet).notes.join('');
      most = Math.max(most, inspector.keptBytes);
    }
    assert.match(said, /bound: MAX_MESSAGE_BYTES/);
    assert.ok(most < MAX_MESSAGE_BYTES + (1 << 20));
  });
  it('is bounded over messages that all stay open', () => {
    const inspector = new Inspector();
    const packet = opening(7, 0, code('RC_SEND_FIRST'), 60_000);
    const qpAt = 14 + 20 + 8 + 4;
    let said = '';
    let most = 0;
    for (let qp = 1; qp < (MAX_ASSEMBLY_BYTES / 60_000) * 1.5; qp++) {
      new DataView(packet.buffer).setUint32(qpAt, qp);
      said ||= inspector.inspect(packet).notes.join('');
      most = Math.max(most, inspector.keptBytes);
    }
    assert.match(said, /bound: MAX_ASSEMBLY_BYTES/);
    assert.ok(most < MAX_ASSEMBLY_BYTES + (1 << 20));
  });
});
