// Frames from layers: what is given is kept, what completes a frame is added, what follows from it is derived.

import { buildWith } from '../../../protocols/core/build.js';
import {
  bth,
  build,
  eth,
  fcs,
  header,
  ibpad,
  icrc,
  ipv4,
  type LayerInput,
  padding,
  part,
  protocol,
  rest,
  reth,
  tcp,
  tcpMss,
  tcpNop,
  udp,
  uint,
} from '../../../protocols/index.js';
import { assert, spec } from '../../support/spec.js';
import { chain, tilesAndReencodes } from '../../support/tiling.js';

const sizes = (...inputs: LayerInput[]) =>
  build(inputs)
    .layers.map((l) => `${l.key} ${l.end - l.at}`)
    .join('/');
const roce = [eth(), ipv4(), udp(), bth({ opcode: 'RC_SEND_ONLY' })] as const;

spec('build', (it) => {
  it('puts layers one into the other, and tiles the frame', () => {
    const frame = build([eth(), ipv4(), udp({ srcPort: 7 }), 'hello']);
    assert.is(chain(frame), 'eth/ipv4/udp/payload');
    assert.equal(
      frame.layers.map((l) => l.depth),
      [0, 0, 0, 0],
    );
    assert.ok(frame.layers.every((l) => l.bodyEnd === frame.end));
    assert.equal(
      frame.given.map((g) => [...g]),
      [[], [], ['srcPort'], ['data']],
    );
    tilesAndReencodes(frame);
  });

  it('makes frames of nothing, of empty units, and of text in UTF-8', () => {
    assert.is(build([]).bytes.length, 0);
    assert.is(build([[]]).bytes.length, 0);
    assert.is(build([[[], []]]).bytes.length, 0);
    assert.is(build(['']).bytes.length, 0);
    assert.equal([...build(['é', Uint8Array.of(1)]).bytes], [0xc3, 0xa9, 1]);
    assert.equal([...build([Buffer.from('x')]).bytes], [0x78]);
  });

  it('adds what completes a packet, unless it is written down or told otherwise', () => {
    assert.is(sizes(...roce, 'hello'), 'eth 14/ipv4 20/udp 8/bth 12/payload 5/ibpad 3/icrc 4');
    assert.is(sizes(...roce, 'hell'), 'eth 14/ipv4 20/udp 8/bth 12/payload 4/icrc 4');
    assert.is(
      sizes(...roce, 'hello', icrc()),
      'eth 14/ipv4 20/udp 8/bth 12/payload 5/ibpad 3/icrc 4',
    );
    assert.is(
      sizes(...roce, 'hello', ibpad(), icrc()),
      'eth 14/ipv4 20/udp 8/bth 12/payload 5/ibpad 3/icrc 4',
    );
    assert.is(
      sizes(...roce, 'hello', ibpad({ zeros: new Uint8Array(1) }), icrc()),
      'eth 14/ipv4 20/udp 8/bth 12/payload 5/ibpad 1/icrc 4',
    );
    assert.is(
      sizes(eth(), ipv4(), udp(), bth({ padCount: 0 }), 'hello'),
      'eth 14/ipv4 20/udp 8/bth 12/payload 5/icrc 4',
    );
    assert.is(chain(build([...roce, 'hello'], { complete: false })), 'eth/ipv4/udp/bth/payload');
  });

  it('adds only on request what a driver or a card adds', () => {
    assert.is(sizes(eth(), 'x'), 'eth 14/payload 1');
    assert.is(sizes(eth(), 'x', padding(), fcs()), 'eth 14/payload 1/padding 45/fcs 4');
    assert.is(sizes(eth(), 'x', fcs()), 'eth 14/payload 1/fcs 4');
    assert.is(sizes(eth(), 'x', padding({ data: 'ab' })), 'eth 14/payload 1/padding 1');
    assert.is(build([eth(), 'x', padding()], { complete: false }).bytes.length, 15);
  });

  it('gives trailers to the layer they close', () => {
    const { layers } = build([...roce, 'hello', icrc(), fcs()]);
    assert.equal(layers.map((l) => [l.key, l.owner]).slice(-3), [
      ['ibpad', 3],
      ['icrc', 3],
      ['fcs', 0],
    ]);
    assert.is(layers[3]!.bodyEnd, layers[0]!.bodyEnd - 4, 'FCS lies outside of BTH');
  });

  it('keeps parts of a header with it, and fills them up', () => {
    const { layers } = build([eth(), ipv4(), tcp(), tcpMss({ mss: 1460 }), tcpNop(), 'x']);
    assert.is(
      layers
        .map((l) => `${l.key} ${l.depth}`)
        .slice(2)
        .join(', '),
      'tcp 0, tcp-mss 1, tcp-nop 1, tcp-eol 1, payload 0',
    );
    assert.is(layers[2]!.number('dataOffset'), 7);
  });

  it('puts units side by side, each closed before the next, none naming the other', () => {
    const frame = build([eth(), [[ipv4(), udp(), 'a'], [ipv4()], [ipv4(), udp(), 'bcd']]]);
    const outer = frame.layers.filter((l) => l.key === 'ipv4');
    assert.is(chain(frame), 'eth/ipv4/udp/payload/ipv4/ipv4/udp/payload');
    assert.equal(
      outer.map((l) => l.number('totalLength')),
      [29, 20, 31],
    );
    assert.equal(
      outer.map((l) => l.number('protocol')),
      [17, 0, 17],
    );
    tilesAndReencodes(frame);
  });

  it('writes what people expect where nothing is given', () => {
    const { layers } = build([...roce]);
    assert.is(layers[1]!.number('ttl'), 64);
    assert.is(layers[3]!.number('pkey'), 0xffff);
    assert.is(build([ipv4({ ttl: 0 })]).layers[0]!.number('ttl'), 0);
  });

  it('keeps what is given even where it is wrong', () => {
    const frame = build([
      eth({ type: 1 }),
      ipv4({ totalLength: 3, headerChecksum: 4 }),
      udp({ length: 5, checksum: 6 }),
      'x',
    ]);
    const [e, ip, u] = frame.layers;
    assert.equal(
      [e!.number('type'), ip!.number('totalLength'), ip!.number('headerChecksum')],
      [1, 3, 4],
    );
    assert.equal([u!.number('length'), u!.number('checksum')], [5, 6]);
  });

  it('works with any bindings and any header, one that only has a rest included', () => {
    const Own = header('Own', [uint(8, 'n', 'n', { usual: 9 }), rest('tail', 'tail')]);
    const own = protocol(Own);
    const frame = buildWith({}, [own({ tail: Uint8Array.of(1) }), own()]);
    assert.equal([...frame.bytes], [9, 1, 9]);
  });
});

spec('part', (it) => {
  it('reads texts as values, and numbers where bigints are meant', () => {
    const { fields } = reth({ va: 4096, rkey: '0x1ee', dmaLen: 8 });
    assert.equal(fields, { va: 4096n, rkey: 0x1ee, dmaLen: 8 });
    assert.is(bth({ opcode: 'RC_SEND_ONLY' }).fields.opcode, 4);
    assert.equal(eth({ dst: undefined }).fields, {});
  });
  it('names the field that does not fit, and the fields that there are', () => {
    const cases: readonly (readonly [() => unknown, RegExp])[] = [
      [
        () => part(udp, { port: 1 }),
        /udp has no field 'port'; it has srcPort, dstPort, length, checksum/,
      ],
      [() => udp({ srcPort: 65536 }), /udp.srcPort is 65536; it takes whole numbers below 2\^16/],
      [() => udp({ srcPort: true as never }), /udp.srcPort takes a number, not a boolean/],
      [() => udp({ srcPort: null as never }), /udp.srcPort takes a number/],
      [() => reth({ va: 1.5 }), /reth.va takes a bigint, not a number/],
      [() => reth({ va: 2 ** 53 }), /reth.va takes a bigint, not a number/],
      [() => reth({ va: -1 }), /reth.va is -1/],
      [() => eth({ dst: Uint8Array.of(1) }), /eth.dst takes 6 bytes, not 1/],
      [() => eth({ dst: 1 as never }), /eth.dst takes bytes/],
      [() => ipv4({ src: 'nowhere' }), /'nowhere' is no value of 'src': expected an IPv4 address/],
    ];
    for (const [make, why] of cases) assert.throws(make, why);
  });
});
