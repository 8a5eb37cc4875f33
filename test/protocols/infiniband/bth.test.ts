// Packets of the InfiniBand transport: dissected from outside evidence, built, and checked.

import {
  aeth,
  type BuildOptions,
  bth,
  build,
  check,
  dissect,
  type Extension,
  eth,
  type FieldValue,
  grh,
  ipv4,
  type LayerInput,
  opcodes,
  type Part,
  part,
  payload,
  reth,
  summarize,
  udp,
} from '../../../protocols/index.js';
import { extensionProtocols } from '../../../protocols/infiniband/chain.js';
import { assert, spec } from '../../support/spec.js';
import * as vectors from './vectors.js';

const keys = (bytes: Uint8Array): string =>
  dissect(bytes)
    .layers.map((layer) => layer.key)
    .join('/');

const roceV2 = (layers: readonly LayerInput[], options: BuildOptions = {}) =>
  build([eth(), ipv4({ src: '10.0.0.1', dst: '10.0.0.2', ttl: 64 }), udp(), ...layers], options);

/** What is wrong with a packet that was built of those layers. */
const findings = (...layers: LayerInput[]): string[] =>
  check(dissect(roceV2(layers).bytes))
    .findings.filter((f) => f.layer !== 'ipv4' && f.layer !== 'udp')
    .map((f) => `${f.layer}.${f.field}: ${f.message}`);

spec('bth', (it) => {
  it('dissects an ACK of Linux', () => {
    const { layers, stop } = dissect(vectors.rxeAck);
    assert.is(keys(vectors.rxeAck), 'eth/ipv4/udp/bth/aeth/icrc');
    assert.is(stop, null);
    const fields = layers[3]!.fields();
    assert.is(fields.opcode, 0x11);
    assert.is(fields.destQp, 0x777);
    assert.is(fields.psn, 0x85f5af);
    assert.is(fields.pkey, 0xffff);
    assert.equal(layers[4]!.fields(), { syndrome: 0x1f, msn: 2 });
  });

  it('dissects a CNP of a ConnectX-4 with its reserved bytes', () => {
    assert.is(keys(vectors.cnpConnectX4), 'eth/ipv4/udp/bth/cnp/icrc');
    const packet = dissect(vectors.cnpConnectX4).layers[3]!;
    assert.equal([packet.number('fecn'), packet.number('becn')], [0, 1]);
    assert.is(packet.number('destQp'), 0x118);
  });

  it('dissects RoCE v1 behind a GRH', () => {
    assert.is(keys(vectors.roceV1Write), 'eth/grh/bth/reth/payload/ibpad/icrc');
    const { layers } = dissect(vectors.roceV1Write);
    assert.is(layers[1]!.number('payLen'), 40);
    assert.is(layers[2]!.number('padCount'), 3);
    assert.is(layers[3]!.get('va'), 0x55d4c0726000n);
    assert.is(layers[3]!.number('dmaLen'), 5);
    assert.equal([...(layers[4]!.get('data') as Uint8Array)], [0, 0, 0, 0, 1]);
    assert.is(keys(vectors.roceV1Ack), 'eth/grh/bth/aeth/icrc');
  });

  it('finds the ICRC by the lengths and not by the end of a filled-up frame', () => {
    const filled = new Uint8Array(vectors.rxeAck.length + 2);
    filled.set(vectors.rxeAck);
    assert.is(keys(filled), 'eth/ipv4/udp/bth/aeth/icrc/padding');
    assert.equal(check(dissect(filled)).findings, []);
  });

  it('builds the frame of a RoCE v1 write from its fields', () => {
    const { layers } = dissect(vectors.roceV1Write);
    const [ethernet, network, transport, remote] = layers.map((layer) => layer.fields());
    const frame = build([
      eth({ src: ethernet!.src as Uint8Array, dst: ethernet!.dst as Uint8Array }),
      part(grh, without(network!, 'ipVer', 'payLen', 'nxtHdr')),
      part(bth, without(transport!, 'padCount')),
      reth({ va: remote!.va as bigint, rkey: remote!.rkey as number }),
      Uint8Array.of(0, 0, 0, 0, 1),
    ]);
    assert.equal([...frame.bytes], [...vectors.roceV1Write]);
  });

  it('keeps what stands behind an opcode that it does not know', () => {
    const bytes = vectors.rxeAck.slice();
    bytes[42] = 0x1f;
    const { stop } = dissect(bytes);
    assert.is(keys(bytes), 'eth/ipv4/udp/bth/payload/icrc');
    assert.is(stop?.code, 'unsupported');
    assert.is(stop?.field, 'opcode');
    assert.is(stop?.at, 42);
  });

  it('stops at every prefix of every packet, and says at which byte', () => {
    for (const bytes of [vectors.rxeSendOnly, vectors.cnpConnectX4, vectors.roceV1Write]) {
      for (let n = 0; n < bytes.length; n++) {
        const { stop, layers } = dissect(bytes.subarray(0, n));
        assert.ok(stop, `${n} bytes`);
        assert.ok(stop.at <= n);
        assert.is(
          layers.reduce((sum, layer) => sum + layer.end - layer.at, 0),
          n,
        );
      }
    }
  });

  it('dissects what it builds of every opcode, and finds nothing wrong with it', () => {
    for (const { code, name, chain, payload: carries, place } of opcodes) {
      const full = place === 'first' || place === 'middle' ? 256 : 8;
      const parts = chain.filter((key) => key !== 'cnp').map(extension);
      const data = carries === 'none' ? [] : [new Uint8Array(full)];
      const packet = bth({ opcode: code, pkey: 0xffff, destQp: 2, becn: name === 'CNP' ? 1 : 0 });
      const frame = roceV2([packet, ...parts, ...data]);
      const found = dissect(frame.bytes);
      assert.equal(found.stop, null, name);
      const between = found.layers.slice(4, 4 + chain.length).map((layer) => layer.key);
      assert.equal(between, chain, name);
      assert.equal(
        check(found).findings.filter((f) => f.layer !== 'ipv4' && f.layer !== 'udp'),
        [],
        name,
      );
    }
  });

  it('hands the payload to whoever knows the queue pair', () => {
    const seen: number[] = [];
    const { layers } = dissect(vectors.rxeSendOnly, {
      rdmaPayload(walk) {
        seen.push(walk.at, walk.left);
        return payload;
      },
    });
    assert.equal(seen, [54, 16]);
    assert.is(layers.at(-2)!.key, 'payload');
  });
});

spec('summary of bth', (it) => {
  it('says what an acknowledgement acknowledges', () => {
    const { info } = summarize(dissect(vectors.rxeAck));
    assert.is(info, 'RC_ACKNOWLEDGE QP 0x777 PSN 8779183 ACK, MSN 2');
  });
});

spec('check of bth', (it) => {
  const write = { opcode: 'RC_RDMA_WRITE_ONLY', pkey: 0xffff } as const;

  it('says which headers the opcode wants', () => {
    const frame = roceV2([bth({ opcode: 'RC_ACKNOWLEDGE', pkey: 0xffff }), reth()]);
    const messages = check(frame).findings.map((f) => f.message);
    assert.ok(messages.includes('RC_ACKNOWLEDGE has aeth behind BTH, not reth'));
  });

  it('says that an acknowledgement carries no payload', () => {
    const ack = bth({ opcode: 'RC_ACKNOWLEDGE', pkey: 0xffff });
    assert.equal(findings(ack, aeth(), 'data'), [
      'bth.opcode: RC_ACKNOWLEDGE carries no payload, but 4 bytes are there',
    ]);
  });

  it('says that a pad count does not fill the payload up', () => {
    const found = findings(bth({ ...write, padCount: 1 }), reth(), 'hello');
    assert.ok(found.includes('bth.padCount: 5 bytes and 1 of pad are no multiple of 4'));
  });

  it('says that pad bytes are not zero', () => {
    const bytes = vectors.roceV1Write.slice();
    bytes[88] = 1;
    const found = check(dissect(bytes)).findings.map((f) => f.message);
    assert.ok(found.includes('pad bytes are not zero'));
  });

  it('compares the DMA length of an only packet with what it carries', () => {
    assert.equal(findings(bth(write), reth({ dmaLen: 4 }), 'hello'), [
      'reth.dmaLen: length is 4, expected 5',
    ]);
  });

  it('knows the sizes that a path MTU allows', () => {
    const first = bth({ opcode: 'RC_SEND_FIRST', pkey: 0xffff });
    assert.equal(findings(first, new Uint8Array(1024)), []);
    assert.equal(findings(first, new Uint8Array(1000)), [
      'bth.opcode: RC_SEND_FIRST carries exactly a path MTU, and 1000 bytes are none',
    ]);
  });

  it('names a wrong version, reserved bits and an invalid partition key', () => {
    const odd = bth({ opcode: 'RC_SEND_ONLY', pkey: 0x8000, destQp: 2, tver: 3, reserved2: 1 });
    assert.equal(findings(odd, 'data'), [
      'bth.tver: is 3; there is no version but 0',
      'bth.reserved2: reserved bits are not zero',
      'bth.pkey: 0x8000 is no partition key',
    ]);
  });

  it('wants atomic operations at multiples of eight', () => {
    const atomic = bth({ opcode: 'RC_ATOMIC_WRITE', pkey: 0xffff });
    assert.equal(findings(atomic, reth({ va: 8 }), '12345678'), []);
    assert.equal(findings(atomic, reth({ va: 4 }), '12345678'), [
      'reth.va: 0x4 is no multiple of 8',
    ]);
  });

  it('accepts either value of MigReq', () => {
    for (const migReq of [0, 1]) {
      assert.equal(findings(bth({ ...write, migReq }), reth(), 'data'), []);
    }
  });
});

/** Fields without those that the builder is to derive. */
const without = (fields: Readonly<Record<string, FieldValue>>, ...names: string[]) =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

/** Values that break no rule, for headers whose zeros would. */
const values: Readonly<Record<string, Record<string, number>>> = {
  feth: { plt: 1 },
  aeth: { syndrome: 0x1f },
};

const extension = (key: Extension): Part => part(extensionProtocols[key], values[key]);
