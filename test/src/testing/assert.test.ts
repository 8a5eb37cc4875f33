// Mirrors src/testing/assert-*.ts: what passes, and what a failure says.

import { runInNewContext } from 'node:vm';
import { bth, build, eth, formatHex, ipv4, reth, udp } from '../../../protocols/index.js';
import {
  AssertionError,
  assertChecksum,
  assertChecksums,
  assertCorrect,
  assertFrame,
  assertMalformed,
  assertSameFrame,
} from '../../../src/testing/index.js';
import { assert, spec } from '../../support/spec.js';

/** A RoCE v2 WRITE with that packet sequence number and those other fields of IPv4. */
const write = (psn = 7, ip: Record<string, number> = {}, data = 'hello') =>
  build([
    eth({ dst: '52:54:00:00:00:02', src: '52:54:00:00:00:01' }),
    ipv4({ src: '10.0.0.1', dst: '10.0.0.2', ttl: 64, ...ip }),
    udp({ srcPort: 49152 }),
    bth({ opcode: 'RC_RDMA_WRITE_ONLY', destQp: 0x11, psn }),
    reth({ va: 0x1000, rkey: 0x1ee, dmaLen: data.length }),
    data,
  ]).bytes;

/** The error that `body` must throw. */
function failure(body: () => unknown): AssertionError {
  try {
    body();
  } catch (error) {
    assert.instance(error, AssertionError);
    return error as AssertionError;
  }
  throw new Error('the assertion held');
}

spec('assertFrame', (it) => {
  it('holds for layers in order with the fields that matter, as text or as values', () => {
    assertFrame(write(), [
      { layer: 'eth', fields: { dst: '52:54:00:00:00:02' } },
      { layer: 'ipv4', fields: { src: '10.0.0.1', dst: 0x0a000002 } },
      'udp(dstPort=4791)',
      { layer: 'bth', fields: { opcode: 'RC_RDMA_WRITE_ONLY', psn: 7 } },
      { layer: 'reth', fields: { va: 0x1000, rkey: '0x1ee' } },
      new TextEncoder().encode('hello'),
    ]);
  });
  it('reads one frame expression, where ... stands for any layers', () => {
    assertFrame(write(), 'eth/ipv4(src=10.0.0.1)/udp/bth(psn=7)/reth(va=4096)/"hello"');
    assertFrame(write(), '.../bth(psn=7)/...');
    assertFrame(write(), 'eth/.../"hello"');
    assertFrame(write(), ['eth', '...']);
  });
  it('hands out the dissection for further questions', () => {
    const frame = assertFrame(write(9), 'eth/.../bth/...');
    assert.is(frame.layers.find((l) => l.key === 'bth')!.get('psn'), 9);
  });
  it('lists every wrong field and marks it in the dump', () => {
    const error = failure(() =>
      assertFrame(write(), '.../bth(opcode=RC_SEND_ONLY,psn=8)/reth(dmaLen=5)/...'),
    );
    assert.match(error.message, /^2 fields are not as expected\n/);
    assert.match(
      error.message,
      /bth\.opcode: expected RC_SEND_ONLY \(0x04\), found RC_RDMA_WRITE_ONLY \(0x0a\)/,
    );
    assert.match(error.message, /bth\.psn: {4}expected 8, found 7/);
    assert.match(error.message, /\^\^ +opcode: expected RC_SEND_ONLY/);
    assert.match(error.message, /\^{8} +psn: expected 8/);
    assert.equal(error.expected, { 'bth.opcode': 'RC_SEND_ONLY (0x04)', 'bth.psn': '8' });
  });
  it('says which layer stands where another was expected', () => {
    const error = failure(() => assertFrame(write(), 'eth/ipv4/tcp/...'));
    assert.match(error.message, /the layers are not those expected/);
    assert.match(error.message, /expected: eth\/ipv4\/tcp/);
    assert.match(error.message, /expected tcp, found udp at byte 34/);
  });
  it('does not pass over layers that the expectation forgets', () => {
    assert.match(failure(() => assertFrame(write(), 'eth/ipv4/udp/bth')).message, /found reth/);
    assert.match(
      failure(() => assertFrame(write(), 'eth')).message,
      /end of the frame, found ipv4/,
    );
    assert.match(failure(() => assertFrame(new Uint8Array(), 'eth')).message, /found the end of/);
  });
  it('fails for a malformed frame unless told that it may be one', () => {
    const cut = write().subarray(0, 44);
    const error = failure(() => assertFrame(cut, 'eth/ipv4/udp/...'));
    assert.match(error.message, /the frame is malformed: ipv4\.totalLength at byte 16/);
    assertFrame(cut, 'eth/ipv4/udp/...', { malformed: true });
  });
  it('refuses expectations that mean nothing', () => {
    assert.throws(() => assertFrame(write(), 'eth/ipv5'), /did you mean 'ipv4'/);
    assert.throws(() => assertFrame(write(), [{ layer: 'bht' }]), /there is no layer 'bht'/);
    assert.throws(
      () => assertFrame(write(), [{ layer: 'bth', fields: { opcode: 'RC_SEN' } }]),
      /'RC_SEN' is no value of 'opcode'/,
    );
    assert.throws(() => assertFrame('00' as unknown as Uint8Array, 'eth'), /must be a Uint8Array/);
  });
});

spec('assertSameFrame', (it) => {
  it('holds for equal bytes', () => assertSameFrame(write(), write()));
  it('names the first differing field, its layer and its place, and shows both dumps', () => {
    const error = failure(() => assertSameFrame(write(8), write(7), { ignore: ['icrc'] }));
    assert.match(error.message, /^the frames differ in bth\.psn at byte 51\n/);
    assert.match(error.message, /bth\.psn: expected 7, found 8/);
    assert.is(error.message.match(/\^{8} +first difference: psn/g)?.length, 2);
    assert.match(error.message, /\nactual \(82 bytes\):\neth[\s\S]*\nexpected \(82 bytes\):\neth/);
    assert.equal(error.actual, { 'bth.psn': '8' });
  });
  it('lets ignored fields, layers and kinds of fields differ, and nothing else', () => {
    const [a, b] = [1, 2].map((srcPort) => {
      const ip = ipv4({ identification: srcPort, headerChecksum: 0 });
      return build([eth(), ip, udp({ srcPort, dstPort: 7 }), 'x']).bytes;
    }) as [Uint8Array, Uint8Array];
    const all = failure(() => assertSameFrame(a, b));
    assert.match(all.message, /in ipv4\.identification at byte 18/);
    const rest = failure(() => assertSameFrame(a, b, { ignore: ['ipv4', 'udp.srcPort'] }));
    assert.match(rest.message, /in udp\.checksum/);
    assertSameFrame(a, b, { ignore: ['ipv4.identification', 'udp.srcPort', 'checksum'] });
    assertSameFrame(a, b, { ignore: ['ipv4', 'udp'] });
  });
  it('points at the first byte that differs in a long payload', () => {
    const [a, b] = ['hello', 'help!'].map((text) => write(7, {}, text)) as [Uint8Array, Uint8Array];
    const error = failure(() => assertSameFrame(a, b));
    assert.match(error.message, /in payload\.data at byte 73/);
  });
  it('says so when lengths differ', () => {
    const error = failure(() => assertSameFrame(write(7, {}, 'hello, world'), write()));
    assert.match(error.message, /the frames differ in ipv4\.totalLength/);
    assert.match(error.message, /length: expected 82 bytes, found 86/);
    const empty = failure(() => assertSameFrame(new Uint8Array(), write()));
    assert.match(empty.message, /expected the layer eth, found the end of the frame/);
  });
});

/** A datagram with a checksum, right unless given. */
const datagram = (fields: { checksum?: number } = {}) =>
  build([
    eth(),
    ipv4({ src: '10.0.0.1', dst: '10.0.0.2' }),
    udp({ srcPort: 5, dstPort: 7, ...fields }),
    'hello',
  ]).bytes;

spec('checksum assertions', (it) => {
  it('verify everything verifiable and say what that was', () => {
    assert.ok(assertChecksums(datagram()).includes('udp.checksum'));
    assertChecksum(datagram(), 'udp.checksum');
    assertChecksum(datagram(), 'udp');
    assertCorrect(datagram());
  });
  it('list each wrong one with what was expected and found', () => {
    const wrong = datagram({ checksum: 1 });
    const error = failure(() => assertChecksums(wrong));
    assert.match(error.message, /udp\.checksum: expected 0x[0-9a-f]{4}, found 0x0001/);
    assert.match(error.message, /\^{5} +expected 0x/);
    const all = failure(() => assertCorrect(wrong));
    assert.match(all.message, /^one thing is wrong[\s\S]*checksum is 0x0001/);
    assert.throws(() => assertChecksum(wrong, 'udp'), /a checksum is wrong/);
  });
  it('do not pass where there is nothing to verify', () => {
    assert.match(failure(() => assertChecksum(write(), 'tcp')).message, /the frame has no tcp/);
    assert.throws(() => assertChecksum(write(), 'udp.length'), /'udp\.length' is no checksum; udp/);
    assert.match(
      failure(() => assertChecksums(write().subarray(0, 44))).message,
      /behind the stop/,
    );
  });
});

spec('assertMalformed', (it) => {
  const cut = write().subarray(0, 44);
  it('holds where dissecting stops as expected', () => {
    const stop = assertMalformed(cut, { layer: 'ipv4', field: 'totalLength' });
    assert.is(stop.code, 'length-conflict');
    assertMalformed(cut);
  });
  it('says in which way the frame is malformed instead, or that it is not', () => {
    const other = failure(() => assertMalformed(cut, { code: 'truncated', layer: 'bth' }));
    assert.match(other.message, /code: expected truncated, found length-conflict/);
    assert.match(other.message, /layer: expected bth, found ipv4/);
    const none = failure(() => assertMalformed(write(), { code: 'truncated' }));
    assert.match(none.message, /the frame is not malformed, expected code truncated/);
  });
});

spec('assertions everywhere', (it) => {
  it('take bytes of another realm, as under jest, and Buffers', () => {
    const foreign = runInNewContext(`Uint8Array.from([${write()}])`) as Uint8Array;
    assert.not.instance(foreign, Uint8Array);
    assertSameFrame(foreign, write());
    assertFrame(foreign, [{ layer: 'eth', fields: { dst: foreign.subarray(0, 6) } }, '...']);
    assertFrame(Buffer.from(write()), '.../bth(psn=7)/...');
    assertChecksums(foreign);
    const error = failure(() => assertSameFrame(foreign, write(8)));
    assert.match(error.message, /in bth\.psn/);
  });
  it('throw what every runner takes for a failed assertion', () => {
    const error = failure(() => assertFrame(write(), '.../bth(psn=1)/...'));
    assert.instance(error, Error);
    assert.is(error.name, 'AssertionError');
    assert.is(error.code, 'ERR_ASSERTION');
    assert.is(error.operator, 'assertFrame');
    assert.ok(JSON.stringify({ ...error }).includes('bth.psn'));
  });
  it('leave frames as they are', () => {
    const bytes = write();
    const before = formatHex(bytes);
    assertFrame(bytes, 'eth/...');
    assertSameFrame(bytes, write());
    assert.is(formatHex(bytes), before);
  });
});
